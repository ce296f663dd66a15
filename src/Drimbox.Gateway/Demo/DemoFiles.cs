using System.Text;
using System.Text.Json;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Gateway.Demo;

/// <summary>What the demo reads from and writes to disk as an operator would.</summary>
internal static class DemoFiles
{
    /// <summary>True if the SQLite file of a node (or its log) defines publication tables: SQLite keeps the text of
    /// each definition.</summary>
    public static async Task<bool> HasPublicationTableAsync(string nodeFolder, CancellationToken cancellation)
    {
        foreach (var file in Directory.EnumerateFiles(nodeFolder, "flow.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy, cancellation);
            if (copy.GetBuffer().AsSpan(0, (int)copy.Length).IndexOf("CREATE TABLE publication"u8) >= 0) return true;
        }

        return false;
    }

    /// <summary>The configuration of a process with only a platform, and a DMP section that it may not have.</summary>
    public static string WritePlatformWithDmp(DemoSystem system) => Write(
        system, "platform-with-dmp", system.Configuration with
        {
            Archive = null,
            Ris = null,
            Source = null,
            Administration = new AdministrationOptions(),
        });

    /// <summary>The configuration of a RIS of its own, which sends no copies.</summary>
    public static string WriteRis(DemoSystem system, string node, int port) => Write(
        system, node, system.Configuration with
        {
            Archive = null,
            Source = null,
            Teleradiology = null,
            Administration = new AdministrationOptions(),
            Ris = system.Configuration.Ris! with
            {
                Node = node,
                Hl7 = system.Configuration.Ris.Hl7 with { Port = port },
                Source = null,
                Teleradiology = null,
            },
        });

    private static string Write(DemoSystem system, string name, GatewayConfiguration configuration)
    {
        var path = Path.Combine(system.Folder, name + ".json");
        var json = JsonSerializer.Serialize(
            configuration with { DataFolder = Path.Combine(system.Folder, name + "-data") }, AdministrationJson.Options);
        File.WriteAllText(path, json, new UTF8Encoding(false));
        return path;
    }
}
