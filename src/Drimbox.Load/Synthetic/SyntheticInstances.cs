using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Load.Instances;

namespace Drimbox.Load.Synthetic;

/// <summary>Makes the templates of synthetic instances.</summary>
internal static class SyntheticInstances
{
    private const int KosReferences = 20;

    // The test identity of the ANS.
    private static readonly Patient Patient = new(
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
        null, "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "63220");

    public static IEnumerable<InstanceTemplate> Of(
        InstanceSpecification specification, Uid root, DateTimeOffset performedAt, int seed, int variants)
    {
        var study = InstanceTemplate.StudyUid(root, 0);
        if (specification.Modality == "KO")
        {
            yield return InstanceTemplate.FromSynthetic(
                Kos(root, study, performedAt), specification.TransferSyntax, root);
            yield break;
        }

        for (var variant = 0; variant < variants; variant++)
        {
            var order = specification.Order(study, Patient, performedAt, unchecked((seed * 31) + variant));
            var dataSet = SyntheticStudy.DataSets(order).Single();
            // An INS and its authority are of one person; these patients are many and invented.
            dataSet.Remove(Tag.IssuerOfPatientID);
            dataSet.Remove(Tag.IssuerOfPatientIDQualifiersSequence);
            if (specification.TransferSyntax.IsEncapsulated) Encapsulate(dataSet, order);
            yield return InstanceTemplate.FromSynthetic(dataSet, specification.TransferSyntax, root);
        }
    }

    // Receivers pass compressed pixels through untouched, so one fragment a frame of the bytes at hand will do; they are
    // not what the transfer syntax says, and no viewer would show them. PS3.5 A.4: the Basic Offset Table may be empty.
    private static void Encapsulate(DataSet dataSet, SyntheticStudyOrder order)
    {
        dataSet.TryGet(Tag.PixelData, out var pixels);
        var frameBytes = pixels.Bytes.Length / order.Frames & ~1;
        var fragments = new EncapsulatedFragments { Array.Empty<byte>() };
        for (var frame = 0; frame < order.Frames; frame++)
            fragments.Add(pixels.Bytes.Slice(frame * frameBytes, frameBytes).ToArray());
        dataSet.Set(new DataElement(Tag.PixelData, Vr.OB, fragments));
    }

    private static DataSet Kos(Uid root, Uid study, DateTimeOffset performedAt) => KosDataSet.Encode(new Manifest(
        InstanceTemplate.InstanceUid(root, 0),
        InstanceTemplate.SeriesUid(root, 0),
        performedAt,
        new ManifestAuthor("DRIMBOX", "CABINET D'IMAGERIE DES TILLEULS", ""),
        Patient,
        new ManifestStudy(study, performedAt.ToString("yyyyMMdd"), performedAt.ToString("HHmmss"), "TDM THORAX"),
        [],
        [new ManifestSeries(
            Uid.Parse($"{root}.4"), 1, null,
            [.. Enumerable.Range(1, KosReferences).Select(i => new ManifestInstance(
                SopClass.CTImageStorage, Uid.Parse($"{root}.5.{i}"), i))])],
        "TDM THORAX",
        []));
}
