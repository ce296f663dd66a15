using Drimbox.Core.Identity;

namespace Drimbox.Hl7.Cda;

/// <summary>Finds the INS of a patient in what a person reads, however it is spaced.</summary>
internal sealed class InsMentions(IEnumerable<string> matricules)
{
    // NIR and NIA: 13 characters, then a key of two that texts leave away.
    private const int LengthWithoutKey = 13;

    private readonly List<string> _matricules =
    [
        .. matricules.Select(LettersAndDigits).Where(m => m.Length > 0)
            .Select(m => m.Length > LengthWithoutKey ? m[..LengthWithoutKey] : m),
    ];

    /// <summary>True for a text with a matricule or an OID of the INS in it.</summary>
    public bool StandIn(string text)
    {
        if (NationalAuthorities.InsOids.Any(oid => EndsThere(text, oid))) return true;
        var plain = LettersAndDigits(text);
        return _matricules.Exists(matricule => plain.Contains(matricule, StringComparison.OrdinalIgnoreCase));
    }

    // A matricule is written in groups: 2 79 03 51 215 189 89.
    private static string LettersAndDigits(string text) => string.Concat(text.Where(char.IsAsciiLetterOrDigit));

    // 1.2.250.1.213.1.4.1 begins 1.2.250.1.213.1.4.10, which is another OID.
    private static bool EndsThere(string text, string oid)
    {
        for (var at = text.IndexOf(oid, StringComparison.Ordinal); at >= 0;
             at = text.IndexOf(oid, at + 1, StringComparison.Ordinal))
        {
            var end = at + oid.Length;
            if (end == text.Length || !(char.IsAsciiDigit(text[end]) || text[end] == '.')) return true;
        }

        return false;
    }
}
