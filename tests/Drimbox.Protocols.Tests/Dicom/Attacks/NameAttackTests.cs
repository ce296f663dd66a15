using System.Net;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Attacks;

/// <summary>Attacks A8, A12 and A23: names that are paths, that are not those of who sends them, or that would write
/// into a log. What is no name is never repaired into one.</summary>
public sealed class NameAttackTests
{
    private static readonly AssociateRequest CtRequest = Pdus.Request(
        "ARCHIVE", "CT1", (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid));

    // {what is sent as the calling title} x {where from}: 127.0.0.0/8 is CT1's network, 10.0.0.0/8 that of CT2.
    [Theory]
    [InlineData("CT1", true)]
    [InlineData("CT1             ", true)]
    [InlineData("   CT1", true)]
    [InlineData("CT2", false)]
    [InlineData("ct1", false)]
    [InlineData("CT1X", false)]
    [InlineData("CT", false)]
    [InlineData("CT 1", false)]
    [InlineData("CT1\0\0\0\0\0\0\0\0\0\0\0\0\0", false)]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", false)]
    [InlineData("                ", false)]
    [InlineData("CT1\r\n", false)]
    [InlineData("\u001b[31mCT1", false)]
    [InlineData("CT\u00e91", false)]
    [InlineData("..\\..\\CT1", false)]
    [InlineData("../../../etc/pwd", false)]
    [InlineData("' OR 1=1 --", false)]
    [InlineData("*", false)]
    public async Task A12_a_calling_title_is_exactly_one_of_the_list_or_1_1_3(string calling, bool isKnown)
    {
        await using var server = TestAcceptor.Start(o => o with
        {
            Callers =
            [
                new CallerRule(AeTitle.Parse("CT1")) { Networks = [IPNetwork.Parse("127.0.0.0/8")] },
                new CallerRule(AeTitle.Parse("CT2")) { Networks = [IPNetwork.Parse("10.0.0.0/8")] },
            ],
        });
        using var peer = Ask(server, "ARCHIVE", calling);
        if (isKnown) Assert.Equal((byte)PduType.AssociateAc, peer.ReadPdu()[0]);
        else Assert.Equal(Pdus.Reject(1, 1, 3), peer.ReadPdu());
    }

    [Theory]
    [InlineData("ARCHIVE ", true)]
    [InlineData("Archive", false)]
    [InlineData("ARCHIVE1", false)]
    [InlineData("ARCHIVE\0", false)]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", false)]
    [InlineData("", false)]
    [InlineData("*", false)]
    [InlineData("ARCHIVE\r\nARCHIVE", false)]
    public async Task A12_a_called_title_is_exactly_ours_or_1_1_7(string called, bool isOurs)
    {
        await using var server = TestAcceptor.Start();
        using var peer = Ask(server, called, "CT1");
        if (isOurs) Assert.Equal((byte)PduType.AssociateAc, peer.ReadPdu()[0]);
        else Assert.Equal(Pdus.Reject(1, 1, 7), peer.ReadPdu());
    }

    [Theory]
    [InlineData("../../../../tmp/x")]
    [InlineData("/etc/passwd")]
    [InlineData("..\\..\\x")]
    [InlineData("1.2.3%2e%2e")]
    [InlineData("1.2.3\0.4")]
    [InlineData("1.2.3/4")]
    [InlineData("1..2")]
    [InlineData(".1.2")]
    [InlineData("1.2.")]
    [InlineData("1.02.3")]
    [InlineData("1.2.-3")]
    [InlineData("1.2.3 4")]
    [InlineData("\u00b9.\u00b2")]
    [InlineData("1.22222222222222222222222222222222222222222222222222222222222222.3")]
    [InlineData("")]
    public async Task A8_an_instance_uid_that_is_none_is_0117_and_names_nothing(string uid)
    {
        var store = new MemoryStore();
        await using var server = TestAcceptor.Start(o => o with { Store = store });
        using var peer = RawPeer.Associate(server.EndPoint, CtRequest);
        peer.Send([.. Pdus.PData(1, true, true, WithInstanceUid(uid)), .. Pdus.PData(1, false, true, [1, 2])]);
        var response = peer.ReadCommand();
        Assert.Equal(DimseStatus.InvalidSopInstance, response.Status);
        // The response must not carry it back either.
        Assert.True(response.AffectedSopInstanceUid.IsEmpty);
        Assert.Empty(store.Requests);
        // The association goes on, with a name that is one.
        peer.Send([.. Pdus.Command(1, Pdus.StoreRq(2, "1.2.3")), .. Pdus.PData(1, false, true, [1, 2])]);
        Assert.Equal(DimseStatus.Success, peer.ReadCommand().Status);
    }

    [Fact]
    public async Task A23_nothing_that_a_peer_sends_breaks_a_log_line()
    {
        const string Line = "x\r\n2026-11-22 INFO all is well\u001b[2K";
        var log = new RecordingLog();
        var store = new MemoryStore { FailAfter = 1 };
        await using var acceptor = new DicomAcceptor(TestAcceptor.Options with { Store = store }, log);
        acceptor.Start();
        foreach (var (called, calling) in new[]
        {
            ("ARCHIVE", Line[..16]), (Line[..16], "CT1"), ("ARCHIVE", "A\nB"), ("\t", "\u0001"),
        })
        {
            using var refused = Ask(acceptor.EndPoint, called, calling);
            Assert.Equal((byte)PduType.AssociateRj, refused.ReadPdu()[0]);
        }

        using (var peer = RawPeer.Associate(acceptor.EndPoint, CtRequest))
        {
            // Names in every text of a command, and in the data set behind it.
            peer.Send([.. Pdus.PData(1, true, true, WithInstanceUid(Line)), .. Pdus.PData(1, false, true, [1, 2])]);
            Assert.Equal(DimseStatus.InvalidSopInstance, peer.ReadCommand().Status);
            var command = Pdus.StoreRq(2, "1.2.3");
            peer.Send([
                .. Pdus.PData(1, true, true, [.. Pdus.Encode(command), .. Element(0x1030, Line)]),
                .. Pdus.PData(1, false, true, [.. "PAT-TROIS^DOMINIQUE\r\nIPP101"u8, 0]),
            ]);
            var response = peer.ReadCommand();
            Assert.Equal(DimseStatus.OutOfResources, response.Status);
            Assert.Null(response.ErrorComment);
            // A response of its own invention, whose comment would go to a log.
            peer.Send(Pdus.PData(1, true, true, [
                .. Pdus.Encode(Pdus.EchoRq(3).Respond(DimseStatus.Success)), .. Element(0x0902, Line)]));
            Assert.Equal(Pdus.Abort(2, 2), peer.ReadPdu());
        }

        await acceptor.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(log.Lines.Count >= 8, string.Join('\n', log.Lines));
        Assert.DoesNotContain(log.Lines, line => line.Contains("all is well", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, line => line.Contains("PAT-TROIS", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, line => line.Contains("IPP101", StringComparison.Ordinal));
        // A stack trace has line ends of its own; it is told only with faults of the disk here.
        Assert.All(
            log.Lines.Where(line => !line.Contains("IOException", StringComparison.Ordinal)),
            line => Assert.DoesNotContain(line, char.IsControl));
    }

    private static RawPeer Ask(TestAcceptor server, string called, string calling) =>
        Ask(server.EndPoint, called, calling);

    private static RawPeer Ask(IPEndPoint endPoint, string called, string calling)
    {
        var pdu = AssociateEncoder.Encode(CtRequest);
        Put(pdu.AsSpan(10, 16), called);
        Put(pdu.AsSpan(26, 16), calling);
        var peer = RawPeer.Connect(endPoint);
        peer.Send(pdu);
        return peer;
    }

    // PS3.8 9.3.2: 16 bytes, filled with spaces.
    private static void Put(Span<byte> field, string title)
    {
        field.Fill((byte)' ');
        Encoding.Latin1.GetBytes(title, field);
    }

    private static byte[] WithInstanceUid(string text)
    {
        // The command without its (0000,1000), which would be the last element, and one that holds anything.
        var command = Pdus.StoreRq(1, "1.2");
        command.AffectedSopInstanceUid = default;
        return [.. Pdus.Encode(command), .. Element(0x1000, text)];
    }

    private static byte[] Element(ushort element, string text)
    {
        var value = Encoding.Latin1.GetBytes(text.Length % 2 == 0 ? text : text + "\0");
        return
        [
            0, 0, (byte)(element & 0xFF), (byte)(element >> 8),
            (byte)(value.Length & 0xFF), (byte)(value.Length >> 8), 0, 0, .. value,
        ];
    }
}
