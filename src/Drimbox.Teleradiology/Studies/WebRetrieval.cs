using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Json;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.Web;
using Drimbox.Storage;

namespace Drimbox.Teleradiology.Studies;

/// <summary>
/// Retrieves a study by WADO-RS (PS3.18 10.4), each instance in the transfer syntax that it is stored in and written to
/// its file as it arrives; then asks the archive (QIDO-RS, PS3.18 10.6) how many instances the study has, and is content
/// with no fewer.
/// </summary>
internal sealed class WebRetrieval : IStudyRetrieval, IDisposable
{
    private static readonly AeTitle Sender = AeTitle.Parse("DICOMWEB");

    private readonly WebArchiveOptions _archive;
    private readonly AeTitle _ownAe;
    private readonly ExpectedStudies _studies;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly string _base;

    public WebRetrieval(WebArchiveOptions archive, AeTitle ownAe, ExpectedStudies studies, TimeProvider time)
    {
        _archive = archive;
        _ownAe = ownAe;
        _studies = studies;
        _time = time;
        var address = archive.Address!;
        var secure = TlsStreams.Client(archive.Tls, address.Host, time);
        // TLS is that of the DICOM side, made by ConnectAsync: to the handler the connection is a plain one.
        var plain = new UriBuilder(address) { Scheme = Uri.UriSchemeHttp, Port = address.Port };
        _base = plain.Uri.AbsoluteUri.TrimEnd('/');
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = Limits.WebFetchStallTimeout,
            ConnectCallback = (context, cancellation) => ConnectAsync(context.DnsEndPoint, secure, cancellation),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <inheritdoc/>
    public async Task<string?> RetrieveAsync(Uid study, ExpectedStudy expected, CancellationToken cancellationToken)
    {
        using var stall = new CancellationTokenSource(Limits.WebFetchStallTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stall.Token);
        var patience = new Patience(stall, either.Token);
        try
        {
            var arrived = new HashSet<Uid>();
            return await GetStudyAsync(study, arrived, patience)
                ?? await CompareAsync(study, arrived.Count, patience);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"The archive has sent nothing for {Limits.WebFetchStallTimeout.TotalSeconds} s.";
        }
        catch (StorageFaultException e)
        {
            return $"An instance cannot be stored: {e.Fault}.";
        }
        catch (HttpRequestException e)
        {
            return $"The archive: {(e.InnerException as IOException)?.Message ?? e.HttpRequestError.ToString()}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"The archive: {e.Message}";
        }
    }

    public void Dispose() => _http.Dispose();

    private static string BrokenBy(Refusal refusal) => $"The answer of the archive is broken: {refusal.Detail}";

    private static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint to, Func<Stream, CancellationToken, Task<Stream>>? secure, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, cancellationToken);
            var plain = new NetworkStream(socket, ownsSocket: true);
            return secure is null ? plain : await secure(plain, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<string?> GetStudyAsync(Uid study, HashSet<Uid> arrived, Patience patience)
    {
        // PS3.18 8.7.3.4: the asterisk asks for what is stored.
        using var response = await SendAsync(
            $"{_base}/studies/{study}", $"multipart/related; type=\"{WebMediaTypes.Dicom}\"; transfer-syntax=*",
            patience);
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                break;
            case HttpStatusCode.NotFound or HttpStatusCode.NoContent or HttpStatusCode.Gone:
                return "The archive does not hold the study.";
            // PS3.18 table 10.4.3-1: some of it cannot be given.
            default:
                return $"The archive answered {(int)response.StatusCode} to the retrieval.";
        }

        // As it was sent: servers leave the quotes of the type away, which the framework's reader does not take.
        if (!response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var sent)
            || !MediaType.TryParse(sent.ToString(), out var type) || type.Essence != "multipart/related"
            || !MultipartReader.IsBoundary(type["boundary"]))
        {
            return "The archive answered with something else than multipart/related.";
        }

        await using var body = await response.Content.ReadAsStreamAsync(patience.Token);
        using var reader = new MultipartReader(body, type["boundary"]!);
        while (await reader.NextPartAsync(patience.Renewed) is { } headers)
        {
            if (arrived.Count >= Limits.WebInstancesMax)
                return $"The study has more than {Limits.WebInstancesMax} instances.";
            if (headers.ContentEncoding is not null || headers.ContentType is { Essence: not WebMediaTypes.Dicom })
                return "The archive sent a part that is no DICOM file.";
            if (await ReceiveAsync(reader, arrived, patience) is { } failure) return failure;
        }

        return reader.Refusal is { } broken ? BrokenBy(broken) : null;
    }

    private async Task<string?> ReceiveAsync(MultipartReader reader, HashSet<Uid> arrived, Patience patience)
    {
        var head = new FileHead();
        ReadOnlyMemory<byte> bytes;
        while (true)
        {
            var piece = await reader.ReadAsync(patience.Renewed);
            if (head.TryTake(piece.Span, piece.IsEmpty, out bytes, out var refusal)) break;
            if (reader.Refusal is { } cut) return BrokenBy(cut);
            if (refusal != FileHead.NeedMore) return "The archive sent a part that is no DICOM file.";
        }

        // A deflated data set would have to be inflated before anything of it can be checked.
        if (head.TransferSyntax is not { IsDeflated: false } syntax || head.SopInstanceUid.IsEmpty)
            return "The archive sent a DICOM file without a UID, or in a transfer syntax that is not taken.";
        var sink = _studies.BeginStore(new CStoreRequest(
            new AssociationPeer(Sender, _ownAe, IPAddress.None), head.SopClassUid, head.SopInstanceUid, syntax,
            DimsePriority.Medium, default, null));
        try
        {
            if (bytes.IsEmpty) bytes = await reader.ReadAsync(patience.Renewed);
            while (!bytes.IsEmpty)
            {
                await sink.WriteAsync(bytes, patience.Token);
                bytes = await reader.ReadAsync(patience.Renewed);
            }
        }
        catch
        {
            await sink.AbandonAsync();
            throw;
        }

        if (reader.Refusal is { } broken)
        {
            await sink.AbandonAsync();
            return BrokenBy(broken);
        }

        var status = await sink.CompleteAsync(patience.Token);
        if (status != DimseStatus.Success) return $"An instance was not taken: {status}.";
        arrived.Add(head.SopInstanceUid);
        return null;
    }

    // An archive that does not count is believed: it has ended its answer, with 200.
    private async Task<string?> CompareAsync(Uid study, int arrived, Patience patience)
    {
        using var response = await SendAsync(
            $"{_base}/studies?StudyInstanceUID={study}&includefield={Tag.NumberOfStudyRelatedInstances.Value:X8}",
            WebMediaTypes.DicomJson, patience);
        if (response.StatusCode == HttpStatusCode.NoContent) return "The archive does not hold the study.";
        if (response.StatusCode != HttpStatusCode.OK)
            return $"The archive answered {(int)response.StatusCode} to the search.";
        await using var body = await response.Content.ReadAsStreamAsync(patience.Token);
        var answer = new byte[Limits.WebFetchSearchBytesMax];
        var length = await body.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, patience.Renewed);
        if (length == answer.Length || !DicomJson.TryReadAll(answer.AsSpan(0, length), out var found, out _))
            return "The archive answered the search with something that is no DICOM JSON, or too long.";
        var counted = found.FirstOrDefault(match => match.GetUid(Tag.StudyInstanceUID) == study);
        if (counted is null) return "The archive does not hold the study.";
        return counted.GetInt(Tag.NumberOfStudyRelatedInstances) is { } count && count > arrived
            ? $"The archive holds {count} instances, {arrived} are here."
            : null;
    }

    private async Task<HttpResponseMessage> SendAsync(string address, string accept, Patience patience)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (_archive.TokenFile is { } file)
        {
            var token = await File.ReadAllTextAsync(file, patience.Token);
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token.Trim()}");
        }

        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Renewed);
    }

    /// <summary>A token that is cancelled when the archive stalls, or with the attempt.</summary>
    private sealed class Patience(CancellationTokenSource stall, CancellationToken token)
    {
        public CancellationToken Token => token;

        /// <summary>The same, with the time for the archive beginning anew.</summary>
        public CancellationToken Renewed
        {
            get
            {
                stall.CancelAfter(Limits.WebFetchStallTimeout);
                return token;
            }
        }
    }
}
