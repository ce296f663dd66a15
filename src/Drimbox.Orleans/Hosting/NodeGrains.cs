using System.Collections.Concurrent;

namespace Drimbox.Orleans.Hosting;

/// <summary>What the nodes of this process take turns with. A grain may be placed here before its node has started: its
/// turn waits.</summary>
public sealed class NodeGrains
{
    private readonly ConcurrentDictionary<(string Node, Type Kind), TaskCompletionSource<object>> _kinds = new();

    public void Add<T>(string node, T turns) where T : class => Entry<T>(node).TrySetResult(turns);

    public async Task<T> GetAsync<T>(string node, CancellationToken cancellation) where T : class =>
        (T)await Entry<T>(node).Task.WaitAsync(cancellation);

    private TaskCompletionSource<object> Entry<T>(string node) => _kinds.GetOrAdd(
        (node, typeof(T)), _ => new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously));
}
