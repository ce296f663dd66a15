using System.Text;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;
using Drimbox.Hl7.Samples;

namespace Drimbox.Tests.Hl7;

/// <summary>Samples of the generator as files, as they go on the wire.</summary>
internal sealed class SampleFiles : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("drimbox-hl7-");
    private int _count;

    /// <summary>Writes a sample.</summary>
    /// <returns>Its path.</returns>
    public string Write(string profile, SampleChoice? choice = null)
    {
        var message = SampleMessage.TryWrite(
            MessageCatalog.Find(profile)!, choice ?? new SampleChoice(), TimeProvider.System.GetUtcNow(),
            new RandomIdSource(), out var why);
        Assert.True(message is not null, why);
        return Write($"{profile}-{++_count}.hl7", message);
    }

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    /// <summary>Every message that a peer would be sent: each profile, with and without what is optional.</summary>
    public IReadOnlyList<string> WriteAll() =>
    [
        .. MessageCatalog.All.SelectMany(p => (string[])
            [Write(p.Id), Write(p.Id, new SampleChoice(IsFull: true))]),
    ];

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public static Er7Message Read(string path) => Er7Message.TryRead(File.ReadAllBytes(path), out _)!;

    public void Dispose() => _folder.Delete(recursive: true);

    private string Write(string name, byte[] message)
    {
        File.WriteAllBytes(PathOf(name), message);
        return PathOf(name);
    }
}
