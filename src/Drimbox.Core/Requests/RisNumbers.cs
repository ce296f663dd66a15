using System.Globalization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>The OIDs under which a RIS assigns identifiers. They may be the same: the identifiers below them differ in
/// their form.</summary>
/// <param name="Orders">Of placer order numbers (DB/RIS.03).</param>
/// <param name="Accessions">Of accession numbers (DB/RIS.05).</param>
/// <param name="Studies">The root of Study Instance UIDs (DB/RIS.07), at most
/// <see cref="Limits.StudyRootLengthMax"/> characters.</param>
public sealed record RisAuthorities(Uid Orders, Uid Accessions, Uid Studies);

/// <summary>The identifiers that a RIS assigns. That nobody else has one is not theirs to know: the store decides, and
/// another is proposed (docs/adr/0021).</summary>
public static class RisNumbers
{
    // PS3.5 6.2: SH, the VR of (0008,0050) and (0040,1001).
    private const int ShortStringMax = 16;

    // 48 bits: a number that is read out on the telephone, and one in a million that is taken at 16,000 orders is
    // proposed anew.
    private const int OrderNumberLength = 12;

    // DB/RIS.07 wants less than 64 characters, one less than PS3.5 9.1 allows.
    private const int StudyUidLengthMax = Limits.UidLengthMax - 1;

    // A UUID is a number of 39 digits.
    private const int UuidDigits = 39;

    /// <summary>A placer order number for a request whose requester gave none (DB/RIS.03).</summary>
    public static InstanceIdentifier NewOrder(RisAuthorities authorities, IIdSource ids) =>
        InstanceIdentifier.Create(authorities.Orders.ToString(), NewNumber(ids, OrderNumberLength));

    /// <summary>The accession number of a request: the number of its order where that is one, and nobody's yet.
    /// </summary>
    /// <param name="taken">Accession numbers that others are known to have, as <see cref="KeyOf"/> writes them.</param>
    public static InstanceIdentifier AccessionFor(
        InstanceIdentifier order, RisAuthorities authorities, IReadOnlySet<string> taken, IIdSource ids)
    {
        var number = order.Extension is { } given && IsShortString(given) && !taken.Contains(given)
            ? given
            : NewNumber(ids, ShortStringMax);
        return InstanceIdentifier.Create(authorities.Accessions.ToString(), number);
    }

    /// <summary>What an accession number is known by: the number alone. A PACS often has no issuer beside it, so two
    /// authorities must not use one number here either.</summary>
    public static string KeyOf(InstanceIdentifier accession) => accession.Extension ?? accession.Root;

    /// <summary>A Study Instance UID below the root of the RIS.</summary>
    public static Uid NewStudy(RisAuthorities authorities, IIdSource ids)
    {
        var root = authorities.Studies.ToString();
        var digits = Math.Min(UuidDigits, StudyUidLengthMax - root.Length - 1);
        var uuid = ids.NewUuid().Replace("-", "", StringComparison.Ordinal);
        var number = UInt128.Parse(uuid, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (digits < UuidDigits) number %= PowerOfTen(digits);
        return Uid.Parse($"{root}.{number.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>(0040,1001) of an examination beside the first one of its request.</summary>
    public static string NewProcedure(IIdSource ids) => NewNumber(ids, OrderNumberLength);

    private static string NewNumber(IIdSource ids, int length) =>
        ids.NewUuid().Replace("-", "", StringComparison.Ordinal)[..length].ToUpperInvariant();

    // PS3.5 6.2: the backslash separates values.
    private static bool IsShortString(string number) =>
        number.Length is > 0 and <= ShortStringMax && number.Trim().Length == number.Length
        && number.All(c => c is > '\u001F' and < '\u007F' and not '\\');

    private static UInt128 PowerOfTen(int exponent)
    {
        UInt128 power = 1;
        for (var i = 0; i < exponent; i++) power *= 10;
        return power;
    }
}
