using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Receivers;

/// <summary>A C-STORE-RQ with its data set as it goes over the wire, made once: each further instance is these bytes
/// with another message id and another SOP Instance UID, so that sending costs one system call.</summary>
internal sealed class StoreMessage
{
    public const byte ContextId = 1;
    public const byte EchoContextId = 3;

    private const int Headers = PduHeader.Size + PdvHeader.Size;

    private readonly int _uidInDataSet;
    private readonly uint _run;
    private readonly int _lane;

    /// <param name="run">Makes the UIDs of a run its own.</param>
    /// <param name="lane">The association, 0 to 999: its UIDs, and its study.</param>
    /// <param name="pduLength">The longest body of a P-DATA-TF that the receiver takes.</param>
    public StoreMessage(ImageSet set, uint run, int lane, int pduLength)
    {
        _run = run;
        _lane = lane;
        var uid = UidOf(2);
        var dataSet = set.DataSetFor(UidOf(0), UidOf(1), uid);
        Request = new CommandSet
        {
            CommandField = CommandField.CStoreRq,
            MessageId = 1,
            AffectedSopClassUid = set.SopClass,
            AffectedSopInstanceUid = uid,
            Priority = DimsePriority.Medium,
            DataSetType = CommandSet.WithDataSet,
        };
        var command = new byte[512];
        var commandLength = CommandSetCodec.Encode(Request, command);
        var fragment = pduLength - PdvHeader.Size;
        var pdus = (dataSet.Length + fragment - 1) / fragment;
        Bytes = new byte[Headers + commandLength + (pdus * Headers) + dataSet.Length];

        var place = WriteHeaders(0, commandLength, isCommand: true, isLast: true);
        command.AsSpan(0, commandLength).CopyTo(Bytes.AsSpan(place));
        HeadLength = place + commandLength;
        MessageIdOffset = place + ValueOf(0x0110, Bytes.AsSpan(place, commandLength));
        UidOffset = place + ValueOf(0x1000, Bytes.AsSpan(place, commandLength));
        place += commandLength;
        for (var from = 0; from < dataSet.Length; from += fragment)
        {
            var count = Math.Min(fragment, dataSet.Length - from);
            place = WriteHeaders(place, count, isCommand: false, isLast: from + count == dataSet.Length);
            dataSet.AsSpan(from, count).CopyTo(Bytes.AsSpan(place));
            place += count;
        }

        _uidInDataSet = HeadLength + Bytes.AsSpan(HeadLength).IndexOf(Encoding.ASCII.GetBytes(uid.ToString()));
    }

    /// <summary>All of the message.</summary>
    public byte[] Bytes { get; }

    /// <summary>The command, with its headers: the data set follows.</summary>
    public int HeadLength { get; }

    public int MessageIdOffset { get; }

    public int UidOffset { get; }

    public int UidLength => UidOf(0).ToString().Length;

    public CommandSet Request { get; }

    /// <summary>Makes it the message for the next instance.</summary>
    /// <param name="number">0 to 999,999,996: its place in the run.</param>
    public void Become(int number)
    {
        var uid = UidOf(number + 3);
        Request.MessageId = (ushort)((number % ushort.MaxValue) + 1);
        Request.AffectedSopInstanceUid = uid;
        BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(MessageIdOffset), Request.MessageId);
        Encoding.ASCII.GetBytes(uid.ToString(), Bytes.AsSpan(UidOffset));
        Encoding.ASCII.GetBytes(uid.ToString(), Bytes.AsSpan(_uidInDataSet));
    }

    /// <summary>The value of an element of a command set, as an offset.</summary>
    public static int ValueOf(ushort element, ReadOnlySpan<byte> command)
    {
        for (var at = 0; at < command.Length; at += 8 + BinaryPrimitives.ReadInt32LittleEndian(command[(at + 4)..]))
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(command[(at + 2)..]) == element) return at + 8;
        }

        throw Invariant.Unreachable(element);
    }

    // PS3.5 B.2: under 2.25 any integer; 28 characters for every instance, so that all messages have one length.
    private Uid UidOf(int number) =>
        Uid.Parse(string.Create(CultureInfo.InvariantCulture, $"2.25.1{_run:D10}{_lane:D3}{number:D9}"));

    private int WriteHeaders(int place, int count, bool isCommand, bool isLast)
    {
        PduHeader.Write(Bytes.AsSpan(place), PduType.PDataTf, PdvHeader.Size + count);
        PdvHeader.Write(Bytes.AsSpan(place + PduHeader.Size), count, ContextId, isCommand, isLast);
        return place + Headers;
    }
}
