using System.Diagnostics;

namespace Drimbox.Tests.Campaigns;

/// <summary>A network name space for a server, with a cable of its own to it for each of up to four clients, which all stay in the
/// name space of the tests: one can be cut off from the server and from nothing else. Needs root.</summary>
internal sealed class DatabaseCables : IAsyncDisposable
{
    private readonly string _id = Guid.NewGuid().ToString("N")[..6];
    // So that two runs on one machine do not meet.
    private readonly int _subnet = Random.Shared.Next(64) * 4;
    private readonly int _count;

    private DatabaseCables(int count) => _count = count;

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
            await IpAsync($"addr add {cables.Client(i)}/30 dev {cables.Near(i)}");
            await IpAsync($"link set {cables.Near(i)} up");
            await IpAsync($"-n {cables.Name} addr add {cables.Server(i)}/30 dev {cables.Far(i)}");
            await IpAsync($"-n {cables.Name} link set {cables.Far(i)} up");
        }

        return cables;
    }

    /// <summary>Where the server is for a client.</summary>
    public string Server(int client) => $"10.213.{_subnet + client}.2";

    /// <summary>Nothing comes through any more, and nobody is told.</summary>
    /// <param name="oneWay">What the client says still arrives, and what the server says is lost.</param>
    public Task CutAsync(int client, bool oneWay) => IpAsync(oneWay
        ? $"-n {Name} route add blackhole {Client(client)}/32"
        : $"-n {Name} link set {Far(client)} down");

    /// <inheritdoc cref="CutAsync"/>
    public Task MendAsync(int client, bool oneWay) => IpAsync(oneWay
        ? $"-n {Name} route del blackhole {Client(client)}/32"
        : $"-n {Name} link set {Far(client)} up");

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < _count; i++) await IpAsync($"link del {Near(i)}");
        await IpAsync($"netns del {Name}");
    }

    private string Client(int client) => $"10.213.{_subnet + client}.1";

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
