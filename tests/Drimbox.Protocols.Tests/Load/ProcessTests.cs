using System.Net;
using System.Net.Sockets;
using Drimbox.Load.Targets;

namespace Drimbox.Tests.Load;

/// <summary>What is read from /proc: a made-up one, and the real one of this process.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly StoreFolder _proc = new();

    public void Dispose() => _proc.Dispose();

    [Fact]
    public void Children_and_their_children_count_with_their_parent()
    {
        Process(10, parent: 1, "store (scp) x", ticks: [100, 50, 7, 3], pages: 1000);
        Process(11, parent: 10, "child", ticks: [10, 0, 0, 0], pages: 10);
        Process(12, parent: 11, "grandchild", ticks: [5, 0, 0, 0], pages: 5);
        Process(13, parent: 1, "stranger", ticks: [9999, 0, 0, 0], pages: 9999);
        var sampler = new ProcessSampler(10, root: _proc.Path);
        Assert.Equal("store (scp) x", sampler.Name);
        Assert.Equal((1.75, 1015L * Environment.SystemPageSize), sampler.Sample());
        Assert.Equal(
            (1.6, 1000L * Environment.SystemPageSize), new ProcessSampler(10, false, _proc.Path).Sample());
    }

    [Fact]
    public void A_process_that_has_ended_has_no_sample()
    {
        Assert.Null(new ProcessSampler(10, root: _proc.Path).Sample());
        Assert.Equal("", new ProcessSampler(10, root: _proc.Path).Name);
    }

    [Fact]
    public void This_process_uses_memory_and_time()
    {
        var sample = Assert.NotNull(new ProcessSampler(Environment.ProcessId).Sample());
        Assert.True(sample.CpuSeconds > 0);
        Assert.InRange(sample.Rss, 10 * 1024 * 1024, long.MaxValue);
    }

    [Fact]
    public async Task The_process_that_listens_is_found_by_its_port()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Equal(Environment.ProcessId, await ListeningProcess.FindAsync(new HostPort("127.0.0.1", port), default));
        listener.Stop();
        Assert.Null(await ListeningProcess.FindAsync(new HostPort("127.0.0.1", port), default));
        // TEST-NET-1 of RFC 5737 is no address of ours.
        Assert.Null(await ListeningProcess.FindAsync(new HostPort("192.0.2.1", port), default));
    }

    // man 5 proc: pid (comm) state ppid … 14 utime stime cutime cstime … 24 rss
    private void Process(int pid, int parent, string name, long[] ticks, long pages)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_proc.Path, $"{pid}")).FullName;
        File.WriteAllText(Path.Combine(folder, "comm"), name + "\n");
        File.WriteAllText(
            Path.Combine(folder, "stat"),
            $"{pid} ({name}) S {parent} 0 0 0 0 0 0 0 0 0 {string.Join(' ', ticks)} 20 0 1 0 1 4096 {pages} 0\n");
    }
}
