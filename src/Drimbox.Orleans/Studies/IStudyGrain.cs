using Drimbox.Core.Audit;
using Drimbox.Core.Studies;
using Drimbox.Grains.Streams;
using Drimbox.Orleans.Turns;
using Drimbox.Storage;

namespace Drimbox.Orleans.Studies;

/// <summary>Keyed by node and Study Instance UID.</summary>
[Alias("drimbox.study")]
public interface IStudyGrain : IGrainWithStringKey
{
    [Alias("execute")]
    Task<Answer<GrainReply>> ExecuteAsync(StudyCall call, CancellationToken cancellation);
}

/// <param name="Audit">Records of the same transaction.</param>
[GenerateSerializer, Immutable, Alias("drimbox.study-call")]
public sealed record StudyCall(
    [property: Id(0)] StudyCommand Command,
    [property: Id(1)] MessageCall? Message,
    [property: Id(2)] OutboxResult? Result,
    [property: Id(3)] AuditRecord[] Audit)
{
    /// <inheritdoc cref="MessageCall.ToString"/>
    public override string ToString() => nameof(StudyCall);
}
