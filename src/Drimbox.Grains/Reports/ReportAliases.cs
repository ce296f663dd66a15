using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Storage;

namespace Drimbox.Grains.Reports;

/// <summary>The names under which a report is found: the ids of its documents (TXA-12 among them), the ids that
/// its documents and deletions wait for, and its setId.</summary>
internal static class ReportAliases
{
    public static string DocumentKind(string node) => $"{node}/document";

    /// <summary>MSH-10 of the messages that carried a report away.</summary>
    public static string SentKind(string node) => $"{node}/sent";

    public static string SetKind(string node) => $"{node}/set";

    public static IReadOnlyList<AliasRow> Of(string node, ReportCommand command, ReportId target) => command switch
    {
        ReceiveReport receive => Rows(
            node, target, receive.Message.DocumentId, receive.Message.Parent, receive.Message.Cda?.SetId),
        AmendReport amend => Rows(node, target, amend.Header.DocumentId, amend.Header.Replaces, amend.Header.SetId),
        _ => [],
    };

    public static IReadOnlyList<AliasRow> Of(string node, ReportState state, ReportId target) => state.Versions
        .SelectMany(v => Rows(node, target, v.DocumentId, v.Parent, v.Header.SetId))
        .Concat(state.Deletions.SelectMany(d => Rows(node, target, d.Id, d.Parent, null)))
        .Distinct().ToList();

    private static List<AliasRow> Rows(
        string node, ReportId target, InstanceIdentifier document, InstanceIdentifier? parent, InstanceIdentifier? set)
    {
        var rows = new List<AliasRow> { new(DocumentKind(node), DocumentKey.Of(document), target.ToString()) };
        if (parent is { } p) rows.Add(new AliasRow(DocumentKind(node), DocumentKey.Of(p), target.ToString()));
        if (set is { } s) rows.Add(new AliasRow(SetKind(node), s.ToString(), target.ToString()));
        return rows;
    }
}
