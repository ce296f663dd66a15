using System.Net;
using System.Text;
using Drimbox.Core.Identity;

namespace Drimbox.Emulators.Dmp;

/// <summary>The query page: what an audience sees of a patient's DMP. Without scripts; every value is encoded.</summary>
internal static class DmpPage
{
    private static readonly (string Heading, Func<DmpDocument, string> Value)[] Columns =
    [
        ("Patient", d => d.PatientId.ToString()),
        ("Title", d => d.Title),
        ("typeCode", d => d.TypeCode),
        ("uniqueId", d => d.UniqueId.ToString()),
        ("entryUUID", d => d.EntryUuid),
        ("Version", d => $"{d.Version}"),
        ("Status", d => d.Status.ToString()),
        ("confidentialityCode", d => string.Join(", ", d.ConfidentialityCodes)),
        ("Author's structure", d => d.AuthorInstitution),
        ("mimeType", d => d.MimeType),
        ("Bytes", d => $"{d.Size}"),
        ("Replaces", d => d.Replaces ?? ""),
        ("Appends", d => d.Appends ?? ""),
        ("References", d => string.Join(", ", d.ReferenceIds)),
    ];

    public static string Write(
        InstanceIdentifier? patientId, Audience audience, IReadOnlyList<DmpDocument> documents)
    {
        var page = new StringBuilder("""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>DMP emulator</title>
            <style>body{font:14px sans-serif}table{border-collapse:collapse}td,th{border:1px solid #999;padding:2px 6px;
            text-align:left}</style></head><body><h1>What they see in the DMP</h1>
            <form method="get"><label>Patient (OID^INS, or a CX; empty: all) <input name="patient" size="50" value="
            """);
        page.Append('"').Append(Encode(patientId?.ToString() ?? "")).Append("\"></label> <select name=\"audience\">");
        foreach (var one in Enum.GetValues<Audience>())
            page.Append(one == audience ? "<option selected>" : "<option>").Append(one).Append("</option>");
        page.Append("</select> <button>Show</button></form><p>").Append(documents.Count).Append(" documents</p><table><tr>");
        foreach (var (heading, _) in Columns) page.Append("<th>").Append(Encode(heading)).Append("</th>");
        foreach (var document in documents)
        {
            page.Append("</tr>\n<tr>");
            foreach (var (_, value) in Columns) page.Append("<td>").Append(Encode(value(document))).Append("</td>");
        }

        return page.Append("</tr></table></body></html>\n").ToString();
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
