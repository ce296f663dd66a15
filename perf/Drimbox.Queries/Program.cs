using System.Globalization;
using Drimbox.Queries;

const string Usage = """
    queries fill --folder PATH --studies N [--seed N]
    queries ask --port N --called AE --studies N [--seed N] [--keys N]
    queries all --port N --called AE --studies N [--seed N] [--rounds N]
    queries send --port N --called AE --from N --studies N [--instances N] [--seed N] [--associations N]
    """;

var command = args.FirstOrDefault() ?? "";
var options = new Dictionary<string, string>(StringComparer.Ordinal);
for (var i = 1; i + 1 < args.Length; i += 2) options[args[i]] = args[i + 1];
var seed = Number("--seed", 1);
var population = new Population(seed);

switch (command)
{
    case "fill":
        Console.WriteLine(await Filler.FillAsync(Text("--folder"), population, Number("--studies")));
        break;
    case "ask":
        var questions = Asking();
        var keys = Number("--keys", 10_000);
        // Not counted: what is called often is compiled again, here and there.
        foreach (var keyword in (string[])["PatientID", "AccessionNumber", "StudyInstanceUID"])
            questions.Keys(keyword, Math.Min(keys, 2_000));
        foreach (var keyword in (string[])["PatientID", "AccessionNumber", "StudyInstanceUID"])
            Console.WriteLine(questions.Keys(keyword, keys));
        var ranges = Math.Max(20, keys / 50);
        // The last of each matches tens of thousands of studies in an archive of a million.
        foreach (var (days, share) in ((int, int)[])[(1, 1), (7, 1), (365, 10)])
            Console.WriteLine(questions.DatesAndModality(days, ranges / share));
        foreach (var (length, share) in ((int, int)[])[(6, 1), (4, 1), (2, 10)])
            Console.WriteLine(questions.NamePrefixes(length, ranges / share));
        Console.WriteLine(questions.Cancelled(ranges));
        break;
    case "all":
        var all = Asking();
        all.All(withCounts: false, 2);
        Console.WriteLine(all.All(withCounts: false, Number("--rounds", 5)));
        Console.WriteLine(all.All(withCounts: true, Number("--rounds", 5)));
        break;
    case "send":
        Console.WriteLine(Sending.Send(
            Number("--port"), Text("--called"), population, Number("--from"), Number("--studies"),
            Number("--instances", 1), Number("--associations", 4)));
        break;
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}

return 0;

Questions Asking() =>
    new(Number("--port"), Text("--called"), population, Number("--studies"), new Random(seed));

string Text(string name) => options.TryGetValue(name, out var text)
    ? text
    : throw new ArgumentException($"{name} is missing.\n{Usage}");

int Number(string name, int? otherwise = null) => otherwise is { } value && !options.ContainsKey(name)
    ? value
    : int.Parse(Text(name), CultureInfo.InvariantCulture);
