using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Fuzz;

/// <summary>How a scripted session must end.</summary>
internal enum SessionEnd
{
    /// <summary>The peer just goes away, or aborts: the acceptor says nothing.</summary>
    Silent,
    Rejected,
    Aborted,
    Released,
}

/// <summary>A session of a peer, made of whole moves, and the model's account of what an acceptor must answer to it
/// (PS3.8 table 9-10, reliability rules A1 and A3).</summary>
internal sealed class SessionScript
{
    private const byte Echo = 1;
    private const byte Ct = 3;
    private const byte Find = 5;

    private readonly Random _random;
    private readonly Mutant _bytes;
    private ushort _messageId;

    private SessionScript(Random random, Mutant bytes)
    {
        _random = random;
        _bytes = bytes;
        bytes.Set([]);
    }

    /// <summary>True if an A-ASSOCIATE-AC must come.</summary>
    public bool IsAccepted { get; private set; }

    public SessionEnd End { get; private set; }

    /// <summary>The A-ASSOCIATE-RJ or A-ABORT that must be the last PDU.</summary>
    public byte[] Farewell { get; private set; } = [];

    /// <summary>The final status of each message that was sent whole.</summary>
    public Dictionary<ushort, ushort> Answers { get; } = [];

    /// <summary>What must have been stored.</summary>
    public Dictionary<string, byte[]> Stored { get; } = [];

    /// <summary>Whether all answers must have come: not if the session broke off over operations under way.</summary>
    public bool IsOrderly { get; private set; } = true;

    public static SessionScript Create(Random random, Mutant bytes)
    {
        var script = new SessionScript(random, bytes);
        script.Write();
        return script;
    }

    private void Write()
    {
        if (_random.Next(6) == 0)
        {
            BadBeginning();
            return;
        }

        var window = _random.Next(3) == 0 ? _random.Next(0, 5) : -1;
        Add(AssociateEncoder.Encode(Request(window)));
        IsAccepted = true;
        var hasOperations = window is 0 or > 1;
        for (var moves = _random.Next(6); moves > 0; moves--) hasOperations |= Message();
        switch (_random.Next(4))
        {
            case 0:
                // Whatever follows the end of the association is not looked at.
                End = SessionEnd.Released;
                Add(FixedPdu.ReleaseRq());
                if (_random.Next(3) == 0) Garbage();
                break;
            case 1:
                End = SessionEnd.Silent;
                IsOrderly = !hasOperations;
                if (_random.Next(2) == 0) Add(Pdus.Abort(0, 0));
                else if (_random.Next(2) == 0) Unfinished();
                break;
            default:
                IsOrderly = !hasOperations;
                Violate();
                if (_random.Next(2) == 0) Garbage();
                break;
        }
    }

    private AssociateRequest Request(int window)
    {
        var request = Pdus.Request(
            "ARCHIVE", "MODALITY",
            (SopClass.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid),
            (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid),
            (SopClass.StudyRootQueryRetrieveInformationModelFind, TransferSyntax.ImplicitVRLittleEndian.Uid));
        return request with
        {
            User = request.User with
            {
                MaximumLength = _random.Next(4) switch { 0 => 0, 1 => 4_096, 2 => (uint)_random.Next(), _ => 131_072 },
                AsyncOperations = window < 0 ? null : new AsyncOperationsWindow((ushort)window, 1),
            },
        };
    }

    // Sta2: what is no acceptable A-ASSOCIATE-RQ.
    private void BadBeginning()
    {
        switch (_random.Next(10))
        {
            case 0:
                Rejected(Request(-1) with { CalledAe = AeTitle.Parse("OTHER") }, 1, 1, 7);
                break;
            case 1:
                Rejected(Request(-1) with { ProtocolVersion = 2 }, 1, 2, 2);
                break;
            case 2:
                Rejected(Request(-1) with { ApplicationContext = Uid.Parse("1.2.3") }, 1, 1, 2);
                break;
            case 3:
                Aborted(2, Pdus.PData(Echo, true, true, [1, 2]));
                break;
            case 4:
                Aborted(2, _random.Next(2) == 0 ? FixedPdu.ReleaseRq() : FixedPdu.ReleaseRp());
                break;
            case 5:
                Aborted(2, _random.Next(2) == 0 ? Pdus.Reject(1, 1, 1) : [0x02, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
                break;
            case 6:
                Aborted(1, [(byte)_random.Next(8, 256), 0, 0, 0, 0, 4, 0, 0, 0, 0]);
                break;
            case 7:
                Aborted(6, [0x01, 0, .. BigEndian(_random.Next(Limits.AssociateRequestBytesMax + 1, int.MaxValue))]);
                break;
            case 8:
                End = SessionEnd.Silent;
                Add(Pdus.Abort((byte)_random.Next(3), (byte)_random.Next(8)));
                break;
            default:
                End = SessionEnd.Silent;
                var whole = AssociateEncoder.Encode(Request(-1));
                Add(whole.AsSpan(0, _random.Next(whole.Length)));
                return;
        }

        if (_random.Next(2) == 0) Garbage();
    }

    /// <returns>True if it is an operation that runs beside the reading.</returns>
    private bool Message()
    {
        var id = ++_messageId;
        switch (_random.Next(8))
        {
            case 0:
                Command(Echo, Pdus.EchoRq(id));
                Answers[id] = 0x0000;
                return false;
            case 1:
                var find = new CommandSet
                {
                    CommandField = CommandField.CFindRq, MessageId = id, DataSetType = CommandSet.WithDataSet,
                    AffectedSopClassUid = SopClass.StudyRootQueryRetrieveInformationModelFind,
                };
                Command(Find, find);
                // (0008,0052) CS STUDY.
                Data(Find, Convert.FromHexString("0800520006000000535455445920"));
                Answers[id] = 0x0000;
                return true;
            case 2:
                Command(Echo, new CommandSet
                {
                    CommandField = CommandField.CCancelRq,
                    MessageIdBeingRespondedTo = (ushort)_random.Next(40_000, 60_000),
                });
                return false;
            case 3:
                // A context of another service.
                var misplaced = Pdus.StoreRq(id, $"1.2.{id}");
                Command(Echo, misplaced);
                Data(Echo, [1, 2]);
                Answers[id] = DimseStatus.UnrecognizedOperation.Code;
                return false;
            case 4:
                var other = Pdus.StoreRq(id, $"1.2.{id}");
                other.AffectedSopClassUid = SopClass.MRImageStorage;
                Command(Ct, other);
                Data(Ct, Bytes());
                Answers[id] = DimseStatus.SopClassNotSupported.Code;
                return false;
            case 5:
                var unnamed = Pdus.StoreRq(id, $"1.2.{id}");
                unnamed.AffectedSopInstanceUid = default;
                Command(Ct, unnamed);
                Data(Ct, Bytes());
                Answers[id] = DimseStatus.InvalidSopInstance.Code;
                return false;
            default:
                Command(Ct, Pdus.StoreRq(id, $"1.2.{id}"));
                var dataSet = Bytes();
                Data(Ct, dataSet);
                Answers[id] = 0x0000;
                Stored[$"1.2.{id}"] = dataSet;
                return false;
        }
    }

    // Sta6: what ends an association by A-ABORT.
    private void Violate()
    {
        var store = Pdus.StoreRq(++_messageId, "1.2");
        switch (_random.Next(14))
        {
            case 0:
                Aborted(1, [(byte)_random.Next(8, 256), 0, .. BigEndian(_random.Next()), 0, 0]);
                break;
            case 1:
                Aborted(2, AssociateEncoder.Encode(Request(-1)));
                break;
            case 2:
                Aborted(2, FixedPdu.ReleaseRp());
                break;
            case 3:
                Aborted(2, Pdus.Reject(1, 1, 1));
                break;
            case 4:
                Aborted(6, [0x04, 0, .. BigEndian(_random.Next(Limits.PduLengthOffered + 1, int.MaxValue))]);
                break;
            case 5:
                Aborted(6, [0x04, 0, 0, 0, 0, (byte)_random.Next(6), 0, 0, 0, 0, 0, 0]);
                break;
            case 6:
                Aborted(6, Pdus.PData((byte)(_random.Next(4, 128) * 2), true, true, Pdus.Encode(Pdus.EchoRq(1))));
                break;
            case 7:
                Aborted(2, Pdus.PData(Ct, isCommand: false, isLast: _random.Next(2) == 0, [1, 2]));
                break;
            case 8:
                Aborted(2, Pdus.Command(Echo, Pdus.EchoRq(1).Respond(DimseStatus.Success)));
                break;
            case 9:
                Aborted(6, Pdus.PData(Echo, true, true, [8, 0, 0, 0, 0, 0, 0, 0]));
                break;
            case 10:
                Aborted(2, [.. Pdus.Command(Ct, store), .. FixedPdu.ReleaseRq()]);
                break;
            case 11:
                Aborted(2, [.. Pdus.Command(Ct, store), .. Pdus.Command(Ct, store)]);
                break;
            case 12:
                Aborted(6, [.. Pdus.Command(Ct, store), .. Pdus.PData(Echo, false, true, [1, 2])]);
                break;
            default:
                // An odd fragment, within its PDU.
                Aborted(6, [0x04, 0, 0, 0, 0, 8, 0, 0, 0, 3, Echo, 3, 0, 0]);
                break;
        }
    }

    private void Unfinished()
    {
        var pdus = new List<byte>(Pdus.Command(Ct, Pdus.StoreRq(++_messageId, "1.2.3.4")));
        pdus.AddRange(Pdus.PData(Ct, false, false, Bytes()));
        Add(pdus.GetRange(0, _random.Next(pdus.Count)).ToArray());
    }

    private void Garbage()
    {
        var garbage = new byte[_random.Next(1, 200)];
        _random.NextBytes(garbage);
        Add(garbage);
    }

    private byte[] Bytes()
    {
        var bytes = new byte[_random.Next(8) == 0 ? _random.Next(0, 4_000) * 2 : _random.Next(0, 100) * 2];
        _random.NextBytes(bytes);
        return bytes;
    }

    private void Command(byte context, CommandSet command) => Fragments(context, true, Pdus.Encode(command));

    private void Data(byte context, byte[] dataSet) => Fragments(context, false, dataSet);

    // PS3.8 E.1: any number of fragments, any number of them in a PDU; also empty ones.
    private void Fragments(byte context, bool isCommand, ReadOnlySpan<byte> rest)
    {
        var pdu = new List<byte>();
        while (true)
        {
            var isWhole = _random.Next(3) > 0;
            var length = isWhole ? rest.Length : Math.Min(rest.Length, _random.Next(0, (rest.Length / 2) + 1) * 2);
            var isLast = length == rest.Length && _random.Next(8) > 0;
            pdu.AddRange(Pdus.PData(context, isCommand, isLast, rest[..length]).AsSpan(PduHeader.Size));
            rest = rest[length..];
            if (!isLast && _random.Next(2) == 0 && pdu.Count < 60_000) continue;
            var header = new byte[PduHeader.Size];
            PduHeader.Write(header, PduType.PDataTf, pdu.Count);
            Add(header);
            Add(pdu.ToArray());
            pdu.Clear();
            if (isLast) return;
        }
    }

    private void Rejected(AssociateRequest request, byte result, byte source, byte reason)
    {
        Add(AssociateEncoder.Encode(request));
        End = SessionEnd.Rejected;
        Farewell = Pdus.Reject(result, source, reason);
    }

    private void Aborted(byte reason, params ReadOnlySpan<byte> pdus)
    {
        Add(pdus);
        End = SessionEnd.Aborted;
        Farewell = Pdus.Abort(2, reason);
    }

    private void Add(ReadOnlySpan<byte> bytes) => _bytes.Insert(_bytes.Length, bytes);

    private static byte[] BigEndian(int value) =>
        [(byte)(value >> 24), (byte)((value >> 16) & 0xFF), (byte)((value >> 8) & 0xFF), (byte)(value & 0xFF)];
}
