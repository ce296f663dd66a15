using System.Buffers.Binary;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.UpperLayer;

public sealed class AssociateCodecTests
{
    [Fact]
    public void A_request_with_every_user_item_is_read_as_it_was_written()
    {
        var request = new AssociateRequest
        {
            CalledAe = AeTitle.Parse("ARCHIVE"),
            CallingAe = AeTitle.Parse("MODALITY"),
            Contexts =
            [
                new PresentationContextProposal(1, SopClass.Verification, [TransferSyntax.ImplicitVRLittleEndian.Uid]),
                new PresentationContextProposal(
                    3, SopClass.CTImageStorage,
                        [TransferSyntax.ExplicitVRLittleEndian.Uid, TransferSyntax.RLELossless.Uid]),
            ],
            User = new UserInformation
            {
                MaximumLength = 131072,
                ImplementationClassUid = Uid.Parse("1.2.3.4"),
                ImplementationVersionName = "TEST_1",
                AsyncOperations = new AsyncOperationsWindow(8, 2),
                Roles = [new RoleSelection(SopClass.CTImageStorage, true, true)],
                Extended = [new SopClassExtendedNegotiation(SopClass.CTImageStorage, new byte[] { 1, 2, 3 })],
                CommonExtended =
                    [new SopClassCommonExtendedNegotiation(
                        Uid.Parse("1.2.9"), Uid.Parse("1.2.8"), [Uid.Parse("1.2.7")])],
                Identity = new UserIdentity(
                    UserIdentityType.UsernameAndPasscode, true, "user"u8.ToArray(), "secret"u8.ToArray()),
            },
        };
        var pdu = AssociateEncoder.Encode(request);

        Assert.Equal(PduType.AssociateRq, PduHeader.Read(pdu).Type);
        Assert.Equal((uint)(pdu.Length - PduHeader.Size), PduHeader.Read(pdu).Length);
        Assert.True(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(PduHeader.Size), out var read, out _));
        Assert.Equal("ARCHIVE", read!.CalledAe.ToString());
        Assert.Equal("MODALITY", read.CallingAe.ToString());
        Assert.Equal([1, 3], read.Contexts.Select(c => c.Id));
        Assert.Equal(request.Contexts[1].TransferSyntaxes, read.Contexts[1].TransferSyntaxes);
        Assert.Equal(131072u, read.User.MaximumLength);
        Assert.Equal("1.2.3.4", read.User.ImplementationClassUid.ToString());
        Assert.Equal("TEST_1", read.User.ImplementationVersionName);
        Assert.Equal(new AsyncOperationsWindow(8, 2), read.User.AsyncOperations);
        Assert.Equal(request.User.Roles, read.User.Roles);
        Assert.Equal([1, 2, 3], read.User.Extended.Single().ApplicationInformation.ToArray());
        Assert.Equal("1.2.7", read.User.CommonExtended.Single().RelatedGeneralSopClasses.Single().ToString());
        Assert.Equal(UserIdentityType.UsernameAndPasscode, read.User.Identity!.Type);
        Assert.True(read.User.Identity.PositiveResponseRequested);
        Assert.Equal("user"u8.ToArray(), read.User.Identity.Primary.ToArray());
        Assert.Equal("secret"u8.ToArray(), read.User.Identity.Secondary.ToArray());
    }

    [Fact]
    public void An_answer_is_read_as_it_was_written()
    {
        var accept = new AssociateAccept
        {
            CalledAe = AeTitle.Parse("ARCHIVE"),
            CallingAe = AeTitle.Parse("MODALITY"),
            Contexts =
            [
                new PresentationContextAnswer(1, PresentationContextResult.Acceptance, TransferSyntax.RLELossless.Uid),
                new PresentationContextAnswer(3, PresentationContextResult.AbstractSyntaxNotSupported, default),
            ],
            User = new UserInformation { MaximumLength = 16384, IdentityResponse = new byte[] { 9 } },
        };
        var pdu = AssociateEncoder.Encode(accept);

        Assert.True(AssociateDecoder.TryDecodeAccept(pdu.AsSpan(PduHeader.Size), out var read, out _));
        Assert.Equal(accept.Contexts[0], read!.Contexts[0]);
        Assert.Equal(PresentationContextResult.AbstractSyntaxNotSupported, read.Contexts[1].Result);
        Assert.Equal(16384u, read.User.MaximumLength);
        Assert.Equal([9], read.User.IdentityResponse!.Value.ToArray());
    }

    [Fact]
    public void The_bytes_of_a_small_request_are_those_of_the_standard()
    {
        var pdu = AssociateEncoder.Encode(Pdus.EchoRequest("CALLED", "CALLING"));
        var expected = new List<byte>();
        // PS3.8 table 9-11: version 1, reserved, titles of 16 characters, 32 reserved bytes.
        expected.AddRange([0x00, 0x01, 0, 0]);
        expected.AddRange(Encoding.ASCII.GetBytes("CALLED          CALLING         "));
        expected.AddRange(new byte[32]);
        // Application context 1.2.840.10008.3.1.1.1, 21 characters.
        expected.AddRange([0x10, 0, 0, 21]);
        expected.AddRange("1.2.840.10008.3.1.1.1"u8);
        // Context 1: Verification in implicit VR little endian.
        expected.AddRange([0x20, 0, 0, 4 + 4 + 17 + 4 + 17, 1, 0, 0, 0, 0x30, 0, 0, 17]);
        expected.AddRange("1.2.840.10008.1.1"u8);
        expected.AddRange([0x40, 0, 0, 17]);
        expected.AddRange("1.2.840.10008.1.2"u8);
        // User information: maximum length 128 KiB, implementation class UID 1.2.3.
        expected.AddRange([0x50, 0, 0, 8 + 9, 0x51, 0, 0, 4, 0, 2, 0, 0, 0x52, 0, 0, 5]);
        expected.AddRange("1.2.3"u8);
        Assert.Equal(0x01, pdu[0]);
        Assert.Equal(expected.Count, BinaryPrimitives.ReadInt32BigEndian(pdu.AsSpan(2)));
        Assert.Equal(expected, pdu[PduHeader.Size..]);
    }

    [Fact]
    public void Titles_that_are_none_are_read_as_empty()
    {
        var pdu = AssociateEncoder.Encode(Pdus.EchoRequest("CALLED", "CALLING"));
        pdu.AsSpan(10, 16).Clear();
        pdu[26] = 0xE9;
        Assert.True(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out var read, out _));
        Assert.True(read!.CalledAe.IsEmpty);
        Assert.True(read.CallingAe.IsEmpty);
    }

    [Fact]
    public void Items_of_unknown_type_are_ignored()
    {
        byte[] pdu = [.. AssociateEncoder.Encode(Pdus.EchoRequest("A", "B")), 0x77, 0, 0, 2, 1, 2];
        Assert.True(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out _, out _));
    }

    [Fact]
    public void Every_cut_of_a_request_is_refused_without_an_exception()
    {
        var pdu = AssociateEncoder.Encode(Pdus.EchoRequest("A", "B"));
        for (var length = 6; length < pdu.Length; length++)
            Assert.False(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6, length - 6), out _, out _));
    }

    [Fact]
    public void Random_changes_of_a_request_never_throw()
    {
        var random = new Random(8);
        var original = AssociateEncoder.Encode(Pdus.EchoRequest("A", "B"));
        for (var i = 0; i < 20_000; i++)
        {
            var pdu = original.ToArray();
            for (var n = random.Next(1, 6); n > 0; n--) pdu[random.Next(6, pdu.Length)] = (byte)random.Next(256);
            AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out _, out _);
            AssociateDecoder.TryDecodeAccept(pdu.AsSpan(6), out _, out _);
        }
    }

    [Fact]
    public void A_request_of_the_longest_accepted_size_costs_little_memory()
    {
        // Attack A2, the vector that cost another implementation 16,000 times its size: many tiny items.
        var request = Pdus.EchoRequest("A", "B") with
        {
            Contexts = Enumerable.Range(0, Limits.PresentationContextsMax)
                .Select(i => new PresentationContextProposal(
                    (byte)((i * 2) + 1), SopClass.Verification,
                    Enumerable.Repeat(Uid.Parse("1.2"), Limits.TransferSyntaxesPerContextMax).ToList()))
                .ToList(),
        };
        var pdu = AssociateEncoder.Encode(request);
        Assert.True(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out _, out _));
        var before = GC.GetAllocatedBytesForCurrentThread();
        AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out _, out _);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2 * 1024 * 1024);
    }
}
