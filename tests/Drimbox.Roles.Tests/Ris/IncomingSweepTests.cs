using Drimbox.Core;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Ris;

/// <summary>What a crash leaves in the folder that the processes of a RIS share.</summary>
public sealed class IncomingSweepTests
{
    private const int Swept = 5120;

    [Fact(Timeout = 60_000)]
    public async Task One_of_the_processes_removes_it()
    {
        await using var ris = await SkewedRis.StartAsync(
            (DmpEmulatorOptions options) => options, folder =>
            {
                var incoming = Directory.CreateDirectory(Path.Combine(folder, "objects", "incoming")).FullName;
                foreach (var (name, age) in ((string, TimeSpan)[])[("old", 2 * Limits.IncomingAgeMax), ("at-work", TimeSpan.Zero)])
                {
                    var file = Path.Combine(incoming, name);
                    File.WriteAllText(file, name);
                    File.SetLastWriteTimeUtc(file, DateTime.UtcNow - age);
                }
            },
            // A day ahead: by its own clock all would be old.
            new SkewedClock(TimeProvider.System, TimeSpan.FromDays(2)), TimeProvider.System);

        await Task.WhenAny(ris.Logs.Select(log => log.WhenAsync(Swept)));

        Assert.Equal(["at-work"], Directory.GetFiles(ris.Incoming).Select(Path.GetFileName));
    }
}
