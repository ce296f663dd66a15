using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Tests.Dicom.Attacks;

namespace Drimbox.Tests.Dicom.Fuzz;

/// <summary>Campaign F1: the acceptor's own session, from its first byte to its last, against sequences of PDUs. Half
/// of them are moves of a model that says what must be answered; the other half are damaged besides.</summary>
[Requirement("reliability F1")]
public sealed class SessionFuzzTests(ITestOutputHelper output)
{
#if DEBUG
    // Without optimisation each call of an asynchronous method is an object, and there are some to each receive.
    private const int BytesPerReceive = 2_000;
#else
    private const int BytesPerReceive = 0;
#endif

    private readonly FuzzedServices _services = new();
    private readonly RecordingLog _log = new();
    private readonly Mutant _bytes = new();
    private readonly int[] _ends = new int[4];
    private int _answers;

    [Fact]
    public async Task Whatever_a_peer_sends_the_session_answers_as_the_model_and_ends()
    {
        var campaign = new FuzzCampaign(output, percent: 40);
        var options = TestAcceptor.Options with { Store = _services, Find = [_services] };
        var (negotiation, admission) = (new Negotiation(options), new Admission(options));
        var (damaged, accepted) = (0, 0);
        var isAll = await campaign.RunAsync(async execution =>
        {
            var random = execution.Random;
            var script = SessionScript.Create(random, _bytes);
            var isDamaged = random.Next(2) == 0;
            if (isDamaged) Damage(random);
            var sendMax = isDamaged && random.Next(8) == 0 ? random.Next(400) : int.MaxValue;
            for (var attempt = 1; ; attempt++)
            {
                _services.Reset();
                _log.Clear();
                using var transport = new ScriptedTransport(
                    _bytes.Memory, new Random(execution.Index), random.Next(3) == 0 ? 7 : 70_000, sendMax);
                var before = GC.GetAllocatedBytesForCurrentThread();
                var session = new AssociationSession(
                    transport, options, negotiation, admission, _log, TimeProvider.System,
                    CancellationToken.None);
                var running = session.RunAsync();
                // Without operations beside the reading all of it ran in that call, and can be measured.
                var isMeasured = running.IsCompleted;
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before
                    - (transport.Receives * BytesPerReceive);
                await running;
                AssertEnded(transport, admission, isCut: sendMax != int.MaxValue);
                // A receive buffer may have been made for the pool, which keeps it: then measured again.
                if (isMeasured && allocated > (4L * _bytes.Length) + (1024 * 1024) && attempt < 5) continue;
                Assert.True(
                    !isMeasured || allocated <= (4L * _bytes.Length) + (1024 * 1024),
                    $"{allocated} bytes for {_bytes.Length} bytes of input");
                if (!isDamaged) AssertAsModelled(script, transport.Sent);
                break;
            }

            damaged += isDamaged ? 1 : 0;
            accepted += script.IsAccepted ? 1 : 0;
        });
        output.WriteLine(
            $"{accepted} of them with an association, {damaged} damaged; of the others "
            + string.Join(", ", _ends.Select((count, end) => $"{count} {(SessionEnd)end}")) + $"; {_answers} answers");
        if (!isAll) return;
        Assert.All(_ends, count => Assert.InRange(count, campaign.Executions / 100, campaign.Executions));
        Assert.InRange(_answers, campaign.Executions / 4, int.MaxValue);
    }

    private void Damage(Random random)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            if (random.Next(2) == 0 || _bytes.Length < 16) _bytes.Damage(random);
            else _bytes.PutLength(random, random.Next(_bytes.Length - 8), isBigEndian: true);
        }
    }

    // What holds for every session, however broken.
    private void AssertEnded(ScriptedTransport transport, Admission admission, bool isCut)
    {
        Assert.Null(_log.Fault);
        _services.AssertSettled();
        Assert.Equal(0, admission.AssociationCount);
        var reader = new SentPdus(transport.Sent, isCut);
        Assert.True(reader.IsWellFormed, Convert.ToHexString(transport.Sent));
    }

    private void AssertAsModelled(SessionScript script, ReadOnlySpan<byte> sent)
    {
        var pdus = new SentPdus(sent, isCut: false);
        _ends[(int)script.End]++;
        Assert.Equal(script.IsAccepted, pdus.IsAccepted);
        byte[] farewell = script.End switch
        {
            SessionEnd.Silent => [],
            SessionEnd.Released => FixedPdu.ReleaseRp(),
            _ => script.Farewell,
        };
        Assert.Equal(farewell, pdus.Farewell);
        Assert.False(pdus.HasRepeated);
        foreach (var (id, status) in pdus.Final)
        {
            Assert.True(script.Answers.TryGetValue(id, out var expected), $"An answer to nothing: {id}");
            Assert.Equal(expected, status);
        }

        if (!script.IsOrderly) return;
        _answers += pdus.Final.Count;
        Assert.Equal(script.Answers.Count, pdus.Final.Count);
        Assert.Equal(script.Stored.Count, _services.Stored.Count);
        foreach (var (uid, bytes) in script.Stored) Assert.Equal(bytes, _services.Stored[uid]);
    }

    /// <summary>What an acceptor sent, read by rules of its own.</summary>
    private sealed class SentPdus
    {
        private readonly List<byte> _command = [];
        private bool _inDataSet;

        public SentPdus(ReadOnlySpan<byte> sent, bool isCut)
        {
            IsWellFormed = true;
            while (IsWellFormed && !sent.IsEmpty)
            {
                if (sent.Length < PduHeader.Size || PduHeader.Read(sent).Length > (uint)(sent.Length - PduHeader.Size))
                {
                    IsWellFormed = isCut;
                    return;
                }

                var header = PduHeader.Read(sent);
                var whole = sent[..(PduHeader.Size + (int)header.Length)];
                sent = sent[whole.Length..];
                // AA-7: what comes in Sta13 may bring one more A-ABORT. Nothing else follows a farewell.
                if (Farewell.Length > 0)
                {
                    IsWellFormed = sent.IsEmpty && whole.SequenceEqual(Pdus.Abort(2, 2));
                    return;
                }

                // Nothing but a farewell comes before the acceptance.
                IsWellFormed = header.Type switch
                {
                    PduType.AssociateAc => !IsAccepted && (IsAccepted = true),
                    PduType.AssociateRj => !IsAccepted && Ends(whole),
                    PduType.Abort => Ends(whole),
                    PduType.ReleaseRp => IsAccepted && Ends(whole),
                    PduType.PDataTf => IsAccepted && TryReadPdvs(whole[PduHeader.Size..]),
                    _ => false,
                };
            }
        }

        public bool IsWellFormed { get; }

        public bool IsAccepted { get; private set; }

        public byte[] Farewell { get; private set; } = [];

        /// <summary>The final status of each message.</summary>
        public Dictionary<ushort, ushort> Final { get; } = [];

        /// <summary>A message was answered twice, which only damage to its id can bring about.</summary>
        public bool HasRepeated { get; private set; }

        private bool Ends(ReadOnlySpan<byte> pdu)
        {
            Farewell = pdu.ToArray();
            return pdu.Length == FixedPdu.Size;
        }

        private bool TryReadPdvs(ReadOnlySpan<byte> body)
        {
            while (!body.IsEmpty)
            {
                if (body.Length < PdvHeader.Size || !PdvHeader.TryRead(body, body.Length, out var pdv)) return false;
                var fragment = body.Slice(PdvHeader.Size, pdv.Length);
                body = body[(PdvHeader.Size + pdv.Length)..];
                if (pdv.IsCommand == _inDataSet) return false;
                if (pdv.IsCommand) _command.AddRange(fragment);
                if (!pdv.IsLast) continue;
                if (_inDataSet) _inDataSet = false;
                else if (!TryReadCommand()) return false;
            }

            return true;
        }

        private bool TryReadCommand()
        {
            if (!CommandSetCodec.TryDecode(_command.ToArray(), default, out var command)) return false;
            _command.Clear();
            _inDataSet = command.HasDataSet;
            if (!command.CommandField.IsResponse() || command.Status is not { } status) return false;
            if (!status.IsPending && !Final.TryAdd(command.MessageIdBeingRespondedTo, status.Code)) HasRepeated = true;
            return true;
        }
    }
}
