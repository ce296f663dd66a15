using System.Net;
using System.Net.Sockets;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>In which transfer syntax an instance is retrieved (PS3.4 C.4.2.3.1, C.4.3.3.1): the one that it has, else one
/// that it can be converted into, else it is a failed sub-operation.</summary>
public sealed class RetrieveConversionTests
{
    private static readonly Uid Move = SopClass.StudyRootQueryRetrieveInformationModelMove;
    private static readonly Uid Get = SopClass.StudyRootQueryRetrieveInformationModelGet;
    private static readonly TransferSyntax Explicit = TransferSyntax.ExplicitVRLittleEndian;
    private static readonly TransferSyntax Implicit = TransferSyntax.ImplicitVRLittleEndian;

    [Fact]
    public async Task A_get_converts_what_the_caller_does_not_take_as_it_is()
    {
        await using var server = Start(null, Instance(1, Explicit), Instance(2, Implicit));
        await using var association = await Association.RequestAsync(server.Request(
            CFindScu.ContextFor(Get), new ProposedContext(SopClass.CTImageStorage, Implicit.Uid) { AsScp = true }));
        var received = new MemoryStore();
        var result = await new CGetScu(association).GetAsync(Get, Query(), received);
        Assert.Equal(new SubOperations(null, 2, 0, 0), result.Counts);
        Assert.Equal(DataSetWriter.ToBytes(Content(1), Implicit), received.Stored["1.2.3.1"]);
        Assert.Equal(DataSetWriter.ToBytes(Content(2), Implicit), received.Stored["1.2.3.2"]);
    }

    [Fact]
    public async Task What_is_compressed_and_not_taken_fails_alone()
    {
        await using var server = Start(null, Instance(1, Explicit), Jpeg(2));
        await using var association = await Association.RequestAsync(server.Request(
            CFindScu.ContextFor(Get),
            new ProposedContext(SopClass.CTImageStorage, Implicit.Uid) { AsScp = true },
            new ProposedContext(SopClass.CTImageStorage, Explicit.Uid) { AsScp = true }));
        var received = new MemoryStore();
        var result = await new CGetScu(association).GetAsync(Get, Query(), received);
        Assert.Equal(0xB000, result.Status.Code);
        Assert.Equal(new SubOperations(null, 1, 1, 0), result.Counts);
        Assert.Equal("1.2.3.2", Assert.Single(result.FailedInstances).ToString());
        // As it is, where that was accepted.
        Assert.Equal(DataSetWriter.ToBytes(Content(1), Explicit), received.Stored["1.2.3.1"]);
    }

    [Fact]
    public async Task A_move_converts_for_a_destination_that_takes_only_implicit_vr()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var server = Start(((IPEndPoint)listener.LocalEndpoint).Port, Instance(1, Explicit));
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Move)));
        var moving = new CMoveScu(association).MoveAsync(Move, Query(), AeTitle.Parse("WS"));
        using var peer = RawPeer.Accept(listener);
        Assert.True(AssociateDecoder.TryDecodeRequest(peer.ReadPdu().AsSpan(6), out var request, out _));
        peer.Send(AssociateEncoder.Encode(new AssociateAccept
        {
            CalledAe = request!.CalledAe,
            CallingAe = request.CallingAe,
            Contexts = request.Contexts.Select(c => new PresentationContextAnswer(
                c.Id,
                c.TransferSyntaxes.Contains(Implicit.Uid)
                    ? PresentationContextResult.Acceptance
                    : PresentationContextResult.TransferSyntaxesNotSupported,
                Implicit.Uid)).ToList(),
            User = new UserInformation { MaximumLength = 16384, ImplementationClassUid = Uid.Parse("1.2.3") },
        }));
        var store = peer.ReadCommand();
        var data = peer.ReadPdu();
        Assert.Equal(DataSetWriter.ToBytes(Content(1), Implicit), data[12..]);
        peer.Send(Pdus.Command(data[10], store.Respond(DimseStatus.Success)));
        peer.ReadPdu();
        peer.Send(FixedPdu.ReleaseRp());
        Assert.Equal(new SubOperations(null, 1, 0, 0), (await moving).Counts);
    }

    [Fact]
    public void Beside_its_own_syntax_an_instance_is_proposed_in_the_uncompressed_ones()
    {
        var contexts = CStoreScu.ConvertingContextsFor(
            [Instance(1, Explicit).Kind, Instance(2, Explicit).Kind, Jpeg(3).Kind]);
        Assert.Equal(
            [
                Explicit.Uid.ToString(),
                TransferSyntax.JPEG2000Lossless.Uid.ToString(),
                $"{Explicit.Uid} {Implicit.Uid}",
            ],
            contexts.Select(c => string.Join(' ', c.TransferSyntaxes)));
        Assert.Single(CStoreScu.ConvertingContextsFor([Jpeg(3).Kind]));
    }

    private static TestAcceptor Start(int? port, params InstanceSource[] instances) => TestAcceptor.Start(o => o with
    {
        Store = new MemoryStore(),
        Retrieve = [new ListRetrieve(instances)],
        MoveDestination = ae => new DicomPeer(ae, "127.0.0.1", port ?? 1),
    });

    private static InstanceSource Instance(int number, TransferSyntax syntax) => InstanceSource.FromMemory(
        DataSetWriter.ToBytes(Content(number), syntax), SopClass.CTImageStorage, Uid.Parse($"1.2.3.{number}"),
        syntax.Uid);

    private static InstanceSource Jpeg(int number) => InstanceSource.FromMemory(
        DataSetWriter.ToBytes(Content(number), Explicit), SopClass.CTImageStorage, Uid.Parse($"1.2.3.{number}"),
        TransferSyntax.JPEG2000Lossless.Uid);

    private static DataSet Content(int number)
    {
        var dataSet = new DataSet();
        dataSet.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        dataSet.SetString(Tag.SOPInstanceUID, $"1.2.3.{number}");
        dataSet.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        return dataSet;
    }

    private static DataSet Query()
    {
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, "STUDY");
        return query;
    }
}
