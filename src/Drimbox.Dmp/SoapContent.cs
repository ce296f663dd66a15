using System.Net;
using System.Net.Http.Headers;
using Drimbox.Dmp.Soap;

namespace Drimbox.Dmp;

/// <summary>The body of one XDS request. It is written once and remembers that it was begun: from then on the peer
/// may have taken it.</summary>
internal sealed class SoapContent : HttpContent
{
    private readonly byte[]? _envelope;
    private readonly MtomPackage? _package;

    public SoapContent(string action, byte[] envelope)
    {
        _envelope = envelope;

        // SOAP 1.2 part 2, 6.5.3: the action is a parameter of the media type.
        Headers.ContentType = MediaTypeHeaderValue.Parse(
            $"application/soap+xml; charset=utf-8; action=\"{action}\"");
    }

    public SoapContent(MtomPackage package)
    {
        _package = package;
        Headers.ContentType = MediaTypeHeaderValue.Parse(package.ContentType);
    }

    /// <summary>True once the first byte may have left.</summary>
    public bool IsStarted { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Core.Invariant.Holds(!IsStarted);
        IsStarted = true;
        if (_package is not null) await _package.WriteAsync(stream, cancellationToken);
        else await stream.WriteAsync(_envelope, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _package?.Length ?? _envelope!.Length;
        return true;
    }
}
