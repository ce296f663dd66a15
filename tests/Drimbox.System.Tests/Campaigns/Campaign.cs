using System.Globalization;

namespace Drimbox.Tests.Campaigns;

/// <summary>How large a campaign is: small in every test run, as large as the plan says with
/// <c>DRIMBOX_CAMPAIGN=R</c>, any size with <c>DRIMBOX_CAMPAIGN=N</c>.</summary>
internal static class Campaign
{
    public static int Size(int small, int large) =>
        Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") switch
        {
            null or "" => small,
            "R" => large,
            var number => int.Parse(number, CultureInfo.InvariantCulture),
        };

    /// <summary>Skips a campaign that the gate has in another form, unless it is asked for.</summary>
    public static void RequireAsked()
    {
        if (Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "")
            Assert.Skip("the gate has less of the same; DRIMBOX_CAMPAIGN=1 runs it");
    }

    /// <summary>Skips a campaign that kills processes, mounts file systems or traces system calls, but for the gate
    /// and for whoever asks for campaigns.</summary>
    public static void RequireHarm()
    {
        if (Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "") Peer.RequireGate();
    }

    /// <summary>Skips (or fails in the gate) unless run by root, who alone may mount.</summary>
    public static void RequireRoot()
    {
        RequireHarm();
        if (!Environment.IsPrivilegedProcess) Peer.Missing("mounting a file system needs root");
    }

    /// <summary>0.05 to 3 s, spread evenly over their logarithm: most things happen early.</summary>
    public static TimeSpan Moment(Random random) =>
        TimeSpan.FromSeconds(0.05 * Math.Pow(3 / 0.05, random.NextDouble()));
}

/// <summary>Campaigns load the machine, and measure: one at a time.</summary>
[CollectionDefinition(nameof(OneCampaignAtATime), DisableParallelization = true)]
public sealed class OneCampaignAtATime;
