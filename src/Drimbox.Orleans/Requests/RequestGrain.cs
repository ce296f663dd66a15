using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Streams;
using Drimbox.Orleans.Hosting;
using Drimbox.Orleans.Turns;

namespace Drimbox.Orleans.Requests;

/// <summary>The turns of one request, of the RIS that placed it or of the platform that got it.</summary>
[GrainType("drimbox-request")]
public sealed class RequestGrain(NodeGrains nodes) : NodeGrain, IRequestGrain
{
    public Task<Answer<GrainReply>> ExecuteAsync(RequestCall call, CancellationToken cancellation) =>
        AnswerAsync<GrainReply>(async () => call.Command switch
        {
            RisRequestCommand command => await TurnAsync(command, call, cancellation),
            PlatformRequestCommand command => await TurnAsync(command, call, cancellation),
            _ => throw Invariant.Unreachable(call.Command),
        });

    private async Task<GrainReply> TurnAsync<TCommand>(
        TCommand command, RequestCall call, CancellationToken cancellation)
    {
        var turn = await nodes.GetAsync<RequestTurn<TCommand>>(Key.Node, cancellation);
        return await turn(
            InstanceIdentifier.Parse(Key.Id), command, call.Message?.ToDraft(), call.Result, cancellation);
    }
}
