using Drimbox.Core.Identity;

namespace Drimbox.Emulators.Dmp;

/// <summary>A patient as the query page and the stored queries are given one.</summary>
internal static class PatientText
{
    /// <summary>CX (<c>INS^^^&amp;OID&amp;ISO^NH</c>) or <c>OID^INS</c>.</summary>
    public static InstanceIdentifier? TryParse(string text)
    {
        var components = text.Split('^');
        if (components.Length >= 4 && components[3].Split('&') is [_, var oid, "ISO"])
            return InstanceIdentifier.TryCreate(oid, components[0], out var cx) ? cx : null;
        return components.Length == 2 && InstanceIdentifier.TryParse(text, null, out var id) ? id : null;
    }
}
