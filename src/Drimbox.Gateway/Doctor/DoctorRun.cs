using System.Globalization;
using Drimbox.Core;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Hosting;
using Drimbox.Storage;

namespace Drimbox.Gateway.Doctor;

/// <summary>All checks of a configuration, from this machine. Nothing is changed, and nothing is sent but C-ECHO and empty
/// requests.</summary>
internal static class DoctorRun
{
    /// <summary>5 s for a peer to answer: who waits for a peer in production waits as long, and longer is a finding.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<Diagnosis>> RunAsync(
        GatewayConfiguration configuration, TimeProvider time, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var things = ConfiguredThings.Of(configuration);
        var isRunning = await IsRunningAsync(configuration, cancellation);
        List<Diagnosis> found =
        [
            isRunning
                ? Diagnosis.Ok("Administration:Socket", "drimbox runs")
                : Diagnosis.Ok("Administration:Socket", "drimbox does not run"),
            .. FolderCheck.Run(configuration),
            .. things.Doors.Select(door => DoorCheck.Run(door, isRunning)),
            .. CertificateCheck.RunStructures(configuration, now),
            .. things.Certificates.Select(c => CertificateCheck.RunTls(c.Key, c.Tls, now)),
            .. GatewayProcess.DatabasesOf(configuration).SelectMany(d => Database(d.Key, d.Database, time)),
        ];
        var asked = things.Peers.Select(async peer => (IReadOnlyList<Diagnosis>)
            [await WithPatienceAsync(peer.Key, token => PeerCheck.RunAsync(peer, token), cancellation)]).ToList();
        asked.AddRange(GatewayProcess.BucketsOf(configuration).Select(async one => (IReadOnlyList<Diagnosis>)
            [await WithPatienceAsync(one.Key, token => BucketAsync(one.Key, one.Bucket, token), cancellation)]));
        if (configuration.Dmp is { } dmp) asked.Add(DmpCheck.RunAsync(configuration, dmp, time, cancellation));
        foreach (var answers in await Task.WhenAll(asked)) found.AddRange(answers);
        return found;
    }

    private static async Task<Diagnosis> WithPatienceAsync(
        string key, Func<CancellationToken, Task<Diagnosis>> check, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            return await check(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Diagnosis.Fail(
                key, $"no answer within {Patience.TotalSeconds:0} s",
                "The address may be one that nobody has, or a firewall drops what is sent to it.");
        }
    }

    private static IEnumerable<Diagnosis> Database(string key, PostgresOptions database, TimeProvider time)
    {
        try
        {
            return [Diagnosis.Ok(key, PostgresOptions.Probe(database)), Clock(key, PostgresOptions.MeasureSkew(database, time))];
        }
        catch (StorageFaultException e)
        {
            return [Diagnosis.Fail(key, e.Message, "Does the server run, and may this user connect to the database?")];
        }
    }

    private static async Task<Diagnosis> BucketAsync(string key, BucketOptions bucket, CancellationToken cancellation)
    {
        try
        {
            return Diagnosis.Ok(key, await ObjectBucket.ProbeAsync(bucket, cancellation));
        }
        catch (StorageFaultException e)
        {
            return Diagnosis.Fail(key, e.Message, "Does the service run, is the bucket there, and may this key read and write in it?");
        }
    }

    /// <param name="skew">How far our clock is ahead of that of the database.</param>
    internal static Diagnosis Clock(string key, TimeSpan skew)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"the clock is {skew.TotalSeconds:0.0} s ahead of that of the database");
        return skew.Duration() > Limits.DatabaseClockSkewMax
            ? Diagnosis.Warn(key, text, "Synchronise the clocks of this machine and of the server (NTP).")
            : Diagnosis.Ok(key, text);
    }

    private static async Task<bool> IsRunningAsync(GatewayConfiguration configuration, CancellationToken cancellation)
    {
        var socket = GatewayProcess.SocketOf(configuration);
        if (!File.Exists(socket)) return false;
        using var client = new AdministrationClient(socket);
        try
        {
            return (await client.GetAsync("/health/live", cancellation)).Succeeded;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
