namespace Drimbox.Grains.Hosting;

/// <summary>
/// Turns of one grain run one after the other, in the order in which they were asked for; grains run in parallel. It
/// only saves conflicts: correctness rests on the expected version in the database, so two hosts may well run turns of
/// one grain at once.
/// </summary>
public interface ITurnQueue
{
    /// <summary>Runs <paramref name="turn"/> when the turns of this grain that came before have ended.</summary>
    /// <param name="grainKey">Node and domain identifier.</param>
    /// <param name="cancellationToken">Takes a waiting turn out of the queue; a running one gets it passed on.</param>
    /// <exception cref="Core.InvariantException">A turn asked for a turn of its own grain, which could never come.
    /// </exception>
    Task<T> RunAsync<T>(
        string grainKey, Func<CancellationToken, Task<T>> turn, CancellationToken cancellationToken);
}
