using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom.Part10;

namespace Drimbox.Dicom.Kos;

/// <summary>
/// A <see cref="Manifest"/> as a Key Object Selection document, titled as its <see cref="ManifestProfile"/> says, and
/// back. Equal manifests give equal bytes. Source: PS3.3 A.35.4; CI-SIS volet IMG-KOS, by its published samples; IHE RAD
/// MADO Rev. 1.1, 6.X.2.
/// </summary>
public static class KosDataSet
{
    // LO: 64 characters (PS3.5 6.2).
    private const int LoLengthMax = 64;

    /// <summary>The document as a DICOM file, Explicit VR Little Endian.</summary>
    public static byte[] ToFile(Manifest manifest) =>
        Part10Writer.ToBytes(Encode(manifest), TransferSyntax.ExplicitVRLittleEndian);

    /// <exception cref="InvariantException">The patient has no INS, or there is no image: the decision to publish
    /// excludes both.</exception>
    public static DataSet Encode(Manifest manifest)
    {
        Invariant.Holds(manifest.Patient.Ins is not null);
        Invariant.Holds(manifest.Series.Any(s => s.Instances.Count > 0));
        var dataSet = new DataSet();
        dataSet.SetCharacterSet(CharacterSetOf(manifest));
        KeyObjectDocument.SetDocument(
            dataSet, manifest.SopInstanceUid, manifest.SeriesInstanceUid, manifest.CreatedAt,
            Fit(manifest.Author.Manufacturer, LoLengthMax));
        dataSet.SetString(Tag.InstitutionName, InstitutionOf(manifest.Author));
        KeyObjectDocument.SetStudy(dataSet, manifest.Study with
        {
            Description = Fit(manifest.Study.Description, LoLengthMax),
        });
        var profile = manifest.Profile;
        Invariant.Holds(profile.DescribesImages == manifest.Library is not null);
        if (profile.NamesAccessionOfStudy) SetAccessionOfStudy(dataSet, manifest.Requests);
        PatientModule.Set(dataSet, manifest.Patient);
        KeyObjectDocument.SetTitle(dataSet, profile.Title);
        if (profile.Template is { } template) SetTemplate(dataSet, template);
        // PS3.3 C.17.6.2: 1C; without any request there is nothing to refer to.
        if (manifest.Requests.Count > 0)
        {
            dataSet.SetSequence(
                Tag.ReferencedRequestSequence,
                manifest.Requests.Select(r => RequestItem(dataSet, manifest.Study.StudyInstanceUid, r)));
        }

        KeyObjectDocument.SetEvidence(
            dataSet, manifest.Study.StudyInstanceUid, manifest.Series,
            (item, instance) => SetKeyImages(item, instance, manifest.KeyImages));
        dataSet.SetSequence(Tag.ContentSequence,
        [
            .. KeyObjectDocument.ReferenceItems(dataSet, manifest.Series),
            KeyObjectDocument.TextItem(
                dataSet, KeyObjectDocument.DescriptionCode, "Key Object Description", manifest.Description),
            .. manifest.Library is { } library
                ? [ImageLibraryItems.Encode(dataSet, library, manifest.Series)]
                : (IEnumerable<DataSet>)[],
        ]);
        return dataSet;
    }

    /// <summary>What kind of manifest a Key Object Selection document is by its title; null: none.</summary>
    public static ManifestProfile? ProfileOf(DataSet dataSet) =>
        dataSet.GetUid(Tag.SOPClassUID) == KeyObjectDocument.SopClassUid
        && KeyObjectDocument.Concept(dataSet) is { } title
            ? ManifestProfile.Titled(title.Value, title.Scheme)
            : null;

    /// <summary>What a document is titled (0040,A043); null where it does not say, or it is no document.</summary>
    public static CodedEntry? TitleOf(DataSet dataSet) => KeyObjectDocument.Concept(dataSet);

    /// <summary>Reads a manifest, of ours or of another DRIMbox.</summary>
    public static Manifest? TryRead(DataSet dataSet, out Refusal? refusal)
    {
        refusal = null;
        if (ProfileOf(dataSet) is not { } profile)
        {
            refusal = new Refusal(
                RefusalReason.TableValue,
                "Not a Key Object Selection document with the title of a manifest: "
                + string.Join(" or ", ManifestProfile.All.Select(p => p.Title.Value)) + ".",
                Tag.ConceptNameCodeSequence.ToString());
            return null;
        }

        if (!dataSet.TryGetUid(Tag.SOPInstanceUID, out var sopInstance)
            || !dataSet.TryGetUid(Tag.SeriesInstanceUID, out var seriesInstance)
            || KeyObjectDocument.ReadCreation(dataSet) is not { } createdAt)
        {
            refusal = new Refusal(
                RefusalReason.RequiredFieldMissing, "The manifest has no identifiers or no creation date and time.",
                Tag.SOPInstanceUID.ToString());
            return null;
        }

        if (KeyObjectDocument.ReadEvidence(dataSet, out var study) is not { } series)
        {
            refusal = new Refusal(
                RefusalReason.RequiredFieldMissing,
                "The list of references is absent, incomplete or of several studies.",
                Tag.CurrentRequestedProcedureEvidenceSequence.ToString());
            return null;
        }

        var library = profile.DescribesImages ? ImageLibraryItems.TryRead(dataSet, series) : null;
        if (profile.DescribesImages && library is null)
        {
            refusal = new Refusal(
                RefusalReason.RequiredFieldMissing, "The manifest has no image library, or one that leaves a series out.",
                Tag.ContentSequence.ToString());
            return null;
        }

        return new Manifest(
            sopInstance, seriesInstance, createdAt, ReadAuthor(dataSet), PatientModule.Read(dataSet),
            KeyObjectDocument.ReadStudy(dataSet, study), ReadRequests(dataSet),
            library is null ? series : ImageLibraryItems.Number(dataSet, series),
            KeyObjectDocument.ReadDescription(dataSet), [.. ReadKeyImages(dataSet)])
        {
            Profile = profile,
            Library = library,
        };
    }

    // MADO 6.X.2.6.1: the number of the study where it has only one; several stand with their orders alone.
    private static void SetAccessionOfStudy(DataSet dataSet, IReadOnlyList<ReferencedRequest> requests)
    {
        if (requests.Select(r => r.AccessionNumber).Distinct().ToList() is not [{ } accession]) return;
        dataSet.SetString(Tag.AccessionNumber, accession.Extension);
        dataSet.SetSequence(Tag.IssuerOfAccessionNumberSequence, PatientModule.EntityItem(dataSet, accession.Root));
    }

    // PS3.3 C.17.3.2.1 and C.18.8: the template of the root, of those in PS3.16.
    private static void SetTemplate(DataSet dataSet, string template)
    {
        var item = new DataSet(dataSet);
        item.SetString(Tag.MappingResource, "DCMR");
        item.SetString(Tag.TemplateIdentifier, template);
        dataSet.SetSequence(Tag.ContentTemplateSequence, item);
    }

    private static DataSet RequestItem(DataSet dataSet, Uid studyInstanceUid, ReferencedRequest request)
    {
        var item = new DataSet(dataSet);
        item.SetString(Tag.AccessionNumber, request.AccessionNumber?.Extension);
        if (request.AccessionNumber is { } accession)
            item.SetSequence(Tag.IssuerOfAccessionNumberSequence, PatientModule.EntityItem(item, accession.Root));
        item.SetEmpty(Tag.ReferencedStudySequence);
        item.SetUid(Tag.StudyInstanceUID, studyInstanceUid);
        item.SetEmpty(Tag.RequestedProcedureDescription);
        item.SetEmpty(Tag.RequestedProcedureCodeSequence);
        if (request.PlacerOrderNumber is { } order)
            item.SetSequence(Tag.OrderPlacerIdentifierSequence, PatientModule.EntityItem(item, order.Root));
        item.SetEmpty(Tag.RequestedProcedureID);
        item.SetString(Tag.PlacerOrderNumberImagingServiceRequest, request.PlacerOrderNumber?.Extension);
        item.SetEmpty(Tag.FillerOrderNumberImagingServiceRequest);
        return item;
    }

    // Inside the reference of the image, the references of the notes that mark it (national samples, KIN).
    private static void SetKeyImages(DataSet reference, ManifestInstance instance, IReadOnlyList<KeyImage> keyImages)
    {
        var notes = keyImages.Where(k => k.SopInstanceUid == instance.SopInstanceUid).ToList();
        if (notes.Count == 0) return;
        reference.SetSequence(Tag.ReferencedSOPSequence, notes.Select(note =>
        {
            var item = new DataSet(reference);
            item.SetUid(Tag.ReferencedSOPInstanceUID, note.NoteSopInstanceUid);
            item.SetUid(Tag.SeriesInstanceUID, note.NoteSeriesInstanceUid);
            item.SetSequence(
                Tag.ConceptNameCodeSequence,
                KeyObjectDocument.CodeItem(item, KeyImageNoteDataSet.OfInterestCode, "Of Interest"));
            var text = new DataSet(item);
            text.SetString(Tag.TextValue, note.Text);
            item.SetSequence(Tag.ContentSequence, text);
            return item;
        }));
    }

    private static IEnumerable<KeyImage> ReadKeyImages(DataSet dataSet)
    {
        foreach (var reference in dataSet.GetItems(Tag.CurrentRequestedProcedureEvidenceSequence)
                     .SelectMany(study => study.GetItems(Tag.ReferencedSeriesSequence))
                     .SelectMany(series => series.GetItems(Tag.ReferencedSOPSequence)))
        {
            foreach (var note in reference.GetItems(Tag.ReferencedSOPSequence))
            {
                yield return new KeyImage(
                    reference.GetUid(Tag.ReferencedSOPInstanceUID), note.GetUid(Tag.ReferencedSOPInstanceUID),
                    note.GetUid(Tag.SeriesInstanceUID),
                    note.GetItems(Tag.ContentSequence) is [var text, ..] ? text.GetString(Tag.TextValue) ?? "" : "");
            }
        }
    }

    private static List<ReferencedRequest> ReadRequests(DataSet dataSet)
    {
        var requests = new List<ReferencedRequest>();
        foreach (var item in dataSet.GetItems(Tag.ReferencedRequestSequence))
        {
            requests.Add(new ReferencedRequest(
                Identifier(item, Tag.IssuerOfAccessionNumberSequence, Tag.AccessionNumber),
                Identifier(item, Tag.OrderPlacerIdentifierSequence, Tag.PlacerOrderNumberImagingServiceRequest)));
        }

        return requests;
    }

    private static InstanceIdentifier? Identifier(DataSet item, Tag issuer, Tag value) =>
        item.GetItems(issuer) is [var entity, ..] && item.GetString(value) is { } extension
        && InstanceIdentifier.TryCreate(entity.GetString(Tag.UniversalEntityID), extension, out var id)
            ? id
            : null;

    private static ManifestAuthor ReadAuthor(DataSet dataSet)
    {
        var institution = (dataSet.GetString(Tag.InstitutionName) ?? "").Split('^');
        return new ManifestAuthor(
            dataSet.GetString(Tag.Manufacturer) ?? "", institution[0], institution.Length > 9 ? institution[9] : "");
    }

    // (0008,0080) Nom^^^^^^^^^FINESS: the name is cut rather than the number.
    private static string InstitutionOf(ManifestAuthor author)
    {
        if (author.InstitutionId.Length == 0) return Fit(author.InstitutionName.Replace('^', ' '), LoLengthMax);
        var tail = "^^^^^^^^^" + Fit(author.InstitutionId.Replace('^', ' '), LoLengthMax / 2);
        return Fit(author.InstitutionName.Replace('^', ' '), LoLengthMax - tail.Length) + tail;
    }

    // LO holds no backslash and no control character (PS3.5 6.2).
    private static string Fit(string text, int lengthMax)
    {
        text = string.Concat(text.Select(c => c == '\\' || char.IsControl(c) ? ' ' : c)).Trim();
        return text.Length <= lengthMax ? text : text[..lengthMax].TrimEnd();
    }

    // ISO_IR 100 as in all samples; ISO_IR 192 where that would lose a character.
    private static CharacterSet CharacterSetOf(Manifest manifest)
    {
        IEnumerable<string?> texts =
        [
            .. PatientModule.Texts(manifest.Patient), manifest.Author.Manufacturer, manifest.Author.InstitutionName,
            manifest.Study.Description, manifest.Description, .. manifest.KeyImages.Select(k => k.Text),
            .. manifest.Requests.Select(r => r.AccessionNumber?.Extension),
            .. manifest.Requests.Select(r => r.PlacerOrderNumber?.Extension),
            .. manifest.Library is { } library ? ImageLibraryItems.Texts(library) : [],
        ];
        var needed = CharacterSet.For(texts);
        return ReferenceEquals(needed, CharacterSet.Utf8) ? needed : CharacterSet.Latin1;
    }
}
