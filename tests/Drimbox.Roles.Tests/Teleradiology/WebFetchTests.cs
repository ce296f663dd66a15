using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scu;
using Drimbox.Teleradiology;
using Drimbox.Teleradiology.Studies;
using Drimbox.Tests.Archive;
using static Drimbox.Tests.Teleradiology.FetchedStudy;

namespace Drimbox.Tests.Teleradiology;

/// <summary>The images of an examination are fetched by WADO-RS, whole, and what is not whole is fetched again.
/// </summary>
public sealed class WebFetchTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_study_of_an_examination_is_fetched_from_an_archive_byte_for_byte()
    {
        await using var archive = await ArchiveFixture.StartAsync(WebClient.OnLoopback());
        var instances = FakePacs.Instances(Samples.Study("1"), 5);
        await using (var association = await archive.CallAsync(CStoreScu.ContextsFor([.. instances])))
        {
            foreach (var instance in instances)
            {
                Assert.Equal(
                    DimseStatus.Success, await new CStoreScu(association).SendAsync(instance, Cancellation));
            }

            await association.ReleaseAsync(Cancellation);
        }

        await using var platform = await StartAsync(new Uri(archive.Node.WebAddress!, "dicom-web/"));
        await ExamineAsync(platform);
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);

        Assert.Equal(5, await FetchedAsync(platform));
        foreach (var instance in instances)
        {
            var bytes = await File.ReadAllBytesAsync(PathOf(platform, instance.SopInstanceUid), Cancellation);
            Assert.True(DicomFile.TryRead(bytes, out var file, out _));
            Assert.Equal(instance.SopInstanceUid, file!.Meta.GetUid(Tag.MediaStorageSOPInstanceUID));
            Assert.Equal(BytesOf(instance), bytes[(int)file.DataSetOffset..]);
        }

        Assert.Empty(Leftovers(platform));
        // Nobody sends it anything.
        Assert.Null(platform.Node.DicomEndPoint);
    }

    [Theory]
    [InlineData("absent", "does not hold")]
    [InlineData("partial", "206")]
    [InlineData("failing", "503")]
    [InlineData("redirected", "302")]
    [InlineData("page", "multipart/related")]
    [InlineData("cut", "The archive")]
    [InlineData("endless", "broken")]
    [InlineData("fewer", "holds 3 instances, 2 are here")]
    [InlineData("other study", "not taken")]
    [InlineData("no file", "no DICOM file")]
    [InlineData("broken file", "not taken")]
    public async Task What_is_not_the_whole_study_is_not_recorded_as_fetched(string fault, string why)
    {
        await using var web = await FakeWebArchive.StartAsync();
        (web.Instances, web.Counted) = (FakePacs.Instances(Samples.Study("1"), 3), 3);
        Misbehave(web, fault);
        await using var platform = await StartAsync(web.Address);
        await ExamineAsync(platform);

        Assert.Contains(why, await platform.Log.WhenAsync(LoggedEvents.StudyNotFetched), StringComparison.Ordinal);
        Assert.Equal(0, await FetchedAsync(platform));
        Assert.Empty(Leftovers(platform));
        Assert.False(Directory.Exists(Path.Combine(platform.NodeFolder, "studies", Samples.Study("666").ToString())));
    }

    [Fact]
    public async Task A_study_of_which_a_part_was_missing_is_fetched_again_whole()
    {
        await using var web = await FakeWebArchive.StartAsync();
        var whole = FakePacs.Instances(Samples.Study("1"), 3);
        (web.Instances, web.Counted) = ([whole[0], whole[2]], 3);
        await using var platform = await StartAsync(web.Address);
        await ExamineAsync(platform);
        await platform.Log.WhenAsync(LoggedEvents.StudyNotFetched);

        web.Instances = whole;
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);

        Assert.Equal(3, await FetchedAsync(platform));
        Assert.All(whole, instance => Assert.True(File.Exists(PathOf(platform, instance.SopInstanceUid))));
    }

    [Fact]
    public async Task An_archive_that_is_not_there_is_named_by_what_the_network_says()
    {
        var web = await FakeWebArchive.StartAsync();
        var address = web.Address;
        await web.DisposeAsync();
        await using var platform = await StartAsync(address);
        await ExamineAsync(platform);

        Assert.Contains(
            "The archive:", await platform.Log.WhenAsync(LoggedEvents.StudyNotFetched), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_that_does_not_count_is_believed_when_its_answer_ended()
    {
        await using var web = await FakeWebArchive.StartAsync();
        web.Instances = FakePacs.Instances(Samples.Study("1"), 2);
        await using var platform = await StartAsync(web.Address);
        await ExamineAsync(platform);

        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);
        Assert.Equal(2, await FetchedAsync(platform));
    }

    [Fact]
    public async Task The_token_of_a_file_is_shown_as_it_is_then()
    {
        using var folder = new StoreFolder();
        var file = Path.Combine(folder.Path, "token");
        await File.WriteAllTextAsync(file, "an old token\n", Cancellation);
        await using var web = await FakeWebArchive.StartAsync();
        (web.Instances, web.Counted, web.Token) = (FakePacs.Instances(Samples.Study("1"), 1), 1, "a-new-token");
        await using var platform = await Platform.StartAsync(o => o with
        {
            Archive = null,
            WebArchive = new WebArchiveOptions { Address = web.Address, TokenFile = file },
        });
        await ExamineAsync(platform);
        Assert.Contains(
            "401", await platform.Log.WhenAsync(LoggedEvents.StudyNotFetched), StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, "a-new-token\n", Cancellation);
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);
        Assert.DoesNotContain("a-new-token", platform.Log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://pacs.example/dicom-web", null, true, null)]
    [InlineData("http://127.0.0.1:8042/dicom-web", "token", false, null)]
    [InlineData("http://pacs.example/dicom-web", null, false, null)]
    [InlineData("https://pacs.example/dicom-web", null, false, "Tls")]
    [InlineData("http://pacs.example/dicom-web", null, true, "Tls")]
    [InlineData("http://pacs.example/dicom-web", "token", false, "TokenFile")]
    [InlineData("ftp://pacs.example/", null, false, "Address")]
    [InlineData("https://pacs.example/dicom-web?x=1", null, true, "Address")]
    [InlineData(null, null, false, "Address")]
    public void The_settings_are_checked(string? address, string? token, bool tls, string? finding)
    {
        var options = new WebArchiveOptions
        {
            Address = address is null ? null : new Uri(address),
            TokenFile = token,
            Tls = tls ? new DicomPeerTlsOptions { Authorities = "ca.pem" } : null,
        };
        var results = new List<ValidationResult>();

        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);

        Assert.Equal(finding is null ? [] : [finding], results.SelectMany(r => r.MemberNames));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void Studies_come_from_one_archive(bool dicom, bool web)
    {
        var options = new TeleradiologyOptions
        {
            Archive = dicom ? new DicomPeerOptions() : null,
            WebArchive = web ? new WebArchiveOptions() : null,
        };

        var finding = Assert.Single(options.Validate(new ValidationContext(options)));

        Assert.Equal(["Archive"], finding.MemberNames);
    }

    private static void Misbehave(FakeWebArchive web, string fault)
    {
        switch (fault)
        {
            case "absent": web.Status = 404; break;
            case "partial": web.Status = 206; break;
            case "failing": web.Status = 503; break;
            case "redirected": web.Status = 302; break;
            case "page": web.ContentType = "text/html"; break;
            case "cut": web.CutBytes = 500; break;
            case "endless": web.LeavesEndAway = true; break;
            case "fewer": web.Instances = [.. web.Instances.Take(2)]; break;
            case "other study": web.Instances = FakePacs.Instances(Samples.Study("666"), 3); break;
            case "no file": web.LeavesHeadsAway = true; break;
            default:
                var cut = web.Instances[0];
                web.Instances =
                [
                    InstanceSource.FromMemory(
                        BytesOf(cut).AsMemory()[..^100], cut.SopClassUid, cut.SopInstanceUid, cut.TransferSyntaxUid),
                ];
                break;
        }
    }

    private static Task<Platform> StartAsync(Uri address) => Platform.StartAsync(
        o => o with { Archive = null, WebArchive = new WebArchiveOptions { Address = address } });

    private static async Task ExamineAsync(Platform platform)
    {
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Examination("1"), "2");
    }

    private static async Task<int> FetchedAsync(Platform platform) =>
        (await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation)).InstancesFetched;
}
