using Drimbox.Core;

namespace Drimbox.Tests.Hosting;

/// <summary>Files without a name in a folder that processes share: one that a crash has left, and one at work.</summary>
internal static class UnfinishedFiles
{
    /// <summary>The event that tells of their removal.</summary>
    public const int Swept = 5120;

    public static void Leave(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, age) in ((string, TimeSpan)[])[("old", 2 * Limits.IncomingAgeMax), ("at-work", TimeSpan.Zero)])
        {
            var file = Path.Combine(folder, name);
            File.WriteAllText(file, name);
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow - age);
        }
    }

    public static void AssertSwept(string folder) =>
        Assert.Equal(["at-work"], Directory.GetFiles(folder).Select(Path.GetFileName));
}
