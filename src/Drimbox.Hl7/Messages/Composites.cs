using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Messages;

/// <summary>Composite data types as components to be written. Source: HL7 v2.5.1 2.A, and the IHE France constraints on
/// data types that both volets refer to.</summary>
internal static class Composites
{
    /// <summary>EI: <c>extension^^root^ISO</c>, or <c>extension^namespace</c> where the authority is no OID.</summary>
    public static Er7Part[] Ei(InstanceIdentifier id) =>
        id.IsEmpty ? []
        : id.Extension is null ? [id.Root]
        : IsOid(id.Root) ? [id.Extension, null, id.Root, "ISO"]
        : [id.Extension, id.Root];

    /// <summary>CE: <c>value^display^system</c>.</summary>
    public static Er7Part[] Ce(Code? code) => code is null ? [] : [code.Value, code.Display, code.System];

    /// <summary>CX of a site: <c>value^^^name&amp;id&amp;type^type code</c>.</summary>
    public static Er7Part[] Cx(AssignedIdentifier? id) => id is null
        ? []
        : [id.Value, null, null, Er7Part.Of(id.AuthorityName, id.AuthorityId, id.AuthorityIdType), id.TypeCode];

    /// <summary>XCN: <c>id^family^given^^^^^^ASIP-SANTE-PS&amp;oid&amp;ISO^D^^^IDNPS</c>; IDNPS is the national
    /// identifier with its leading type digit.</summary>
    public static Er7Part[] Xcn(Professional? person) => person is null
        ? []
        : [
            person.Id.Extension, person.FamilyName, person.GivenName, null, null, null, null, null,
            Authority(person.Id.Root, NationalAuthorities.Persons, "ASIP-SANTE-PS"), "D", null, null, "IDNPS",
        ];

    /// <summary>XON: <c>name^^^^^ASIP-SANTE-ST&amp;oid&amp;ISO^type^^^number</c>.</summary>
    public static Er7Part[] Xon(Organization? organization) => organization is null
        ? []
        : [
            // XON-1 is required; a document may know the organization by its number alone.
            organization.Name.Length > 0 ? organization.Name : organization.Id.Extension, null, null, null, null,
            Authority(organization.Id.Root, NationalAuthorities.Organizations, "ASIP-SANTE-ST"),
            organization.IdentifierType.Length > 0 ? organization.IdentifierType : "IDNST",
            null, null, organization.Id.Extension,
        ];

    /// <summary>XTN of a telephone: the unformatted number is component 12 (HL7 v2.5.1 2.A.89).</summary>
    public static Er7Part[] Phone(string? number) => string.IsNullOrEmpty(number)
        ? []
        : [null, "PRN", "PH", null, null, null, null, null, null, null, null, number];

    private static Er7Part Authority(string root, string national, string name) =>
        root == national ? Er7Part.Of(name, root, "ISO")
        : IsOid(root) ? Er7Part.Of(null, root, "ISO")
        : Er7Part.Of(root);

    private static bool IsOid(string root) => Uid.TryParse(root, out _);
}

/// <summary>Reads composite data types of a validated message and keeps the first thing that cannot be read: what a
/// profile cannot see, such as a control character hidden in an identifier.</summary>
internal sealed class CompositeReader
{
    public Refusal? Refusal { get; private set; }

    /// <summary>EI, any of the forms of <see cref="Composites.Ei"/>.</summary>
    public InstanceIdentifier Ei(Er7Segment segment, int field) =>
        OptionalEi(segment, field) ?? Fail<InstanceIdentifier>(segment, field);

    public InstanceIdentifier? OptionalEi(Er7Segment segment, int field)
    {
        if (!segment[field].HasContent) return null;
        var (value, name, oid) =
            (segment[field].Component(1).Code, segment[field].Component(2).Code, segment[field].Component(3).Code);
        var authority = oid.Length > 0 ? oid : name;
        return (authority.Length == 0
                ? InstanceIdentifier.TryCreate(value, null, out var id)
                : InstanceIdentifier.TryCreate(authority, value, out id))
            ? id
            : Fail<InstanceIdentifier>(segment, field);
    }

    public Professional Xcn(Er7Segment segment, int field) =>
        OptionalXcn(segment, field) ?? Fail(segment, field, new Professional(default, "", ""));

    public Professional? OptionalXcn(Er7Segment segment, int field)
    {
        var xcn = segment[field].Repetition(1);
        if (!xcn.HasContent) return null;
        return new Professional(
            Assigned(segment, field, xcn.Component(1), xcn.Component(9), NationalAuthorities.Persons),
            xcn.Component(2).Code, xcn.Component(3).Code);
    }

    public Organization Xon(Er7Segment segment, int field) =>
        OptionalXon(segment, field) ?? Fail(segment, field, new Organization(default, "", ""));

    public Organization? OptionalXon(Er7Segment segment, int field)
    {
        var xon = segment[field].Repetition(1);
        if (!xon.HasContent) return null;
        var number = xon.Component(10).HasContent ? xon.Component(10) : xon.Component(3);
        return new Organization(
            Assigned(segment, field, number, xon.Component(6), NationalAuthorities.Organizations),
            xon.Component(1).Code, xon.Component(7).Code);
    }

    public Uid StudyUid(Er7Segment segment, int field) =>
        Uid.TryParse(segment[field].Code, out var uid) ? uid : Fail<Uid>(segment, field);

    /// <summary>A whole number that is not negative, in the first component.</summary>
    public int Count(Er7Segment segment, int field) =>
        int.TryParse(segment[field].Code, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : Fail<int>(segment, field);

    public static Code Ce(Er7Value value) =>
        new(value.Component(1).Code, value.Component(3).Code, value.Component(2).Code);

    public static Code? OptionalCe(Er7Value value) => value.HasContent ? Ce(value) : null;

    public static AssignedIdentifier? OptionalCx(Er7Value value)
    {
        if (!value.HasContent) return null;
        var authority = value.Component(4);
        return new AssignedIdentifier(
            value.Component(1).Code,
            authority.Subcomponent(1).Code, authority.Subcomponent(2).Code, authority.Subcomponent(3).Code,
            value.Component(5).Code);
    }

    /// <summary>The text, or null where nothing stands.</summary>
    public static string? Optional(Er7Value value) => value.HasContent ? value.Code : null;

    public T Fail<T>(Er7Segment segment, int field, T substitute = default!)
    {
        Refusal ??= new Refusal(
            RefusalReason.DataType, $"{segment.Name}-{field} cannot be read.", segment.PathOf(field).ToErl());
        return substitute;
    }

    private InstanceIdentifier Assigned(
        Er7Segment segment, int field, Er7Value value, Er7Value authority, string national)
    {
        var oid = authority.Subcomponent(2).Code;
        if (oid.Length == 0) oid = authority.Subcomponent(1).Code;
        return InstanceIdentifier.TryCreate(oid.Length == 0 ? national : oid, value.Code, out var id)
            ? id
            : Fail<InstanceIdentifier>(segment, field);
    }
}
