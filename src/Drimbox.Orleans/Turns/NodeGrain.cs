using Drimbox.Storage;

namespace Drimbox.Orleans.Turns;

/// <summary>A grain of a node. After a turn that failed it begins again from the store: nobody knows then what of it was
/// done (docs/adr/0003).</summary>
public abstract class NodeGrain : Grain
{
    protected GrainKey Key => GrainKey.Parse(this.GetPrimaryKeyString());

    protected async Task<Answer<T>> AnswerAsync<T>(Func<Task<T?>> turn)
        where T : class
    {
        try
        {
            return new Answer<T>(await turn());
        }
        catch (StorageFaultException e)
        {
            DeactivateOnIdle();
            return new Answer<T>(null, e.Fault, e.Message);
        }
        catch (ObjectDisposedException)
        {
            DeactivateOnIdle();
            return new Answer<T>(null, StorageFault.Other, "The node is stopping where the grain is.");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
