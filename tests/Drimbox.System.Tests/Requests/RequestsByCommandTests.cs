using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Demo;
using Drimbox.Ris;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Requests;

/// <summary>A secretary at the command line of a RIS: from a document of a requester to the worklist that findscu of
/// DCMTK reads and the messages that a platform gets.</summary>
public sealed class RequestsByCommandTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private readonly GatewayUnderTest _gateway = new();
    private readonly FakeRis _platform = new();
    private readonly int _dicomPort = LoopbackPorts.Take();

    public async ValueTask InitializeAsync() => await _gateway.StartAsync(all => GatewayUnderTest.RisAlone(all) with
    {
        Ris = GatewayUnderTest.RisAlone(all).Ris! with
        {
            Dicom = new RisDicomOptions
            {
                AeTitle = "RIS", Port = _dicomPort, Callers = [new CallerSection { AeTitle = "FINDSCU" }],
            },
            Teleradiology = new Hl7PeerOptions
            {
                Host = "127.0.0.1", Port = _platform.Port, Application = "TLR", Facility = "LEVANT",
            },
        },
    });

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _platform.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    [Requirement("DB/RIS.01")]
    [Requirement("DB/RIS.02")]
    [Requirement("DB/RIS.06")]
    public async Task A_scanned_request_becomes_two_requests_whose_examinations_findscu_reads()
    {
        Peer.RequireGate();
        Peer.Require("findscu");
        var scan = Path.Combine(_folder.Path, "demande.pdf");
        await File.WriteAllTextAsync(scan, "%PDF-1.4 a scan", TestContext.Current.CancellationToken);

        var placed = await AskAsync(
            "place", Request("OPN1", "CT"), Request(null, "MR"), "--document", scan, "--title", "Demande");
        var rows = placed.GetProperty("requests").EnumerateArray().ToList();
        Assert.Equal(2, rows.Count);
        Assert.Equal($"{DemoIdentities.OrderRoot}^OPN1", Text(rows[0], "order"));
        Assert.StartsWith(DemoIdentities.RisRoot + "^", Text(rows[1], "order"), StringComparison.Ordinal);
        Assert.NotEqual(Text(rows[0], "accession"), Text(rows[1], "accession"));
        foreach (var row in rows)
        {
            var number = Text(row, "order").Split('^')[1];
            Assert.Contains($"\rORC|NW|{number}^", await NextAsync("ORM^O01"), StringComparison.Ordinal);
            Assert.Contains($"\rORC|NW|{number}^", await NextAsync("MDM^T02"), StringComparison.Ordinal);
        }

        // A second examination of the first request, which the second request shares.
        var planned = await AskAsync("examination", Text(rows[0], "order"), "--modality", "US");
        var study = planned.GetProperty("requests").EnumerateArray()
            .Single(r => Text(r, "modality") == "US").GetProperty("study").GetString()!;
        await AskAsync("examination", Text(rows[1], "order"), "--study", study);
        var found = await Dcmtk.SucceedAsync(
            "findscu", "-W", "-aet", "FINDSCU", "-aec", "RIS", "-k", "AccessionNumber", "-k", "StudyInstanceUID",
            "-k", "PlacerOrderNumberImagingServiceRequest", "-k", "ScheduledProcedureStepSequence[0].Modality=US",
            "127.0.0.1", $"{_dicomPort}");
        Assert.Contains("Find Response: 2 (Pending)", found, StringComparison.Ordinal);
        Assert.DoesNotContain("Find Response: 3", found, StringComparison.Ordinal);
        Assert.Equal(2, found.Split($"[{study}").Length - 1);
        Assert.Contains("(0008,0050) SH [OPN1", found, StringComparison.Ordinal);

        // The tree is the same from wherever it is asked for.
        var document = Text(rows[0], "documents");
        Assert.Equal(4, (await AskAsync("tree", document)).GetArrayLength());
        Assert.Equal(4, (await AskAsync("tree", study)).GetArrayLength());
        Assert.Equal(2, (await AskAsync("tree", "OPN1")).GetArrayLength());
        Assert.Equal(2, (await AskAsync("list")).GetArrayLength());
        Assert.Contains("OPN1", await _gateway.CommandAsync("requests", "tree", document), StringComparison.Ordinal);

        await AskAsync("attach", Text(rows[0], "order"), scan, "--type", "11502-2", "--title", "Biologie");
        Assert.Contains("\rOBR|1|OPN1^", await NextAsync("MDM^T02"), StringComparison.Ordinal);
        await AskAsync("attach", Text(rows[1], "order"), "--document", document);
        Assert.Empty(_platform.Messages.Reader.TryPeek(out var more) ? more : "");
    }

    [Fact]
    public async Task What_cannot_be_filed_is_said_and_ends_with_1_or_2()
    {
        Peer.RequireGate();
        var wrong = Path.Combine(_folder.Path, "wrong.json");
        await File.WriteAllTextAsync(wrong, """{ "purposes": 5 }""", TestContext.Current.CancellationToken);
        foreach (var (arguments, code, sentence) in new (string[], int, string)[]
        {
            (["attach", "1.2^NONE", "--document", "1.2.3"], 1, "No request"),
            (["attach", "1.2^NONE"], 2, "Give a file"),
            (["tree", "1.2^NONE"], 1, "No request"),
            (["place", "/nowhere.json"], 2, "nowhere"),
            (["place", wrong], 2, "cannot be read at $.purposes"),
        })
        {
            var run = await CommandRun.OfAsync(["requests", .. arguments, "--socket", _gateway.Socket]);
            Assert.True(run.ExitCode == code, $"{string.Join(' ', arguments)}: {run.ExitCode}\n{run.Errors}");
            Assert.Contains(sentence, run.Errors, StringComparison.Ordinal);
        }
    }

    private Task<JsonElement> AskAsync(params string[] arguments) => _gateway.AskAsync(["requests", .. arguments]);

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private async Task<string> NextAsync(string type)
    {
        var message = await _platform.Messages.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.StartsWith(type, message.Split('\r')[0].Split('|')[8], StringComparison.Ordinal);
        return message;
    }

    private string Request(string? number, string modality)
    {
        var request = DemoIdentities.Request(number ?? "X");
        var file = Path.Combine(_folder.Path, $"{modality}.json");
        File.WriteAllText(file, JsonSerializer.Serialize(
            request with
            {
                PlacerOrderNumber = number is null ? default : request.PlacerOrderNumber,
                Modality = new Code(modality, "DCM", modality),
            },
            AdministrationJson.Options));
        return file;
    }
}
