using Drimbox.Core.Reports;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Orleans.Hosting;
using Drimbox.Orleans.Turns;
using Report = Drimbox.Grains.Reports.ReportGrain;

namespace Drimbox.Orleans.Reports;

/// <summary>Holds the state of one report between its turns.</summary>
[GrainType("drimbox-report")]
public sealed class ReportGrain(NodeGrains nodes) : NodeGrain, IReportGrain
{
    private Report? _report;

    public Task<Answer<GrainReply>> ExecuteAsync(ReportCall call, CancellationToken cancellation) => AnswerAsync(async () =>
    {
        _report ??= new Report(
            ReportId.Parse(Key.Id, null), await nodes.GetAsync<ReportGrainParts>(Key.Node, cancellation));
        return await _report.ExecuteAsync(
            call.Command, call.Message?.ToDraft(), call.Result, call.Joined, cancellation);
    });
}
