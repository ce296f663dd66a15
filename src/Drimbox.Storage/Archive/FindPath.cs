using Drimbox.Core.Identity;

namespace Drimbox.Storage;

/// <summary>Where a query begins: a table by one of its indexes, or all of it. It is decided here and not by the
/// database, whose guess rests on statistics that a growing archive does not have.</summary>
/// <param name="Level">Of the table that is read first.</param>
/// <param name="From">What is read first.</param>
/// <param name="Rank">The lower, the fewer rows it is known to have; paths of the same rank are compared by
/// <paramref name="Probe"/>.</param>
/// <param name="Probe">Selects a row for each that the path reads.</param>
internal sealed record FindPath(FindLevel Level, string From, int Rank, string? Probe)
{
    /// <summary>Rows that are worth counting before the choice: 5,000 index entries are a quarter of a millisecond.
    /// </summary>
    public const int ProbeRows = 5_000;

    // One value of these names one entity, or those of one patient or order. Of the rest only counting tells.
    private static readonly ArchiveAttribute[] Selective =
    [
        ArchiveAttribute.SopInstanceUid, ArchiveAttribute.SeriesInstanceUid, ArchiveAttribute.StudyInstanceUid,
        ArchiveAttribute.AccessionNumber, ArchiveAttribute.PatientId,
    ];

    /// <summary>All of a table.</summary>
    public static FindPath Scan(FindLevel level) =>
        new(level, FindSql.Table(level) + " NOT INDEXED", int.MaxValue, null);

    /// <summary>The path that a key opens, or null.</summary>
    /// <param name="term">Its condition.</param>
    public static FindPath? Of(FindMatch match, string term, FindTerms terms)
    {
        var column = ArchiveColumns.Of(match.Attribute);
        if (column.Kind == ColumnKind.PersonName && column.Index is not null) return OfName(match, terms);
        if (column.Kind == ColumnKind.Sequence) return OfItems(match, terms);
        if (column.Index is null) return null;
        // A pattern that begins with a wildcard has no beginning in the index.
        if (match.Kind == FindMatchKind.Wildcard && match.Values[0][0] is '*' or '?') return null;
        var isSelective = match.Kind is FindMatchKind.Single or FindMatchKind.List
            && Selective.Contains(match.Attribute);
        var from = $"{FindSql.Table(column.Level)} INDEXED BY {column.Index}";
        return new FindPath(
            column.Level, from, isSelective ? Array.IndexOf(Selective, match.Attribute) : Selective.Length,
            $"SELECT 1 FROM {from} WHERE {term}");
    }

    /// <summary>A name is in one of three columns. Each is read by its own index, and what was in one before is left
    /// out.</summary>
    private static FindPath? OfName(FindMatch match, FindTerms terms)
    {
        if (match.Kind is not (FindMatchKind.Single or FindMatchKind.Wildcard)) return null;
        var value = match.Values[0];
        var (alphabetic, ideographic, phonetic) = NameFolding.FoldPersonName(value);
        var isPattern = match.Kind == FindMatchKind.Wildcard;
        var arms = value.Contains('=', StringComparison.Ordinal)
            ? alphabetic.Length > 0 ? Arm("p.name_folded", "patient_name_folded", alphabetic)
            : ideographic.Length > 0 ? Arm("p.ideographic", "patient_ideographic", ideographic)
            : Arm("p.phonetic", "patient_phonetic", phonetic)
            : AllArms();
        return arms is null
            ? null
            : new FindPath(
                FindLevel.Patient, $"({arms}) d CROSS JOIN patient p NOT INDEXED ON p.id = d.id",
                Selective.Length, arms);

        string? AllArms()
        {
            var first = Arm("p.name_folded", "patient_name_folded", alphabetic);
            if (first is null) return null;
            var inFirst = terms.Group("p.name_folded", alphabetic, isPattern);
            var inSecond = terms.Group("p.ideographic", alphabetic, isPattern);
            return $"{first} UNION ALL {Arm("p.ideographic", "patient_ideographic", alphabetic)} AND NOT {inFirst}" +
                $" UNION ALL {Arm("p.phonetic", "patient_phonetic", alphabetic)} AND NOT {inFirst} AND NOT {inSecond}";
        }

        string? Arm(string column, string index, string folded)
        {
            if (terms.Group(column, folded, isPattern) is not { } term) return null;
            var shortest = isPattern ? FindTerms.VariantsOf(folded).First() : folded;
            if (terms.Beginning(column, shortest) is not { } beginning) return null;
            // The other two indexes have only the patients with such a group.
            var partial = index == "patient_name_folded" ? "" : $"{column} <> '' AND ";
            return $"SELECT p.id FROM patient p INDEXED BY {index} WHERE {partial}{beginning} AND {term}";
        }
    }

    private static FindPath? OfItems(FindMatch match, FindTerms terms)
    {
        foreach (var key in match.ItemMatches)
        {
            var column = ArchiveColumns.Of(key.Attribute);
            if (column.Index is null || key.Kind is not (FindMatchKind.Single or FindMatchKind.List)) continue;
            // DISTINCT: two items of a series may match.
            var series = $"SELECT DISTINCT r.series FROM request_attributes r INDEXED BY {column.Index} " +
                $"WHERE {column.Match} <> '' AND {terms.Items(match.ItemMatches)}";
            return new FindPath(
                FindLevel.Series, $"({series}) d CROSS JOIN series e NOT INDEXED ON e.id = d.series",
                Selective.Length, series);
        }

        return null;
    }
}
