using Drimbox.Core.Identity;

namespace Drimbox.Core.Manifests;

/// <summary>What a manifest says of the images beyond their references: PS3.16 TID 1600, as IHE RAD MADO 6.X.2.9 fills
/// it. What follows from <see cref="Manifest.Series"/> (the numbers of series, images and frames) is not repeated here.
/// </summary>
/// <param name="Regions">Target Region of the study: of <see cref="AnatomicRegions"/>, one at least.</param>
/// <param name="Series">One for each series of the manifest, in its order.</param>
public sealed record ImageLibrary(IReadOnlyList<CodedEntry> Regions, IReadOnlyList<LibrarySeries> Series);

/// <summary>A series in the library (TID 1602). Values as the PACS answered; empty where it had none.</summary>
/// <param name="Modality">(0008,0060).</param>
/// <param name="Date">DA, (0008,0021).</param>
/// <param name="Time">TM, (0008,0031).</param>
/// <param name="Description">(0008,103E).</param>
/// <param name="BodyPartExamined">(0018,0015): the region of the series in its own words.</param>
/// <param name="Titles">The titles of its Key Object Selection documents, as far as the PACS told them.</param>
public sealed record LibrarySeries(
    Uid SeriesInstanceUid,
    string Modality,
    string Date,
    string Time,
    string Description,
    string BodyPartExamined,
    IReadOnlyList<DocumentTitle> Titles);

/// <summary>What a Key Object Selection document in the study is about.</summary>
public sealed record DocumentTitle(Uid SopInstanceUid, CodedEntry Title);
