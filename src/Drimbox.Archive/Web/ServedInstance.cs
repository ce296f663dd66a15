using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.Web;
using Drimbox.Storage;

namespace Drimbox.Archive.Web;

/// <summary>One file in which an instance can be given.</summary>
internal sealed record ServedRendition(Uid SopClassUid, Uid TransferSyntaxUid, InstanceFile File);

/// <summary>An instance that a path names.</summary>
/// <param name="Renditions">The files of the version that stands which are whole, in the order in which they came;
/// none: the instance is damaged.</param>
internal sealed record ServedInstance(
    Uid StudyInstanceUid, Uid SeriesInstanceUid, Uid SopInstanceUid, IReadOnlyList<ServedRendition> Renditions)
{
    public bool Damaged => Renditions.Count == 0;

    /// <summary>Null: it is given as it was received.</summary>
    public CorrectedStudy? Correction { get; init; }

    public static ServedInstance Of(IndexedInstance row)
    {
        var others = row.Renditions.Select(r => new ServedRendition(r.SopClassUid, r.TransferSyntaxUid, r.File));
        var own = new ServedRendition(row.SopClassUid, row.TransferSyntaxUid, row.File);
        return new ServedInstance(
            row.StudyInstanceUid, row.SeriesInstanceUid, row.SopInstanceUid,
            row.Damaged ? [.. others] : [own, .. others]);
    }
}

/// <summary>A representation that can be given, and the rendition that it is made of.</summary>
internal sealed record RenditionOffer(ServedRendition Rendition, OfferedMedia Media)
{
    private delegate IEnumerable<OfferedMedia> OffersOf(
        TransferSyntax stored, bool isMultipart, Func<TransferSyntax, TransferSyntax, bool> canConvert);

    /// <summary>What is stored needs no conversion.</summary>
    public bool IsAsStored => Media.TransferSyntax == Rendition.TransferSyntaxUid;

    /// <summary>The representations of an instance, the better first: in parts before by itself, of these what is
    /// stored before what is converted.</summary>
    /// <param name="mayBeSingle">By itself, without parts, too.</param>
    public static IReadOnlyList<RenditionOffer> OfInstance(ServedInstance instance, bool mayBeSingle) =>
        Of(instance, mayBeSingle, WebMediaTypes.OfInstance);

    /// <summary>The same of frames.</summary>
    public static IReadOnlyList<RenditionOffer> OfFrames(ServedInstance instance, bool mayBeSingle) =>
        Of(instance, mayBeSingle, WebMediaTypes.OfFrames);

    private static List<RenditionOffer> Of(ServedInstance instance, bool mayBeSingle, OffersOf offersOf)
    {
        var offers = new List<RenditionOffer>();
        bool[] packings = mayBeSingle ? [true, false] : [true];
        foreach (var isMultipart in packings)
        {
            var ofPacking = new List<RenditionOffer>();
            foreach (var rendition in instance.Renditions)
            {
                if (!TransferSyntax.TryFind(rendition.TransferSyntaxUid, out var stored)) continue;
                ofPacking.AddRange(offersOf(stored, isMultipart, TransferSyntaxConverter.CanConvert)
                    .Select(media => new RenditionOffer(rendition, media)));
            }

            offers.AddRange(Together(ofPacking).OrderBy(offer => offer.IsAsStored ? 0 : 1));
        }

        return offers;
    }

    // PS3.18 8.7.3.4: what one rendition may only stand in for, another one may have.
    private static IEnumerable<RenditionOffer> Together(List<RenditionOffer> offers)
    {
        if (offers.All(offer => offer.Media.TransferSyntax != TransferSyntax.ExplicitVRLittleEndian.Uid)) return offers;
        // Nor are compressed frames then given as if they were native.
        var kept = offers.Where(offer => offer.Media.Type != WebMediaTypes.OctetStream
            || offer.Media.TransferSyntax == TransferSyntax.ExplicitVRLittleEndian.Uid);
        return kept.Select(offer => offer with
        {
            Media = offer.Media with
            {
                IsLastResort = false,
                IsDefault = offer.Media.IsDefault && (offer.Media.Type != WebMediaTypes.Dicom
                    || offer.Media.TransferSyntax == TransferSyntax.ExplicitVRLittleEndian.Uid),
            },
        });
    }
}
