using Drimbox.Core;
using Drimbox.Grains.Publications;
using Drimbox.Orleans.Turns;

namespace Drimbox.Orleans.Publications;

/// <summary>Keyed by node and number in the outbox.</summary>
[Alias("drimbox.publication")]
public interface IPublicationGrain : IGrainWithStringKey
{
    /// <inheritdoc cref="Drimbox.Grains.Hosting.PublicationTurn"/>
    [Alias("execute")]
    Task<Answer<Refusal>> ExecuteAsync(PublicationAction step, string actor, CancellationToken cancellation);
}
