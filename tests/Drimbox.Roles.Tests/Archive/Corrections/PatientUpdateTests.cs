using System.Text;
using Drimbox.Archive.Corrections;
using Drimbox.Core.Archive;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Hl7.Mllp;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Corrections;

/// <summary>Messages about patients over MLLP (IHE RAD-12): the archive follows them.</summary>
public sealed class PatientUpdateTests : IAsyncLifetime
{
    private ArchiveFixture _archive = null!;
    private int _sent;

    public async ValueTask InitializeAsync()
    {
        _archive = await StartAsync(options => options with
        {
            PatientUpdates = new PatientUpdateOptions { Port = 0, LocalAuthority = new("SITE", "1.2.3") },
        });
        await _archive.StoreAsync(Ct(1, 1, 1, "PAT-UN^ALIX"));
        await _archive.StoreAsync(Ct(2, 1, 1, "PAT-DEUX^DOMINIQUE"));
    }

    public ValueTask DisposeAsync() => _archive.DisposeAsync();

    [Fact]
    [Requirement("reliability P4")]
    public async Task A_merge_is_followed_once_and_holds_for_what_comes_later()
    {
        var merge = Adt("A40", "ADT_A39", "IPP2", "PAT-DEUX^DOMINIQUE", mrg: "IPP1");
        var first = await SendAsync(merge);
        Assert.Contains("MSA|AA|M1", first, StringComparison.Ordinal);
        Assert.Equal(["1.2.1 IPP2", "1.2.2 IPP2"], await StudiesAsync());
        Assert.Equal(first, await SendAsync(merge));
        var later = Ct(3, 1, 1, "PAT-UN^ALIX");
        later.SetString(Tag.PatientID, "IPP1");
        await _archive.StoreAsync(later);
        Assert.Equal(["1.2.1 IPP2", "1.2.2 IPP2", "1.2.3 IPP2"], await StudiesAsync());
        var events = await EventsAsync();
        Assert.All(events, e => Assert.Equal((CorrectionKind.Merge, "HL7 SIH"), (e.Kind, e.Actor)));
        Assert.All(events, e => Assert.Equal("ADT^A40, message M1", e.Reason));
        Assert.Equal(3, events.Count);

        // Nor is it another one after a restart.
        await using var after = await _archive.StartAfterCrashAsync();
        Assert.Equal(first, await SendAsync(merge, after));
        Assert.Equal(3, (await after.Node.Index.Corrections.ListAsync(null, 10, default)).Count);

        // Other bytes under its number are not the same message.
        Assert.Contains("MSA|AE|M1", await SendAsync(merge.Replace("IPP2", "IPP9", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attributes_are_corrected_where_they_differ_and_unknown_patients_leave_no_trace()
    {
        Assert.Contains("MSA|AA", await SendAsync(Adt("A08", "ADT_A01", "IPP1", "PAT-TROIS^ALIX")), StringComparison.Ordinal);
        Assert.Single(await _archive.FindAsync("STUDY", (Tag.PatientName, "PAT-TROIS^ALIX")));
        Assert.Contains("MSA|AA", await SendAsync(Adt("A31", "ADT_A05", "IPP2", "Pat-Deux^Dominique")), StringComparison.Ordinal);
        Assert.Contains("MSA|AA", await SendAsync(Adt("A28", "ADT_A05", "IPP77", "PAT-SEPT^ALIX")), StringComparison.Ordinal);
        Assert.Equal(CorrectionKind.Correct, Assert.Single(await EventsAsync()).Kind);

        Assert.Contains(
            "MSA|AA", await SendAsync(Adt("A47", "ADT_A30", "IPP3", "PAT-TROIS^ALIX", "IPP1")), StringComparison.Ordinal);
        Assert.Equal(["1.2.1 IPP3", "1.2.2 IPP2"], await StudiesAsync());
    }

    [Theory]
    [InlineData("A03", "ADT_A03", null, "MSA|AE")]
    [InlineData("A40", "ADT_A39", null, "MSA|AE")]
    [InlineData("A40", "ADT_A39", "IPP1^^^ELSEWHERE", "MSA|AE")]
    public async Task What_cannot_be_followed_is_refused_and_changes_nothing(
        string trigger, string structure, string? mrg, string answer)
    {
        Assert.Contains(
            answer, await SendAsync(Adt(trigger, structure, "IPP2", "PAT-DEUX^DOMINIQUE", mrg)), StringComparison.Ordinal);
        Assert.Empty(await EventsAsync());
        Assert.Equal(["1.2.1 IPP1", "1.2.2 IPP2"], await StudiesAsync());
    }

    [Fact]
    public async Task A_message_whose_answer_was_lost_with_the_process_is_answered_when_it_comes_again()
    {
        var merge = Adt("A40", "ADT_A39", "IPP2", "PAT-DEUX^DOMINIQUE", mrg: "IPP1");
        Assert.Contains("MSA|AA", await SendAsync(merge), StringComparison.Ordinal);
        // The corrections were committed, the message was not.
        await using var after = await _archive.StartAfterCrashAsync(
            folder => Directory.Delete(Path.Combine(folder, "messages"), recursive: true));
        Assert.Contains("MSA|AA", await SendAsync(merge, after), StringComparison.Ordinal);
        Assert.Equal(3, (await after.Node.Index.Corrections.ListAsync(null, 10, default)).Count);
    }

    // ADT^A40 of RAD-12.
    private string Adt(string trigger, string structure, string id, string name, string? mrg = null) => string.Join('\r',
        $@"MSH|^~\&|SIH|HOPITAL|ARCHIVE|SITE|20261128101500||ADT^{trigger}^{structure}|M{++_sent}|P|2.5",
        "EVN||20261128101500",
        $"PID|||{id}^^^SITE&1.2.3&ISO^PI~279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||{name}^^^^^L||19790328|F",
        mrg is null ? "" : $"MRG|{(mrg.Contains('^', StringComparison.Ordinal) ? mrg : mrg + "^^^SITE&1.2.3&ISO^PI")}\r");

    private async Task<string> SendAsync(string message, ArchiveFixture? to = null)
    {
        var port = (to ?? _archive).Node.PatientUpdateEndPoint!.Port;
        await using var client = new MllpClient(
            new MllpClientOptions { Host = "127.0.0.1", Port = port }, TimeProvider.System);
        var exchange = await client.SendAsync(Encoding.UTF8.GetBytes(message), default);
        return Encoding.UTF8.GetString(Assert.IsType<MllpExchange.Answered>(exchange).Ack.Span);
    }

    private async Task<IReadOnlyList<CorrectionEntry>> EventsAsync() =>
        await _archive.Node.Index.Corrections.ListAsync(null, 10, default);

    private async Task<List<string>> StudiesAsync() =>
    [
        .. (await _archive.FindAsync("STUDY", (Tag.StudyInstanceUID, ""), (Tag.PatientID, "")))
            .Select(m => $"{m.GetString(Tag.StudyInstanceUID)} {m.GetString(Tag.PatientID)}")
            .Order(StringComparer.Ordinal),
    ];
}
