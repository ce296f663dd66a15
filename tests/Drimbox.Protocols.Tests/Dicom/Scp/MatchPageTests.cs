using System.Runtime.CompilerServices;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>Matches that an SCP writes by the page.</summary>
public sealed class MatchPageTests
{
    private static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;

    public static TheoryData<int, bool> Peers => new() { { 128 * 1024, true }, { 128 * 1024, false }, { 128, true } };

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task What_a_page_writes_is_what_the_caller_reads(int pduLength, bool isExplicit)
    {
        var scp = new PageFind(_ => Pages(3, 100));
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        var syntax = isExplicit ? TransferSyntax.ExplicitVRLittleEndian : TransferSyntax.ImplicitVRLittleEndian;
        await using var association = await Association.RequestAsync(
            server.Request(new ProposedContext(Find, syntax.Uid)) with { MaximumLength = pduLength });
        var matches = await new CFindScu(association).FindAsync(Find, Query()).ToListAsync();
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"{i}"), matches.Select(m => m.GetString(Tag.StudyID)));
        Assert.All(matches, match =>
        {
            Assert.Equal("MÜLLER^ZOÉ", match.GetString(Tag.PatientName));
            Assert.Equal(512, match.GetInt(Tag.Rows));
            var item = Assert.Single(match.GetItems(Tag.RequestAttributesSequence));
            Assert.Equal("RP-1", item.GetString(Tag.RequestedProcedureID));
            Assert.True(match.Contains(Tag.AccessionNumber));
        });
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task A_value_too_long_for_its_VR_is_UN_and_a_long_match_is_cut_into_PDUs()
    {
        var text = new string('x', 70_000);
        var scp = new PageFind(_ => One(writer => writer.Write(Tag.StudyDescription, Vr.LO, Encoding.ASCII.GetBytes(text))));
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        await using var association = await Association.RequestAsync(
            server.Request(CFindScu.ContextFor(Find)) with { MaximumLength = 16 * 1024 });
        var match = Assert.Single(await new CFindScu(association).FindAsync(Find, Query()).ToListAsync());
        Assert.True(match.TryGet(Tag.StudyDescription, out var element));
        Assert.Equal((Vr.UN, 70_000), (element.Vr, element.Length));
    }

    [Fact]
    public async Task One_more_than_the_limit_of_the_answer_is_A700_with_a_comment()
    {
        foreach (var (max, isOver) in ((int, bool)[])[(299, true), (300, false), (100, true)])
        {
            var scp = new PageFind(_ => Pages(3, 100), max);
            await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
            await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Find)));
            var count = 0;
            var error = await Record.ExceptionAsync(async () =>
            {
                await foreach (var match in new CFindScu(association).FindAsync(Find, Query())) count++;
            });
            Assert.Equal(Math.Min(max, 300), count);
            if (!isOver)
            {
                Assert.Null(error);
                continue;
            }

            var failure = Assert.IsType<DimseFailureException>(error);
            Assert.Equal(DimseStatus.OutOfResources, failure.Status);
            Assert.Contains("Too many matches", failure.Message, StringComparison.Ordinal);
            await association.ReleaseAsync();
        }
    }

    [Fact]
    public async Task Pages_without_end_stop_at_C_CANCEL_with_FE00()
    {
        var stopped = new TaskCompletionSource();
        var scp = new PageFind(token => Endless(stopped, token), int.MaxValue);
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        using var peer = RawPeer.Associate(
            server.EndPoint, Pdus.Request("ARCHIVE", "MODALITY", (Find, TransferSyntax.ImplicitVRLittleEndian.Uid)));
        var command = new CommandSet
        {
            CommandField = CommandField.CFindRq,
            MessageId = 7,
            AffectedSopClassUid = Find,
            DataSetType = CommandSet.WithDataSet,
        };
        peer.Send(Pdus.Command(1, command));
        peer.Send(Pdus.PData(
            1, false, true, DataSetWriter.ToBytes(Query(), TransferSyntax.ImplicitVRLittleEndian)));
        Assert.Equal(DimseStatus.Pending, peer.ReadCommand().Status);
        peer.Send(
            Pdus.Command(1, new CommandSet { CommandField = CommandField.CCancelRq, MessageIdBeingRespondedTo = 7 }));
        while (true)
        {
            var pdu = peer.ReadPdu();
            if ((pdu[11] & 1) == 0) continue;
            Assert.True(CommandSetCodec.TryDecode(pdu.AsSpan(12), default, out var response));
            if (response.Status!.Value.IsPending) continue;
            Assert.Equal(DimseStatus.Cancelled, response.Status);
            break;
        }

        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task The_matches_of_pages_can_be_read_as_data_sets()
    {
        var answer = CFindAnswer.Found(Pages(2, 10), withUnsupportedKeys: false);
        var matches = await answer.Matches!.ToListAsync();
        Assert.Equal(20, matches.Count);
        Assert.Equal("MÜLLER^ZOÉ", matches[7].GetString(Tag.PatientName));
    }

    private static DataSet Query()
    {
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, "STUDY");
        return query;
    }

    private static async IAsyncEnumerable<MatchPage> Pages(int count, int size)
    {
        for (var page = 0; page < count; page++)
        {
            await Task.Yield();
            yield return new StudyPage(page * size, size, page == count - 1);
        }
    }

    private static async IAsyncEnumerable<MatchPage> One(Action<MatchWriter> write)
    {
        await Task.Yield();
        yield return new WrittenPage(write);
    }

    private static async IAsyncEnumerable<MatchPage> Endless(
        TaskCompletionSource stopped, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            for (var from = 0; ; from += 10)
            {
                await Task.Yield();
                yield return new StudyPage(from, 10, isLast: false);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            stopped.TrySetResult();
        }
    }

    private sealed class PageFind(Func<CancellationToken, IAsyncEnumerable<MatchPage>> pages, int max = 10_000) : ICFindScp
    {
        public IReadOnlyCollection<Uid> SopClasses { get; } = [Find];

        public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken) =>
            new(CFindAnswer.Found(pages(cancellationToken), withUnsupportedKeys: false) with { ResultsMax = max });
    }

    private sealed class StudyPage(int from, int count, bool isLast) : MatchPage
    {
        public override int Count => count;

        public override bool IsLast => isLast;

        public override void Write(int index, MatchWriter writer)
        {
            writer.Write(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 100"u8);
            writer.Write(Tag.AccessionNumber, Vr.SH, []);
            writer.WriteLatin1(Tag.PatientName, Vr.PN, "MÜLLER^ZOÉ"u8);
            writer.Write(Tag.StudyID, Vr.SH, Encoding.ASCII.GetBytes($"{from + index}"));
            writer.Write(Tag.Rows, Vr.US, [0, 2]);
            var sequence = writer.BeginSequence(Tag.RequestAttributesSequence);
            var item = writer.BeginItem();
            writer.Write(Tag.RequestedProcedureID, Vr.SH, "RP-1"u8);
            writer.End(item);
            writer.End(sequence);
        }
    }

    private sealed class WrittenPage(Action<MatchWriter> write) : MatchPage
    {
        public override int Count => 1;

        public override bool IsLast => true;

        public override void Write(int index, MatchWriter writer) => write(writer);
    }
}
