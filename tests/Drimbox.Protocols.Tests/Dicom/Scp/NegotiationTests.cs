using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>Which contexts are accepted, and in which transfer syntax (PS3.8 9.3.3.2).</summary>
public sealed class NegotiationTests
{
    private static readonly Uid Implicit = TransferSyntax.ImplicitVRLittleEndian.Uid;
    private static readonly Uid Explicit = TransferSyntax.ExplicitVRLittleEndian.Uid;
    private static readonly Uid Jpeg = TransferSyntax.JPEG2000Lossless.Uid;
    private static readonly Uid Deflated = TransferSyntax.DeflatedExplicitVRLittleEndian.Uid;
    private static readonly Uid Jpip = TransferSyntax.JPIPReferenced.Uid;

    [Fact]
    public async Task Storage_takes_the_first_transfer_syntax_that_is_neither_deflated_nor_a_link()
    {
        await using var server = TestAcceptor.Start(o => o with { Store = new MemoryStore() });
        await using var association = await Association.RequestAsync(server.Request(
            new ProposedContext(SopClass.CTImageStorage, Deflated, Jpip, Jpeg, Implicit),
            new ProposedContext(SopClass.MRImageStorage, Deflated, Jpip),
            new ProposedContext(SopClass.MRImageStorage, Uid.Parse("1.2.3.4.5")),
            new ProposedContext(Uid.Parse("1.2.3.4.5"), Implicit)));
        Assert.Equal(Jpeg, Assert.Single(association.Contexts).TransferSyntax);
        Assert.Equal(
            [
                PresentationContextResult.Acceptance,
                PresentationContextResult.TransferSyntaxesNotSupported,
                PresentationContextResult.TransferSyntaxesNotSupported,
                PresentationContextResult.AbstractSyntaxNotSupported,
            ],
            association.Negotiated.Contexts.Select(c => c.Result));
    }

    [Fact]
    public async Task Every_other_registered_transfer_syntax_passes()
    {
        await using var server = TestAcceptor.Start(o => o with { Store = new MemoryStore() });
        var syntaxes = TransferSyntax.All
            .Where(s => !s.IsDeflated && !s.Keyword.StartsWith("JPIP", StringComparison.Ordinal)
                && s != TransferSyntax.Papyrus3ImplicitVRLittleEndian)
            .ToList();
        await using var association = await Association.RequestAsync(server.Request(
            syntaxes.Select(s => new ProposedContext(SopClass.CTImageStorage, s.Uid)).ToList()));
        Assert.Equal(syntaxes.Select(s => s.Uid), association.Contexts.Select(c => c.TransferSyntax));
    }

    [Fact]
    public async Task A_preference_of_ours_comes_before_that_of_the_caller()
    {
        await using var server = TestAcceptor.Start(
            o => o with { Store = new MemoryStore(), TransferSyntaxPreference = [Explicit] });
        await using var association = await Association.RequestAsync(
            server.Request(new ProposedContext(SopClass.CTImageStorage, Jpeg, Implicit, Explicit)));
        Assert.Equal(Explicit, association.Contexts[0].TransferSyntax);
    }

    [Fact]
    public async Task Storage_needs_a_store()
    {
        await using var server = TestAcceptor.Start();
        await using var association = await Association.RequestAsync(
            server.Request(new ProposedContext(SopClass.CTImageStorage, Implicit)));
        Assert.Equal(PresentationContextResult.AbstractSyntaxNotSupported, association.Negotiated.Contexts[0].Result);
    }

    [Fact]
    public async Task Further_storage_classes_may_be_configured()
    {
        var own = Uid.Parse("1.2.250.1.999.1");
        await using var server = TestAcceptor.Start(
            o => o with { Store = new MemoryStore(), FurtherStorageClasses = new HashSet<Uid> { own } });
        await using var association = await Association.RequestAsync(
            server.Request(new ProposedContext(own, Implicit)));
        Assert.NotNull(association.FindContext(own));
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(0, 16)]
    [InlineData(1000, 16)]
    public async Task The_window_is_what_is_asked_for_within_our_limit(int asked, int given)
    {
        await using var server = TestAcceptor.Start();
        using var peer = RawPeer.Connect(server.EndPoint);
        var request = Pdus.EchoRequest("ARCHIVE", "MODALITY");
        peer.Send(AssociateEncoder.Encode(request with
        {
            User = request.User with { AsyncOperations = new AsyncOperationsWindow((ushort)asked, 5) },
        }));
        Assert.True(AssociateDecoder.TryDecodeAccept(peer.ReadPdu().AsSpan(6), out var accept, out _));
        Assert.Equal(new AsyncOperationsWindow((ushort)given, 5), accept!.User.AsyncOperations);
    }

    [Fact]
    public async Task A_window_that_was_not_asked_for_is_not_given()
    {
        await using var server = TestAcceptor.Start();
        await using var association = await Association.RequestAsync(
            server.Request(new ProposedContext(SopClass.Verification, Implicit)));
        Assert.Null(association.Negotiated.User.AsyncOperations);
        Assert.Equal((uint)Limits.PduLengthOffered, association.Negotiated.User.MaximumLength);
        Assert.Equal(Implementation.ClassUid, association.Negotiated.User.ImplementationClassUid);
    }

    [Fact]
    public async Task The_maximum_length_of_the_peer_is_kept()
    {
        var store = new MemoryStore();
        var ask = new ListRetrieve(Instances.Ct(1, 100_000));
        await using var server = TestAcceptor.Start(o => o with { Store = store, Retrieve = [ask] });
        // A peer that receives 4 KiB: every PDU of a C-GET to it fits.
        await using var association = await Association.RequestAsync(
            server.Request(
                new ProposedContext(SopClass.StudyRootQueryRetrieveInformationModelGet, Implicit),
                new ProposedContext(SopClass.CTImageStorage, Explicit) { AsScp = true }) with
            {
                MaximumLength = Limits.PduLengthMin,
            });
        var received = new MemoryStore();
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, "STUDY");
        await new Drimbox.Dicom.Scu.CGetScu(association).GetAsync(
            SopClass.StudyRootQueryRetrieveInformationModelGet, query, received);
        Assert.Equal(Instances.Bytes(1, 100_000), received.Stored["1.2.3.1"]);
    }
}
