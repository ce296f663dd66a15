using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Drimbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Storage;

/// <summary>What can go wrong with one call to a bucket.</summary>
internal enum BucketFault
{
    /// <summary>503 SlowDown, nothing done.</summary>
    SlowDown,

    /// <summary>The connection ends, nothing done.</summary>
    Reset,

    /// <summary>It was done, and the connection ends before the answer.</summary>
    AnswerLost,

    /// <summary>The answer ends in its middle.</summary>
    HalfAnswer,
}

/// <summary>As much of the S3 protocol as objects need, in memory: PUT and GET by path, with the checks of a service. It looks at
/// the id of the key, not at the signature.</summary>
internal sealed class BucketDouble : IAsyncDisposable
{
    public const string KeyId = "DRIMBOXTESTKEY";
    public const string Secret = "a-secret-of-the-tests";
    private const string BucketName = "images";

    private readonly StoreFolder _folder = new();
    private readonly WebApplication _server;
    private readonly ConcurrentQueue<BucketFault> _faults = [];
    private int _running;

    private BucketDouble(WebApplication server) => _server = server;

    /// <summary>What it has, by name.</summary>
    public ConcurrentDictionary<string, byte[]> Objects { get; } = [];

    public int Calls;

    public int MostAtOnce { get; private set; }

    public TimeSpan Delay { get; set; }

    /// <summary>For every call.</summary>
    public BucketFault? Always { get; set; }

    public static async Task<BucketDouble> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var bucket = new BucketDouble(builder.Build());
        bucket._server.Run(bucket.ServeAsync);
        await bucket._server.StartAsync(TestContext.Current.CancellationToken);
        return bucket;
    }

    public BucketOptions Options(string prefix = "ris/")
    {
        var file = Path.Combine(_folder.Path, "keys");
        File.WriteAllText(file, $"{KeyId}\n{Secret}\n");
        return new BucketOptions { Name = BucketName, Service = new Uri(_server.Urls.Single()), Prefix = prefix, KeyFile = file };
    }

    /// <summary>For the next call.</summary>
    public void Fail(BucketFault fault) => _faults.Enqueue(fault);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        Interlocked.Increment(ref Calls);
        var running = Interlocked.Increment(ref _running);
        lock (_faults) MostAtOnce = Math.Max(MostAtOnce, running);
        try
        {
            if (Delay > TimeSpan.Zero) await Task.Delay(Delay);
            var fault = Always ?? (_faults.TryDequeue(out var one) ? one : null);
            if (fault == BucketFault.SlowDown) await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "SlowDown");
            else if (fault == BucketFault.Reset) context.Abort();
            else await ServeAsync(context, fault);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private async Task ServeAsync(HttpContext context, BucketFault? fault)
    {
        var name = context.Request.Path.Value!;
        if (!context.Request.Headers.Authorization.ToString().Contains($"Credential={KeyId}/", StringComparison.Ordinal))
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "InvalidAccessKeyId");
        else if (!name.StartsWith($"/{BucketName}/", StringComparison.Ordinal))
            await RefuseAsync(context, StatusCodes.Status404NotFound, "NoSuchBucket");
        else if (context.Request.Method == HttpMethods.Put) await PutAsync(context, name[(BucketName.Length + 2)..], fault);
        else if (!Objects.TryGetValue(name[(BucketName.Length + 2)..], out var bytes))
            await RefuseAsync(context, StatusCodes.Status404NotFound, "NoSuchKey");
        else await AnswerAsync(context, bytes, fault);
    }

    private async Task PutAsync(HttpContext context, string name, BucketFault? fault)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var bytes = body.ToArray();
        if (context.Request.Headers["x-amz-checksum-sha256"] != Convert.ToBase64String(SHA256.HashData(bytes)))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "BadDigest");
            return;
        }

        Objects[name] = bytes;
        if (fault is not null) context.Abort();
    }

    private static async Task AnswerAsync(HttpContext context, byte[] bytes, BucketFault? fault)
    {
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes.AsMemory(0, fault is null ? bytes.Length : bytes.Length / 2));
        await context.Response.Body.FlushAsync();
        if (fault is not null) context.Abort();
    }

    private static async Task RefuseAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync($"<Error><Code>{code}</Code><Message>{context.Request.Path}</Message></Error>");
    }
}
