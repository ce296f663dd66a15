using System.Diagnostics.CodeAnalysis;

namespace Drimbox.Orleans.Turns;

/// <summary>The key of a grain: <c>NODE/ID</c>. A node has no slash in its name; what comes after the first one is the
/// identifier.</summary>
public readonly record struct GrainKey(string Node, string Id)
{
    public static GrainKey Parse(string key) =>
        TryParse(key, out var parsed) ? parsed : throw new FormatException("Not the key of a grain.");

    public static bool TryParse([NotNullWhen(true)] string? key, out GrainKey parsed)
    {
        parsed = default;
        var slash = key?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash < 1 || slash == key!.Length - 1) return false;
        parsed = new GrainKey(key[..slash], key[(slash + 1)..]);
        return true;
    }

    public override string ToString() => $"{Node}/{Id}";
}
