using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Receivers;

/// <summary>Where to send to.</summary>
internal sealed record Peer(IPEndPoint EndPoint, string CalledAe);

/// <summary>The sender of the comparison, the same for every receiver: one thread an association, one system call a
/// message, every response read and checked.</summary>
internal sealed class Sender(Peer peer, ImageSet set, uint run)
{
    /// <summary>Time for what has been sent to be taken by the receiver, in <see cref="MeasureTail"/>.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(3);

    /// <summary>Sends instances over associations that all stand before the clock starts.</summary>
    /// <returns>What was measured, as JSON.</returns>
    public string Send(int instances, int associations)
    {
        using var start = new Barrier(associations + 1);
        var failures = new List<Exception>();
        var lanes = Enumerable.Range(0, associations).Select(lane => new Thread(() =>
        {
            try
            {
                // The last lanes take one less, if it does not divide.
                RunLane(lane, (instances + associations - 1 - lane) / associations, start);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                lock (failures) failures.Add(e);
                start.RemoveParticipant();
            }
        })).ToArray();
        foreach (var lane in lanes) lane.Start();
        start.SignalAndWait();
        var processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        foreach (var lane in lanes) lane.Join();
        var seconds = clock.Elapsed.TotalSeconds;
        if (failures.Count > 0) throw new IOException(failures[0].Message, failures[0]);
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"instances":{{instances}},"seconds":{{seconds:F4}},"senderCpu":{{
                (Environment.CpuUsage.TotalTime - processor).TotalSeconds:F3}}}""");
    }

    /// <summary>The time from the last bytes of an instance to its response, beside that of a C-ECHO over the same
    /// association: all but the end is sent and taken before the clock starts.</summary>
    /// <returns>Percentiles in microseconds, as JSON.</returns>
    public string MeasureTail(int instances)
    {
        using var socket = Connect();
        var message = new StoreMessage(set, run, 0, Handshake.Associate(socket, set, peer.CalledAe));
        var echo = EchoMessage();
        var responses = new byte[1024];
        var store = new double[instances];
        var round = new double[instances];
        for (var i = 0; i < instances; i++)
        {
            message.Become(i);
            socket.Send(message.Bytes.AsSpan(..^1024));
            Thread.Sleep(Settle);
            var from = Stopwatch.GetTimestamp();
            socket.Send(message.Bytes.AsSpan(^1024..));
            var response = Handshake.ReceivePdu(socket, responses);
            store[i] = Stopwatch.GetElapsedTime(from).TotalMicroseconds;
            Check(message.Request, response.Span);
            Thread.Sleep(Settle);
            from = Stopwatch.GetTimestamp();
            socket.Send(echo);
            Handshake.ReceivePdu(socket, responses);
            round[i] = Stopwatch.GetElapsedTime(from).TotalMicroseconds;
        }

        Handshake.Release(socket);
        return $$"""{"store":{{Percentiles(store)}},"echo":{{Percentiles(round)}}}""";
    }

    private void RunLane(int lane, int instances, Barrier start)
    {
        using var socket = Connect();
        var message = new StoreMessage(set, run, lane, Handshake.Associate(socket, set, peer.CalledAe));
        var responses = new byte[1024];
        start.SignalAndWait();
        for (var i = 0; i < instances; i++)
        {
            message.Become(i);
            socket.Send(message.Bytes);
            Check(message.Request, Handshake.ReceivePdu(socket, responses).Span);
        }

        Handshake.Release(socket);
    }

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(peer.EndPoint);
        return socket;
    }

    private static void Check(CommandSet request, ReadOnlySpan<byte> pdu)
    {
        if ((PduType)pdu[0] != PduType.PDataTf
            || !CommandSetCodec.TryDecode(
                pdu[(PduHeader.Size + PdvHeader.Size)..], request.AffectedSopClassUid, out var response)
            || response.MessageIdBeingRespondedTo != request.MessageId
            || (!response.AffectedSopInstanceUid.IsEmpty
                && response.AffectedSopInstanceUid != request.AffectedSopInstanceUid)
            || response.Status is not { Code: 0 })
        {
            throw new InvalidDataException("The receiver did not answer with success for this instance.");
        }
    }

    private static byte[] EchoMessage()
    {
        const int Headers = PduHeader.Size + PdvHeader.Size;
        var bytes = new byte[Headers + 512];
        var request = new CommandSet
        {
            CommandField = CommandField.CEchoRq,
            MessageId = 1,
            AffectedSopClassUid = SopClass.Verification,
        };
        var length = CommandSetCodec.Encode(request, bytes.AsSpan(Headers));
        PduHeader.Write(bytes, PduType.PDataTf, PdvHeader.Size + length);
        PdvHeader.Write(bytes.AsSpan(PduHeader.Size), length, StoreMessage.EchoContextId, true, true);
        return bytes[..(Headers + length)];
    }

    private static string Percentiles(double[] microseconds)
    {
        Array.Sort(microseconds);
        double At(double part) => microseconds[(int)(part * (microseconds.Length - 1))];
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"p50":{{At(0.5):F0}},"p90":{{At(0.9):F0}},"p99":{{At(0.99):F0}}}""");
    }
}
