using System.Net;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Dicom.Dimse;
using Drimbox.Hl7.Acknowledgment;
using static Drimbox.Tests.Source.SourceFixture;

namespace Drimbox.Tests.Source;

/// <summary>A PACS that does not do what it is asked for: whoever wants the images is told so, never given a part of them
/// that passes for the whole, and the next one is given what the PACS has by then, and nothing of what went before.</summary>
[Requirement("DB.SO.32")]
[Requirement("DB.SO.47")]
public sealed class BadPacsTests : IAsyncLifetime
{
    private const int ImagesNotRetrieved = 3134;
    private const string Stall = "did not send an image in time";

    private readonly Random _random = new(Seed.Get());
    private MarkedStudy _study = null!;
    private ImageAccessFixture _access = null!;
    private Uid _kos;

    private SourcePacs Pacs => _access.Source.Pacs;

    private Uid Series => _study.Series[0];

    public async ValueTask InitializeAsync()
    {
        _study = MarkedStudy.Make(_random, 1)[0];
        _access = await ImageAccessFixture.StartAsync();
        var source = _access.Source;
        source.Pacs.Instances = _study.Images;
        await source.Dmp.OpenPatientAsync(_study.Ins, Token);
        Assert.Equal(AckCode.AA, (await source.SendAsync(ReportAction.Initial, _study.Report())).Code);
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        _kos = (await source.Node.GetStudyAsync(_study.Study, Token))!.Manifests.Single().KosUid;
    }

    public ValueTask DisposeAsync() => _access.DisposeAsync();

    [Theory]
    [InlineData("is gone", HttpStatusCode.BadGateway, "cannot be reached: ConnectionRefused")]
    [InlineData("says nothing", HttpStatusCode.GatewayTimeout, Stall)]
    [InlineData("hangs up", HttpStatusCode.BadGateway, "ended the association")]
    [InlineData("speaks another protocol", HttpStatusCode.BadGateway, "may not speak DICOM")]
    [InlineData("has another title", HttpStatusCode.BadGateway, "refused the association: ")]
    [InlineData("refuses", HttpStatusCode.BadGateway, "answered A702")]
    [InlineData("hangs", HttpStatusCode.GatewayTimeout, Stall)]
    [InlineData("aborts", HttpStatusCode.BadGateway, "ended the association")]
    [InlineData("dies", HttpStatusCode.BadGateway, "ended the association")]
    [InlineData("cannot read its images", HttpStatusCode.BadGateway, "images failed")]
    [InlineData("sends another series", HttpStatusCode.BadGateway, "images failed")]
    public async Task Before_the_first_image_it_is_an_answer_with_the_reason(
        string how, HttpStatusCode status, string reason)
    {
        var mend = await SpoilAsync(how, Task.CompletedTask, from: 0);

        using (var response = await SendAsync())
        {
            Assert.Equal(status, response.StatusCode);
            var sentence = await response.Content.ReadAsStringAsync(Token);
            Assert.Contains(reason, sentence, StringComparison.Ordinal);
            foreach (var secret in (string[])[_study.Ins.Extension!, _study.Patient.LocalId!.Value, _study.Patient.BirthName])
                Assert.DoesNotContain(secret, sentence, StringComparison.Ordinal);
        }

        await AssertForgottenAsync(mend, reason);
    }

    [Theory]
    [InlineData("hangs", Stall)]
    [InlineData("aborts", "ended the association")]
    [InlineData("dies", "ended the association")]
    [InlineData("dies in the middle of an image", "ended the association")]
    [InlineData("cannot read its images", "images failed")]
    [InlineData("sends another series", "images failed")]
    [InlineData("sends another study", "images failed")]
    public async Task After_the_first_image_the_connection_is_cut(string how, string reason)
    {
        var first = new TaskCompletionSource();
        var mend = await SpoilAsync(how, first.Task, from: 1);

        using (var response = await SendAsync())
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            first.SetResult();
            // Whoever reads to the end sees that there is none.
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsByteArrayAsync(Token));
        }

        await AssertForgottenAsync(mend, reason);
    }

    [Fact]
    public async Task An_image_that_comes_twice_is_given_out_once()
    {
        Pacs.AlsoSends = _study.ImagesOf(Series);

        using var response = await SendAsync();

        _study.AssertOwns(Series, await ImageAccessFixture.ReadAsync(response));
    }

    [Fact]
    public async Task A_PACS_that_does_not_answer_the_release_has_given_all_its_images()
    {
        var port = Pacs.Port;
        await Pacs.TakeAwayAsync();
        Pacs.BringBack(0);
        await using var swallower = StrangePeer.ThatSwallowsReleases(port, Pacs.Port);

        using var response = await SendAsync();

        _study.AssertOwns(Series, await ImageAccessFixture.ReadAsync(response));
    }

    [Fact]
    public async Task What_a_move_that_was_given_up_sends_later_is_not_taken_for_the_next_one()
    {
        var (late, over) = (new TaskCompletionSource(), new TaskCompletionSource());
        Pacs.BeforeImage = async (number, token) =>
        {
            if (Pacs.Moves == 1 && number == 1) await late.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
            if (Pacs.Moves == 1 || number > 0) return;
            // The second has begun: the first wakes up, and sends an image of before.
            late.SetResult();
            await over.Task.WaitAsync(token);
        };
        Pacs.MoveEnded = () => over.TrySetResult();
        using (var hung = await SendAsync())
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => hung.Content.ReadAsByteArrayAsync(Token));
        _study = _study.WithOtherPixels(_random);
        Pacs.Instances = _study.Images;

        using var next = await SendAsync();

        _study.AssertOwns(Series, await ImageAccessFixture.ReadAsync(next));
    }

    [Fact]
    public async Task A_large_image_is_waited_for_while_its_bytes_come_and_the_PACS_says_nothing_else()
    {
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        _access.Source.Time = clock;
        _access.Source.ImageAccess = _access.Source.ImageAccess! with { ArrivalTimeout = TimeSpan.FromSeconds(30) };
        await _access.Source.RestartAsync();
        // 12 MiB in two minutes: neither an image nor a C-MOVE-RSP within the time for each.
        _study = _study with { Images = [_study.ImagesOf(Series)[0]] };
        _study = _study.WithOtherPixels(_random, 6 * SlowImage.Step);
        Pacs.Instances = _study.Images;
        var folder = Path.Combine(_access.Source.Folder.Path, "source", "images");
        var seen = 0L;
        Pacs.Sends = image => new SlowImage(image, () =>
        {
            long Arrived() => Directory.GetFiles(folder).Sum(file => new FileInfo(file).Length);
            Assert.True(SpinWait.SpinUntil(() => Arrived() > seen, TimeSpan.FromSeconds(30)), "nothing arrives");
            seen = Arrived();
            clock.Advance(TimeSpan.FromSeconds(20));
        });

        using var response = await SendAsync();

        _study.AssertOwns(Series, await ImageAccessFixture.ReadAsync(response));
    }

    private Task<HttpResponseMessage> SendAsync() =>
        _access.SendAsync(_access.Request(_study.Study, Series, kos: _kos.ToString()));

    /// <summary>The record has the reason; the next request has what the PACS holds by then; no file is left.</summary>
    private async Task AssertForgottenAsync(Func<Task> mend, string reason)
    {
        var source = _access.Source;
        await source.Events.WhenAsync(ImagesNotRetrieved, 1);
        Assert.Contains(source.Events.Texts, text => text.Contains(reason, StringComparison.Ordinal));
        await mend();
        _study = _study.WithOtherPixels(_random);
        Pacs.Instances = _study.Images;

        using (var next = await SendAsync())
            _study.AssertOwns(Series, await ImageAccessFixture.ReadAsync(next));

        await source.Node.StopAsync(Token);
        var ends = (await source.AuditAsync("ITI-43")).Where(row => row.Record.Event == "110106").ToList();
        Assert.Equal([AuditOutcome.MinorFailure, AuditOutcome.Success], ends.Select(row => row.Record.Outcome));
        Assert.Contains(reason, ends[0].OutcomeDescription(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(source.Folder.Path, "source", "images")));
    }

    /// <summary>Makes the PACS bad.</summary>
    /// <param name="first">Completes when it may go wrong.</param>
    /// <param name="from">The number of the image from which on it does.</param>
    /// <returns>Makes it good again.</returns>
    private async Task<Func<Task>> SpoilAsync(string how, Task first, int from)
    {
        var pacs = Pacs;
        var port = pacs.Port;
        Task? away = null;
        Task Die() => away ??= pacs.TakeAwayAsync().AsTask();
        async Task ReturnAsync()
        {
            await Die();
            pacs.BringBack(port, "PACS");
            pacs.BeforeImage = static (_, _) => Task.CompletedTask;
            pacs.Sends = static image => image;
        }

        // What goes wrong instead of an image.
        Func<Task> Instead(Func<CancellationToken, Task> wrong)
        {
            pacs.BeforeImage = async (number, token) =>
            {
                if (number < from) return;
                await first.WaitAsync(token);
                await wrong(token);
            };
            return () =>
            {
                pacs.BeforeImage = static (_, _) => Task.CompletedTask;
                return Task.CompletedTask;
            };
        }

        Func<Task> Also(MarkedStudy stranger, Uid series)
        {
            Instead(static _ => Task.CompletedTask);
            if (from == 0) pacs.Instances = [];
            pacs.AlsoSends = stranger.ImagesOf(series);
            return () =>
            {
                pacs.AlsoSends = [];
                return Task.CompletedTask;
            };
        }

        switch (how)
        {
            case "is gone":
                await Die();
                return ReturnAsync;
            case "has another title":
                await Die();
                pacs.BringBack(port, "ANOTHER");
                away = null;
                return ReturnAsync;
            case "says nothing" or "hangs up" or "speaks another protocol":
                await Die();
                var listener = StrangePeer.That(how, port);
                return async () =>
                {
                    await listener.DisposeAsync();
                    await ReturnAsync();
                };
            case "refuses":
                pacs.MoveFailure = DimseStatus.OutOfResourcesSubOperations;
                return () =>
                {
                    pacs.MoveFailure = null;
                    return Task.CompletedTask;
                };
            case "hangs": return Instead(token => Task.Delay(Timeout.Infinite, token));
            // As after any fault of its own: the session ends with an A-ABORT.
            case "aborts": return Instead(_ => throw new InvalidOperationException("a fault of the PACS"));
            case "dies":
                Instead(async token =>
                {
                    _ = Die();
                    await Task.Delay(Timeout.Infinite, token);
                });
                return ReturnAsync;
            case "dies in the middle of an image":
                Instead(static _ => Task.CompletedTask);
                // Large, so that the half has left when it dies.
                _study = _study.WithOtherPixels(_random, 2 * 1024 * 1024);
                pacs.Instances = _study.Images;
                var count = 0;
                pacs.Sends = image => count++ == 0 ? image : new HalfAnImage(image, () => _ = Die());
                return ReturnAsync;
            case "cannot read its images":
                Instead(static _ => Task.CompletedTask);
                var number = 0;
                pacs.Sends = image => number++ < from
                    ? image
                    : InstanceSource.FromFile(
                        Path.Combine(_access.Source.Folder.Path, "absent"), 0, image.SopClassUid, image.SopInstanceUid,
                        image.TransferSyntaxUid);
                return () =>
                {
                    pacs.Sends = static image => image;
                    return Task.CompletedTask;
                };
            case "sends another series": return Also(_study, _study.Series[1]);
            case "sends another study":
                var other = MarkedStudy.Make(_random, 2)[1];
                return Also(other, other.Series[0]);
            default: throw new ArgumentOutOfRangeException(nameof(how), how, "No such PACS.");
        }
    }
}
