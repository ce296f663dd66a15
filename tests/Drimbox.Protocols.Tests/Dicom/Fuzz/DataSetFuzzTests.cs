using Drimbox.Dicom;
using Drimbox.Dicom.Kos;

namespace Drimbox.Tests.Dicom.Fuzz;

/// <summary>Campaign F2: good data sets, damaged. Whatever comes, the readers answer with a value, with memory in
/// proportion, and the same however the bytes were cut.</summary>
[Requirement("reliability F2")]
public sealed class DataSetFuzzTests(ITestOutputHelper output)
{
    private static readonly TransferSyntax[] Uncompressed =
    [
        TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian,
        TransferSyntax.ExplicitVRBigEndian,
    ];

    [Fact]
    public async Task Damaged_data_sets_are_read_or_refused_and_nothing_else()
    {
        var campaign = new FuzzCampaign(output, percent: 40);
        var corpus = DataSetCorpus.Create();
        var mutant = new Mutant();
        var scanner = new HeaderScanner(HeaderScanner.IndexedTags);
        var (read, scanned) = (0, 0);
        var isAll = await campaign.RunAsync(execution =>
        {
            var random = execution.Random;
            var sample = corpus[random.Next(corpus.Count)];
            sample.Mutate(mutant, random, corpus[random.Next(corpus.Count)]);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var whole = DataSetReader.ReadMemory(mutant.Memory, sample.Syntax);
            FuzzBound.Holds(before, mutant.Length);

            before = GC.GetAllocatedBytesForCurrentThread();
            var fragmented = new DataSetReader(sample.Syntax);
            scanner.Reset(sample.Syntax);
            var fragmentMax = random.Next(4) == 0 ? 16 : 400;
            for (var at = 0; at < mutant.Length;)
            {
                var fragment = mutant.Span.Slice(at, Math.Min(mutant.Length - at, random.Next(1, fragmentMax)));
                fragmented.Feed(fragment);
                scanner.Feed(fragment);
                at += fragment.Length;
            }

            fragmented.Complete();
            scanner.Complete(mutant.Length);
            FuzzBound.Holds(before, mutant.Length);

            Assert.True(whole.Status == fragmented.Status, $"{whole.Error} / {fragmented.Error}");
            Compare(whole, scanner);
            Touch(whole.DataSet);
            if (scanner.Status == ReadStatus.Done) scanned++;
            if (whole.Status != ReadStatus.Done) return default;
            read++;
            Assert.Equal(
                DataSetWriter.ToBytes(whole.DataSet, sample.Syntax),
                DataSetWriter.ToBytes(fragmented.DataSet, sample.Syntax));
            RoundTrip(whole.DataSet, sample.Syntax);
            return default;
        });
        output.WriteLine($"{read} of them readable, {scanned} accepted by the scan");
        // The damage must leave some whole and some not, or the campaign is blind.
        if (isAll) Assert.InRange(read, campaign.Executions / 20, campaign.Executions - (campaign.Executions / 20));
    }

    // The scan of the receiving path is never more tolerant than the reader before Pixel Data, and sees the same.
    private static void Compare(DataSetReader whole, HeaderScanner scanner)
    {
        if (scanner.Status != ReadStatus.Done) return;
        if (scanner.PixelDataOffset < 0) Assert.Equal(ReadStatus.Done, whole.Status);
        foreach (var tag in HeaderScanner.IndexedTags)
        {
            var picked = scanner.GetString(tag);
            _ = scanner.GetInt(tag);
            if (tag != Tag.SOPInstanceUID) continue;
            // Behind Pixel Data the scan looks no more.
            if (scanner.PixelDataOffset < 0 || picked is not null)
                Assert.Equal(whole.DataSet.GetUid(tag), scanner.GetUid(tag));
        }
    }

    // What was read can be written in every syntax that needs no codec, and is then read again.
    private static void RoundTrip(DataSet dataSet, TransferSyntax syntax)
    {
        if (syntax.IsEncapsulated || HasFragments(dataSet)) return;
        foreach (var target in Uncompressed)
        {
            var written = DataSetWriter.ToBytes(dataSet, target);
            var again = DataSetReader.ReadMemory(written, target);
            // Without VRs the dictionary decides: text under the tag of a sequence cannot be told apart from items.
            if (target.IsImplicitVr) continue;
            Assert.True(again.Status == ReadStatus.Done, $"{syntax} written as {target}: {again.Error}");
        }
    }

    private static bool HasFragments(DataSet dataSet)
    {
        foreach (var element in dataSet.Elements)
        {
            if (element.Fragments is not null) return true;
            if (element.Sequence is null) continue;
            foreach (var item in element.Sequence)
            {
                if (HasFragments(item)) return true;
            }
        }

        return false;
    }

    internal static void Touch(DataSet dataSet)
    {
        foreach (var element in dataSet.Elements)
        {
            dataSet.GetStrings(element.Tag);
            dataSet.GetDoubles(element.Tag);
            dataSet.GetUids(element.Tag);
            dataSet.GetDate(element.Tag);
            foreach (var item in dataSet.GetItems(element.Tag)) Touch(item);
        }

        KosDataSet.TryRead(dataSet, out _);
        RejectionNoteDataSet.TryRead(dataSet, out _);
    }
}

/// <summary>Rule of campaigns F1 and F2 for what an input may cost.</summary>
internal static class FuzzBound
{
    /// <param name="before">What this thread had allocated before it read the input.</param>
    public static void Holds(long before, long inputLength)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(
            allocated <= (4 * inputLength) + (1024 * 1024), $"{allocated} bytes for {inputLength} bytes of input");
    }
}
