using System.Net;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Teleradiology;

/// <summary>A DICOMweb service that can be told to misbehave. It gives a study as multipart/related and counts its
/// instances.</summary>
internal sealed class FakeWebArchive : IAsyncDisposable
{
    private const string Boundary = "0f6f4c4d";

    private readonly WebApplication _application;

    private FakeWebArchive(WebApplication application) => _application = application;

    public Uri Address { get; private set; } = null!;

    /// <summary>What is sent as the study.</summary>
    public IReadOnlyList<InstanceSource> Instances { get; set; } = [];

    /// <summary>What it says that it holds; null: it does not count.</summary>
    public int? Counted { get; set; }

    /// <summary>The status of the retrieval.</summary>
    public int Status { get; set; } = 200;

    /// <summary>The form of the answer; null for the right one.</summary>
    public string? ContentType { get; set; }

    /// <summary>Bytes of the answer that are left away at its end, where the connection closes.</summary>
    public int CutBytes { get; set; }

    /// <summary>The answer ends in order, but without its last delimiter.</summary>
    public bool LeavesEndAway { get; set; }

    /// <summary>The parts are data sets alone, without the head of a DICOM file.</summary>
    public bool LeavesHeadsAway { get; set; }

    /// <summary>The bearer token that callers must show.</summary>
    public string? Token { get; set; }

    public static async Task<FakeWebArchive> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var application = builder.Build();
        var archive = new FakeWebArchive(application);
        application.Run(archive.AnswerAsync);
        await application.StartAsync(TestContext.Current.CancellationToken);
        archive.Address = new Uri(application.Urls.Single() + "/dicom-web");
        return archive;
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (Token is not null && context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            context.Response.StatusCode = 401;
            return;
        }

        if (context.Request.Path.Value!.EndsWith("/studies", StringComparison.Ordinal))
        {
            var study = context.Request.Query["StudyInstanceUID"];
            var number = Counted is { } count
                ? $$""", "00201208": { "vr": "IS", "Value": [{{count}}] }"""
                : "";
            context.Response.ContentType = "application/dicom+json";
            await context.Response.WriteAsync(
                $$"""[{ "0020000D": { "vr": "UI", "Value": ["{{study}}"] }{{number}} }]""");
            return;
        }

        context.Response.StatusCode = Status;
        if (Status != 200) return;
        var body = Body();
        // Without quotes around the type, as some servers write it.
        context.Response.Headers.ContentType =
            ContentType ?? $"multipart/related; type=application/dicom; boundary={Boundary}";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length - CutBytes));
        if (CutBytes > 0) context.Abort();
    }

    private byte[] Body()
    {
        using var body = new MemoryStream();
        foreach (var instance in Instances)
        {
            body.Write(Encoding.ASCII.GetBytes(
                $"\r\n--{Boundary}\r\nContent-Type: application/dicom\r\n\r\n"));
            if (!LeavesHeadsAway)
            {
                body.Write(Part10Writer.Header(
                    instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntaxUid, AeTitle.Parse("PACS")));
            }

            using var content = instance.Open();
            var bytes = new byte[content.Length];
            for (var read = 0; read < bytes.Length;) read += content.Read(bytes.AsSpan(read));
            body.Write(bytes);
        }

        if (!LeavesEndAway) body.Write(Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n"));
        return body.ToArray();
    }
}
