using System.Runtime.CompilerServices;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>Query/Retrieve FIND of an archive, Patient Root and Study Root. Source: PS3.4 C.4.1.</summary>
internal sealed class ArchiveFind(ArchiveOptions options, ArchiveIndex index) : ICFindScp
{
    private static readonly Uid PatientRoot = SopClass.PatientRootQueryRetrieveInformationModelFind;

    public IReadOnlyCollection<Uid> SopClasses { get; } =
        [PatientRoot, SopClass.StudyRootQueryRetrieveInformationModelFind];

    // The index joins the levels whatever keys there are. Dates and times are matched each by itself, names by their
    // folded letters, times as they stand.
    public QueryOptions Options => QueryOptions.Relational;

    public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken)
    {
        var isPatientRoot = request.SopClassUid == PatientRoot;
        if (QueryKeys.LevelOf(request.Level, isPatientRoot) is not { } level)
        {
            return new(CFindAnswer.Refused(
                DimseStatus.DataSetDoesNotMatchSopClass.With("Query/Retrieve Level is not one of this model.")));
        }

        if (QueryKeys.RefuseHierarchy(request.Identifier, level, isPatientRoot, request.Options) is { } wrong)
            return new(CFindAnswer.Refused(wrong));
        var (understood, refusal) = QueryKeys.Understand(request.Identifier, level);
        return new(understood is null
            ? CFindAnswer.Refused(refusal)
            : CFindAnswer.Found(
                MatchesAsync(understood, request.Level!, cancellationToken), understood.HasUnsupportedKeys));
    }

    private async IAsyncEnumerable<DataSet> MatchesAsync(
        UnderstoodQuery understood, string level, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in index.FindAsync(understood.Query, cancellationToken))
            yield return ToDataSet(understood, row, level);
    }

    private DataSet ToDataSet(UnderstoodQuery understood, FindRow row, string level)
    {
        var keys = understood.Keys;
        var match = new DataSet();
        // PS3.4 C.4.1.1.3.2: in the character set that the values need.
        match.SetCharacterSet(CharacterSet.For(keys.Select(tag => row[QueryKeys.AttributeOf(tag)])));
        match.SetString(Tag.QueryRetrieveLevel, level);
        match.SetString(Tag.RetrieveAETitle, options.AeTitle.ToString());
        match.SetString(Tag.InstanceAvailability, "ONLINE");
        foreach (var tag in keys) Set(match, tag, row[QueryKeys.AttributeOf(tag)] ?? "");
        // The unique keys of the level and those above it come whether asked for or not (PS3.4 C.4.1.3.1).
        Set(match, Tag.PatientID, row[ArchiveAttribute.PatientId] ?? "");
        SetUnique(match, Tag.StudyInstanceUID, row[ArchiveAttribute.StudyInstanceUid]);
        SetUnique(match, Tag.SeriesInstanceUID, row[ArchiveAttribute.SeriesInstanceUid]);
        SetUnique(match, Tag.SOPInstanceUID, row[ArchiveAttribute.SopInstanceUid]);
        return match;
    }

    private static void SetUnique(DataSet match, Tag tag, string? value)
    {
        if (value is not null) Set(match, tag, value);
    }

    private static void Set(DataSet match, Tag tag, string value)
    {
        if (tag == Tag.Rows || tag == Tag.Columns)
        {
            if (int.TryParse(value, out var number)) match.SetInt(tag, number);
            else match.SetEmpty(tag);
            return;
        }

        // A value with a backslash was several values when it came.
        match.SetString(tag, value);
    }
}
