using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>The storage contexts of a C-GET: 127 at most stand beside the one of the retrieve, so they are spent on the
/// SOP classes that are known to come, in as many transfer syntaxes as there is room for.</summary>
internal static class GetContexts
{
    // What departments store most; the order decides who gets a further syntax while there is room.
    private static readonly Uid[] UsualClasses =
    [
        SopClass.CTImageStorage, SopClass.MRImageStorage, SopClass.DigitalXRayImageStorageForPresentation,
        SopClass.ComputedRadiographyImageStorage, SopClass.UltrasoundImageStorage,
        SopClass.UltrasoundMultiFrameImageStorage, SopClass.SecondaryCaptureImageStorage,
        SopClass.DigitalMammographyXRayImageStorageForPresentation, SopClass.BreastTomosynthesisImageStorage,
        SopClass.XRayAngiographicImageStorage, SopClass.XRayRadiofluoroscopicImageStorage,
        SopClass.EnhancedCTImageStorage, SopClass.EnhancedMRImageStorage, SopClass.NuclearMedicineImageStorage,
        SopClass.PositronEmissionTomographyImageStorage, SopClass.KeyObjectSelectionDocumentStorage,
        SopClass.GrayscaleSoftcopyPresentationStateStorage, SopClass.ColorSoftcopyPresentationStateStorage,
        SopClass.BasicTextSRStorage, SopClass.EnhancedSRStorage, SopClass.ComprehensiveSRStorage,
        SopClass.XRayRadiationDoseSRStorage, SopClass.MammographyCADSRStorage, SopClass.EncapsulatedPDFStorage,
        SopClass.EncapsulatedCDAStorage, SopClass.SegmentationStorage, SopClass.RTImageStorage,
        SopClass.RTDoseStorage, SopClass.RTStructureSetStorage, SopClass.RTPlanStorage,
        SopClass.DigitalXRayImageStorageForProcessing, SopClass.DigitalMammographyXRayImageStorageForProcessing,
        SopClass.DigitalIntraOralXRayImageStorageForPresentation, SopClass.XRay3DAngiographicImageStorage,
        SopClass.MultiFrameTrueColorSecondaryCaptureImageStorage,
        SopClass.MultiFrameGrayscaleByteSecondaryCaptureImageStorage, SopClass.VLPhotographicImageStorage,
        SopClass.VLEndoscopicImageStorage, SopClass.TwelveLeadECGWaveformStorage, SopClass.RawDataStorage,
    ];

    // By how often they are met in archives.
    private static readonly TransferSyntax[] FirstSyntaxes =
    [
        TransferSyntax.JPEGLosslessSV1, TransferSyntax.JPEG2000Lossless, TransferSyntax.JPEGBaseline8Bit,
        TransferSyntax.RLELossless, TransferSyntax.JPEGLSLossless, TransferSyntax.JPEG2000,
        TransferSyntax.JPEGExtended12Bit, TransferSyntax.HTJ2KLossless,
    ];

    /// <param name="classes">The SOP classes to come; empty: those that are usual.</param>
    public static IReadOnlyList<ProposedContext> For(Uid retrieve, IReadOnlyCollection<Uid> classes)
    {
        List<ProposedContext> contexts = [CFindScu.ContextFor(retrieve)];
        IReadOnlyCollection<Uid> wanted = classes.Count > 0 ? classes : UsualClasses;
        // One context a syntax: in a context that offers several the peer picks one for all instances of the class, and
        // those that it has in another would have to be converted by it.
        List<IReadOnlyList<Uid>> proposals = [SendableFile.UncompressedSyntaxes];
        proposals.AddRange(FirstSyntaxes.Concat(TransferSyntax.All.Where(IsTransferable).Except(FirstSyntaxes))
            .Select(s => (IReadOnlyList<Uid>)[s.Uid]));
        foreach (var syntaxes in proposals)
        {
            foreach (var sopClass in wanted)
            {
                if (contexts.Count == Limits.PresentationContextsMax) return contexts;
                contexts.Add(new ProposedContext(sopClass, syntaxes) { AsScu = false, AsScp = true });
            }
        }

        return contexts;
    }

    /// <summary>Asks the peer which SOP classes there are, series by series.</summary>
    /// <returns>None where the peer does not say.</returns>
    public static async Task<IReadOnlyCollection<Uid>> DiscoverAsync(
        AssociationOptions options, Uid find, DataSet identifier, CancellationToken cancellation)
    {
        var classes = new HashSet<Uid>();
        try
        {
            await using var association = await Association.RequestAsync(
                options with { Contexts = [CFindScu.ContextFor(find)] }, cancellation);
            if (association.FindContext(find) is not null)
            {
                var scu = new CFindScu(association);
                foreach (var series in await SeriesOfAsync(scu, find, identifier, cancellation))
                {
                    await foreach (var image in scu.FindAsync(find, series, cancellation))
                    {
                        if (image.TryGetUid(Tag.SOPClassUID, out var sopClass)) classes.Add(sopClass);
                    }
                }
            }

            await association.ReleaseAsync(cancellation);
        }
        catch (Exception e) when (e is DimseFailureException or AssociationAbortedException
            or AssociationRejectedException)
        {
            // A peer that has no query, or not this one: the usual classes are proposed.
        }

        return classes;
    }

    // One query for the images of each series: the hierarchical form that every peer has (PS3.4 C.4.1.3.1.1).
    private static async Task<List<DataSet>> SeriesOfAsync(
        CFindScu scu, Uid find, DataSet identifier, CancellationToken cancellation)
    {
        List<DataSet> queries = [];
        var study = identifier.GetString(Tag.StudyInstanceUID);
        if (study is null) return queries;
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, "SERIES");
        Copy(identifier, query, Tag.PatientID);
        query.SetString(Tag.StudyInstanceUID, study);
        query.SetString(Tag.SeriesInstanceUID, identifier.GetString(Tag.SeriesInstanceUID));
        await foreach (var series in scu.FindAsync(find, query, cancellation))
        {
            if (!series.TryGetString(Tag.SeriesInstanceUID, out var uid)) continue;
            var images = new DataSet();
            images.SetString(Tag.QueryRetrieveLevel, "IMAGE");
            images.SetEmpty(Tag.SOPClassUID);
            images.SetString(Tag.SOPInstanceUID, identifier.GetString(Tag.SOPInstanceUID));
            Copy(identifier, images, Tag.PatientID);
            images.SetString(Tag.StudyInstanceUID, study);
            images.SetString(Tag.SeriesInstanceUID, uid);
            queries.Add(images);
        }

        return queries;
    }

    // The patient root needs it at every level.
    private static void Copy(DataSet from, DataSet to, Tag tag)
    {
        if (from.TryGet(tag, out var element)) to.Set(element);
    }

    private static bool IsTransferable(TransferSyntax syntax) =>
        syntax is { IsEncapsulated: true, IsDeflated: false, IsRetired: false }
        && syntax != TransferSyntax.JPIPReferenced && syntax != TransferSyntax.JPIPHTJ2KReferenced;
}
