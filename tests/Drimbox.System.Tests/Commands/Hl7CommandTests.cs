using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Drimbox.Emulators;
using Drimbox.Hl7.Samples;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Hl7;

namespace Drimbox.Tests.Commands;

/// <summary><c>drimbox hl7</c> on files, and towards a peer that is a bare socket.</summary>
public sealed class Hl7CommandTests : IDisposable
{
    private readonly SampleFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_message_made_by_sample_is_valid_and_explained()
    {
        var file = _files.PathOf("request.hl7");
        await CommandRun.SucceedAsync("hl7", "sample", "TLR-1", "--full", "--order", "OPN7", "--output", file);
        var valid = await CommandRun.SucceedAsync("hl7", "validate", file);
        var explained = await CommandRun.SucceedAsync("hl7", "explain", file);

        Assert.Equal(
            [$"{file}: TLR-1 (Transmission de la demande d'examen d'imagerie): valid"], valid.Lines);
        Assert.Contains(explained.Lines, l => l.TrimStart().StartsWith("ORC-2.1 ", StringComparison.Ordinal)
            && l.Contains("Entity identifier", StringComparison.Ordinal) && l.Contains("OPN7", StringComparison.Ordinal));
        Assert.Contains("PID  Patient identification", explained.Lines);
    }

    [Fact]
    public async Task A_sample_on_the_output_can_be_read_from_a_file()
    {
        var run = await CommandRun.SucceedAsync("hl7", "sample", "CDA-MDM-2.1", "--event", "T10");
        var file = _files.Write("output.hl7", run.Output);

        var valid = await CommandRun.SucceedAsync("hl7", "validate", file, "--json");
        var result = JsonDocument.Parse(valid.Output).RootElement[0];
        Assert.True(result.GetProperty("valid").GetBoolean());
        Assert.Equal("MDM^T10", result.GetProperty("type").GetString());
    }

    [Fact]
    public async Task The_profiles_are_listed()
    {
        var run = await CommandRun.SucceedAsync("hl7", "sample");

        Assert.Contains(run.Lines, l => l.StartsWith("TLR-3 ", StringComparison.Ordinal)
            && l.EndsWith("(ORC-1 OK, OC)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_finding_has_its_place_what_is_expected_what_stands_there_and_its_answer()
    {
        var text = await File.ReadAllTextAsync(_files.Write("TLR-4", new SampleChoice(IsFull: true)));
        var file = _files.Write("wrong.hl7", text.Replace("|V09^^ATC|", "|A10^^ATC|", StringComparison.Ordinal));
        var run = await CommandRun.OfAsync("hl7", "validate", file);
        var json = await CommandRun.OfAsync("hl7", "validate", file, "--json");

        Assert.Equal((4, 4), (run.ExitCode, json.ExitCode));
        Assert.Equal(
            [
                $"{file}: TLR-4 (Transmission d'un complément d'information post-acte): 1 finding",
                "  OBX[6]-5.1: OBX-5.1 is V09 or V10",
                "    expected: V09 or V10",
                "    found:    A10",
                "    answered: ERR-2 OBX^6^5^1^1, ERR-3 103 Table value not found, ERR-4 E",
            ],
            run.Lines);
        var finding = JsonDocument.Parse(json.Output).RootElement[0].GetProperty("findings")[0];
        Assert.Equal("OBX[6]-5.1", finding.GetProperty("location").GetString());
        Assert.Equal("TableValue", finding.GetProperty("reason").GetString());
        Assert.Equal("A10", finding.GetProperty("found").GetString());
        Assert.Equal("103", finding.GetProperty("err3").GetProperty("code").GetString());
    }

    [Fact]
    public async Task What_a_document_contradicts_is_a_finding_with_ERR_5()
    {
        var text = await File.ReadAllTextAsync(_files.Write("CDA-MDM-2.1"));
        var file = _files.Write("other.hl7", text.Replace("|19790328|F|", "|19790329|F|", StringComparison.Ordinal));
        var run = await CommandRun.OfAsync("hl7", "validate", file);

        Assert.Equal(4, run.ExitCode);
        Assert.Contains(
            "ERR-2 PID^1^7, ERR-3 207 Application error, ERR-4 E, ERR-5 904 ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_frames_has_several_messages()
    {
        var (one, two) = (await File.ReadAllTextAsync(_files.Write("TLR-1")), await File.ReadAllTextAsync(_files.Write("TLR-2")));
        var file = _files.Write("capture.mllp", $"\v{one}\u001c\r\v{two}\u001c\r");
        var run = await CommandRun.SucceedAsync("hl7", "validate", file);

        Assert.Equal(2, run.Lines.Count);
        Assert.StartsWith($"{file}#2: TLR-2 ", run.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_message_ends_with_2()
    {
        var file = _files.Write("no.hl7", "PID|1|nothing\r");
        foreach (var command in (string[][])[["validate", file], ["send", "127.0.0.1:9", file]])
        {
            var run = await CommandRun.OfAsync(["hl7", .. command]);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains("it has no MSH that can be read", run.Errors, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await CommandRun.OfAsync("hl7", "explain", _files.PathOf("absent.hl7"))).ExitCode);
        Assert.Equal(2, (await CommandRun.OfAsync("hl7", "sample", "TLR-1", "--event", "R01")).ExitCode);
    }

    [Fact]
    public async Task An_answer_AE_is_shown_and_ends_with_4()
    {
        var file = _files.Write("TLR-1");
        using var peer = new ScriptedReceiver(
            id => $"MSH|^~\\&|B|B|A|A|20260106||ACK^O01^ACK|1|P|2.5.1\rMSA|AE|{id}\r"
                + "ERR||ORC^1^2|101^Required field missing|E\r");
        var run = await CommandRun.OfAsync("hl7", "send", $"127.0.0.1:{peer.Port}", file);

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("  101 Required field missing at ORC^1^2", run.Lines);
        Assert.Contains(run.Lines, l => l.StartsWith("  MSA|AE|", StringComparison.Ordinal));
        Assert.Equal(await File.ReadAllTextAsync(file), Assert.Single(peer.Received));
    }

    [Fact]
    public async Task A_message_is_repeated_under_ids_of_its_own()
    {
        var file = _files.Write("TLR-1");
        using var peer = new ScriptedReceiver(id => $"MSH|^~\\&|B|B|A|A|20260106||ACK|1|P|2.5.1\rMSA|AA|{id}\r");
        var run = await CommandRun.SucceedAsync(
            "hl7", "send", $"127.0.0.1:{peer.Port}", file, "--repeat", "20", "--new-ids", "--json");

        var outcomes = JsonDocument.Parse(run.Output).RootElement.GetProperty("outcomes");
        Assert.Equal(20, outcomes.GetProperty("AA").GetInt32());
        Assert.Equal(20, peer.Received.Distinct().Count());
        Assert.Single(peer.Received.Select(m => string.Join('|', m.Split('|').Where((_, i) => i != 9))).Distinct());
    }

    [Theory]
    [InlineData("MSH|^~\\&|B|B|A|A|20260106||ACK|1|P|2.5.1\rMSA|AA|OTHER\r", 1, "MSA-2 names another message.")]
    [InlineData("", 5, "no answer: the peer closed the connection")]
    public async Task An_answer_that_is_none_is_told_apart(string answer, int exitCode, string words)
    {
        var file = _files.Write("TLR-1");
        using var peer = new ScriptedReceiver(_ => answer);
        var run = await CommandRun.OfAsync("hl7", "send", $"127.0.0.1:{peer.Port}", file);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(words, run.Output + run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_listens_it_ends_with_3()
    {
        var run = await CommandRun.OfAsync("hl7", "send", $"127.0.0.1:{LoopbackPorts.Take()}", _files.Write("TLR-1"));

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("not sent: connect: ConnectionRefused", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_of_a_profile_is_printed()
    {
        var run = await CommandRun.SucceedAsync("hl7", "profile", "tlr-1");

        Assert.Equal("## TLR-1: Transmission de la demande d'examen d'imagerie", run.Lines[0]);
    }

    /// <summary>Answers every message of one connection as it is told; an empty answer closes it.</summary>
    private sealed class ScriptedReceiver : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<string> _received = [];
        private readonly Func<string, string> _answer;

        public ScriptedReceiver(Func<string, string> answer)
        {
            _answer = answer;
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _ = RunAsync();
        }

        public int Port { get; }

        public IReadOnlyList<string> Received
        {
            get
            {
                lock (_received) return [.. _received];
            }
        }

        public void Dispose() => _listener.Dispose();

        private async Task RunAsync()
        {
            using var client = await _listener.AcceptTcpClientAsync();
            var stream = client.GetStream();
            while (await MllpWire.ReadAsync(stream, CancellationToken.None) is { } message)
            {
                lock (_received) _received.Add(message);
                var answer = _answer(message.Split('|')[9]);
                if (answer.Length == 0) return;
                await MllpWire.WriteAsync(stream, Encoding.UTF8.GetBytes(answer), CancellationToken.None);
            }
        }
    }
}
