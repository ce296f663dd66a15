using System.Diagnostics;

namespace Drimbox.Tests.Campaigns;

/// <summary>A file that is a disk: ext4 on a loop device, mounted with commit=300 in a name space of the process that
/// lives on it, so that within the minutes of a test nothing reaches the file but what that process makes durable.
/// The mount and its device end with the process.</summary>
internal sealed class LoopImage
{
    private const long Bytes = 8L << 30;

    private LoopImage(string path) => FilePath = path;

    public string FilePath { get; }

    public static async Task<LoopImage> CreateAsync(string path)
    {
        await using (var file = File.Create(path)) file.SetLength(Bytes);
        // Tables that a kernel thread would fill in later are filled in now.
        await RunAsync(
            "mkfs.ext4", "-q", "-F", "-N", "65536", "-J", "size=64", "-E", "lazy_itable_init=0,lazy_journal_init=0",
            path);
        return new LoopImage(path);
    }

    /// <summary>The programs that mount it at <paramref name="folder"/> and start the next.</summary>
    public IReadOnlyList<string> MountedAt(string folder) =>
    [
        Peer.Require("unshare"), "--mount", "sh", "-ec",
        "mount -o loop,commit=300 \"$0\" \"$1\"; shift; exec \"$@\"", FilePath, folder,
    ];

    /// <summary>What a power cut would leave: a copy of the file while nobody writes to the device.</summary>
    /// <param name="path">Of the copy.</param>
    public async Task<LoopImage> CutAsync(string path)
    {
        var listing = await RunAsync("losetup", "--noheadings", "--output", "NAME", "--associated", FilePath);
        var device = Path.GetFileName(listing.Trim());
        while (true)
        {
            var before = await WritesAsync(device);
            await RunAsync("cp", "--sparse=always", FilePath, path);
            // The kernel may write back pages by itself; a copy that saw some of that and not the rest is none.
            if (await WritesAsync(device) == before) return new LoopImage(path);
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    // Documentation/block/stat.rst: writes that ended (5th), and requests that are under way (9th).
    private static async Task<(string, string)> WritesAsync(string device)
    {
        var text = await File.ReadAllTextAsync($"/sys/block/{device}/stat", TestContext.Current.CancellationToken);
        var fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (fields[4], fields[8]);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Peer.Require(program), arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}");
        return output;
    }
}
