using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.UpperLayer;

/// <summary>Attack A2: what an A-ASSOCIATE-RQ may hold, and the reason of the A-ABORT beyond it.</summary>
public sealed class AssociateRequestLimitTests
{
    [Fact]
    public void There_are_128_contexts_at_most()
    {
        // Only 128 odd ids exist, so the 129th context repeats one.
        Refused(AbortReason.InvalidParameterValue, r => r with { Contexts = Contexts(129) });
        Read(r => r with { Contexts = Contexts(Limits.PresentationContextsMax) });
    }

    [Fact]
    public void A_context_has_64_transfer_syntaxes_at_most()
    {
        Refused(AbortReason.InvalidParameterValue, r => r with { Contexts = [Context(1, 65)] });
        Read(r => r with { Contexts = [Context(1, Limits.TransferSyntaxesPerContextMax)] });
    }

    [Fact]
    public void A_context_id_occurs_once() =>
        Refused(AbortReason.InvalidParameterValue, r => r with { Contexts = [Context(5, 1), Context(5, 1)] });

    [Fact]
    public void A_context_id_is_odd() =>
        Refused(AbortReason.InvalidParameterValue, r => r with { Contexts = [Context(2, 1)] });

    [Fact]
    public void A_context_has_a_transfer_syntax() =>
        Refused(AbortReason.InvalidParameterValue, r => r with { Contexts = [Context(1, 0)] });

    [Fact]
    public void A_request_has_a_context() =>
        Refused(AbortReason.InvalidParameterValue, r => r with { Contexts = [] });

    [Fact]
    public void The_abstract_syntax_comes_before_the_transfer_syntaxes() => RefusedItem(
        AbortReason.InvalidParameterValue, 0x20, [3, 0, 0, 0, 0x40, 0, 0, 3, .. "1.2"u8, 0x30, 0, 0, 3, .. "1.2"u8]);

    [Fact]
    public void An_item_ends_inside_of_what_holds_it() => RefusedItem(
        AbortReason.InvalidParameterValue, 0x20, [3, 0, 0, 0, 0x30, 0, 0xFF, 0xFF, .. "1.2"u8]);

    [Fact]
    public void A_uid_has_64_characters_at_most() => RefusedItem(
        AbortReason.InvalidParameterValue, 0x20,
        [3, 0, 0, 0, 0x30, 0, 0, 65, .. Enumerable.Repeat((byte)'1', 65), 0x40, 0, 0, 3, .. "1.2"u8]);

    [Fact]
    public void There_is_one_application_context() =>
        RefusedItem(AbortReason.UnexpectedParameter, 0x10, [.. "1.2.840.10008.3.1.1.1"u8]);

    [Fact]
    public void An_item_of_an_answer_does_not_belong_into_a_request() =>
        RefusedItem(AbortReason.UnexpectedParameter, 0x21, [3, 0, 0, 0]);

    [Fact]
    public void A_text_that_is_no_uid_is_a_context_to_refuse_not_a_request()
    {
        byte[] pdu = [.. AssociateEncoder.Encode(Pdus.EchoRequest("A", "B")), .. Item(
            0x20, [3, 0, 0, 0, 0x30, 0, 0, 4, .. "abcd"u8, 0x40, 0, 0, 4, .. "01.2"u8])];
        Assert.True(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out var read, out _));
        Assert.True(read!.Contexts[1].AbstractSyntax.IsEmpty);
        Assert.Empty(read.Contexts[1].TransferSyntaxes);
    }

    [Fact]
    public void Role_selections_are_bounded()
    {
        var roles = Enumerable.Repeat(
            new RoleSelection(SopClass.CTImageStorage, true, true), Limits.NegotiationItemsMax + 1);
        Refused(AbortReason.InvalidParameterValue, r => r with { User = r.User with { Roles = roles.ToList() } });
    }

    private static PresentationContextProposal Context(int id, int syntaxes) => new(
        (byte)id, SopClass.Verification,
        Enumerable.Range(1, syntaxes).Select(i => Uid.Parse($"1.2.{i}")).ToList());

    private static List<PresentationContextProposal> Contexts(int count) =>
        Enumerable.Range(0, count).Select(i => Context((i * 2 % 256) + 1, 1)).ToList();

    private static byte[] Item(byte type, byte[] value) =>
        [type, 0, (byte)(value.Length >> 8), (byte)value.Length, .. value];

    private static void RefusedItem(AbortReason reason, byte type, byte[] value)
    {
        byte[] pdu = [.. AssociateEncoder.Encode(Pdus.EchoRequest("A", "B")), .. Item(type, value)];
        Assert.False(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out _, out var fault));
        Assert.Equal(reason, fault);
    }

    private static void Refused(AbortReason reason, Func<AssociateRequest, AssociateRequest> change)
    {
        var pdu = AssociateEncoder.Encode(change(Pdus.EchoRequest("A", "B")));
        Assert.False(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out _, out var fault));
        Assert.Equal(reason, fault);
    }

    private static void Read(Func<AssociateRequest, AssociateRequest> change)
    {
        var pdu = AssociateEncoder.Encode(change(Pdus.EchoRequest("A", "B")));
        Assert.True(AssociateDecoder.TryDecodeRequest(pdu.AsSpan(6), out _, out _));
    }
}
