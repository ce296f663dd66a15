using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Emulators.Psc;

namespace Drimbox.Tests.Source;

/// <summary>Images for other DRIMboxes, over HTTPS with certificates on both sides, from a PACS by C-MOVE.</summary>
public sealed class ImageAccessTests
{
    [Theory]
    [InlineData("1.2.840.10008.1.2.1")]
    [InlineData("1.2.840.10008.1.2")]
    [Requirement("DB.SO.32")]
    [Requirement("DB.SO.39")]
    [Requirement("DB.SO.41")]
    public async Task A_series_is_given_out_in_explicit_vr_with_the_ins(string held)
    {
        await using var access = await ImageAccessFixture.StartAsync();
        Assert.True(TransferSyntax.TryFind(Uid.Parse(held), out var syntax));
        access.Source.Pacs.Syntax = syntax;
        var series = SeriesOf(access)[0];

        using var response = await access.SendAsync(access.Request(SourceReports.Study, series));
        var images = await ImageAccessFixture.ReadAsync(response);

        var expected = access.Source.Pacs.Instances.Where(i => i.GetUid(Tag.SeriesInstanceUID) == series).ToList();
        Assert.Equal(expected.Select(Instance).Order(), images.Select(i => Instance(i.DataSet)).Order());
        Assert.All(images, image =>
        {
            Assert.Equal(TransferSyntax.ExplicitVRLittleEndian, image.TransferSyntax);
            var other = Assert.Single(image.DataSet.GetItems(Tag.OtherPatientIDsSequence));
            Assert.Equal(SourceReports.Ins.Extension, other.GetString(Tag.PatientID));
            Assert.Equal(
                SourceReports.Ins.Root,
                other.GetItems(Tag.IssuerOfPatientIDQualifiersSequence)[0].GetString(Tag.UniversalEntityID));
            // What the PACS says of the patient stays, and so do the pixels.
            var original = expected.Single(i => Instance(i) == Instance(image.DataSet));
            Assert.Equal(original.GetString(Tag.PatientID), image.DataSet.GetString(Tag.PatientID));
            Assert.Equal(Pixels(original), Pixels(image.DataSet));
        });
    }

    [Theory]
    [InlineData("unlisted", HttpStatusCode.Forbidden)]
    [InlineData("no token", HttpStatusCode.Unauthorized)]
    [InlineData("ended token", HttpStatusCode.Unauthorized)]
    [InlineData("psc down", HttpStatusCode.ServiceUnavailable)]
    [InlineData("profession", HttpStatusCode.Forbidden)]
    [InlineData("unknown study", HttpStatusCode.NotFound)]
    [InlineData("no manifest named", HttpStatusCode.BadRequest)]
    [InlineData("other manifest", HttpStatusCode.Forbidden)]
    [InlineData("not acceptable", HttpStatusCode.NotAcceptable)]
    [InlineData("unknown series", HttpStatusCode.NotFound)]
    [InlineData("pacs refuses", HttpStatusCode.BadGateway)]
    [InlineData("no uid", HttpStatusCode.BadRequest)]
    [Requirement("DB.SO.33")]
    [Requirement("DB.SO.34")]
    [Requirement("DB.SO.37")]
    [Requirement("DB.SO.38")]
    [Requirement("DB.SO.98")]
    public async Task Each_refusal_has_its_status_and_its_reason(string why, HttpStatusCode status)
    {
        await using var access = await ImageAccessFixture.StartAsync();
        var (request, client) = access.Refused(why);
        using (request)
        using (client)
        {
            using var response = await access.SendAsync(request, client);

            Assert.Equal(status, response.StatusCode);
            var sentence = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.EndsWith(".\n", sentence, StringComparison.Ordinal);
            Assert.DoesNotContain(SourceReports.Ins.Extension!, sentence, StringComparison.Ordinal);
            Assert.Equal(status == HttpStatusCode.Unauthorized, response.Headers.WwwAuthenticate.Count > 0);
        }

        // The PACS is not asked for what is not given out.
        Assert.Equal(why is "unknown series" or "pacs refuses" or "not acceptable" ? 1 : 0, access.Source.Pacs.Moves);
    }

    [Fact]
    [Requirement("DB.SO.99")]
    public async Task Without_a_client_certificate_there_is_no_connection()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Subject == "CN=drimbox" },
        });

        await Assert.ThrowsAsync<HttpRequestException>(
            () => access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)[0]), client));
    }

    /// <param name="suite">That alone is offered.</param>
    [Theory]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true)]
    [InlineData(TlsCipherSuite.TLS_AES_256_GCM_SHA384, true)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, false)]
    [Requirement("DB.SO.90")]
    public async Task It_shows_the_certificate_that_is_configured_and_takes_what_the_profile_of_TLS_has(
        TlsCipherSuite suite, bool isTaken)
    {
        await using var access = await ImageAccessFixture.StartAsync();
        var address = access.Source.Node.ImageAccessAddress!;
        using var identity = X509Certificate2.CreateFromPemFile(access.Files.Certificate, access.Files.Key);
        using var certificate = X509CertificateLoader.LoadPkcs12(identity.Export(X509ContentType.Pfx), null);
        using var authority = X509CertificateLoader.LoadCertificateFromFile(access.Files.Authority);
        using var client = new TcpClient(address.Host, address.Port);
        var shown = "";
        await using var tls = new SslStream(client.GetStream());

        var handshake = tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "drimbox",
                ClientCertificates = [certificate],
                CipherSuitesPolicy = new CipherSuitesPolicy([suite]),
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
                // Its name is compared by the test: the certificates of the tests have no alternative name.
                RemoteCertificateValidationCallback = (_, server, _, errors) =>
                {
                    shown = server?.Subject ?? "";
                    return (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
                },
            },
            TestContext.Current.CancellationToken);

        if (!isTaken)
        {
            Assert.True(await Record.ExceptionAsync(() => handshake) is AuthenticationException or IOException);
            return;
        }

        await handshake;
        Assert.Equal(("CN=drimbox", suite), (shown, tls.NegotiatedCipherSuite));
    }

    [Fact]
    [Requirement("DB.SO.90")]
    public async Task Nothing_is_said_without_TLS()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        using var request = access.Request(SourceReports.Study, SeriesOf(access)[0]);
        request.RequestUri = new UriBuilder(request.RequestUri!) { Scheme = "http" }.Uri;

        await Assert.ThrowsAsync<HttpRequestException>(() => access.SendAsync(request));
    }

    [Fact]
    [Requirement("DB.SO.38")]
    public async Task Images_of_a_withdrawn_report_are_refused()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        await access.Source.SendAsync(ReportAction.Delete, SourceReports.Report("A"));

        using var response = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)[0]));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Images_that_were_not_asked_for_are_not_taken_and_the_answer_says_so()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        access.Source.Pacs.AlsoSends = SourceReports.Images(1, study: SourceReports.OtherStudy);

        using var response = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)[0]));

        // The status was out with the first image: the answer does not end as if it were whole.
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => ImageAccessFixture.ReadAsync(response));
    }

    [Fact]
    public async Task A_pacs_that_sends_nothing_of_the_series_is_a_bad_gateway()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        access.Source.Pacs.Instances = [];
        access.Source.Pacs.AlsoSends = SourceReports.Images(1, study: SourceReports.OtherStudy);

        using var response = await access.SendAsync(access.Request(SourceReports.Study, Uid.Parse("1.2.3.4")));

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
    }

    [Fact]
    public async Task A_pacs_that_hangs_is_given_up_and_the_next_request_asks_it_anew()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        access.Source.Pacs.BeforeImage = (_, token) => Task.Delay(Timeout.Infinite, token);

        using var hung = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)[0]));
        access.Source.Pacs.BeforeImage = (_, _) => Task.CompletedTask;
        using var next = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)[0]));

        Assert.Equal(HttpStatusCode.GatewayTimeout, hung.StatusCode);
        Assert.Equal(2, (await ImageAccessFixture.ReadAsync(next)).Count);
    }

    [Fact]
    public async Task Two_who_ask_for_a_series_at_once_share_one_move_and_the_first_image_does_not_wait_for_the_last()
    {
        await using var access = await ImageAccessFixture.StartAsync(images: 8);
        var gate = new TaskCompletionSource();
        access.Source.Pacs.BeforeImage = (number, token) => number == 2 ? gate.Task.WaitAsync(token) : Task.CompletedTask;
        var series = SeriesOf(access)[0];

        // Both have the header of their answer, and so an image, while the PACS has not sent its third.
        using var first = await access.SendAsync(access.Request(SourceReports.Study, series));
        using var second = await access.SendAsync(access.Request(SourceReports.Study, series));
        gate.SetResult();

        var images = await ImageAccessFixture.ReadAsync(first);
        Assert.Equal(4, images.Count);
        Assert.Equal(
            images.Select(i => Instance(i.DataSet)), (await ImageAccessFixture.ReadAsync(second)).Select(i => Instance(i.DataSet)));
        Assert.Equal(1, access.Source.Pacs.Moves);
    }

    [Fact]
    public async Task An_image_leaves_before_the_next_one_comes_however_small_it_is()
    {
        await using var access = await ImageAccessFixture.StartAsync(images: 8, arrival: TimeSpan.FromSeconds(60));
        var gate = new TaskCompletionSource();
        access.Source.Pacs.BeforeImage = (number, token) => number == 2 ? gate.Task.WaitAsync(token) : Task.CompletedTask;
        var token = TestContext.Current.CancellationToken;

        using var response = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)[0]));
        await using var body = await response.Content.ReadAsStreamAsync(token);
        var (bytes, text) = (new byte[4096], "");
        while (text.Split("Content-Length: ").Length <= 2)
        {
            var count = await body.ReadAsync(bytes, token).AsTask().WaitAsync(TimeSpan.FromSeconds(30), token);
            Assert.NotEqual(0, count);
            text += Encoding.Latin1.GetString(bytes, 0, count);
        }

        gate.SetResult();
        while (await body.ReadAsync(bytes, token) is var more && more > 0)
            text += Encoding.Latin1.GetString(bytes, 0, more);
        Assert.Equal(4, text.Split("Content-Length: ").Length - 1);
    }

    [Fact]
    [Requirement("DB.SO.35")]
    public async Task Thirty_requests_at_once_get_their_own_images_and_no_others()
    {
        await using var access = await ImageAccessFixture.StartAsync(images: 40);
        var series = SeriesOf(access);
        var marks = access.Source.Pacs.Instances.ToDictionary(Instance, Pixels);

        await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            var asked = series[i % series.Count];
            using var response = await access.SendAsync(access.Request(SourceReports.Study, asked));
            var images = await ImageAccessFixture.ReadAsync(response);
            Assert.Equal(20, images.Select(image => Instance(image.DataSet)).Distinct().Count());
            Assert.All(images, image =>
            {
                Assert.Equal(asked, image.DataSet.GetUid(Tag.SeriesInstanceUID));
                Assert.Equal(marks[Instance(image.DataSet)], Pixels(image.DataSet));
            });
        }));
    }

    [Fact]
    public async Task A_list_that_is_not_signed_as_it_must_be_leaves_the_last_good_one_also_after_a_restart()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        var forged = (await File.ReadAllTextAsync(access.WhiteListFile, TestContext.Current.CancellationToken))
            .Replace("CN=db1.example", "CN=db2.example", StringComparison.Ordinal);
        await File.WriteAllTextAsync(access.WhiteListFile, forged, TestContext.Current.CancellationToken);
        await access.Source.CrashAndRestartAsync();

        using var listed = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)[0]));
        using var client = access.ClientNamed("db2.example");
        using var unlisted = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)[0]), client);

        Assert.Equal(HttpStatusCode.OK, listed.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, unlisted.StatusCode);
    }

    [Theory]
    [InlineData("Somebody else", 1, "db1.example")]
    [InlineData("Liste Blanche", -1, "db1.example")]
    [InlineData("Liste Blanche", 1, "db2.example")]
    public async Task A_list_counts_if_it_is_newer_and_of_the_right_signer(string signer, int days, string admitted)
    {
        await using var access = await ImageAccessFixture.StartAsync();
        access.WriteWhiteList(signer, DateTimeOffset.UtcNow.AddDays(days), "CN=db2.example");
        await access.Source.CrashAndRestartAsync();

        using var client = access.ClientNamed(admitted);
        using var response = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)[0]), client);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("GET", "application/json")]
    [InlineData("OPTIONS", "application/vnd.sun.wadl+xml")]
    [Requirement("DB.SO.103")]
    public async Task It_says_that_it_is_there_and_what_it_does(string method, string type)
    {
        await using var access = await ImageAccessFixture.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), access.Source.Node.ImageAccessAddress);
        request.Headers.TryAddWithoutValidation("Accept", type);

        using var response = await access.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(
            "RetrieveSeries", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    private static List<Uid> SeriesOf(ImageAccessFixture access) =>
        [.. access.Source.Pacs.Instances.Select(i => i.GetUid(Tag.SeriesInstanceUID)).Distinct()];

    private static string Instance(DataSet image) => image.GetUid(Tag.SOPInstanceUID).ToString();

    private static byte[] Pixels(DataSet image)
    {
        Assert.True(image.TryGet(Tag.PixelData, out var element));
        return element.ToMemory().ToArray();
    }
}
