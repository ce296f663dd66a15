using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Ris.Mail;

namespace Drimbox.Tests.Mail;

/// <summary>Python's mail modules and OpenSSL as the other end of our mails and of the emulated operator.</summary>
public sealed class MailPeerTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Python_reads_the_mail_its_archive_and_its_metadata()
    {
        await using var ris = await MailingRis.StartAsync();
        await ris.ReportAsync("A");
        var file = Path.Combine(_folder.Path, "mail.eml");
        await File.WriteAllBytesAsync(
            file, (await ris.MailAsync(MailingRis.Physician)).Content, TestContext.Current.CancellationToken);

        var mail = await PythonAsync("read", file);

        Assert.Equal(
            "XDM/1.0/DDM+CR d'imagerie médicale PAT-TROIS DOMINIQUE 28/03/1979",
            mail.GetProperty("subject").GetString());
        // Who does not decode headers finds the mark too.
        Assert.StartsWith("XDM/1.0/DDM+", mail.GetProperty("rawSubject").GetString(), StringComparison.Ordinal);
        Assert.Empty(mail.GetProperty("defects").EnumerateArray());
        Assert.Equal("utf-8", mail.GetProperty("charset").GetString());
        Assert.Contains("validé par", mail.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            ["20261102_CR d'imagerie médicale_PAT-TROIS_DOMINIQUE.pdf", "IHE_XDM.zip"],
            mail.GetProperty("attachments").EnumerateArray().Select(a => a.GetString()));
        Assert.Equal(JsonValueKind.Null, mail.GetProperty("badFile").ValueKind);
        Assert.Empty(mail.GetProperty("deadLinks").EnumerateArray());
        Assert.True(mail.GetProperty("hashIsThatOfTheDocument").GetBoolean());
        Assert.True(mail.GetProperty("sizeIsThatOfTheDocument").GetBoolean());
        Assert.Equal("{urn:hl7-org:v3}ClinicalDocument", mail.GetProperty("root").GetString());
        Assert.True(mail.GetProperty("isAscii").GetBoolean());
        // RFC 5322 2.1.1 recommends 78.
        Assert.InRange(mail.GetProperty("longestLine").GetInt32(), 1, 78);
    }

    [Fact]
    public async Task Python_sends_to_the_emulator_and_fetches_the_notification()
    {
        await using var ris = await MailingRis.StartAsync();
        await PythonAsync(
            "send", $"{ris.Operator.SmtpPort}", ris.Authorities, MailingRis.Sender, MailingRis.Password,
            MailingRis.Colleague);

        var received = Assert.Single(ris.Operator.Received);
        Assert.Equal((true, MailingRis.Sender), (received.WasSecure, received.User!));
        Assert.EndsWith(
            "Bonjour\r\n.\r\n..\r\nfin\r\n", Encoding.ASCII.GetString(received.Content),
            StringComparison.Ordinal);

        ris.Operator.NotifyDelivery(received, "delivered", "2.0.0");
        var fetched = await PythonAsync(
            "fetch", $"{ris.Operator.ImapPort}", ris.Authorities, MailingRis.Sender, MailingRis.Password);
        var subject = Assert.Single(fetched.GetProperty("subjects").EnumerateArray());
        Assert.Equal(
            ["Etat de remise", "multipart/report", "delivery-status"],
            subject.EnumerateArray().Select(s => s.GetString()));
        Assert.Equal(0, ris.Operator.Unseen);
    }

    [Theory]
    [InlineData("smtp")]
    [InlineData("imap")]
    public async Task OpenSSL_verifies_the_emulator_behind_STARTTLS(string protocol)
    {
        await using var ris = await MailingRis.StartAsync();
        var port = protocol == "smtp" ? ris.Operator.SmtpPort : ris.Operator.ImapPort;
        var run = await RunAsync(
            Peer.Require("openssl"),
            ["s_client", "-starttls", protocol, "-connect", $"localhost:{port}", "-CAfile", ris.Authorities,
                "-verify_return_error", "-verify_hostname", "localhost", "-brief"]);

        Assert.Contains("Verification: OK", run, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> PythonAsync(params IReadOnlyList<string> arguments)
    {
        var script = Path.GetFullPath(Path.Combine(Dcmjs.FolderOf("dcmjs"), "..", "..", "Mail", "peer.py"));
        var output = await RunAsync(Peer.Require("python3"), [script, .. arguments]);
        return JsonDocument.Parse(output).RootElement.Clone();
    }

    private static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}:\n{output}\n{await errors}");
        // OpenSSL tells about the connection on standard error.
        return output.Length > 0 ? output : await errors;
    }
}
