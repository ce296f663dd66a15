using Drimbox.Emulators.Dmp;
using Drimbox.Tests.Hosting;

namespace Drimbox.Tests.Ris;

/// <summary>What a crash leaves in the folder that the processes of a RIS share.</summary>
public sealed class IncomingSweepTests
{
    [Fact(Timeout = 60_000)]
    public async Task One_of_the_processes_removes_it()
    {
        await using var ris = await SkewedRis.StartAsync(
            (DmpEmulatorOptions options) => options,
            folder => UnfinishedFiles.Leave(Path.Combine(folder, "objects", "incoming")),
            // A day ahead: by its own clock all would be old.
            new SkewedClock(TimeProvider.System, TimeSpan.FromDays(2)), TimeProvider.System);

        await Task.WhenAny(ris.Logs.Select(log => log.WhenAsync(UnfinishedFiles.Swept)));

        UnfinishedFiles.AssertSwept(ris.Incoming);
    }
}
