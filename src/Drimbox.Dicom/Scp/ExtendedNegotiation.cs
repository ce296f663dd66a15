using Drimbox.Core.Identity;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>What a query or retrieve SCP can do beyond the baseline. Source: PS3.4 C.5.1.1, C.5.2.1, C.5.3.1.</summary>
[Flags]
public enum QueryOptions
{
    None = 0,

    /// <summary>Unique keys of the levels above are not needed.</summary>
    Relational = 1,

    /// <summary>Date and time keys are matched together.</summary>
    DateTimeMatching = 2,

    /// <summary>Person names are matched by likeness, not only by their letters.</summary>
    FuzzySemanticMatching = 4,

    /// <summary>Times are adjusted to the time zone of the query.</summary>
    TimezoneAdjustment = 8,

    /// <summary>Instances are converted to and from enhanced multi-frame ones.</summary>
    EnhancedMultiFrameConversion = 16,
}

/// <summary>The items of the user information that belong to service classes. Source: PS3.7 D.3.3.5 and
/// D.3.3.6.</summary>
public static class ExtendedNegotiation
{
    private static readonly QueryOptions[] FindFields =
    [
        QueryOptions.Relational, QueryOptions.DateTimeMatching, QueryOptions.FuzzySemanticMatching,
        QueryOptions.TimezoneAdjustment, QueryOptions.EnhancedMultiFrameConversion,
    ];

    private static readonly QueryOptions[] RetrieveFields =
        [QueryOptions.Relational, QueryOptions.EnhancedMultiFrameConversion];

    // PS3.6 table A-1: the Storage Service Class.
    private static readonly Uid StorageServiceClass = Uid.Parse("1.2.840.10008.4.2");

    /// <summary>The item that proposes <paramref name="options"/>, or answers with them.</summary>
    public static SopClassExtendedNegotiation Encode(Uid sopClass, QueryOptions options, bool isRetrieve = false)
    {
        var fields = isRetrieve ? RetrieveFields : FindFields;
        return new SopClassExtendedNegotiation(
            sopClass, Array.ConvertAll(fields, field => (byte)(options.HasFlag(field) ? 1 : 0)));
    }

    /// <summary>What an item says; bytes beyond those that PS3.4 defines are not looked at.</summary>
    public static QueryOptions Decode(SopClassExtendedNegotiation item, bool isRetrieve = false)
    {
        var fields = isRetrieve ? RetrieveFields : FindFields;
        var bytes = item.ApplicationInformation.Span;
        var options = QueryOptions.None;
        for (var i = 0; i < Math.Min(fields.Length, bytes.Length); i++)
        {
            if (bytes[i] == 1) options |= fields[i];
        }

        return options;
    }

    /// <summary>The options that were agreed for <paramref name="sopClass"/>: none without an item in the answer.</summary>
    public static QueryOptions Agreed(AssociateAccept accept, Uid sopClass, bool isRetrieve = false)
    {
        foreach (var item in accept.User.Extended)
        {
            if (item.SopClass == sopClass) return Decode(item, isRetrieve);
        }

        return QueryOptions.None;
    }

    /// <summary>An item with as many fields as were proposed (PS3.4 C.5.1.1: a caller of an older edition sends fewer),
    /// each yes only if both sides can.</summary>
    internal static SopClassExtendedNegotiation Answer(
        SopClassExtendedNegotiation proposed, QueryOptions ours, bool isRetrieve)
    {
        var both = Encode(proposed.SopClass, Decode(proposed, isRetrieve) & ours, isRetrieve);
        var count = Math.Min(both.ApplicationInformation.Length, proposed.ApplicationInformation.Length);
        return both with { ApplicationInformation = both.ApplicationInformation[..count] };
    }

    /// <summary>PS3.7 D.3.3.6: a storage class that we do not know, but that the caller says is a kind of one that we
    /// do.</summary>
    internal static bool IsRelatedStorageClass(AssociateRequest request, Uid sopClass, Func<Uid, bool> isKnown)
    {
        foreach (var item in request.User.CommonExtended)
        {
            if (item.SopClass == sopClass && item.ServiceClass == StorageServiceClass
                && item.RelatedGeneralSopClasses.Any(isKnown))
                return true;
        }

        return false;
    }
}
