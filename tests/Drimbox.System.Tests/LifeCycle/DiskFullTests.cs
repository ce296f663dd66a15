using System.Diagnostics;
using System.Text.Json;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Tests.Commands;

namespace Drimbox.Tests.LifeCycle;

/// <summary>A real file system of 64 MiB that fills up under the running program.</summary>
public sealed class DiskFullTests
{
    [Fact]
    public async Task Storing_stops_at_the_mark_all_else_goes_on_and_it_recovers_without_a_restart()
    {
        Peer.RequireProcess();
        using var disk = SmallDisk.Mount(megabytes: 64);
        await using var archive = await RunningArchive.StartAsync(
            """, "Disk": { "FreeBytesMin": 16000000, "FreePercentMin": 0 } """, folder: disk.Folder);
        using var files = new StudyFiles();
        await CommandRun.SucceedAsync("store", archive.Peer, files.Study);
        await using var standing = await archive.CallAsync();
        var store = new CStoreScu(standing);

        disk.Fill(megabytes: 50);
        await archive.WhenLoggedAsync(1160);
        Assert.Equal(0xA700, (await store.SendAsync(RunningArchive.Instance("1.2.3.1", 2_000_000))).Code);
        var refused = await CommandRun.OfAsync("store", archive.Peer, files.Study);
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("transient", refused.Errors, StringComparison.Ordinal);
        await CommandRun.SucceedAsync("echo", archive.Peer);
        var found = await CommandRun.SucceedAsync("find", archive.Peer, "-k", "StudyInstanceUID=", "--json");
        Assert.Equal(1, JsonDocument.Parse(found.Output).RootElement.GetArrayLength());
        var status = JsonDocument.Parse((await archive.SucceedAsync("status", "--json")).Output).RootElement;
        Assert.False(status.GetProperty("ok").GetBoolean());

        disk.Clear();
        await archive.WhenLoggedAsync(1161);
        Assert.Equal(DimseStatus.Success, await store.SendAsync(RunningArchive.Instance("1.2.3.1", 2_000_000)));
        await CommandRun.SucceedAsync("store", archive.Peer, files.Study);
    }

    /// <summary>A tmpfs of its own, where the test may mount one.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly StoreFolder _at = new();

        public string Folder => _at.Path;

        private string Filler => Path.Combine(Folder, "filler");

        public static SmallDisk Mount(int megabytes)
        {
            var disk = new SmallDisk();
            if (Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", disk.Folder) == 0) return disk;
            disk._at.Dispose();
            Peer.Missing("this user cannot mount a tmpfs");
            throw new UnreachableException();
        }

        public void Fill(int megabytes) => File.WriteAllBytes(Filler, new byte[megabytes * 1024 * 1024]);

        public void Clear() => File.Delete(Filler);

        public void Dispose()
        {
            Run("umount", "-l", Folder);
            _at.Dispose();
        }

        private static int Run(string program, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            process.WaitForExit();
            return process.ExitCode;
        }
    }
}
