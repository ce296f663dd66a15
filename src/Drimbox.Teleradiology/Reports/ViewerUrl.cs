using Drimbox.Core.Identity;

namespace Drimbox.Teleradiology.Reports;

/// <summary>The address under which the images of a report are shown. Source: DB.VI_SO.07
/// (<c>…/IHEInvokeImageDisplay?requestType=STUDY&amp;studyUID=…&amp;accessionNumber=…&amp;idCDA=…</c>); flux 4: the RIS
/// sends all but the id of the document, which only the author of the report can append.</summary>
internal static class ViewerUrl
{
    /// <param name="partial">As the RIS sent it, or null.</param>
    public static string? Complete(string? partial, InstanceIdentifier document)
    {
        if (partial is null) return null;
        // root^extension as in XDS; the circumflex is no character of a URL (RFC 3986 2).
        var id = Uri.EscapeDataString(document.ToString());
        if (partial.EndsWith("idCDA=", StringComparison.Ordinal)) return partial + id;
        var separator = !partial.Contains('?', StringComparison.Ordinal) ? "?"
            : partial[^1] is '?' or '&' ? ""
            : "&";
        return $"{partial}{separator}idCDA={id}";
    }
}
