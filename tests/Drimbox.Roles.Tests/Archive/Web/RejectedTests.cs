using Drimbox.Archive;
using Drimbox.Archive.Web;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;
using static Drimbox.Tests.Archive.WebClient;

namespace Drimbox.Tests.Archive;

/// <summary>What rejection notes hid, over DICOMweb: a caller is known by what it shows, never by what it
/// says.</summary>
public sealed class RejectedTests : IDisposable
{
    private const string Quality = "0123456789abcdef0123456789abcdef";
    private const string Viewer = "fedcba9876543210fedcba9876543210";

    private readonly StoreFolder _folder = new();

    public RejectedTests()
    {
        Directory.CreateDirectory(_folder.Path);
        File.WriteAllText(TokenFile("quality"), Quality);
        File.WriteAllText(TokenFile("viewer"), Viewer);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(RejectionReason.Quality, Quality, true)]
    [InlineData(RejectionReason.Quality, Viewer, false)]
    [InlineData(RejectionReason.PatientSafety, Quality, false)]
    public async Task A_caller_that_is_configured_so_sees_what_was_rejected_for_quality_and_no_other_does(
        RejectionReason reason, string token, bool isShown)
    {
        await using var archive = await StartAsync(o => OnLoopback(web => web with { Callers = Callers() })(o) with
        {
            ShowRejectedTo = new HashSet<AeTitle> { AeTitle.Parse("QUALITY") },
        });
        await RejectAsync(archive, reason);
        using var client = new WebClient(archive.Node);
        void Authorise(HttpRequestMessage request) =>
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");

        using var found = await client.GetAsync("studies/1.2.1/instances", Json, Authorise);
        Assert.Equal(isShown ? 200 : 204, (int)found.StatusCode);
        using var study = await client.GetAsync("studies/1.2.1", AsStored, Authorise);
        Assert.Equal(isShown ? 200 : 404, (int)study.StatusCode);
        // The image and the note that tells why.
        if (isShown) Assert.Equal(2, (await PartsAsync(study)).Count);
        foreach (var resource in (string[])["metadata", "frames/1", "bulkdata/7FE00010"])
        {
            using var response = await client.GetAsync(
                $"studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/{resource}", "*/*", Authorise);
            Assert.Equal(isShown ? 200 : 404, (int)response.StatusCode);
        }
    }

    [Fact]
    public async Task Whoever_shows_nothing_sees_nothing_of_it()
    {
        // DICOMWEB stands for callers without a name, and is not the name of any of them.
        await using var archive = await StartAsync(o => OnLoopback()(o) with
        {
            ShowRejectedTo = new HashSet<AeTitle> { AeTitle.Parse("DICOMWEB") },
        });
        await RejectAsync(archive, RejectionReason.Quality);
        using var client = new WebClient(archive.Node);
        Assert.Empty(await client.SearchAsync("studies"));
        using var study = await client.GetAsync("studies/1.2.1", AsStored);
        Assert.Equal(404, (int)study.StatusCode);
    }

    [Theory]
    [InlineData("studies", Json, false)]
    [InlineData("studies/1.2.1", AsStored, true)]
    [InlineData("studies/1.2.1/series/1.2.1.1/metadata", Json, true)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/frames/1", "*/*", true)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/bulkdata/7FE00010", "*/*", true)]
    public async Task A_study_that_is_retrieved_is_in_use_and_one_that_is_only_found_is_not(
        string path, string accept, bool isAccess)
    {
        await using var archive = await StartAsync(OnLoopback());
        await archive.StoreAsync(Image());
        using var client = new WebClient(archive.Node);
        using var response = await client.GetAsync(path, accept);
        Assert.Equal(200, (int)response.StatusCode);
        var study = Assert.Single(await archive.Node.Index.ListStudiesAsync(new StudyFilter(), default));
        Assert.Equal(isAccess, study.AccessedOn is not null);
    }

    private static async Task RejectAsync(ArchiveFixture archive, RejectionReason reason)
    {
        await archive.StoreAsync(Image());
        await archive.StoreAsync(Note(reason, 1, (1, 1)));
    }

    private static DataSet Image()
    {
        var image = Ct(1, 1, 1);
        image.SetInt(Tag.SamplesPerPixel, 1);
        image.SetInt(Tag.BitsAllocated, 16);
        return image;
    }

    private List<WebCaller> Callers() =>
    [
        new WebCaller(AeTitle.Parse("QUALITY"), WebRights.Read) { TokenFile = TokenFile("quality") },
        new WebCaller(AeTitle.Parse("VIEWER"), WebRights.Read) { TokenFile = TokenFile("viewer") },
    ];

    private string TokenFile(string name) => Path.Combine(_folder.Path, name);
}
