using System.Diagnostics;
using System.Reflection;
using BenchmarkDotNet.Attributes;

namespace Drimbox.Benchmarks.Allocations;

/// <summary>One benchmark, run outside of BenchmarkDotNet to count the bytes that it allocates on its
/// thread.</summary>
public sealed class Operation
{
    // The just-in-time compiler replaces what runs often by code that allocates less, some 100 ms after the 30th call.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(1);

    private const int CallsPerRound = 16;

    private readonly Type _type;
    private readonly MethodInfo _method;

    private Operation(Type type, MethodInfo method)
    {
        _type = type;
        _method = method;
    }

    /// <summary>Class and method: <c>HeaderBenchmarks.Memory</c>.</summary>
    public string Name => $"{_type.Name}.{_method.Name}";

    /// <summary>Every benchmark of this assembly, in the order of the names. The rows of other libraries, which are
    /// BenchmarkDotNet's baselines, are not among them.</summary>
    public static IReadOnlyList<Operation> All() =>
    [
        .. from type in typeof(Operation).Assembly.GetTypes()
           from method in type.GetMethods()
           where method.GetCustomAttribute<BenchmarkAttribute>() is { Baseline: false }
               && method.GetCustomAttribute<RivalAttribute>() is null
           orderby type.Name, method.Name
           select new Operation(type, method),
    ];

    /// <summary>The bytes that one call allocates once it is warm: the least of many rounds.</summary>
    /// <param name="enough">Stop as soon as a round allocates no more than this; null: keep on for a second, to
    /// find the least.</param>
    public long MeasureAllocatedBytes(long? enough = null)
    {
        var benchmark = Activator.CreateInstance(_type)!;
        Call<GlobalSetupAttribute>(benchmark);
        try
        {
            var call = Delegate(benchmark);
            var least = long.MaxValue;
            var start = Stopwatch.GetTimestamp();
            do
            {
                least = Math.Min(least, Round(call));
            }
            while (least > (enough ?? 0)
                   && Stopwatch.GetElapsedTime(start) < (enough is null ? SettlingTime : Patience));

            return least;
        }
        finally
        {
            Call<GlobalCleanupAttribute>(benchmark);
        }
    }

    public override string ToString() => Name;

    private static long Round(Action call)
    {
        call();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < CallsPerRound; i++) call();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / CallsPerRound;
    }

    private void Call<TAttribute>(object benchmark) where TAttribute : Attribute
    {
        foreach (var method in _type.GetMethods())
        {
            if (method.GetCustomAttribute<TAttribute>() is null) continue;
            if (method.Invoke(benchmark, null) is Task { IsCompletedSuccessfully: false } task)
                throw new InvalidOperationException($"{_type.Name}.{method.Name} waited or failed.", task.Exception);
        }
    }

    // Without reflection in the call itself, and without a box around what it returns.
    private Action Delegate(object benchmark)
    {
        if (_method.ReturnType == typeof(void)) return _method.CreateDelegate<Action>(benchmark);
        if (_method.ReturnType == typeof(ValueTask<long>))
        {
            var start = _method.CreateDelegate<Func<ValueTask<long>>>(benchmark);
            return () =>
            {
                // Over memory nothing waits, and all of it happens on this thread.
                if (!start().IsCompletedSuccessfully) throw new InvalidOperationException($"{Name} waited or failed.");
            };
        }

        return (Action)typeof(Operation)
            .GetMethod(nameof(Dropping), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(_method.ReturnType)
            .Invoke(null, [_method, benchmark])!;
    }

    private static Action Dropping<T>(MethodInfo method, object benchmark)
    {
        var call = method.CreateDelegate<Func<T>>(benchmark);
        return () => call();
    }
}

/// <summary>Marks a row that is another library's, without being the one to compare with.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RivalAttribute : Attribute;
