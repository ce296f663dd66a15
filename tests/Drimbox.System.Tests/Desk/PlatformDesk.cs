using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Teleradiology;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Desk;

/// <summary>A process with only the platform, a RIS by hand beside it, and a radiologist at its command line.</summary>
internal sealed class PlatformDesk : IAsyncDisposable
{
    private readonly GatewayUnderTest _gateway = new();
    private readonly FakeRis _ris = new();
    private readonly ExaminationCase _examination = new();
    private int _messages;

    private PlatformDesk()
    {
    }

    /// <summary>The placer order number of the request, as commands want it.</summary>
    public string Order => $"1.2.250.1.999.20.3^{_examination.Order}";

    public static async Task<PlatformDesk> StartAsync(Func<DeskOptions, DeskOptions>? change = null)
    {
        var desk = new PlatformDesk();
        await desk._gateway.StartAsync(all => GatewayUnderTest.PlatformAlone(all) with
        {
            Teleradiology = all.Teleradiology! with
            {
                Desk = change is null ? all.Teleradiology.Desk : change(all.Teleradiology.Desk),
                Ris = new Hl7PeerOptions
                {
                    Host = "127.0.0.1", Port = desk._ris.Port, Application = "RIS", Facility = "TILLEULS",
                },
            },
        });
        return desk;
    }

    /// <summary>The RIS places the request (flux 1).</summary>
    public Task PlaceAsync() => SendAsync("orm-o01-nw.er7");

    /// <summary>The RIS says that the images are made (flux 4).</summary>
    /// <param name="study">Which of several studies of the request: 1 is the first.</param>
    public Task ExamineAsync(int study = 1) => SendAsync(
        "omi-o23-sr.er7", ("study", study == 1 ? _examination.Study : $"{_examination.Study}.{study}"),
        ("accession", study == 1 ? _examination.Accession : $"{_examination.Accession}-{study}"));

    /// <summary>Runs <c>drimbox platform</c>.</summary>
    public Task<string> CommandAsync(params string[] arguments) =>
        _gateway.CommandAsync(["platform", .. arguments]);

    /// <summary>The same with its JSON.</summary>
    public Task<JsonElement> AskAsync(params string[] arguments) => _gateway.AskAsync(["platform", .. arguments]);

    /// <summary>The next message that the RIS gets.</summary>
    public async Task<string> NextMessageAsync() => await _ris.Messages.Reader
        .ReadAsync(TestContext.Current.CancellationToken).AsTask()
        .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

    /// <summary>The document of the next message, which is of that trigger.</summary>
    public async Task<byte[]> NextDocumentAsync(string trigger)
    {
        var segments = (await NextMessageAsync()).Split('\r');
        Assert.StartsWith($"MDM^{trigger}^", segments[0].Split('|')[8], StringComparison.Ordinal);
        var document = segments.Single(segment => segment.StartsWith("OBX|1|", StringComparison.Ordinal));
        return Convert.FromBase64String(document.Split('|')[5].Split('^')[4]);
    }

    /// <summary>The PDF of a document, of its body or attached to it.</summary>
    public static byte[] PdfOf(byte[] cda) => Convert.FromBase64String(
        XDocument.Parse(Encoding.UTF8.GetString(cda)).Descendants()
            .Single(e => (string?)e.Attribute("mediaType") == "application/pdf").Value);

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _ris.DisposeAsync();
    }

    private async Task SendAsync(string file, params (string, string)[] values)
    {
        var text = Template.Fill(
            "Messages/" + file,
            [
                ("ins", _examination.Ins), ("order", _examination.Order), ("time", "20260314080500+0100"),
                ("control", $"DESK-{_examination.Number}-{++_messages}"), .. values,
            ]);
        var port = _gateway.Configuration.Teleradiology!.Hl7.Port;
        var ack = await MllpWire.SendAsync(port, Template.ToWire(text), TestContext.Current.CancellationToken);
        Assert.True(ack!["MSA", 1] == "AA", ack.Text);
    }
}
