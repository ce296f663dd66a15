using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Drimbox.Core;

namespace Drimbox.Load;

/// <summary>What the load generator can ask of a peer.</summary>
public enum OperationKind
{
    Echo,
    Store,
    Find,
    Move,
    Mllp,
}

/// <summary>How often each kind of operation comes, relative to the others.</summary>
public sealed class OperationMix
{
    private readonly IReadOnlyList<(OperationKind Kind, int Weight)> _weights;
    private readonly int _total;

    private OperationMix(IReadOnlyList<(OperationKind Kind, int Weight)> weights)
    {
        _weights = weights;
        _total = weights.Sum(w => w.Weight);
    }

    public static OperationMix StoreOnly { get; } = new([(OperationKind.Store, 1)]);

    /// <summary>True if an association is needed.</summary>
    public bool HasDicom => _weights.Any(w => w.Kind != OperationKind.Mllp);

    public bool Has(OperationKind kind) => _weights.Any(w => w.Kind == kind);

    public bool IsOnly(OperationKind kind) => _weights is [var single] && single.Kind == kind;

    /// <param name="text"><c>store=80,find=15,move=5</c>; a kind alone has the weight 1.</param>
    /// <param name="mix">The mix.</param>
    /// <param name="refusal">What is wrong with the text.</param>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out OperationMix? mix, [NotNullWhen(false)] out Refusal? refusal)
    {
        mix = null;
        var weights = new List<(OperationKind Kind, int Weight)>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? part : part[..equals];
            var weight = 1;
            if (!Enum.TryParse<OperationKind>(name, ignoreCase: true, out var kind) || char.IsAsciiDigit(name[0])
                || (equals >= 0 && (!int.TryParse(
                    part[(equals + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out weight)
                    || weight > Limits.LoadMixWeightMax)))
            {
                refusal = new Refusal(
                    RefusalReason.TableValue,
                    $"'{part}' is no part of a mix: write KIND=WEIGHT with one of echo, store, find, move, mllp.");
                return false;
            }

            if (weights.Exists(w => w.Kind == kind))
            {
                refusal = new Refusal(RefusalReason.Cardinality, $"'{name}' is twice in the mix.");
                return false;
            }

            if (weight > 0) weights.Add((kind, weight));
        }

        refusal = weights.Count > 0 ? null : new Refusal(RefusalReason.Cardinality, "The mix is empty.");
        if (refusal is not null) return false;
        mix = new OperationMix(weights);
        return true;
    }

    /// <summary>The kind of the operation with that number: the same for the same seed, whoever performs it.</summary>
    public OperationKind KindOf(long index, int seed)
    {
        if (_weights.Count == 1) return _weights[0].Kind;
        var place = (int)(SeededNumbers.At(index, seed) % (ulong)_total);
        foreach (var (kind, weight) in _weights)
        {
            if (place < weight) return kind;
            place -= weight;
        }

        throw Invariant.Unreachable(place);
    }

    public override string ToString() =>
        string.Join(',', _weights.Select(w => $"{w.Kind.ToString().ToLowerInvariant()}={w.Weight}"));
}

/// <summary>Random numbers by position: the n-th is known without those before it. Source: the SplitMix64 generator
/// of Steele, Lea and Flood (OOPSLA 2014).</summary>
internal static class SeededNumbers
{
    public static ulong At(long index, int seed)
    {
        unchecked
        {
            var z = ((ulong)index + ((ulong)(uint)seed << 32) + 1) * 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
