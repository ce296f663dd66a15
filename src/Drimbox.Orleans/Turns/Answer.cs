using Drimbox.Storage;

namespace Drimbox.Orleans.Turns;

/// <summary>How a turn ended: with a reply, or because the store failed.</summary>
[GenerateSerializer, Immutable, Alias("drimbox.answer`1")]
public sealed record Answer<T>(
    [property: Id(0)] T? Reply, [property: Id(1)] StorageFault? Fault = null, [property: Id(2)] string Detail = "")
    where T : class
{
    /// <exception cref="StorageFaultException">The store failed where the grain is.</exception>
    public T? Open() => Fault is { } fault ? throw new StorageFaultException(fault, Detail) : Reply;

    /// <inheritdoc cref="MessageCall.ToString"/>
    public override string ToString() => nameof(Answer<>);
}
