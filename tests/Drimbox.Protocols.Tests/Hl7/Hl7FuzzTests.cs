using System.Text;
using Drimbox.Core;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7;

public sealed class Hl7FuzzTests
{
    private const int Executions = 20_000;

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
    [Requirement("reliability F3")]
    public void Every_input_with_a_readable_header_gets_exactly_one_acknowledgement()
    {
        var random = Seeded.Random();
        var (acknowledged, accepted, closed) = (0, 0, 0);
        for (var i = 0; i < Executions; i++)
        {
            var input = Mutate(random, Seeds[random.Next(Seeds.Length)]);
            if (MessageValidator.Read(input, Profiles) is not { } reading)
            {
                closed++;
                continue;
            }

            var refusal = reading.Refusal ?? ReadValue(reading);
            var ack = Er7Message.TryRead(
                AckWriter.Write(reading.Message, refusal, DateTimeOffset.UnixEpoch, "A1"), out var broken)!;
            Assert.Null(broken);
            Assert.Equal(refusal is null ? ["MSH", "MSA"] : ["MSH", "MSA", "ERR"], ack.Segments.Select(s => s.Name));
            Assert.Equal(refusal is null ? "AA" : "AE", ack.Get("MSA-1"));
            acknowledged++;
            if (refusal is null) accepted++;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{acknowledged} acknowledged, {accepted} AA, {closed} closed");
        Assert.Equal(Executions, acknowledged + closed);
        // The mutations must reach all three ends, or the test is blind.
        Assert.InRange(accepted, Executions / 50, Executions);
        Assert.InRange(closed, Executions / 100, Executions / 2);
    }

    [Fact]
    public void Random_bytes_never_stop_the_framing()
    {
        var random = Seeded.Random();
        for (var i = 0; i < Executions; i++)
        {
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
                    Assert.InRange(frame.Length, 0, 256);
                if (read == MllpRead.Violation) break;
            }
        }
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
