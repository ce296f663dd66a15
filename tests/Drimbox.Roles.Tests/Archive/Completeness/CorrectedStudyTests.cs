using Drimbox.Archive.Completeness;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Storage;
using Drimbox.Tests.Archive.Ingest;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Completeness;

/// <summary>Who was told of a study is told again when what it has under a known UID changes.</summary>
public sealed class CorrectedStudyTests : IAsyncLifetime
{
    private readonly NoticeReceiver _source = new("DRIMSOURCE");
    private ArchiveFixture _archive = null!;

    public async ValueTask InitializeAsync() => _archive = await StartAsync(o => o with
    {
        Sites = DuplicateTests.Sites,
        Completeness = new CompletenessOptions
        {
            Policy = new CompletenessPolicy(TimeSpan.FromMilliseconds(20), TimeSpan.FromDays(1)),
            Peers = [_source.Peer],
        },
    });

    public async ValueTask DisposeAsync()
    {
        await _archive.DisposeAsync();
        await _source.DisposeAsync();
    }

    [Fact]
    public async Task A_corrected_instance_and_a_further_rendition_open_it_and_the_same_bytes_do_not()
    {
        await _archive.StoreAsync(Ct(1, 1, 1));
        await NoticeOfAsync("1.2.1");
        await _archive.StoreAsync(Ct(1, 1, 1, "PAT-TROIS^DOMINIQUE^MARIE"));
        await NoticeOfAsync("1.2.1");
        await _archive.StoreAsAsync(
            "CT1", Ct(1, 1, 1, "PAT-TROIS^DOMINIQUE^MARIE"), TransferSyntax.ImplicitVRLittleEndian);
        await NoticeOfAsync("1.2.1");
        var before = await EntryAsync("1.2.1");
        Assert.Equal(3, before.Completions);

        // The same again, and what is quarantined, is nothing new.
        await _archive.StoreAsync(Ct(1, 1, 1, "PAT-TROIS^DOMINIQUE^MARIE"));
        Assert.Equal(0x0111, (await _archive.StoreAsAsync("EVIL", Ct(1, 1, 1, "PAT-NEUF^ALIX"))).Code);
        Assert.Equal(before, await EntryAsync("1.2.1"));
        // Another study is complete: the worker has had its turn.
        await _archive.StoreAsync(Ct(2, 1, 1));
        await NoticeOfAsync("1.2.2");
        Assert.Equal(before, await EntryAsync("1.2.1"));
    }

    [Fact]
    public async Task An_instance_that_its_PACS_moves_opens_the_study_that_it_leaves_and_the_one_that_it_joins()
    {
        await using (var sender = await _archive.CallAsync(CStoreScu.ContextsFor([ArchiveFixture.Source(Ct(1, 1, 1))])))
        {
            for (var instance = 1; instance <= 2; instance++)
                await new CStoreScu(sender).SendAsync(ArchiveFixture.Source(Ct(1, 1, instance)));
            await sender.ReleaseAsync();
        }

        await NoticeOfAsync("1.2.1");
        await _archive.StoreAsync(Ct(2, 1, 1));
        await NoticeOfAsync("1.2.2");
        var moved = Ct(2, 7, 1);
        moved.SetString(Tag.SOPInstanceUID, "1.2.1.1.2");
        Assert.Equal(DimseStatus.Success, await _archive.StoreAsAsync("PACS1", moved));
        var notices = new[] { await _source.NextAsync(), await _source.NextAsync() };
        Assert.Equal(["1.2.1", "1.2.2"], notices.Select(n => n.StudyInstanceUid.ToString()).Order());
        Assert.Equal([1, 2], notices.OrderBy(n => n.StudyInstanceUid.ToString(), StringComparer.Ordinal)
            .Select(n => n.Series.Sum(s => s.Instances.Count)));
    }

    [Fact]
    public async Task What_an_administrator_releases_or_restores_is_told()
    {
        await _archive.StoreAsync(Ct(1, 1, 1));
        await NoticeOfAsync("1.2.1");
        Assert.Equal(0x0111, (await _archive.StoreAsAsync("EVIL", Ct(1, 1, 1, "PAT-NEUF^ALIX"))).Code);
        Assert.Null(await _archive.Node.Kept.ReleaseAsync(1, "root", default));
        await NoticeOfAsync("1.2.1");
        Assert.Null(await _archive.Node.Kept.RestoreAsync(Uid.Parse("1.2.1.1.1"), 1, "root", default));
        await NoticeOfAsync("1.2.1");

        // Nothing stands under the UID of what is released: its study is a new one.
        Assert.Equal(0x0111, (await _archive.StoreAsAsync("EVIL", Ct(1, 1, 1, "PAT-NEUF^ALIX"))).Code);
        await _archive.Node.LifeCycle.DeleteAsync(Uid.Parse("1.2.1"), "root", "another patient", default);
        Assert.Null(await _archive.Node.Kept.ReleaseAsync(2, "root", default));
        await NoticeOfAsync("1.2.1");
    }

    private async Task NoticeOfAsync(string study) =>
        Assert.Equal(study, (await _source.NextAsync()).StudyInstanceUid.ToString());

    private async Task<CompletenessEntry> EntryAsync(string study) => Assert.Single(
        await _archive.Node.Index.Completeness.ListAsync(null, 10, default),
        entry => entry.StudyInstanceUid.ToString() == study);
}
