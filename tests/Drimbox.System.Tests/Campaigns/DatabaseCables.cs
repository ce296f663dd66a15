using System.Diagnostics;

namespace Drimbox.Tests.Campaigns;

/// <summary>A network name space for a server, with a cable of its own to it for each of some clients, which all stay in the
/// name space of the tests: one can be cut off from the server and from nothing else. Needs root.</summary>
internal sealed class DatabaseCables : IAsyncDisposable
{
    private readonly string _id = Guid.NewGuid().ToString("N")[..6];
    private readonly bool[] _isCut;

    private DatabaseCables(int count) => _isCut = new bool[count];

    /// <summary>The name space.</summary>
    public string Name => $"drimbox-{_id}";

    public static async Task<DatabaseCables> LayAsync(int count)
    {
        Campaign.RequireRoot();
        Peer.Require("ip");
        var cables = new DatabaseCables(count);
        await IpAsync($"netns add {cables.Name}");
        for (var i = 0; i < count; i++)
        {
            await IpAsync($"link add {cables.Near(i)} type veth peer name {cables.Far(i)} netns {cables.Name}");
            await IpAsync($"addr add 10.213.{i}.1/30 dev {cables.Near(i)}");
            await IpAsync($"link set {cables.Near(i)} up");
            await IpAsync($"-n {cables.Name} addr add {Server(i)}/30 dev {cables.Far(i)}");
            await IpAsync($"-n {cables.Name} link set {cables.Far(i)} up");
        }

        return cables;
    }

    /// <summary>Where the server is for a client.</summary>
    public static string Server(int client) => $"10.213.{client}.2";

    public bool IsCut(int client) => _isCut[client];

    /// <summary>Nothing comes through any more, and nobody is told.</summary>
    /// <param name="oneWay">What the client says still arrives, and what the server says is lost.</param>
    public async Task CutAsync(int client, bool oneWay)
    {
        _isCut[client] = true;
        await IpAsync(oneWay
            ? $"-n {Name} route add blackhole 10.213.{client}.1/32"
            : $"-n {Name} link set {Far(client)} down");
    }

    /// <inheritdoc cref="CutAsync"/>
    public async Task MendAsync(int client, bool oneWay)
    {
        await IpAsync(oneWay
            ? $"-n {Name} route del blackhole 10.213.{client}.1/32"
            : $"-n {Name} link set {Far(client)} up");
        _isCut[client] = false;
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < _isCut.Length; i++) await IpAsync($"link del {Near(i)}");
        await IpAsync($"netns del {Name}");
    }

    private string Near(int client) => $"db{client}-{_id}";

    private string Far(int client) => $"far{client}-{_id}";

    private static async Task IpAsync(string command)
    {
        using var process = Process.Start(
            new ProcessStartInfo("ip", command) { UseShellExecute = false, RedirectStandardError = true })!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"ip {command}: {errors}");
    }
}
