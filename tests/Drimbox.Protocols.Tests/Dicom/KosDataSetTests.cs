using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Dicom;

/// <summary>Manifests and rejection notes as Key Object Selection documents. What other makers say of them is in the
/// System tests.</summary>
public sealed class KosDataSetTests
{
    internal static readonly Manifest Sample = new(
        Uid.Parse("2.25.101"),
        Uid.Parse("2.25.102"),
        new DateTimeOffset(2026, 8, 28, 16, 23, 26, TimeSpan.FromHours(2)),
        new ManifestAuthor("DRIMBOX", "Centre de radiologie Ambroise", "101235555"),
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"), null, "PAT-TROIS",
            "DOMINIQUE", "DOMINIQUE ZOÉ", "PAT-QUATRE", "19790328", "F", "63220"),
        new ManifestStudy(Uid.Parse("1.2.3"), "20260822", "083117.658000", "Examen à E"),
        [
            new ReferencedRequest(
                InstanceIdentifier.Create("1.2.250.1.213.4.5.2.5", "ACN101"),
                InstanceIdentifier.Create("1.2.250.1.213.4.5.2.6", "OPN101")),
            new ReferencedRequest(InstanceIdentifier.Create("1.2.250.1.213.4.5.2.5", "ACN102"), null),
        ],
        [
            new ManifestSeries(Uid.Parse("1.2.3.1"), 1000, "https://drimbox.example/studies/1.2.3/series/1.2.3.1", [
                new ManifestInstance(SopClass.CTImageStorage, Uid.Parse("1.2.3.1.1"), 1),
                new ManifestInstance(SopClass.CTImageStorage, Uid.Parse("1.2.3.1.2"), 2),
            ]),
            new ManifestSeries(Uid.Parse("1.2.3.2"), null, "https://drimbox.example/studies/1.2.3/series/1.2.3.2", [
                new ManifestInstance(SopClass.UltrasoundMultiFrameImageStorage, Uid.Parse("1.2.3.2.1"), 1, 30),
                new ManifestInstance(SopClass.KeyObjectSelectionDocumentStorage, Uid.Parse("1.2.3.2.2")),
                new ManifestInstance(SopClass.HemodynamicWaveformStorage, Uid.Parse("1.2.3.2.3")),
            ]),
        ],
        ManifestText.Compose(
            "Examen à E", ["TDM thorax", "injection"], [new SeriesCaption(Uid.Parse("1.2.3.1"), "CT", "Thorax", "AX")]),
        [new KeyImage(Uid.Parse("1.2.3.1.2"), Uid.Parse("1.2.3.2.2"), Uid.Parse("1.2.3.2"), "Coupe à montrer")]);

    private static readonly JsonSerializerOptions Json = new();

    [Fact]
    public void A_manifest_comes_back_as_it_was()
    {
        Assert.True(DicomFile.TryRead(KosDataSet.ToFile(Sample), out var file, out _));

        var read = KosDataSet.TryRead(file!.DataSet, out var refusal);

        Assert.Null(refusal);
        Assert.Equal(JsonSerializer.Serialize(Sample, Json), JsonSerializer.Serialize(read, Json));
        Assert.Equal(TransferSyntax.ExplicitVRLittleEndian, file.TransferSyntax);
    }

    [Fact]
    public void Equal_manifests_give_equal_bytes() =>
        Assert.Equal(KosDataSet.ToFile(Sample), KosDataSet.ToFile(Sample with { Series = [.. Sample.Series] }));

    [Fact]
    public void The_attributes_are_those_of_the_national_samples()
    {
        var kos = KosDataSet.Encode(Sample);

        (Tag Tag, string? Value)[] expected =
        [
            (Tag.SpecificCharacterSet, "ISO_IR 100"), (Tag.InstanceCreationDate, "20260828"),
            (Tag.InstanceCreationTime, "162326"), (Tag.SOPClassUID, "1.2.840.10008.5.1.4.1.1.88.59"),
            (Tag.SOPInstanceUID, "2.25.101"), (Tag.StudyDate, "20260822"), (Tag.StudyTime, "083117.658000"),
            (Tag.SeriesDate, "20260828"), (Tag.ContentTime, "162326"), (Tag.AccessionNumber, null),
            (Tag.Modality, "KO"), (Tag.InstitutionName, "Centre de radiologie Ambroise^^^^^^^^^101235555"),
            (Tag.ReferringPhysicianName, null), (Tag.TimezoneOffsetFromUTC, "+0200"),
            (Tag.StudyDescription, "Examen à E"), (Tag.PatientName, "PAT-TROIS^DOMINIQUE"),
            (Tag.PatientID, "279035121518989"), (Tag.IssuerOfPatientID, "ASIP-SANTE-INS-NIR"),
            (Tag.PatientBirthDate, "19790328"), (Tag.PatientSex, "F"), (Tag.PatientComments, "63220"),
            (Tag.StudyInstanceUID, "1.2.3"), (Tag.SeriesInstanceUID, "2.25.102"), (Tag.StudyID, null),
            (Tag.SeriesNumber, "59"), (Tag.InstanceNumber, "1"), (Tag.ValueType, "CONTAINER"),
            (Tag.ContinuityOfContent, "SEPARATE"),
        ];
        foreach (var (tag, value) in expected)
        {
            Assert.True(kos.Contains(tag), tag.ToString());
            Assert.Equal(value, kos.GetString(tag));
        }

        Assert.Equal(["^DOMINIQUE ZOÉ", "PAT-QUATRE^DOMINIQUE"], kos.GetStrings(Tag.OtherPatientNames));
        Assert.True(kos.Contains(Tag.ReferencedPerformedProcedureStepSequence));
        Assert.Equal("TEXT", kos.GetItems(Tag.OtherPatientIDsSequence)[0].GetString(Tag.TypeOfPatientID));
        Assert.Equal(
            ["IMAGE", "IMAGE", "IMAGE", "COMPOSITE", "WAVEFORM", "TEXT"],
            kos.GetItems(Tag.ContentSequence).Select(i => i.GetString(Tag.ValueType)));
        Assert.Equal(
            "Examen : Examen à E\nActe = TDM thorax ; injection\nSérie-1.2.3.1 : CT @Thorax : AX\n",
            kos.GetItems(Tag.ContentSequence)[5].GetString(Tag.TextValue));
        var request = kos.GetItems(Tag.ReferencedRequestSequence)[0];
        Assert.Equal("OPN101", request.GetString(Tag.PlacerOrderNumberImagingServiceRequest));
        Assert.Equal(
            "1.2.250.1.213.4.5.2.6",
            request.GetItems(Tag.OrderPlacerIdentifierSequence)[0].GetString(Tag.UniversalEntityID));
        Assert.True(request.Contains(Tag.FillerOrderNumberImagingServiceRequest));
    }

    [Fact]
    public void Text_beyond_latin_1_makes_the_document_UTF_8()
    {
        var manifest = Sample with { Patient = Sample.Patient with { BirthName = "ŒUVRARD" } };

        var kos = KosDataSet.Encode(manifest);

        Assert.Equal("ISO_IR 192", kos.GetString(Tag.SpecificCharacterSet));
        Assert.Equal("ŒUVRARD^DOMINIQUE", kos.GetString(Tag.PatientName));
        Assert.Equal("Examen à E", kos.GetString(Tag.StudyDescription));
    }

    [Fact]
    public void Text_that_would_break_its_attribute_is_fitted()
    {
        var manifest = Sample with
        {
            Author = new ManifestAuthor("DRIM\\BOX", new string('C', 100) + "^X", "101235555"),
            Study = Sample.Study with { Description = "A\\B\r\nC" + new string('D', 100) },
            Patient = Sample.Patient with { BirthName = "A^B\\C=D" },
        };

        var kos = KosDataSet.Encode(manifest);

        Assert.Equal("DRIM BOX", kos.GetString(Tag.Manufacturer));
        Assert.Equal(64, kos.GetString(Tag.InstitutionName)!.Length);
        Assert.EndsWith("^^^^^^^^^101235555", kos.GetString(Tag.InstitutionName), StringComparison.Ordinal);
        Assert.Equal(64, kos.GetString(Tag.StudyDescription)!.Length);
        Assert.Equal("A B C D^DOMINIQUE", kos.GetString(Tag.PatientName));
    }

    [Theory]
    [InlineData("-0330", -210)]
    [InlineData("+0000", 0)]
    [InlineData("+0545", 345)]
    public void The_offset_of_the_site_is_written_and_read(string text, int minutes)
    {
        var manifest = Sample with { CreatedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromMinutes(minutes)) };

        var kos = KosDataSet.Encode(manifest);

        Assert.Equal(text, kos.GetString(Tag.TimezoneOffsetFromUTC));
        Assert.Equal(manifest.CreatedAt, KosDataSet.TryRead(kos, out _)!.CreatedAt);
    }

    [Fact]
    public void What_is_not_a_manifest_is_refused()
    {
        Assert.Null(KosDataSet.TryRead(SampleImage.Create(), out var refusal));
        Assert.Equal(RefusalReason.TableValue, refusal!.Reason);

        var withoutEvidence = KosDataSet.Encode(Sample);
        withoutEvidence.Remove(Tag.CurrentRequestedProcedureEvidenceSequence);
        Assert.Null(KosDataSet.TryRead(withoutEvidence, out refusal));
        Assert.Equal("(0040,A375)", refusal!.Location);

        var withoutDate = KosDataSet.Encode(Sample);
        withoutDate.SetString(Tag.InstanceCreationDate, "2026-08-28");
        Assert.Null(KosDataSet.TryRead(withoutDate, out refusal));
        Assert.Equal(RefusalReason.RequiredFieldMissing, refusal!.Reason);
    }

    [Theory]
    [InlineData(RejectionReason.Quality, "113001")]
    [InlineData(RejectionReason.PatientSafety, "113037")]
    [InlineData(RejectionReason.IncorrectWorklistEntry, "113038")]
    [InlineData(RejectionReason.DataRetentionPolicyExpired, "113039")]
    public void A_rejection_note_says_which_images_and_why(RejectionReason reason, string code)
    {
        var note = new RejectionNote(
            Uid.Parse("2.25.7"), Uid.Parse("2.25.8"), Sample.CreatedAt, reason, "PACS",
            new Patient(null, new LocalPatientId("IPP101", "1.2.250.9", "SITE"), "PAT-TROIS", "DOMINIQUE", "", null, "19790328", "F", ""),
            Sample.Study, [Sample.Series[0] with { RetrieveUrl = null }]);

        Assert.True(DicomFile.TryRead(RejectionNoteDataSet.ToFile(note), out var file, out _));
        var read = RejectionNoteDataSet.TryRead(file!.DataSet, out var refusal);

        Assert.Null(refusal);
        Assert.Equal(JsonSerializer.Serialize(note, Json), JsonSerializer.Serialize(read, Json));
        Assert.Equal(["1.2.3.1.1", "1.2.3.1.2"], read!.RejectedInstances.Select(u => u.ToString()));
        Assert.Equal(code, file.DataSet.GetItems(Tag.ConceptNameCodeSequence)[0].GetString(Tag.CodeValue));
        Assert.Null(KosDataSet.TryRead(file.DataSet, out _));
        Assert.Null(RejectionNoteDataSet.TryRead(KosDataSet.Encode(Sample), out _));
    }

    [Fact]
    public void A_key_image_note_says_which_images_it_marks_and_in_which_words()
    {
        var note = RejectionNoteDataSet.Encode(new RejectionNote(
            Uid.Parse("2.25.7"), Uid.Parse("2.25.8"), Sample.CreatedAt, RejectionReason.Quality, "PACS", Sample.Patient,
            Sample.Study, [Sample.Series[0] with { RetrieveUrl = null }]));
        Assert.Empty(KeyImageNoteDataSet.Read(note));

        note.GetItems(Tag.ConceptNameCodeSequence)[0].SetString(Tag.CodeValue, "113000");
        KeyImage[] marked =
        [
            new(Uid.Parse("1.2.3.1.1"), Uid.Parse("2.25.7"), Uid.Parse("2.25.8"), ""),
            new(Uid.Parse("1.2.3.1.2"), Uid.Parse("2.25.7"), Uid.Parse("2.25.8"), ""),
        ];
        Assert.Equal(marked, KeyImageNoteDataSet.Read(note));

        var text = new DataSet(note);
        var concept = new DataSet(text);
        concept.SetString(Tag.CodeValue, "113012");
        concept.SetString(Tag.CodingSchemeDesignator, "DCM");
        text.SetSequence(Tag.ConceptNameCodeSequence, concept);
        text.SetString(Tag.TextValue, new string('e', Limits.KeyImageTextLengthMax + 1));
        note.SetSequence(Tag.ContentSequence, [text, .. note.GetItems(Tag.ContentSequence)]);
        Assert.Equal(
            marked.Select(k => k with { Text = new string('e', Limits.KeyImageTextLengthMax) }),
            KeyImageNoteDataSet.Read(note));
        note.Remove(Tag.SOPInstanceUID);
        Assert.Empty(KeyImageNoteDataSet.Read(note));
    }
}
