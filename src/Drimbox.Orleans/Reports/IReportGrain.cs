using Drimbox.Core.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Orleans.Turns;
using Drimbox.Storage;

namespace Drimbox.Orleans.Reports;

/// <summary>Keyed by node and ReportId.</summary>
[Alias("drimbox.report")]
public interface IReportGrain : IGrainWithStringKey
{
    /// <inheritdoc cref="Drimbox.Grains.Reports.ReportGrain.ExecuteAsync"/>
    [Alias("execute")]
    Task<Answer<GrainReply>> ExecuteAsync(ReportCall call, CancellationToken cancellation);
}

[GenerateSerializer, Immutable, Alias("drimbox.report-call")]
public sealed record ReportCall(
    [property: Id(0)] ReportCommand Command,
    [property: Id(1)] MessageCall? Message,
    [property: Id(2)] OutboxResult? Result,
    [property: Id(3)] ReportId? Joined)
{
    /// <inheritdoc cref="MessageCall.ToString"/>
    public override string ToString() => nameof(ReportCall);
}
