using System.Security.Cryptography;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Dicom;

/// <summary>The European manifest as a Key Object Selection document (IHE RAD MADO Rev. 1.1, 6.X.2), beside the
/// national one. What dciodvfy says of it is in the System tests.</summary>
public sealed class MadoDataSetTests
{
    internal static readonly Manifest Sample = KosDataSetTests.Sample with
    {
        Profile = ManifestProfile.Mado,
        Series = [.. KosDataSetTests.Sample.Series.Select(s => s with
        {
            RetrieveUrl = "https://drimbox.example/", RetrieveLocationUid = Uid.Parse("1.2.250.1.999.1"),
        })],
        KeyImages = [],
        Library = new ImageLibrary(
            [new CodedEntry("67734004", "SCT", "Upper trunk"), new CodedEntry("63337009", "SCT", "Lower trunk")],
            [
                new LibrarySeries(Uid.Parse("1.2.3.1"), "CT", "20260822", "083117.5", "Écho 1", "CHEST", []),
                new LibrarySeries(
                    Uid.Parse("1.2.3.2"), "US", "", "", "", "",
                    [new DocumentTitle(Uid.Parse("1.2.3.2.2"), new CodedEntry("113000", "DCM", "Of Interest"))]),
            ]),
    };

    private static readonly JsonSerializerOptions Json = new();

    [Fact]
    [Requirement("IHE RAD MADO 6.X.2")]
    public void It_comes_back_as_it_was()
    {
        Assert.True(DicomFile.TryRead(KosDataSet.ToFile(Sample), out var file, out _));

        var read = KosDataSet.TryRead(file!.DataSet, out var refusal);

        Assert.Null(refusal);
        Assert.Equal(ManifestProfile.Mado, read!.Profile);
        Assert.Equal(JsonSerializer.Serialize(Sample, Json), JsonSerializer.Serialize(read, Json));
    }

    [Fact]
    [Requirement("DB.SO.18")]
    public void The_national_manifest_has_the_bytes_that_it_had_before_there_was_another_profile() =>
        Assert.Equal("e388f954e239e4bc4c0a7e9df2394032c942096313c0aa48dd1ca3b8884e554f", Convert.ToHexStringLower(SHA256.HashData(KosDataSet.ToFile(KosDataSetTests.Sample))));

    [Fact]
    public void The_title_is_a_code_with_its_scheme()
    {
        var kos = KosDataSet.Encode(Sample);
        Assert.Equal(ManifestProfile.Mado.Title, KosDataSet.TitleOf(kos));

        kos.GetItems(Tag.ConceptNameCodeSequence)[0].SetString(Tag.CodingSchemeDesignator, "DCM");

        Assert.Null(KosDataSet.ProfileOf(kos));
        Assert.Null(KosDataSet.TryRead(kos, out var refusal));
        Assert.Equal("(0040,A043)", refusal!.Location);
    }

    [Fact]
    public void Study_series_and_images_are_described_in_the_library()
    {
        var kos = KosDataSet.Encode(Sample);

        var template = Assert.Single(kos.GetItems(Tag.ContentTemplateSequence));
        Assert.Equal(
            ("DCMR", "2010"), (template.GetString(Tag.MappingResource), template.GetString(Tag.TemplateIdentifier)));
        // The flat list of TID 2010 stays: the library repeats its references.
        Assert.Equal(
            ["IMAGE", "IMAGE", "IMAGE", "COMPOSITE", "WAVEFORM", "TEXT", "CONTAINER"],
            kos.GetItems(Tag.ContentSequence).Select(i => i.GetString(Tag.ValueType)));
        Assert.Equal(
            [
                "CONTAINER 111028 SEPARATE",
                "  CODE 121139 CT", "  CODE 121139 US",
                "  CODE 123014 67734004", "  CODE 123014 63337009",
                "  NUM MADOTEMP009 2 {series}",
                "  CONTAINER 126200 SEPARATE",
                "    CODE 121139 CT", "    DATE MADOTEMP003 20260822", "    TIME MADOTEMP004 083117.5",
                "    TEXT MADOTEMP002 Écho 1", "    TEXT 113607 1000", "    TEXT 123014 CHEST",
                "    UIDREF 112002 1.2.3.1", "    NUM MADOTEMP007 2 {instances}",
                "    IMAGE 1.2.3.1.1", "      TEXT 113609 1",
                "    IMAGE 1.2.3.1.2", "      TEXT 113609 2",
                "  CONTAINER 126200 SEPARATE",
                "    CODE 121139 US", "    UIDREF 112002 1.2.3.2", "    NUM MADOTEMP007 3 {instances}",
                "    IMAGE 1.2.3.2.1", "      NUM 121140 30 {frames}", "      TEXT 113609 1",
                "    COMPOSITE 1.2.3.2.2", "      CODE 121144 113000",
                "    WAVEFORM 1.2.3.2.3",
            ],
            Lines(kos.GetItems(Tag.ContentSequence)[^1], ""));
        foreach (var series in kos.GetItems(Tag.CurrentRequestedProcedureEvidenceSequence)[0]
                     .GetItems(Tag.ReferencedSeriesSequence))
        {
            Assert.Equal("https://drimbox.example/", series.GetString(Tag.RetrieveURL));
            Assert.Equal("1.2.250.1.999.1", series.GetString(Tag.RetrieveLocationUID));
        }
    }

    [Fact]
    public void One_accession_number_is_that_of_the_study_and_several_are_those_of_their_orders()
    {
        var several = KosDataSet.Encode(Sample);
        Assert.True(several.Contains(Tag.AccessionNumber));
        Assert.Null(several.GetString(Tag.AccessionNumber));
        Assert.False(several.Contains(Tag.IssuerOfAccessionNumberSequence));

        // Two orders, one number (6.X.2.8.1, example 2).
        var order = Sample.Requests[0];
        var one = KosDataSet.Encode(Sample with
        {
            Requests = [order, order with { PlacerOrderNumber = InstanceIdentifier.Create("1.2.250.1.9", "OPN102") }],
        });

        Assert.Equal("ACN101", one.GetString(Tag.AccessionNumber));
        Assert.Equal(
            ("1.2.250.1.213.4.5.2.5", "ISO"),
            (one.GetItems(Tag.IssuerOfAccessionNumberSequence)[0].GetString(Tag.UniversalEntityID),
                one.GetItems(Tag.IssuerOfAccessionNumberSequence)[0].GetString(Tag.UniversalEntityIDType)));
        Assert.Equal(2, one.GetItems(Tag.ReferencedRequestSequence).Count);
    }

    [Fact]
    public void Numbers_that_stand_in_the_library_alone_are_read()
    {
        var kos = KosDataSet.Encode(Sample);
        foreach (var series in kos.GetItems(Tag.CurrentRequestedProcedureEvidenceSequence)[0]
                     .GetItems(Tag.ReferencedSeriesSequence))
        {
            series.Remove(Tag.SeriesNumber);
            foreach (var reference in series.GetItems(Tag.ReferencedSOPSequence))
            {
                reference.Remove(Tag.InstanceNumber);
                reference.Remove(Tag.NumberOfFrames);
            }
        }

        var read = KosDataSet.TryRead(kos, out _)!;

        Assert.Equal([1000, null], read.Series.Select(s => s.SeriesNumber));
        Assert.Equal([1, 2, 1, null, null], read.Series.SelectMany(s => s.Instances).Select(i => i.InstanceNumber));
        Assert.Equal(30, read.Series[1].Instances[0].NumberOfFrames);
    }

    [Fact]
    public void Without_a_creation_of_the_instance_that_of_its_content_counts()
    {
        var kos = KosDataSet.Encode(Sample);
        kos.Remove(Tag.InstanceCreationDate);
        kos.Remove(Tag.InstanceCreationTime);
        kos.SetString(Tag.ContentTime, "171819.000988");

        Assert.Equal(
            new DateTimeOffset(2026, 8, 28, 17, 18, 19, TimeSpan.FromHours(2)),
            KosDataSet.TryRead(kos, out _)!.CreatedAt);
    }

    [Fact]
    public void Without_a_library_that_describes_each_series_it_is_refused()
    {
        var without = KosDataSet.Encode(Sample);
        without.SetSequence(Tag.ContentSequence, without.GetItems(Tag.ContentSequence).SkipLast(1));
        Assert.Null(KosDataSet.TryRead(without, out var refusal));
        Assert.Equal((RefusalReason.RequiredFieldMissing, "(0040,A730)"), (refusal!.Reason, refusal.Location));

        var partial = KosDataSet.Encode(Sample);
        var library = partial.GetItems(Tag.ContentSequence)[^1];
        library.SetSequence(Tag.ContentSequence, library.GetItems(Tag.ContentSequence).SkipLast(1));
        Assert.Null(KosDataSet.TryRead(partial, out refusal));
        Assert.Equal(RefusalReason.RequiredFieldMissing, refusal!.Reason);
    }

    private static IEnumerable<string> Lines(DataSet item, string indent)
    {
        var type = item.GetString(Tag.ValueType)!;
        var concept = item.GetItems(Tag.ConceptNameCodeSequence) is [var name] ? name.GetString(Tag.CodeValue) : null;
        Assert.Equal(
            type is "CONTAINER" or "IMAGE" or "COMPOSITE" or "WAVEFORM" ? "CONTAINS" : "HAS ACQ CONTEXT",
            item.GetString(Tag.RelationshipType));
        var value = type switch
        {
            "CONTAINER" => item.GetString(Tag.ContinuityOfContent),
            "CODE" => item.GetItems(Tag.ConceptCodeSequence)[0].GetString(Tag.CodeValue),
            "DATE" => item.GetString(Tag.Date),
            "TIME" => item.GetString(Tag.Time),
            "UIDREF" => item.GetString(Tag.UID),
            "TEXT" => item.GetString(Tag.TextValue),
            "NUM" => item.GetItems(Tag.MeasuredValueSequence)[0] is var measured
                ? $"{measured.GetString(Tag.NumericValue)} "
                    + measured.GetItems(Tag.MeasurementUnitsCodeSequence)[0].GetString(Tag.CodeValue)
                : null,
            _ => item.GetItems(Tag.ReferencedSOPSequence)[0].GetString(Tag.ReferencedSOPInstanceUID),
        };
        yield return indent + string.Join(' ', new[] { type, concept, value }.Where(text => text is not null));
        foreach (var line in item.GetItems(Tag.ContentSequence).SelectMany(child => Lines(child, indent + "  ")))
            yield return line;
    }
}
