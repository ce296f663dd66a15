using Drimbox.Core.Identity;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Streams;
using Drimbox.Orleans.Hosting;
using Drimbox.Orleans.Turns;

namespace Drimbox.Orleans.Studies;

/// <summary>The turns of one study of a source.</summary>
[GrainType("drimbox-study")]
public sealed class StudyGrain(NodeGrains nodes) : NodeGrain, IStudyGrain
{
    public Task<Answer<GrainReply>> ExecuteAsync(StudyCall call, CancellationToken cancellation) =>
        AnswerAsync<GrainReply>(async () =>
        {
            var turn = await nodes.GetAsync<StudyTurn>(Key.Node, cancellation);
            return await turn(
                Uid.Parse(Key.Id), call.Command, call.Message?.ToDraft(), call.Result, call.Audit, cancellation);
        });
}
