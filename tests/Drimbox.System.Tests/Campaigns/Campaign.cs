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
}

/// <summary>Campaigns load the machine, and measure: one at a time.</summary>
[CollectionDefinition(nameof(OneCampaignAtATime), DisableParallelization = true)]
public sealed class OneCampaignAtATime;
