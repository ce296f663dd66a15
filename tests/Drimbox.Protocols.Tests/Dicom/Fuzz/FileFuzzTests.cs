using System.IO.Compression;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Dicom.Fuzz;

/// <summary>Campaign F2 on files: preamble, file meta information and data set damaged, deflated ones before and
/// after they were deflated; read from memory, from a stream and from a path.</summary>
[Requirement("reliability F2")]
public sealed class FileFuzzTests(ITestOutputHelper output)
{
    // Of the inflated length, attack A6: the limit counts from 1 MiB on.
    private const int InflatedMax = 1024 * 1024;

    [Fact]
    public async Task Damaged_files_are_read_or_refused_and_nothing_else()
    {
        var campaign = new FuzzCampaign(output, percent: 20);
        using var folder = new TemporaryFolder();
        var path = folder.File("damaged.dcm");
        var corpus = DataSetCorpus.Create();
        var (mutant, inner) = (new Mutant(), new Mutant());
        var (read, partly, refused) = (0, 0, 0);
        var isAll = await campaign.RunAsync(execution =>
        {
            var random = execution.Random;
            var isDeflated = Build(mutant, inner, random, corpus);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var isWhole = DicomFile.TryRead(mutant.Memory, out var file, out var refusal);
            FuzzBound.Holds(before, mutant.Length + (isDeflated ? InflatedMax : 0));

            Assert.Equal(isWhole, refusal is null);
            // The text is for a user: where it is wrong, never what is in it.
            if (refusal is not null) Assert.DoesNotContain("IPP101", refusal.ToString(), StringComparison.Ordinal);
            if (file is not null) DataSetFuzzTests.Touch(file.DataSet);
            read += isWhole ? 1 : 0;
            partly += !isWhole && file is not null ? 1 : 0;
            refused += file is null ? 1 : 0;

            using var stream = new MemoryStream(mutant.Span.ToArray());
            Same(isWhole, file, DicomFile.TryRead(stream, out var streamed, out _), streamed);
            if (execution.Index % 100 != 0) return default;
            File.WriteAllBytes(path, mutant.Span);
            Same(isWhole, file, DicomFile.TryRead(path, out var filed, out _), filed);
            return default;
        });
        output.WriteLine($"{read} whole, {partly} in part, {refused} not at all");
        if (!isAll) return;
        Assert.InRange(read, campaign.Executions / 20, campaign.Executions);
        Assert.InRange(partly, campaign.Executions / 20, campaign.Executions);
        Assert.InRange(refused, campaign.Executions / 100, campaign.Executions);
    }

    private static void Same(bool isWhole, DicomFile? file, bool isOtherWhole, DicomFile? other)
    {
        Assert.Equal(isWhole, isOtherWhole);
        Assert.Equal(file is null, other is null);
        if (file is null) return;
        Assert.Equal(file.DataSetOffset, other!.DataSetOffset);
        // Deflated input that breaks off is read up to a place that depends on the sizes of the reads.
        if (isWhole) Assert.Equal(file.DataSet.Count, other.DataSet.Count);
    }

    private static bool Build(Mutant mutant, Mutant inner, Random random, List<DataSetSample> corpus)
    {
        var sample = corpus[random.Next(corpus.Count)];
        var isDeflated = random.Next(8) == 0 && sample.Syntax == TransferSyntax.ExplicitVRLittleEndian;
        // Half of them have a good data set behind a meta group that will be damaged, or the other way round.
        var hitsDataSet = random.Next(2) == 0;
        if (hitsDataSet) sample.Mutate(inner, random, corpus[random.Next(corpus.Count)]);
        else inner.Set(sample.Bytes);
        var syntax = isDeflated ? TransferSyntax.DeflatedExplicitVRLittleEndian : sample.Syntax;
        mutant.Set(Part10Writer.Header(
            SopClass.CTImageStorage, SampleImage.SopInstanceUid, syntax.Uid, AeTitle.Parse("CT1")));
        var head = mutant.Length;
        mutant.Insert(head, isDeflated ? Deflate(inner.Span) : inner.Span);
        if (hitsDataSet && !isDeflated) return isDeflated;
        for (var i = random.Next(0, 3); i > 0; i--)
        {
            if (random.Next(2) == 0 && mutant.Length > head)
            {
                var at = random.Next(128, head);
                mutant.Span[at] ^= (byte)(1 << random.Next(8));
            }
            else
            {
                mutant.Damage(random);
            }
        }

        return isDeflated;
    }

    private static byte[] Deflate(ReadOnlySpan<byte> bytes)
    {
        using var output = new MemoryStream();
        using (var deflate = new DeflateStream(output, CompressionLevel.Fastest)) deflate.Write(bytes);
        return output.ToArray();
    }
}
