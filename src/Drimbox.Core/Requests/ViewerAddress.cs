using System.Text;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>The address under which the images of a report are shown. Source: DB.VI_SO.07
/// (<c>https://HOST/IHEInvokeImageDisplay?requestType=STUDY&amp;studyUID=…&amp;accessionNumber=…&amp;idCDA=…</c>); flux
/// 4: the RIS sends all but the id of the document, which only the author of the report can append.</summary>
public static class ViewerAddress
{
    /// <summary>All but the id of the document.</summary>
    public static string Partial(string host, Uid study, InstanceIdentifier accessionNumber) =>
        $"https://{host}/IHEInvokeImageDisplay?requestType=STUDY&studyUID={study}"
        + $"&accessionNumber={Uri.EscapeDataString(RisNumbers.KeyOf(accessionNumber))}";

    /// <param name="partial">An http(s) address, as the RIS sent it.</param>
    /// <returns>Null for an address that no report can print: too long, or of a host that is not written in ASCII.
    /// </returns>
    public static string? Complete(string partial, InstanceIdentifier document)
    {
        // What is no character of a URL (RFC 3986 2) is escaped; the circumflex of root^extension is none either.
        var url = new Uri(partial, UriKind.Absolute).AbsoluteUri;
        var id = Uri.EscapeDataString(document.ToString());
        if (!url.EndsWith("idCDA=", StringComparison.Ordinal))
        {
            var separator = !url.Contains('?', StringComparison.Ordinal) ? "?" : url[^1] is '?' or '&' ? "" : "&";
            url += $"{separator}idCDA=";
        }

        url += id;
        return url.Length <= Limits.ViewerUrlLengthMax && Ascii.IsValid(url) ? url : null;
    }
}
