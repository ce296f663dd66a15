using Drimbox.Grains.Streams;
using Drimbox.Orleans.Turns;
using Drimbox.Storage;

namespace Drimbox.Orleans.Requests;

/// <summary>Keyed by node and placer order number; the node is a RIS or a platform.</summary>
[Alias("drimbox.request")]
public interface IRequestGrain : IGrainWithStringKey
{
    [Alias("execute")]
    Task<Answer<GrainReply>> ExecuteAsync(RequestCall call, CancellationToken cancellation);
}

/// <param name="Command">Of the RIS or of the platform.</param>
[GenerateSerializer, Immutable, Alias("drimbox.request-call")]
public sealed record RequestCall(
    [property: Id(0)] object Command, [property: Id(1)] MessageCall? Message, [property: Id(2)] OutboxResult? Result)
{
    /// <inheritdoc cref="MessageCall.ToString"/>
    public override string ToString() => nameof(RequestCall);
}
