using System.Text.RegularExpressions;
using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Storage;

namespace Drimbox.Tests.Dicom;

/// <summary>findscu of DCMTK asks an archive, and finds what a reader of PS3.4 C.2.2.2 expects.</summary>
public sealed partial class FindPeerTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private ArchiveNode _archive = null!;

    public async ValueTask InitializeAsync()
    {
        _archive = await ArchiveUnderTest.StartAsync(_folder.Path, o => o with { FindResultsMax = 300 });
        await AddAsync(1, "LECŒUR^RENÉ", "20260101", "081500", "CT", "RP-1", "SPS-1");
        await AddAsync(2, "LECOEUR^ANNE", "20260102", "120000", "MR", "RP-1", "SPS-2");
        await AddAsync(3, "DUPONT", "20260102", "235959.5", "CT", "RP-2", "SPS-1");
        await AddAsync(4, "O'NEIL^ANNE", "20260103", "", "US", "", "");
        // Enough for a third page of answers.
        for (var study = 1000; study < 1290; study++) await AddAsync(study, "MANY^ONE", "20250101", "", "DX", "", "");
    }

    public async ValueTask DisposeAsync()
    {
        await _archive.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("STUDY", "PatientName=lecoeur*", "1 2")]
    [InlineData("STUDY", "PatientName=*^ANNE", "2 4")]
    [InlineData("STUDY", "PatientName=dup?nt", "3")]
    [InlineData("STUDY", "StudyDate=20260102", "2 3")]
    [InlineData("STUDY", "StudyDate=20260102-20260103", "2 3 4")]
    [InlineData("STUDY", "StudyDate=20260101- StudyTime=-1200", "1 2")]
    [InlineData("STUDY", "ModalitiesInStudy=CT StudyDate=2026-20261231", "1 3")]
    [InlineData("STUDY", "StudyInstanceUID=1.2.3.1\\1.2.3.4\\1.2.3.5", "1 4")]
    [InlineData("STUDY", "AccessionNumber=ACC?", "1 2 3 4")]
    [InlineData("STUDY", "PatientID=IPP-3", "3")]
    [InlineData("STUDY", "PatientID=IPP-3 StudyDate=20260101", "")]
    [InlineData("SERIES", "StudyInstanceUID=1.2.3.2 (0040,0275)[0].RequestedProcedureID=RP-1", "2")]
    [InlineData("SERIES", "StudyInstanceUID=1.2.3.2 (0040,0275)[0].RequestedProcedureID=RP-2", "")]
    [InlineData("IMAGE", "StudyInstanceUID=1.2.3.1 SeriesInstanceUID=1.2.3.1.1 Rows=512", "1")]
    public async Task Findscu_finds(string level, string keys, string expected)
    {
        var output = await FindAsync(level, keys);
        Assert.Equal(expected, string.Join(' ', StudyUid().Matches(output).Select(m => m.Groups[1].Value).Order()));
    }

    [Theory]
    [InlineData("PatientID=IPP-1", false)]
    [InlineData("PatientID=IPP-1 PatientAge=042Y", true)]
    [InlineData("PatientID=IPP-1 ReferencedStudySequence", true)]
    public async Task Findscu_is_told_of_keys_that_are_not_supported(string keys, bool isTold)
    {
        var output = await FindAsync("STUDY", keys);
        Assert.Equal(isTold, output.Contains("UnsupportedOptionalKeys", StringComparison.Ordinal));
        Assert.DoesNotContain("(0010,1010)", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Findscu_gets_all_of_many_matches_and_hears_of_more_than_the_limit()
    {
        var output = await FindAsync("STUDY", "PatientName=many*");
        Assert.Equal(290, StudyUid().Matches(output).Select(m => m.Value).Distinct().Count());
        for (var study = 1290; study < 1301; study++) await AddAsync(study, "MANY^ONE", "20250101", "", "DX", "", "");
        output = await FindAsync("STUDY", "PatientName=many*");
        Assert.Equal(300, StudyUid().Matches(output).Select(m => m.Value).Distinct().Count());
        Assert.Contains("Refused: OutOfResources", output, StringComparison.Ordinal);
    }

    private async Task<string> FindAsync(string level, string keys)
    {
        List<string> arguments = ["-v", "-S", "-aec", "ARCHIVE", "-k", $"QueryRetrieveLevel={level}"];
        if (!keys.Contains("StudyInstanceUID", StringComparison.Ordinal)) arguments.AddRange(["-k", "StudyInstanceUID"]);
        foreach (var key in keys.Split(' ')) arguments.AddRange(["-k", key]);
        var (_, output) = await Dcmtk.RunAsync("findscu", [.. arguments, "127.0.0.1", $"{_archive.Port}"]);
        // The query itself is printed too, before the answers.
        var first = output.IndexOf("Find Response: 1 ", StringComparison.Ordinal);
        return first < 0 ? "" : output[first..];
    }

    private async Task AddAsync(
        int study, string name, string date, string time, string modality, string procedure, string step)
    {
        var uid = $"1.2.3.{study}";
        var hash = $"{study:x64}";
        await _archive.Index.InsertAsync(
            new InstanceRecord(
                new PatientAttributes($"IPP-{study}", "", name, "19790328", "F"),
                new StudyAttributes(Uid.Parse(uid), date, time, $"ACC{study}", $"S{study}", "", ""),
                new SeriesAttributes(Uid.Parse($"{uid}.1"), modality, "1", "", date, time)
                {
                    RequestAttributes = procedure.Length == 0
                        ? []
                        : [new RequestAttributes("", procedure, "", step, "")],
                },
                new InstanceAttributes(
                    Uid.Parse($"{uid}.1.1"), SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid, "1", 0, 512,
                    512),
                new InstanceFile(
                    $"{study}.dcm", 1, hash, hash, new DateTimeOffset(2026, 8, 1, 0, 0, 0, TimeSpan.Zero),
                    AeTitle.Parse("CT1"))),
            TestContext.Current.CancellationToken);
    }

    [GeneratedRegex(@"\(0020,000d\) UI \[1\.2\.3\.(\d+)")]
    private static partial Regex StudyUid();
}
