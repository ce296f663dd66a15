using System.Text;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Attacks;

/// <summary>Attack A2: an A-ASSOCIATE-RQ that claims, repeats or nests more than any peer needs. The answer is an
/// A-ABORT 2/6 or 2/5, and what the request costs is in proportion to its bytes, whatever it holds.</summary>
public sealed class AssociateRequestAttackTests : IAsyncLifetime
{
    private const byte Context = 0x20;
    private const byte Abstract = 0x30;
    private const byte Transfer = 0x40;
    private const byte User = 0x50;

    private static readonly byte[] Verification = Item(Abstract, "1.2.840.10008.1.1"u8);
    private static readonly byte[] Implicit = Item(Transfer, "1.2.840.10008.1.2"u8);
    private static readonly byte[] Application = Item(0x10, "1.2.840.10008.3.1.1.1"u8);
    private static readonly byte[] Length = Item(0x51, [0, 1, 0, 0]);

    private TestAcceptor _server = null!;

    public ValueTask InitializeAsync()
    {
        _server = TestAcceptor.Start();
        return default;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>A request of 64 KiB, nearly all of it four-byte transfer syntax items: in one implementation it held
    /// 1,024 MiB.</summary>
    [Fact]
    public void A2_sixteen_thousand_empty_transfer_syntaxes_are_2_6()
    {
        var syntaxes = new byte[4 * 16_377];
        for (var i = 0; i < syntaxes.Length; i += 4) syntaxes[i] = Transfer;
        Aborted(
            6, [.. Application, .. Item(Context, [1, 0, 0, 0, .. Verification, .. syntaxes]), .. Item(User, Length)]);
    }

    [Fact]
    public void A2_a_hundred_and_twenty_nine_contexts_are_2_6() => Aborted(
        6, [
            .. Application,
            .. Many(129, i => Item(Context, [(byte)(((i * 2) + 1) & 0xFF), 0, 0, 0, .. Verification, .. Implicit])),
            .. Item(User, Length)]);

    [Theory]
    [InlineData("context id twice", "20000004 01000000 2000002E 01000000", 6)]
    [InlineData("even context id", "2000000F 02000000 30000003312E32 40000000", 6)]
    [InlineData("context id 0", "2000000F 00000000 30000003312E32 40000000", 6)]
    [InlineData("transfer syntax before the abstract syntax", "20000012 01000000 40000003312E32 30000003312E32", 6)]
    [InlineData("two abstract syntaxes", "20000019 01000000 30000003312E32 30000003312E32 40000003312E32", 6)]
    [InlineData("no transfer syntax", "2000000B 01000000 30000003312E32", 6)]
    [InlineData("no abstract syntax", "2000000B 01000000 40000003312E32", 6)]
    [InlineData("an item past the end of the PDU", "2000FFFF 01000000 30000003312E32", 6)]
    [InlineData("an item past the end of its context", "20000012 01000000 300000FF312E32 40000003312E32", 6)]
    [InlineData("half an item header", "200000", 6)]
    [InlineData("a second application context", "10000003 312E32", 5)]
    [InlineData("a second user information", "50000000", 5)]
    [InlineData("an item of an answer", "21000004 01000000", 5)]
    public void A2_a_malformed_item_is_refused(string what, string hex, byte reason)
    {
        _ = what;
        Aborted(reason, [.. Good(), .. Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))]);
    }

    [Fact]
    public void A2_a_uid_of_64_KiB_is_2_6() => Aborted(
        6, [.. Application, .. Item(
            Context, [1, 0, 0, 0, .. Item(Abstract, Enumerable.Repeat((byte)'1', 65_000).ToArray()), .. Implicit]),
            .. Item(User, Length)]);

    [Fact]
    public void A2_nothing_but_fixed_fields_is_2_6() => Aborted(6, []);

    [Theory]
    [InlineData(0)]
    [InlineData(67)]
    public void A2_a_request_without_its_fixed_fields_is_2_6(int length)
    {
        using var peer = RawPeer.Connect(_server.EndPoint);
        var pdu = new byte[PduHeader.Size + length];
        PduHeader.Write(pdu, PduType.AssociateRq, length);
        peer.Send(pdu);
        Assert.Equal(Pdus.Abort(2, 6), peer.ReadPdu());
        peer.ExpectClosed();
    }

    /// <summary>Every kind of item as small as it can be, as many times as the longest request holds.</summary>
    [Theory]
    [InlineData("transfer syntaxes")]
    [InlineData("contexts")]
    [InlineData("roles")]
    [InlineData("extended negotiations")]
    [InlineData("related classes")]
    [InlineData("empty related classes")]
    [InlineData("unknown items")]
    [InlineData("user identities")]
    public void A2_what_a_request_costs_is_in_proportion_to_its_bytes(string what)
    {
        byte[] body = [.. new byte[68], .. Application, .. Items(what)];
        body[1] = 1;
        Encoding.ASCII.GetBytes("ARCHIVE").CopyTo(body, 4);
        Encoding.ASCII.GetBytes("MODALITY").CopyTo(body, 20);
        Assert.InRange(body.Length, 1_000, Limits.AssociateRequestBytesMax);
        AssociateDecoder.TryDecodeRequest(body, out _, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        AssociateDecoder.TryDecodeRequest(body, out _, out _);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {allocated} bytes for {body.Length}");
        Assert.InRange(allocated, 0, (4 * body.Length) + (1024 * 1024));
    }

    private static byte[] Items(string what)
    {
        // 16-bit lengths bound one item, the PDU limit their number.
        const int Most = 65_000;
        byte[] context = Item(Context, [1, 0, 0, 0, .. Verification, .. Implicit]);
        return what switch
        {
            "transfer syntaxes" =>
                [.. Many(128, i => Item(Context, [(byte)((i * 2) + 1), 0, 0, 0, .. Verification,
                    .. Many(Limits.TransferSyntaxesPerContextMax, _ => Item(Transfer, "1"u8))])),
                    .. Item(User, Length)],
            "contexts" => [.. Many(128, i => Item(Context, [(byte)((i * 2) + 1), 0, 0, 0, .. Verification,
                .. Implicit])), .. Item(User, Length)],
            "roles" => [.. context, .. Item(User, Many(Most / 9, _ => Item(0x54, [0, 1, (byte)'1', 1, 1])))],
            "extended negotiations" =>
                [.. context, .. Item(User, Many(Most / 8, _ => Item(0x56, [0, 1, (byte)'1', 7])))],
            "related classes" => [.. context, .. Item(User, Many(
                21, _ => Item(0x57, [0, 1, (byte)'1', 0, 0, .. Prefixed(Many(1_020, _ => [0, 1, (byte)'1']))])))],
            "empty related classes" => [.. context, .. Item(User, Many(
                30, _ => Item(0x57, [0, 0, 0, 0, .. Prefixed(new byte[2 * 1_020])])))],
            "unknown items" => [.. context, .. Many(40_000, _ => Item(0x77, [])), .. Item(User, Length)],
            _ => [.. context, .. Item(User, Many(Most / 10, _ => Item(0x58, [1, 0, 0, 0, 0, 0])))],
        };
    }

    private static byte[] Good() =>
        [.. Application, .. Item(Context, [1, 0, 0, 0, .. Verification, .. Implicit]), .. Item(User, Length)];

    private static byte[] Item(byte type, ReadOnlySpan<byte> value) =>
        [type, 0, (byte)(value.Length >> 8), (byte)(value.Length & 0xFF), .. value];

    private static byte[] Prefixed(byte[] value) => [(byte)(value.Length >> 8), (byte)(value.Length & 0xFF), .. value];

    private static byte[] Many(int count, Func<int, byte[]> make) => [.. Enumerable.Range(0, count).SelectMany(make)];

    private void Aborted(byte reason, byte[] items)
    {
        var pdu = new byte[PduHeader.Size + 68 + items.Length];
        PduHeader.Write(pdu, PduType.AssociateRq, 68 + items.Length);
        pdu[7] = 1;
        Encoding.ASCII.GetBytes("ARCHIVE         MODALITY        ").CopyTo(pdu, 10);
        items.CopyTo(pdu, 74);
        using var peer = RawPeer.Connect(_server.EndPoint);
        peer.Send(pdu);
        Assert.Equal(Pdus.Abort(2, reason), peer.ReadPdu());
        peer.ExpectClosed();
        using var other = RawPeer.Associate(_server.EndPoint, Pdus.EchoRequest("ARCHIVE", "MODALITY"));
    }
}
