using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Drimbox.Core;

/// <summary>A bug: something that this program guarantees itself is false. Never caught for a retry.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Only Invariant makes one.")]
public sealed class InvariantException : Exception
{
    internal InvariantException(string message) : base(message)
    {
    }
}

/// <summary>States what must be true of our own code.</summary>
public static class Invariant
{
    /// <exception cref="InvariantException"><paramref name="condition"/> is false.</exception>
    public static void Holds(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition) throw new InvariantException(expression);
    }

    /// <summary>For the arm of a switch that a closed hierarchy can never reach.</summary>
    public static InvariantException Unreachable(object? value) =>
        new($"No case for {value?.GetType().Name ?? "null"}");
}
