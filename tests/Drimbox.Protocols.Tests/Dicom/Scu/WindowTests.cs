using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scu;

/// <summary>The asynchronous operations window in both roles (PS3.7 D.3.3.3).</summary>
public sealed class WindowTests
{
    private static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;
    private static readonly Uid Get = SopClass.StudyRootQueryRetrieveInformationModelGet;
    private static readonly Uid Explicit = TransferSyntax.ExplicitVRLittleEndian.Uid;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Operations_of_different_kinds_are_outstanding_at_once()
    {
        var gate = new TaskCompletionSource();
        var step = new FakeNormalizedScp(SopClass.ModalityPerformedProcedureStep)
        {
            Answer = async (_, token) =>
            {
                await gate.Task.WaitAsync(token);
                return NResponse.Success;
            },
        };
        var find = new ListFind(_ => CFindAnswer.Found(Enumerable.Range(0, 50).Select(ListFind.Match).ToAsyncEnumerable()));
        var store = new MemoryStore();
        await using var server = TestAcceptor.Start(
            o => o with { Normalized = [step], Find = [find], Store = store });
        await using var association = await Association.RequestAsync(server.Request(
            CEchoScu.Context, CFindScu.ContextFor(Find), new ProposedContext(SopClass.CTImageStorage, Explicit),
            NormalizedScu.ContextFor(SopClass.ModalityPerformedProcedureStep)) with { Window = 8 });
        Assert.Equal(8, association.InvokedMax);

        // The N-DELETE is not answered before all the others are.
        var deleting = new NormalizedScu(association).DeleteAsync(
            SopClass.ModalityPerformedProcedureStep, Uid.Parse("1.2.3")).AsTask();
        var storing = new CStoreScu(association).SendAsync(Instances.Ct(1, 300_000)).AsTask();
        var echoing = new CEchoScu(association).SendAsync().AsTask();
        var found = 0;
        await foreach (var match in new CFindScu(association).FindAsync(Find, new DataSet()))
        {
            // One more inside of another: its response comes behind matches that are taken later.
            if (found++ == 0) Assert.Equal(DimseStatus.Success, await new CEchoScu(association).SendAsync());
        }

        Assert.Equal(50, found);
        Assert.Equal(DimseStatus.Success, await storing.WaitAsync(Soon));
        Assert.Equal(DimseStatus.Success, await echoing.WaitAsync(Soon));
        Assert.False(deleting.IsCompleted);
        gate.SetResult();
        Assert.Equal(DimseStatus.Success, (await deleting.WaitAsync(Soon)).Status);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task No_more_are_outstanding_than_were_negotiated()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var requesting = Association.RequestAsync(new AssociationOptions
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)listener.LocalEndpoint).Port,
            CallingAe = AeTitle.Parse("MODALITY"),
            CalledAe = AeTitle.Parse("ARCHIVE"),
            Contexts = [CEchoScu.Context],
            Window = 5,
        });
        using var peer = RawPeer.Accept(listener);
        Assert.True(AssociateDecoder.TryDecodeRequest(peer.ReadPdu().AsSpan(6), out var request, out _));
        Assert.Equal(new AsyncOperationsWindow(5, 5), request!.User.AsyncOperations);
        // The peer takes two at once.
        peer.Send(AssociateEncoder.Encode(new AssociateAccept
        {
            CalledAe = AeTitle.Parse("ARCHIVE"),
            CallingAe = AeTitle.Parse("MODALITY"),
            Contexts = [new PresentationContextAnswer(
                1, PresentationContextResult.Acceptance, TransferSyntax.ImplicitVRLittleEndian.Uid)],
            User = new UserInformation
            {
                MaximumLength = 16384,
                ImplementationClassUid = Uid.Parse("1.2.3"),
                AsyncOperations = new AsyncOperationsWindow(2, 1),
            },
        }));
        await using var association = await requesting;
        var echoes = Enumerable.Range(0, 4).Select(_ => new CEchoScu(association).SendAsync().AsTask()).ToArray();
        var first = peer.ReadCommand();
        var second = peer.ReadCommand();
        Assert.False(peer.HasData(TimeSpan.FromMilliseconds(200)));
        // Answered in another order than asked.
        peer.Send(Pdus.Command(1, second.Respond(DimseStatus.NotAuthorized)));
        Assert.Equal(DimseStatus.NotAuthorized, await echoes[1].WaitAsync(Soon));
        var third = peer.ReadCommand();
        Assert.False(peer.HasData(TimeSpan.FromMilliseconds(100)));
        peer.Send(Pdus.Command(1, first.Respond(DimseStatus.Success)));
        var fourth = peer.ReadCommand();
        peer.Send(Pdus.Command(1, fourth.Respond(DimseStatus.Success)));
        peer.Send(Pdus.Command(1, third.Respond(DimseStatus.Success)));
        Assert.Equal(4, new[] { first, second, third, fourth }.Select(c => c.MessageId).Distinct().Count());
        await Task.WhenAll(echoes).WaitAsync(Soon);
    }

    [Fact]
    public async Task The_end_of_the_association_ends_all_that_is_outstanding()
    {
        var step = new FakeNormalizedScp(SopClass.ModalityPerformedProcedureStep)
        {
            Answer = async (_, token) =>
            {
                await Task.Delay(Timeout.Infinite, token);
                return NResponse.Success;
            },
        };
        await using var server = TestAcceptor.Start(o => o with { Normalized = [step] });
        await using var association = await Association.RequestAsync(
            server.Request(NormalizedScu.ContextFor(step.SopClasses.Single())) with { Window = 4 });
        var scu = new NormalizedScu(association);
        using var cancel = new CancellationTokenSource();
        var three = new[] { default, default, cancel.Token }
            .Select(token => scu.DeleteAsync(step.SopClasses.Single(), Uid.Parse("1.2.3"), token).AsTask())
            .ToArray();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => three[2].WaitAsync(Soon));
        await Assert.ThrowsAsync<AssociationAbortedException>(() => three[0].WaitAsync(Soon));
        await Assert.ThrowsAsync<AssociationAbortedException>(() => three[1].WaitAsync(Soon));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 4)]
    [InlineData(0, 16)]
    public async Task A_get_has_as_many_sub_operations_outstanding_as_the_caller_performs(int performed, int expected)
    {
        var images = Enumerable.Range(1, 20).Select(i => Instances.Ct(i)).ToArray();
        await using var server = TestAcceptor.Start(
            o => o with { Store = new MemoryStore(), Retrieve = [new ListRetrieve(images)] });
        var request = Pdus.Request(
            "ARCHIVE", "MODALITY", (Get, TransferSyntax.ImplicitVRLittleEndian.Uid), (SopClass.CTImageStorage, Explicit));
        using var peer = RawPeer.Associate(server.EndPoint, request with
        {
            User = request.User with
            {
                AsyncOperations = new AsyncOperationsWindow(1, (ushort)performed),
                Roles = [new RoleSelection(SopClass.CTImageStorage, ScuRole: true, ScpRole: true)],
            },
        });
        peer.Send(Pdus.Command(1, new CommandSet
        {
            CommandField = CommandField.CGetRq,
            MessageId = 1,
            AffectedSopClassUid = Get,
            DataSetType = CommandSet.WithDataSet,
        }));
        peer.Send(Pdus.PData(1, false, true, DataSetWriter.ToBytes(
            ListFind.Match(1), TransferSyntax.ImplicitVRLittleEndian)));
        var outstanding = new Queue<CommandSet>();
        while (outstanding.Count < expected) ReadStore(peer, outstanding);
        Assert.False(peer.HasData(TimeSpan.FromMilliseconds(200)));
        CommandSet final;
        while (true)
        {
            if (outstanding.TryDequeue(out var store)) peer.Send(Pdus.Command(3, store.Respond(DimseStatus.Success)));
            var command = peer.ReadCommand();
            if (command.CommandField == CommandField.CStoreRq)
            {
                peer.ReadPdu();
                outstanding.Enqueue(command);
            }
            else if (!command.Status!.Value.IsPending)
            {
                final = command;
                break;
            }
        }

        Assert.Equal(DimseStatus.Success, final.Status);
        Assert.Equal(new SubOperations(null, 20, 0, 0), final.SubOperations);
    }

    [Fact]
    public async Task Responses_that_nobody_takes_are_bounded()
    {
        // A query whose caller waits for something else, and a peer that answers with 17 MiB of matches.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var requesting = Association.RequestAsync(new AssociationOptions
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)listener.LocalEndpoint).Port,
            CallingAe = AeTitle.Parse("MODALITY"),
            CalledAe = AeTitle.Parse("ARCHIVE"),
            Contexts = [CEchoScu.Context, CFindScu.ContextFor(Find)],
            Window = 2,
        });
        using var peer = RawPeer.Accept(listener);
        peer.ReadPdu();
        var implicitSyntax = TransferSyntax.ImplicitVRLittleEndian;
        peer.Send(AssociateEncoder.Encode(new AssociateAccept
        {
            CalledAe = AeTitle.Parse("ARCHIVE"),
            CallingAe = AeTitle.Parse("MODALITY"),
            Contexts =
            [
                new PresentationContextAnswer(1, PresentationContextResult.Acceptance, implicitSyntax.Uid),
                new PresentationContextAnswer(3, PresentationContextResult.Acceptance, implicitSyntax.Uid),
            ],
            User = new UserInformation
            {
                MaximumLength = 16384,
                ImplementationClassUid = Uid.Parse("1.2.3"),
                AsyncOperations = new AsyncOperationsWindow(2, 2),
            },
        }));
        await using var association = await requesting;
        var match = new DataSet();
        match.SetString(Tag.PatientComments, new string('x', 100_000));
        var bytes = DataSetWriter.ToBytes(match, implicitSyntax);
        await using var matches = new CFindScu(association).FindAsync(Find, match).GetAsyncEnumerator();
        var moving = matches.MoveNextAsync().AsTask();
        var find = peer.ReadCommand();
        peer.ReadPdu();
        Send(1);
        Assert.True(await moving.WaitAsync(Soon));
        var echoing = new CEchoScu(association).SendAsync().AsTask();
        Assert.Equal(CommandField.CEchoRq, ReadCommandAfterData(peer).CommandField);
        try
        {
            Send((Limits.ResponsesHeldBytesMax / bytes.Length) + 2);
        }
        catch (SocketException)
        {
            // Aborted already.
        }

        var end = await Assert.ThrowsAsync<AssociationAbortedException>(() => echoing.WaitAsync(Soon));
        Assert.Contains("More responses", end.Message, StringComparison.Ordinal);

        void Send(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var pending = find.Respond(DimseStatus.Pending);
                pending.DataSetType = CommandSet.WithDataSet;
                peer.Send(Pdus.Command(3, pending));
                peer.Send(Pdus.PData(3, false, true, bytes));
            }
        }
    }

    // The identifier of a query may have come in several PDUs.
    private static CommandSet ReadCommandAfterData(RawPeer peer)
    {
        while (true)
        {
            var pdu = peer.ReadPdu();
            if ((pdu[11] & 1) == 0) continue;
            Assert.True(CommandSetCodec.TryDecode(pdu.AsSpan(12), default, out var command));
            return command;
        }
    }

    private static void ReadStore(RawPeer peer, Queue<CommandSet> outstanding)
    {
        var command = peer.ReadCommand();
        Assert.Equal(CommandField.CStoreRq, command.CommandField);
        peer.ReadPdu();
        outstanding.Enqueue(command);
    }
}
