using System.Globalization;
using Drimbox.Core;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Publications;
using Drimbox.Orleans.Hosting;
using Drimbox.Orleans.Turns;

namespace Drimbox.Orleans.Publications;

/// <summary>What people do to one publication, one after the other. It sends nothing: the outbox does.</summary>
[GrainType("drimbox-publication")]
public sealed class PublicationGrain(NodeGrains nodes) : NodeGrain, IPublicationGrain
{
    public Task<Answer<Refusal>> ExecuteAsync(PublicationAction step, string actor, CancellationToken cancellation) =>
        AnswerAsync(async () =>
        {
            var turn = await nodes.GetAsync<PublicationTurn>(Key.Node, cancellation);
            return await turn(long.Parse(Key.Id, CultureInfo.InvariantCulture), step, actor, cancellation);
        });
}
