using System.Globalization;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Reports;
using Drimbox.Orleans.Publications;
using Drimbox.Orleans.Reports;
using Drimbox.Orleans.Requests;
using Drimbox.Orleans.Studies;
using Drimbox.Orleans.Turns;
using Drimbox.Storage;

namespace Drimbox.Orleans.Hosting;

/// <summary>The grains of nodes in a cluster: a turn is asked for where the cluster has placed the grain.</summary>
/// <param name="nodes">Of the silo of this process.</param>
public sealed class OrleansGrainHost(IGrainFactory grains, NodeGrains nodes) : IGrainHost
{
    /// <summary>0: no bytes in grain messages (docs/adr/0007).</summary>
    public int InlineBodyBytesMax => 0;

    public ReportTurn Reports(string node, ReportGrainParts parts, ReportTurn here)
    {
        nodes.Add(node, parts);
        return async (report, command, message, result, joined, cancellation) =>
        {
            var call = new ReportCall(command, await MessageCall.OfAsync(message), result, joined);
            return await AskAsync(Grain<IReportGrain>(node, report.ToString()).ExecuteAsync(call, cancellation));
        };
    }

    public RequestTurn<TCommand> Requests<TCommand>(string node, RequestTurn<TCommand> here)
        where TCommand : notnull
    {
        nodes.Add(node, here);
        return async (order, command, message, result, cancellation) =>
        {
            var call = new RequestCall(command, await MessageCall.OfAsync(message), result);
            return (await AskAsync(Grain<IRequestGrain>(node, order.ToString()).ExecuteAsync(call, cancellation)))!;
        };
    }

    public StudyTurn Studies(string node, StudyTurn here)
    {
        nodes.Add(node, here);
        return async (study, command, message, result, audit, cancellation) =>
        {
            var call = new StudyCall(command, await MessageCall.OfAsync(message), result, [.. audit]);
            return (await AskAsync(Grain<IStudyGrain>(node, study.ToString()).ExecuteAsync(call, cancellation)))!;
        };
    }

    public PublicationTurn Publications(string node, PublicationTurn here)
    {
        nodes.Add(node, here);
        return (id, step, actor, cancellation) => AskAsync(
            Grain<IPublicationGrain>(node, id.ToString(CultureInfo.InvariantCulture))
                .ExecuteAsync(step, actor, cancellation));
    }

    private T Grain<T>(string node, string id) where T : IGrainWithStringKey =>
        grains.GetGrain<T>(new GrainKey(node, id).ToString());

    /// <exception cref="StorageFaultException">The store failed, or nobody knows whether the turn was taken: what the
    /// caller does about the one is right for the other.</exception>
    private static async Task<T?> AskAsync<T>(Task<Answer<T>> call)
        where T : class
    {
        try
        {
            return (await call).Open();
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            throw new StorageFaultException(
                StorageFault.Other, $"The grain did not answer ({e.GetType().Name}).", e);
        }
    }
}
