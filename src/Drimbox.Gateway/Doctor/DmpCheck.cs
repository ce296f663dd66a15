using System.Globalization;
using Drimbox.Core;
using Drimbox.Dmp;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Hosting;

namespace Drimbox.Gateway.Doctor;

/// <summary>The way to the DMP, and its clock against ours: a VIHF that is not valid yet, or not any more, is
/// refused.</summary>
internal static class DmpCheck
{
    /// <summary>1 min: what a VIHF and a signature bear of difference.</summary>
    private static readonly TimeSpan SkewMax = TimeSpan.FromMinutes(1);

    public static async Task<IReadOnlyList<Diagnosis>> RunAsync(
        GatewayConfiguration configuration, DmpOptions dmp, TimeProvider time, CancellationToken cancellation)
    {
        var structure = (configuration.Ris?.Structures ?? configuration.Source!.Structures)[0];
        try
        {
            var connection = GatewayProcess.ConnectionTo(dmp, [structure]);
            using var http = new HttpClient(XdsClient.CreateHandler(
                connection.Certificates.Find(structure.OrganizationId)?.Authentication));
            return
            [
                .. await AskAsync("Dmp:Registry", dmp.Registry!, http, time, cancellation),
                .. await AskAsync("Dmp:Repository", dmp.Repository!, http, time, cancellation),
            ];
        }
        catch (ConfigurationException)
        {
            // The check of the certificates says so.
            return [];
        }
    }

    // What it answers to a GET does not matter: that it answers, by TLS and with our certificate, does.
    private static async Task<IReadOnlyList<Diagnosis>> AskAsync(
        string key, Uri address, HttpClient http, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            using var answer = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var found = new List<Diagnosis> { Diagnosis.Ok(key, $"{address.Host}:{address.Port} answers") };
            if (answer.Headers.Date is not { } theirs) return found;
            var skew = (time.GetUtcNow() - theirs).Duration();
            var text = string.Create(
                CultureInfo.InvariantCulture, $"the clock is {skew.TotalSeconds:0} s from that of {address.Host}");
            found.Add(skew > SkewMax
                ? Diagnosis.Fail(key, text, "Synchronise the clock of this machine (NTP).")
                : Diagnosis.Ok(key, text));
            return found;
        }
        catch (HttpRequestException e)
        {
            return
            [
                Diagnosis.Fail(
                    key, $"{address.Host}:{address.Port}: {(e.InnerException ?? e).Message}",
                    "Is the address right, does the proxy or firewall let it through, and is our certificate accepted there?"),
            ];
        }
    }
}
