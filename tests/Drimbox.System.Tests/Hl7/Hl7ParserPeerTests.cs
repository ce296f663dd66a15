using System.Globalization;
using System.Text;
using System.Text.Json;
using Drimbox.Hl7.Er7;

namespace Drimbox.Tests.Hl7;

/// <summary>What we write and how we read it, against python-hl7 and node-hl7-client, which share no code with
/// us.</summary>
public sealed class Hl7ParserPeerTests : IDisposable
{
    private readonly SampleFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Python_hl7_finds_the_same_values_at_the_same_places_of_every_sample()
    {
        var paths = _files.WriteAll();
        await using var peer = PeerProcess.Python(["parse", .. paths]);
        var answers = await peer.EndAsync();

        Assert.Equal(paths.Count, answers.Count);
        foreach (var (path, answer) in paths.Zip(answers))
        {
            var message = SampleFiles.Read(path);
            Assert.Equal(
                message.Segments.Select(s => s.Name),
                answer.GetProperty("names").EnumerateArray().Select(n => n.GetString()));
            Assert.Equal(
                Leaves(message),
                answer.GetProperty("values").EnumerateArray().Select(v => string.Join(' ', v.EnumerateArray())));
            Assert.True(answer.GetProperty("again").GetBoolean());
        }
    }

    [Fact]
    public async Task Node_hl7_client_finds_the_same_values_and_gives_the_message_back()
    {
        // Where it lies behind the first segment of its name or a repetition, its paths cannot say it.
        var samples = _files.WriteAll().Select(path => (Path: path, Leaves: FirstLeaves(SampleFiles.Read(path)))).ToList();
        var list = _files.Write(
            "list.json", JsonSerializer.Serialize(samples.Select(s => new { file = s.Path, paths = s.Leaves.Places })));
        await using var peer = PeerProcess.Node("parse", list);
        var answers = await peer.EndAsync();

        Assert.Equal(samples.Count, answers.Count);
        foreach (var (sample, answer) in samples.Zip(answers))
        {
            Assert.Equal(
                sample.Leaves.Values, answer.GetProperty("values").EnumerateArray().Select(v => v.GetString()));
            Assert.True(answer.GetProperty("again").GetBoolean());
        }
    }

    // Segment, field, repetition, component, subcomponent and the text as written.
    private static IEnumerable<string> Leaves(Er7Message message) =>
        from segment in message.Segments
        from field in Enumerable.Range(1, segment.FieldCount)
        from leaf in segment.Index == 0 && field <= 2
            ? [(1, 1, 1, segment[field])]
            : LeavesOf(segment[field])
        let text = Encoding.UTF8.GetString(leaf.Item4.Raw.Span)
        where text.Length > 0
        select string.Create(CultureInfo.InvariantCulture,
            $"{segment.Index + 1} {field} {leaf.Item1} {leaf.Item2} {leaf.Item3} {text}");

    private static IEnumerable<(int, int, int, Er7Value)> LeavesOf(Er7Value field)
    {
        for (var r = 1; r <= field.Repetitions.Count; r++)
        {
            var repetition = field.Repetition(r);
            for (var c = 1; c <= PartsOf(repetition, '^'); c++)
            {
                for (var s = 1; s <= PartsOf(repetition.Component(c), '&'); s++)
                    yield return (r, c, s, repetition.Component(c).Subcomponent(s));
            }
        }
    }

    private static (List<string> Places, List<string> Values) FirstLeaves(Er7Message message)
    {
        var (places, values) = (new List<string>(), new List<string>());
        foreach (var segment in message.Segments.Where(s => s.Occurrence == 1))
        {
            for (var f = 1; f <= segment.FieldCount; f++)
            {
                if (segment.Index == 0 && f <= 2) continue;
                var components = PartsOf(segment[f], '^');
                for (var c = 1; c <= components; c++)
                {
                    var component = segment[f].Component(c);
                    var parts = PartsOf(component, '&');
                    for (var s = 1; s <= parts; s++)
                    {
                        if (component.Subcomponent(s).IsEmpty) continue;
                        var place = $"{segment.Name}.{f}" + (components > 1 ? $".{c}" : "");
                        places.Add(parts > 1 ? $"{place}.{s}" : place);
                        values.Add(component.Subcomponent(s).Text);
                    }
                }
            }
        }

        return (places, values);
    }

    private static int PartsOf(Er7Value value, char separator) =>
        value.IsEmpty ? 0 : 1 + value.Raw.Span.Count((byte)separator);
}
