using System.Threading.Channels;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Attacks;

/// <summary>Attack A13: identifiers as long as they may be, as many at once as an association may have.</summary>
public sealed class QueryFloodTests
{
    private static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;

    private static readonly AssociateRequest FindRequest =
        Pdus.Request("ARCHIVE", "MODALITY", (Find, TransferSyntax.ImplicitVRLittleEndian.Uid));

    [Fact]
    public async Task A13_long_identifiers_under_way_are_A700_beyond_8_MiB_and_short_ones_are_served()
    {
        var gate = new GatedFind();
        await using var server = TestAcceptor.Start(o => o with { Find = [gate] });
        using var attacker = RawPeer.Associate(server.EndPoint, FindRequest);
        // Twelve of 900 KiB, of which nine fit.
        var identifier = Identifier(900 * 1024);
        for (ushort id = 1; id <= 12; id++) Send(attacker, id, identifier);
        var refused = 0;
        for (; refused < 12 - (Limits.DataSetBytesHeldMax / identifier.Length); refused++)
        {
            var response = attacker.ReadCommand();
            Assert.Equal(DimseStatus.OutOfResources, response.Status);
            Assert.Contains(
                response.ErrorComment, new[] { "Too many queries are under way.", "The identifier is too long." });
        }

        // Somebody else asks the usual.
        using (var other = RawPeer.Associate(server.EndPoint, FindRequest))
        {
            Send(other, 1, Identifier(100));
            await gate.WaitForAsync(12 - refused + 1);
        }

        gate.Open();
        for (var answered = refused; answered < 12; answered++)
            Assert.Equal(DimseStatus.Success, attacker.ReadCommand().Status);
        // All of it was given back.
        Send(attacker, 100, identifier);
        Assert.Equal(DimseStatus.Success, attacker.ReadCommand().Status);
    }

    [Fact]
    public async Task A13_identifiers_that_are_never_finished_hold_no_more_than_their_share()
    {
        await using var server = TestAcceptor.Start(o => o with { Find = [new GatedFind(isOpen: true)] });
        var attackers = new List<RawPeer>();
        for (var i = 0; i < 20; i++)
        {
            var peer = RawPeer.Associate(server.EndPoint, FindRequest);
            peer.Send(Pdus.Command(1, Rq(1)));
            foreach (var piece in Identifier(700 * 1024).Chunk(100_000)) peer.Send(Pdus.PData(1, false, false, piece));
            attackers.Add(peer);
        }

        // 20 x 700 KiB is more than there is: some have been given up, and say so once they end.
        var statuses = new List<ushort>();
        foreach (var peer in attackers)
        {
            peer.Send(Pdus.PData(1, false, true, []));
            statuses.Add(peer.ReadCommand().Status!.Value.Code);
            peer.Dispose();
        }

        Assert.Contains((ushort)0x0000, statuses);
        Assert.Contains(DimseStatus.OutOfResources.Code, statuses);
        using var last = RawPeer.Associate(server.EndPoint, FindRequest);
        Send(last, 1, Identifier(700 * 1024));
        Assert.Equal(DimseStatus.Success, last.ReadCommand().Status);
    }

    private static CommandSet Rq(ushort id) => new()
    {
        CommandField = CommandField.CFindRq, MessageId = id, DataSetType = CommandSet.WithDataSet,
        AffectedSopClassUid = Find,
    };

    private static void Send(RawPeer peer, ushort id, byte[] identifier)
    {
        peer.Send(Pdus.Command(1, Rq(id)));
        foreach (var piece in identifier.Chunk(100_000)) peer.Send(Pdus.PData(1, false, false, piece));
        peer.Send(Pdus.PData(1, false, true, []));
    }

    private static byte[] Identifier(int length)
    {
        var identifier = new DataSet();
        identifier.SetBytes(new Tag(0x0009_1010), Vr.OB, new byte[length]);
        return DataSetWriter.ToBytes(identifier, TransferSyntax.ImplicitVRLittleEndian);
    }

    /// <summary>Answers nothing until it is opened.</summary>
    private sealed class GatedFind : ICFindScp
    {
        private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Channel<bool> _entered = Channel.CreateUnbounded<bool>();

        public GatedFind(bool isOpen = false)
        {
            if (isOpen) Open();
        }

        public IReadOnlyCollection<Uid> SopClasses { get; } = [Find];

        public void Open() => _gate.TrySetResult();

        public async Task WaitForAsync(int queries)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            for (var i = 0; i < queries; i++) await _entered.Reader.ReadAsync(deadline.Token);
        }

        public async ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken)
        {
            _entered.Writer.TryWrite(true);
            await _gate.Task.WaitAsync(cancellationToken);
            return CFindAnswer.Found(AsyncEnumerable.Empty<DataSet>());
        }
    }
}
