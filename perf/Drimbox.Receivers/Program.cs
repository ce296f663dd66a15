using System.Globalization;
using System.Net;
using Drimbox.Dicom.Scp;
using Drimbox.Receivers;

const string Usage = """
    receivers discard|floor-a|floor-b --port N --set ct|mr|cr [--folder PATH]
    receivers engine|engine-discard|archive --port N [--folder PATH]
    receivers send --port N --set ct|mr|cr --instances N [--associations N] [--run N] [--host ADDRESS] [--called AE]
    receivers tail --port N --set ct|mr|cr --instances N [--run N] [--host ADDRESS] [--called AE]
    """;

var command = args.FirstOrDefault() ?? "";
var options = new Dictionary<string, string>(StringComparer.Ordinal);
for (var i = 1; i + 1 < args.Length; i += 2) options[args[i]] = args[i + 1];

switch (command)
{
    case "discard":
        Floor.Serve(Port(), Set(), () => new DiscardTarget());
        break;
    case "floor-a":
        Floor.Serve(Port(), Set(), () => new FileTarget(Folder(), isDurable: false));
        break;
    case "floor-b":
        using (var index = new FloorIndex(Folder()))
            Floor.Serve(Port(), Set(), () => new IndexedTarget(Folder(), index));
        break;
    case "engine":
        await EngineReceiver.ServeAsync(Port(), new FileStoreScp(Folder()));
        break;
    case "engine-discard":
        await EngineReceiver.ServeAsync(Port(), new DiscardStoreScp());
        break;
    case "archive":
        await ArchiveReceiver.ServeAsync(Port(), Folder());
        break;
    case "send":
        Console.WriteLine(new Sender(Target(), Set(), Run()).Send(Number("--instances"), Number("--associations", 1)));
        break;
    case "tail":
        Console.WriteLine(new Sender(Target(), Set(), Run()).MeasureTail(Number("--instances")));
        break;
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}

return 0;

string Text(string name) => options.TryGetValue(name, out var text)
    ? text
    : throw new ArgumentException($"{name} is missing.\n{Usage}");

int Number(string name, int? otherwise = null) => otherwise is { } value && !options.ContainsKey(name)
    ? value
    : int.Parse(Text(name), CultureInfo.InvariantCulture);

int Port() => Number("--port");

ImageSet Set() => ImageSet.Named(Text("--set"));

string Folder() => Text("--folder");

// Makes the UIDs of this run its own; 1 to 4294967295.
uint Run() => options.TryGetValue("--run", out var text)
    ? uint.Parse(text, CultureInfo.InvariantCulture)
    : (uint)DateTimeOffset.UtcNow.ToUnixTimeSeconds();

Peer Target() => new(
    new IPEndPoint(IPAddress.Parse(options.GetValueOrDefault("--host", "127.0.0.1")), Port()),
    options.GetValueOrDefault("--called", "RECEIVER"));
