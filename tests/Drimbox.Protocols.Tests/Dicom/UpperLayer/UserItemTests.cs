using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.UpperLayer;

/// <summary>Every user item of PS3.7 D.3.3 and PS3.8 D.1, written and read, whole and damaged.</summary>
public sealed class UserItemTests
{
    // PS3.7 D.3.3, the sub-items by type, each with a value that is right.
    public static TheoryData<byte, byte[]> Items() => new()
    {
        { 0x51, [0, 2, 0, 0] },
        { 0x52, [.. "1.2.3"u8] },
        { 0x53, [0, 8, 0, 1] },
        // Length and SOP class, SCU role, SCP role.
        { 0x54, [0, 3, .. "1.2"u8, 1, 1] },
        { 0x55, [.. "DRIMBOX_1"u8] },
        // Length and SOP class, then what the service class wants.
        { 0x56, [0, 3, .. "1.2"u8, 1, 2, 3] },
        // SOP class, service class, then the related general classes, each list with its length.
        { 0x57, [0, 3, .. "1.2"u8, 0, 3, .. "1.4"u8, 0, 10, 0, 3, .. "1.5"u8, 0, 3, .. "1.6"u8] },
        // Username and passcode, with a response.
        { 0x58, [2, 1, 0, 4, .. "user"u8, 0, 3, .. "pwd"u8] },
        { 0x59, [0, 2, 9, 9] },
    };

    [Theory]
    [InlineData(UserIdentityType.Username)]
    [InlineData(UserIdentityType.UsernameAndPasscode)]
    [InlineData(UserIdentityType.KerberosTicket)]
    [InlineData(UserIdentityType.SamlAssertion)]
    [InlineData(UserIdentityType.JsonWebToken)]
    public void Each_kind_of_identity_is_read_as_it_was_written(UserIdentityType type)
    {
        var primary = Instances.Bytes((int)type, 20_000);
        var secondary = type == UserIdentityType.UsernameAndPasscode ? Instances.Bytes(9, 300) : [];
        var read = RoundTrip(new UserInformation { Identity = new UserIdentity(type, true, primary, secondary) });
        Assert.Equal(type, read.Identity!.Type);
        Assert.True(read.Identity.PositiveResponseRequested);
        Assert.Equal(primary, read.Identity.Primary.ToArray());
        Assert.Equal(secondary, read.Identity.Secondary.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(30_000)]
    public void A_response_to_an_identity_is_read_as_it_was_written(int length)
    {
        var response = Instances.Bytes(1, length);
        var read = RoundTrip(new UserInformation { IdentityResponse = response });
        Assert.Equal(response, read.IdentityResponse!.Value.ToArray());
        Assert.Null(RoundTrip(new UserInformation()).IdentityResponse);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(4096u)]
    [InlineData(uint.MaxValue)]
    public void The_maximum_length_has_32_bits(uint length) =>
        Assert.Equal(length, RoundTrip(new UserInformation { MaximumLength = length }).MaximumLength);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Each_pair_of_roles_is_read_as_it_was_written(bool scu, bool scp)
    {
        var role = new RoleSelection(SopClass.CTImageStorage, scu, scp);
        Assert.Equal([role], RoundTrip(new UserInformation { Roles = [role] }).Roles);
    }

    [Fact]
    public void Any_information_is_written_again_as_it_was_read()
    {
        var seed = Seed.Get();
        var random = new Random(seed);
        for (var i = 0; i < 500; i++)
        {
            var request = Pdus.EchoRequest("A", "B") with { User = Any(random) };
            var pdu = AssociateEncoder.Encode(request);
            Assert.True(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out var read, out _), $"seed {seed}, {i}");
            Assert.Equal(pdu, AssociateEncoder.Encode(read!));
        }
    }

    [Theory, MemberData(nameof(Items))]
    public void An_item_of_the_standard_is_read(byte type, byte[] value) => Assert.True(IsRead([Item(type, value)]));

    [Theory, MemberData(nameof(Items))]
    public void An_item_that_is_cut_is_refused_or_is_another_value_and_nothing_else(byte type, byte[] value)
    {
        for (var length = 0; length < value.Length; length++)
        {
            // Texts, UIDs and the bytes of a service class may have any length; the rest says how long it is.
            var isFree = type is 0x52 or 0x55 || (type == 0x56 && length >= 5);
            Assert.True(IsRead([Item(type, value[..length])]) == isFree, $"{length} of {value.Length} bytes");
        }
    }

    [Theory, MemberData(nameof(Items))]
    public void An_item_whose_inner_length_runs_past_its_end_is_refused(byte type, byte[] value)
    {
        if (type is not (0x54 or 0x56 or 0x57 or 0x58 or 0x59)) return;
        var at = type == 0x58 ? 2 : 0;
        byte[] damaged = [.. value];
        damaged[at] = 0xFF;
        Assert.False(IsRead([Item(type, damaged)]));
    }

    [Theory, MemberData(nameof(Items))]
    public void Damaged_items_never_throw(byte type, byte[] value)
    {
        var random = new Random(type);
        for (var i = 0; i < 2_000; i++)
        {
            byte[] damaged = [.. value];
            for (var n = random.Next(1, 4); n > 0; n--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            IsRead([Item(type, damaged), Item(type, value)]);
        }
    }

    [Theory]
    [InlineData((byte)0x54)]
    [InlineData((byte)0x56)]
    [InlineData((byte)0x57)]
    public void Lists_are_bounded(byte type)
    {
        var value = Items().Single(row => row.Data.Item1 == type).Data.Item2;
        Assert.True(IsRead(Enumerable.Repeat(Item(type, value), Limits.NegotiationItemsMax)));
        Assert.False(IsRead(Enumerable.Repeat(Item(type, value), Limits.NegotiationItemsMax + 1)));
    }

    [Fact]
    public void Related_classes_are_bounded()
    {
        Assert.True(IsRead([Item(0x57, Common(Limits.NegotiationItemsMax))]));
        Assert.False(IsRead([Item(0x57, Common(Limits.NegotiationItemsMax + 1))]));

        static byte[] Common(int count) =>
        [
            0, 3, .. "1.2"u8, 0, 3, .. "1.4"u8, (byte)(count * 5 >> 8), (byte)(count * 5 & 0xFF),
            .. Enumerable.Repeat((byte[])[0, 3, .. "1.5"u8], count).SelectMany(one => one),
        ];
    }

    [Fact]
    public void A_version_name_has_16_characters_at_most() => Assert.Equal(
        "ABCDEFGHIJKLMNOP",
        RoundTrip(new UserInformation { ImplementationVersionName = "ABCDEFGHIJKLMNOPQR" }).ImplementationVersionName);

    private static UserInformation Any(Random random) => new()
    {
        MaximumLength = (uint)random.NextInt64(uint.MaxValue),
        ImplementationClassUid = AnyUid(random),
        ImplementationVersionName = new string('V', random.Next(17)),
        AsyncOperations = random.Next(2) == 0 ? null : new((ushort)random.Next(65536), (ushort)random.Next(65536)),
        Roles = Several(random, () => new RoleSelection(AnyUid(random), random.Next(2) == 0, random.Next(2) == 0)),
        Extended = Several(random, () => new SopClassExtendedNegotiation(AnyUid(random), AnyBytes(random))),
        CommonExtended = Several(random, () => new SopClassCommonExtendedNegotiation(
            AnyUid(random), AnyUid(random), Several(random, () => AnyUid(random)))),
        Identity = random.Next(2) == 0
            ? null
            : new UserIdentity(
                (UserIdentityType)random.Next(1, 6), random.Next(2) == 0, AnyBytes(random), AnyBytes(random)),
        IdentityResponse = random.Next(2) == 0 ? null : AnyBytes(random),
    };

    private static List<T> Several<T>(Random random, Func<T> one) =>
        Enumerable.Range(0, random.Next(5)).Select(_ => one()).ToList();

    private static Uid AnyUid(Random random) => Uid.Parse($"1.2.{random.Next(1_000_000)}");

    private static byte[] AnyBytes(Random random)
    {
        var bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static UserInformation RoundTrip(UserInformation user)
    {
        var pdu = AssociateEncoder.Encode(ProviderAt.Accept with { User = user });
        Assert.True(AssociateDecoder.TryDecodeAccept(pdu.AsSpan(6), out var accept, out _));
        return accept!.User;
    }

    private static bool IsRead(IEnumerable<byte[]> items) =>
        UserInformationDecoder.TryDecode(items.SelectMany(item => item).ToArray(), out _);

    private static byte[] Item(byte type, byte[] value) =>
        [type, 0, (byte)(value.Length >> 8), (byte)(value.Length & 0xFF), .. value];
}
