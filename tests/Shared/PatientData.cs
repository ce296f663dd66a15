using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Xunit.v3;

[assembly: Drimbox.Tests.NothingOfAPatient]

namespace Drimbox.Tests;

/// <summary>Rule 6 (docs/rules.md) for every test: what a node logs, shows as a metric or says of an error has nothing of the
/// invented patients that its messages and images are about. Fixtures say here what they hear; a test in whose class something
/// of a patient was heard fails.</summary>
internal static partial class PatientData
{
    private static readonly ConcurrentDictionary<string, ConcurrentQueue<string>> Heard = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, ConcurrentBag<Output>> Outputs = new(StringComparer.Ordinal);

    private static string CurrentClass => TestContext.Current.TestClass?.UniqueID ?? "";

    /// <summary>What of <paramref name="text"/> is of a patient, or null. Every patient of the tests has a name that begins
    /// with PAT-, as those of the ANS samples, or an INS.</summary>
    public static string? FindIn(string text)
    {
        if (Known().Match(text) is { Success: true } known) return known.Value;
        foreach (Match match in Nir().Matches(text))
        {
            // The key of a NIR: 97 minus the other digits modulo 97.
            var (number, key) = (long.Parse(match.Value[..13], CultureInfo.InvariantCulture), match.Value[13..]);
            if ((97 - (number % 97)).ToString("D2", CultureInfo.InvariantCulture) == key) return match.Value;
        }

        return null;
    }

    /// <summary>A node has said it.</summary>
    public static void Hear(string text)
    {
        if (FindIn(text) is { } found) Heard.GetOrAdd(CurrentClass, _ => []).Enqueue($"{found} in: {text}");
    }

    /// <summary>A process says it: what has come since is looked at after each test of the class.</summary>
    public static void Watch(Func<string> output) => Outputs.GetOrAdd(CurrentClass, _ => []).Add(new Output(output));

    /// <summary>What was heard in this class since it was last asked for.</summary>
    public static IReadOnlyList<string> Take()
    {
        foreach (var output in Outputs.GetValueOrDefault(CurrentClass) ?? [])
        {
            foreach (var line in output.New().Split('\n')) Hear(line);
        }

        var taken = new List<string>();
        foreach (var key in (string[])[CurrentClass, ""])
        {
            if (!Heard.TryGetValue(key, out var heard)) continue;
            while (heard.TryDequeue(out var one)) taken.Add(one);
        }

        return taken;
    }

    /// <summary>Fails where something of a patient was heard.</summary>
    public static void AssertNoneHeard()
    {
        var heard = Take();
        Assert.True(heard.Count == 0, $"patient data was logged:\n{string.Join('\n', heard.Take(5))}");
    }

    [GeneratedRegex("PAT-[A-Z]{2,}|DOMINIQUE|DOSSIER7|19790328", RegexOptions.IgnoreCase)]
    private static partial Regex Known();

    // 15 digits that are no part of a UID or of a longer number.
    [GeneratedRegex(@"(?<![0-9.])[1-478][0-9]{14}(?![0-9])")]
    private static partial Regex Nir();

    private sealed class Output(Func<string> read)
    {
        private readonly Lock _gate = new();
        private int _seen;

        public string New()
        {
            lock (_gate)
            {
                var text = read();
                // A line that is not whole is looked at with its end.
                var end = text.LastIndexOf('\n') + 1;
                if (end <= _seen) return "";
                var added = text[_seen..end];
                _seen = end;
                return added;
            }
        }
    }
}

/// <summary>For every test of an assembly: <see cref="PatientData"/>.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class NothingOfAPatientAttribute : BeforeAfterTestAttribute
{
    public override void After(MethodInfo methodUnderTest, IXunitTest test) => PatientData.AssertNoneHeard();
}
