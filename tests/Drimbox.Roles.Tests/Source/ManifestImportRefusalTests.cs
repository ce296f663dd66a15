using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Source.Transfer;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;
using static Drimbox.Tests.Source.Transfers;

namespace Drimbox.Tests.Source;

/// <summary>What a source does not take over, and what it says.</summary>
public sealed class ManifestImportRefusalTests : IDisposable
{
    private readonly StoreFolder _media = new();

    private string Archive => Path.Combine(_media.Path, "archive");

    [Theory]
    [InlineData(TransferLayout.Drimbox, false, "the SHA-256 of kos-1.dcm is not that of SHA256SUMS")]
    [InlineData(TransferLayout.Drimbox, true, "manifest 1: its KOS is missing")]
    [InlineData(TransferLayout.Xdm, false, "the SHA-256 of KOS_1_1.DCM is not that of SHA256SUMS")]
    [InlineData(TransferLayout.Xdm, true, "manifest 1: its SHA-1 is not that of the KOS")]
    [Requirement("DB.SO.30")]
    public async Task A_manifest_that_was_changed_is_refused_though_the_list_was_changed_with_it(
        TransferLayout layout, bool alsoTheList, string expected)
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await ExportAsync(source, new ExportOrder(Archive, layout));
        var kos = Directory.EnumerateFiles(Archive, "*", SearchOption.AllDirectories)
            .Single(f => f.EndsWith(".dcm", StringComparison.OrdinalIgnoreCase));
        var bytes = await File.ReadAllBytesAsync(kos, Token);
        var before = Convert.ToHexStringLower(SHA256.HashData(bytes));
        bytes[bytes.AsSpan().LastIndexOf("Thorax"u8)] = (byte)'X';
        await File.WriteAllBytesAsync(kos, bytes, Token);
        if (alsoTheList)
        {
            var sums = Path.Combine(Archive, "SHA256SUMS");
            await File.WriteAllTextAsync(
                sums,
                (await File.ReadAllTextAsync(sums, Token)).Replace(
                    before, Convert.ToHexStringLower(SHA256.HashData(bytes)), StringComparison.Ordinal),
                Token);
        }

        await source.ReplaceNodeAsync();
        var import = await ImportAsync(source, Archive);

        Assert.Equal((0, 1), (import.Studies, import.Refused));
        Assert.EndsWith(expected, Assert.Single(import.Problems), StringComparison.Ordinal);
        Assert.Null(await source.Node.GetStudyAsync(Study, Token));
    }

    [Fact]
    [Requirement("DB.SO.30")]
    public async Task A_study_that_is_known_here_with_another_history_is_refused_and_stays_as_it_is()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await ExportAsync(source, new ExportOrder(Archive));
        await source.ReplaceNodeAsync();
        await source.PublishAsync("B");
        var known = await source.Node.GetStudyAsync(Study, Token);

        var import = await ImportAsync(source, Archive);

        Assert.Equal(1, import.Refused);
        Assert.EndsWith(
            "another history of the study is known here: record 1 is ReportCopyReceived there and another "
            + "ReportCopyReceived here",
            Assert.Single(import.Problems), StringComparison.Ordinal);
        Assert.Equivalent(known, await source.Node.GetStudyAsync(Study, Token));
    }

    [Fact]
    [Requirement("DB.SO.30")]
    [Requirement("DB.SO.19")]
    public async Task A_study_of_a_structure_that_this_source_does_not_publish_for_is_refused()
    {
        await using var source = await StartAsync();
        await source.PublishAsync();
        await ExportAsync(source, new ExportOrder(Archive));
        var folder = Path.Combine(Archive, "studies", Study.ToString());
        var history = EventCodec.Read<StudyHistory>(
            await File.ReadAllTextAsync(Path.Combine(folder, "history.json"), Token));
        var files = Directory.GetFiles(folder).Select(File.ReadAllBytes)
            .ToDictionary(bytes => Convert.ToHexStringLower(SHA256.HashData(bytes)));
        var policy = new SourcePolicy(
            Uid.Parse("1.2.250.1.999.1"), "Drimbox", "drimbox.example.org",
            new HashSet<InstanceIdentifier> { Structure.Id }, TimeZoneInfo.Utc, new ReportEntryDefaults());

        Assert.Null(HistoryCheck.Check(history, files, policy));
        Assert.Equal(
            "the structure of a report is not one of this source",
            HistoryCheck.Check(history, files, policy with { OwnStructures = new HashSet<InstanceIdentifier>() }));
        var built = history.Events.OfType<ManifestBuilt>().Single();
        Assert.Equal(
            "what is in the DMP is no manifest of the study",
            HistoryCheck.Check(
                With(built with { Version = built.Version with { SopInstanceUid = OtherStudy } }), files, policy));
        Assert.Equal(
            "manifest 1: the KOS lists another number of instances",
            HistoryCheck.Check(With(built with { Version = built.Version with { Instances = 9 } }), files, policy));
        Assert.Equal(
            "manifest 1: the KOS is of another study",
            HistoryCheck.Check(history with { Study = OtherStudy }, files, policy));
        var metadata = history.Kept().Single().Ended.Kept!.Metadata;
        files[metadata.Sha256] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(files[metadata.Sha256])
                .Replace(Ins.Extension!, "279035121518990", StringComparison.Ordinal));
        Assert.EndsWith(
            "the patient of the metadata is not that of the KOS", HistoryCheck.Check(history, files, policy),
            StringComparison.Ordinal);

        StudyHistory With(ManifestBuilt other) =>
            history with { Events = [.. history.Events.Select(e => e is ManifestBuilt ? other : e)] };
    }

    [Fact]
    public async Task A_list_of_files_leads_nowhere_else()
    {
        await using var source = await StartAsync();
        Directory.CreateDirectory(Archive);
        await File.WriteAllTextAsync(Path.Combine(_media.Path, "secret"), "secret", Token);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("secret")));
        await File.WriteAllTextAsync(
            Path.Combine(Archive, "SHA256SUMS"),
            $"{hash}  studies/1.2/../../../secret\n{hash}  /etc/hostname\n{hash}  studies/1.2/history.json\n", Token);
        Directory.CreateDirectory(Path.Combine(Archive, "studies", "1.2"));
        File.CreateSymbolicLink(
            Path.Combine(Archive, "studies", "1.2", "history.json"), Path.Combine(_media.Path, "secret"));

        var import = await ImportAsync(source, Archive);

        Assert.Equal(["studies/1.2: history.json is missing, or too long"], import.Problems);
    }

    [Fact]
    public async Task What_is_no_export_is_refused_in_a_sentence()
    {
        await using var source = await StartAsync();
        await File.WriteAllTextAsync(Archive + ".zip", "no zip", Token);
        Directory.CreateDirectory(Archive);
        await File.WriteAllTextAsync(Path.Combine(Archive, "mine.txt"), "", Token);

        Assert.EndsWith(
            "is no zip file.",
            (await Assert.ThrowsAsync<TransferException>(() => ImportAsync(source, Archive + ".zip"))).Message,
            StringComparison.Ordinal);
        await Assert.ThrowsAsync<TransferException>(() => ImportAsync(source, Archive));
        await Assert.ThrowsAsync<TransferException>(() => ImportAsync(source, Archive + ".absent"));
        await Assert.ThrowsAsync<TransferException>(() => ExportAsync(source, new ExportOrder(Archive)));
        await Assert.ThrowsAsync<TransferException>(() => ExportAsync(source, new ExportOrder(Archive + ".zip")));
        Assert.True(File.Exists(Path.Combine(Archive, "mine.txt")));
    }

    public void Dispose() => _media.Dispose();
}
