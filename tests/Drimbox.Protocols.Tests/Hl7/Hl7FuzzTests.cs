using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Profiles;
using Drimbox.Tests.Dicom.Fuzz;

namespace Drimbox.Tests.Hl7;

/// <summary>Campaign F3: damaged messages in their frames, as a connection gets them, and bytes that are no
/// frames.</summary>
[Requirement("reliability F3")]
public sealed class Hl7FuzzTests(ITestOutputHelper output)
{
    private static readonly MessageProfile[] Profiles =
    [
        TeleradiologyProfiles.Flux1, TeleradiologyProfiles.Flux2, TeleradiologyProfiles.Flux3,
        TeleradiologyProfiles.Flux4, StudyChangeProfile.Omi,
        CdaProfiles.Oru21, CdaProfiles.Oru20, CdaProfiles.Mdm21, CdaProfiles.Mdm20,
    ];

    private static readonly byte[][] Seeds =
    [
        .. new[]
        {
            Fixtures.Flux1, Fixtures.Flux2, Fixtures.Flux3, Fixtures.Flux4, Fixtures.Notice, Fixtures.Oru,
            Fixtures.Mdm, Fixtures.MdmT10, Fixtures.MdmT04,
        }.Select(Er7Text.Bytes),
    ];

    [Fact]
    public async Task Every_input_with_a_readable_header_gets_exactly_one_acknowledgement()
    {
        var campaign = new FuzzCampaign(output, percent: 20);
        var (accepted, refused, closed, broken) = (0, 0, 0, 0);
        var isAll = await campaign.RunAsync(execution =>
        {
            var random = execution.Random;
            var input = Mutate(random, Seeds[random.Next(Seeds.Length)]);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var answers = Converse(MllpFrame.Wrap(input), random);
            FuzzBound.Holds(before, input.Length);

            var isReadable = Er7Message.TryRead(input, out _) is not null;
            var isOneFrame = !input.AsSpan().ContainsAny((byte)0x0B, (byte)0x1C);
            if (isOneFrame) Assert.Equal(isReadable ? 1 : 0, answers.Count);
            // Whatever the bytes cut it into, a piece has one answer at most.
            else Assert.InRange(answers.Count, 0, 1 + input.Count(b => b is 0x0B or 0x1C));
            var codes = answers.Select(CodeOf).ToList();
            if (!isOneFrame) broken++;
            else if (codes.Count == 0) closed++;
            else if (codes[0] == "AA") accepted++;
            else refused++;
            return default;
        });

        output.WriteLine($"{accepted} AA, {refused} AE, {closed} closed, {broken} with broken frames");
        if (!isAll) return;
        // The mutations must reach all ends, or the test is blind.
        Assert.InRange(accepted, campaign.Executions / 50, campaign.Executions);
        Assert.InRange(refused, campaign.Executions / 5, campaign.Executions);
        Assert.InRange(closed, campaign.Executions / 100, campaign.Executions / 2);
        Assert.InRange(broken, campaign.Executions / 100, campaign.Executions / 2);
    }

    [Fact]
    public async Task Random_bytes_never_stop_the_framing()
    {
        var campaign = new FuzzCampaign(output, percent: 30);
        var (frames, violations) = (0, 0);
        var isAll = await campaign.RunAsync(execution =>
        {
            var random = execution.Random;
            var buffer = new MllpFrameBuffer(256);
            for (var step = 0; step < 8; step++)
            {
                var free = buffer.Writable().Span;
                var count = random.Next(1, 100);
                for (var at = 0; at < count; at++)
                    free[at] = random.Next(4) == 0 ? (byte)"\v\u001c\r\n"[random.Next(4)] : (byte)random.Next(256);
                buffer.Advance(count);
                MllpRead read;
                while ((read = buffer.TryRead(out var frame, out _)) == MllpRead.Frame)
                {
                    Assert.InRange(frame.Length, 0, 256);
                    frames++;
                }

                if (read != MllpRead.Violation) continue;
                violations++;
                break;
            }

            return default;
        });
        if (!isAll) return;
        Assert.InRange(frames, 1, int.MaxValue);
        Assert.InRange(violations, campaign.Executions / 10, campaign.Executions);
    }

    /// <summary>The same over sockets, a connection for each: the answer is there before the connection closes.</summary>
    [Fact]
    public async Task On_the_wire_every_input_with_a_readable_header_gets_exactly_one_acknowledgement()
    {
        const int Inputs = 500;
        var random = Seeded.Random();
        await using var door = new MllpDoor(
            (frame, _, _) => ValueTask.FromResult(Answer(frame)),
            new MllpListenerOptions { ConnectionsPerPeerMax = Limits.MllpConnectionsMax });
        for (var i = 0; i < Inputs; i++)
        {
            var input = Mutate(random, Seeds[random.Next(Seeds.Length)]);
            if (input.AsSpan().ContainsAny((byte)0x0B, (byte)0x1C)) continue;
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(door.Listener.LocalEndPoint);
            var stream = client.GetStream();
            await stream.WriteAsync(MllpFrame.Wrap(input));
            client.Client.Shutdown(SocketShutdown.Send);
            var answer = await MllpDoor.ReadToEndAsync(stream);

            Assert.Equal(
                Er7Message.TryRead(input, out _) is not null ? 1 : 0,
                answer.Split("\u001c\r", StringSplitOptions.RemoveEmptyEntries).Length);
        }
    }

    /// <summary>What a connection does with a stream of bytes that arrives in pieces and then ends.</summary>
    private static List<ReadOnlyMemory<byte>> Converse(byte[] stream, Random random)
    {
        var answers = new List<ReadOnlyMemory<byte>>();
        var buffer = new MllpFrameBuffer(Limits.MllpFrameBytesMax);
        for (var at = 0; ;)
        {
            switch (buffer.TryRead(out var frame, out var refusal))
            {
                case MllpRead.Frame:
                    if (Answer(frame) is not { } answer) return answers;
                    answers.Add(answer);
                    continue;
                case MllpRead.Violation:
                    if (Refuse(buffer, refusal!) is { } ack) answers.Add(ack);
                    return answers;
            }

            if (at == stream.Length)
            {
                var cut = new Refusal(RefusalReason.Malformed, "A frame that breaks off.");
                if (buffer.HasRest && Refuse(buffer, cut) is { } last) answers.Add(last);
                return answers;
            }

            var free = buffer.Writable();
            var count = Math.Min(Math.Min(random.Next(1, 2_000), free.Length), stream.Length - at);
            stream.AsSpan(at, count).CopyTo(free.Span);
            buffer.Advance(count);
            at += count;
        }
    }

    private static ReadOnlyMemory<byte>? Answer(ReadOnlyMemory<byte> frame)
    {
        if (MessageValidator.Read(frame, Profiles) is not { } reading) return null;
        var refusal = reading.Refusal ?? ReadValue(reading);
        return AckWriter.Write(reading.Message, refusal, DateTimeOffset.UnixEpoch, "A1");
    }

    private static ReadOnlyMemory<byte>? Refuse(MllpFrameBuffer buffer, Refusal refusal) =>
        AckWriter.WriteForBeginning(buffer.Beginning, refusal, DateTimeOffset.UnixEpoch, "A1");

    // An acknowledgement is well-formed whatever it answers.
    private static string CodeOf(ReadOnlyMemory<byte> answer)
    {
        var ack = Er7Message.TryRead(answer, out var broken)!;
        Assert.Null(broken);
        var code = ack.Get("MSA-1");
        Assert.Equal(code == "AA" ? ["MSH", "MSA"] : ["MSH", "MSA", "ERR"], ack.Segments.Select(s => s.Name));
        Assert.Contains(code, (string[])["AA", "AE"]);
        return code;
    }

    private static Refusal? ReadValue(MessageReading reading)
    {
        Refusal? refusal = null;
        switch (reading.Profile!.Id)
        {
            case "TLR-1": TeleradiologyReader.TryReadRequests(reading, out refusal); break;
            case "TLR-2": TeleradiologyReader.TryReadCancellations(reading, out refusal); break;
            case "TLR-3": TeleradiologyReader.TryReadResponses(reading, out refusal); break;
            case "TLR-4": TeleradiologyReader.TryReadPostExaminations(reading, out refusal); break;
            case "DRIM-OMI": TeleradiologyReader.TryReadStudyChanges(reading, out refusal); break;
            default:
                ReportMessageReader.TryRead(reading.Message, _ => (Fixtures.Header, null), out refusal);
                break;
        }

        return refusal;
    }

    // One to four of: another byte, a delimiter, bytes cut out, bytes doubled, a segment moved, the end cut off.
    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = seed.ToList();
        var changes = random.Next(1, 5);
        for (var i = 0; i < changes && bytes.Count > 1; i++)
        {
            var at = random.Next(bytes.Count);
            var count = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(8))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] = (byte)@"|^~\&"[random.Next(5)]; break;
                case 2: bytes.Insert(at, (byte)"\r\n\v\u001c|^~\\&\""[random.Next(10)]); break;
                case 3: bytes.RemoveRange(at, count); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, count)); break;
                case 5: bytes.InsertRange(at,
                    Enumerable.Repeat((byte)"~^&|\r\\"[random.Next(6)], random.Next(1, 2_000))); break;
                case 6: bytes.RemoveRange(at, bytes.Count - at); break;
                case 7: bytes[at] = (byte)('0' + random.Next(10)); break;
            }
        }

        return [.. bytes];
    }
}
