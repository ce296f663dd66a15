using System.Diagnostics;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Dicom;

/// <summary>
/// Good data sets, damaged: whatever comes, the readers answer with a value, with memory in proportion, and the
/// same however the bytes were cut. <c>DRIMBOX_SEED</c> replays a run, <c>DRIMBOX_FUZZ</c> sets its length.
/// </summary>
public sealed class MutatedDataSetTests(ITestOutputHelper output)
{
    private static readonly byte[] Extremes = [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF];

    [Fact]
    public void Damaged_data_sets_are_read_or_refused_and_nothing_else()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("DRIMBOX_SEED"), out var given) ? given : 20_260_822;
        var executions = int.TryParse(Environment.GetEnvironmentVariable("DRIMBOX_FUZZ"), out var wanted) ? wanted : 20_000;
        output.WriteLine($"DRIMBOX_SEED={seed}");
        var random = new Random(seed);
        var corpus = Corpus();
        var scanner = new HeaderScanner(HeaderScanner.IndexedTags);
        var clock = Stopwatch.StartNew();
        var read = 0;
        // Bounded in time too: a slow machine does fewer, and says so.
        var i = 0;
        for (; i < executions && clock.Elapsed < TimeSpan.FromSeconds(30); i++)
        {
            var (original, syntax) = corpus[random.Next(corpus.Count)];
            var bytes = Mutate(original, random);
            var started = clock.Elapsed;
            var before = GC.GetAllocatedBytesForCurrentThread();

            var whole = DataSetReader.ReadMemory(bytes, syntax);
            var fragmented = new DataSetReader(syntax);
            scanner.Reset(syntax);
            for (var at = 0; at < bytes.Length;)
            {
                var size = Math.Min(bytes.Length - at, random.Next(1, 200));
                fragmented.Feed(bytes.AsSpan(at, size));
                scanner.Feed(bytes.AsSpan(at, size));
                at += size;
            }

            fragmented.Complete();
            scanner.Complete(bytes.Length);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            var context = $"seed {seed}, execution {i}";
            Assert.True(allocated <= (4L * bytes.Length) + (1024 * 1024), $"{allocated} bytes, {context}");
            Assert.True(clock.Elapsed - started < TimeSpan.FromSeconds(1), context);
            Assert.True(whole.Status == fragmented.Status, $"{whole.Error} / {fragmented.Error}, {context}");
            // The scan is never more tolerant than the reader before Pixel Data.
            if (scanner.Status == ReadStatus.Done && scanner.PixelDataOffset < 0)
                Assert.True(whole.Status == ReadStatus.Done, context);
            Touch(whole.DataSet);
            if (whole.Status != ReadStatus.Done) continue;
            read++;
            Assert.Equal(
                DataSetWriter.ToBytes(whole.DataSet, syntax), DataSetWriter.ToBytes(fragmented.DataSet, syntax));
        }

        output.WriteLine($"{i} executions in {clock.Elapsed}, {read} of them readable");
        Assert.InRange(read, i / 20, i - (i / 20));
    }

    [Fact]
    public void Damaged_files_are_read_or_refused_and_nothing_else()
    {
        var random = new Random(11);
        var file = Part10Writer.ToBytes(SampleImage.Create(), TransferSyntax.ExplicitVRLittleEndian);
        for (var i = 0; i < 2_000; i++)
        {
            var bytes = Mutate(file, random);
            var isWhole = DicomFile.TryRead(bytes, out var read, out var refusal);
            Assert.Equal(isWhole, refusal is null);
            if (read is null) continue;
            KosDataSet.TryRead(read.DataSet, out _);
            RejectionNoteDataSet.TryRead(read.DataSet, out _);
        }
    }

    private static List<(byte[] Bytes, TransferSyntax Syntax)> Corpus()
    {
        var image = SampleImage.Create();
        image.SetBytes(Tag.PixelData, Vr.OW, new byte[64]);
        var manifest = KosDataSet.Encode(KosDataSetTests.Sample);
        return
        [
            (ReadAndWriteTests.Explicit, TransferSyntax.ExplicitVRLittleEndian),
            (HostileDataSetTests.Nested(10), TransferSyntax.ExplicitVRLittleEndian),
            (DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian), TransferSyntax.ExplicitVRLittleEndian),
            (DataSetWriter.ToBytes(image, TransferSyntax.ImplicitVRLittleEndian), TransferSyntax.ImplicitVRLittleEndian),
            (DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRBigEndian), TransferSyntax.ExplicitVRBigEndian),
            (DataSetWriter.ToBytes(manifest, TransferSyntax.ImplicitVRLittleEndian), TransferSyntax.ImplicitVRLittleEndian),
        ];
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var i = random.Next(1, 4); i > 0 && bytes.Count > 8; i--)
        {
            var at = random.Next(bytes.Count - 4);
            var count = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = Extremes[random.Next(Extremes.Length)]; break;
                case 2:
                    for (var k = 0; k < 4; k++) bytes[at + k] = 0xFF;
                    break;
                case 3: bytes.RemoveRange(at, count); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, count)); break;
                default: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, count)); break;
            }
        }

        return [.. bytes];
    }

    private static void Touch(DataSet dataSet)
    {
        foreach (var element in dataSet.Elements)
        {
            dataSet.GetStrings(element.Tag);
            dataSet.GetDoubles(element.Tag);
            dataSet.GetUids(element.Tag);
            dataSet.GetDate(element.Tag);
            foreach (var item in dataSet.GetItems(element.Tag)) Touch(item);
        }
    }
}
