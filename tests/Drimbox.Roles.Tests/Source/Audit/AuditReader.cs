using System.Xml.Linq;
using Drimbox.Core.Audit;
using Drimbox.Storage;
using static Drimbox.Tests.Source.SourceFixture;

namespace Drimbox.Tests.Source;

/// <summary>The trail of a source, as an auditor reads it.</summary>
internal static class AuditReader
{
    /// <summary>The records of an event or of a type, the oldest first.</summary>
    public static async Task<IReadOnlyList<AuditRow>> AuditAsync(this SourceFixture source, string code) =>
        [.. (await source.Node.Audit.SearchAsync(new AuditFilter(Event: code, Max: 1000), "auditor", Token)).Reverse()];

    /// <summary>Codes of events and types with their outcomes, the oldest first; without the looks of the
    /// test.</summary>
    public static async Task<IReadOnlyList<string>> AuditTextAsync(this SourceFixture source) =>
        [.. (await source.Node.Audit.SearchAsync(new AuditFilter(Max: 1000), "auditor", Token)).Reverse()
            .Where(row => row.Record.Event != AuditCodes.AuditLogUsed.Value)
            .Select(row => $"{row.Record.Event} {row.Record.Type} {(int)row.Record.Outcome}")];

    public static XElement Xml(this AuditRow row) => XDocument.Parse(row.Record.Message).Root!;

    public static string? OutcomeDescription(this AuditRow row) =>
        (string?)row.Xml().Element("EventIdentification")!.Element("EventOutcomeDescription");

    public static IReadOnlyList<string> ValuesOf(this AuditRow row, AuditKeyKind kind) =>
        [.. row.Record.Keys.Where(k => k.Kind == kind).Select(k => k.Value)];

    /// <summary>From now on no record can be written, while all else of the store works.</summary>
    public static void BreakAudit(this SourceFixture source) => FlowStorePlace.Execute(
        Path.Combine(source.Folder.Path, "source"),
        "CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END",
        "ALTER TABLE audit ADD CONSTRAINT no_audit CHECK (false) NOT VALID");
}
