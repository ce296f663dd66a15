using System.CommandLine;
using System.Globalization;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox statistics</c>: what the DRIMbox source has counted.</summary>
internal static class StatisticsCommand
{
    public static Command Create()
    {
        var from = new Option<DateOnly?>("--from")
        {
            Description = "First day: 2026-01-31. Default: six days before the last.", HelpName = "DAY",
        };
        var until = new Option<DateOnly?>("--until")
        {
            Description = "Last day, included. Default: today.", HelpName = "DAY",
        };
        return new Command("statistics", """
            Calls, successes and errors by cause of the DRIMbox source, by day: messages, questions to the PACS, submissions
            to the DMP, requests for images; and the seconds from a report to its manifest in the DMP.

            Examples:
              drimbox statistics
              drimbox statistics --from 2026-11-01 --until 2026-11-30 --json
            """) { from, until }.Calls((client, parsed, cancellation) => client.GetAsync(
            "/api/source/statistics?" + QueryString.Of(
                ("from", parsed.GetValue(from)?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
                ("to", parsed.GetValue(until)?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))),
            cancellation));
    }
}
