using System.Text.Json;
using Drimbox.Core.Accounts;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Accounts;

/// <summary>Users of this machine at the administration socket: curl under another user, whom the kernel
/// names.</summary>
public sealed class SocketCallerTests
{
    // Of every Linux, and nobody's shell: user and group 1.
    private const string User = "daemon";

    [Fact]
    public async Task A_user_without_an_account_is_refused_and_one_with_an_account_has_the_rights_of_its_roles()
    {
        RequireSecondUser();
        await using var server = await AccountsServer.StartAsync(socketGroup: User);
        LetPass(server.Folder);
        Assert.Equal(403, (await GetAsync(server, User, "/api/status")).Status);
        Assert.Contains($"[7002] The user {User} ", server.Log.Text, StringComparison.Ordinal);

        await server.DoAsync(AccountsServer.Account("ines", [Role.Secretary], osUser: User));

        Assert.Equal((200, "account:ines"), await GetAsync(server, User, "/api/session"));
        Assert.Equal(200, (await GetAsync(server, User, "/api/archive/studies")).Status);
        Assert.Equal(403, (await GetAsync(server, User, "/api/accounts")).Status);

        await server.DoAsync(new SuspendAccount(AccountName.Parse("ines"), ""));
        Assert.Equal(403, (await GetAsync(server, User, "/api/session")).Status);
    }

    [Fact]
    [Requirement("SSI/GEN.16")]
    public async Task Without_accounts_the_local_administrator_may_do_everything_and_with_accounts_he_keeps_the_system()
    {
        await using var server = await AccountsServer.StartAsync();
        Assert.Equal(200, (await GetAsync(server, null, "/api/archive/studies")).Status);
        Assert.Equal(200, (await GetAsync(server, null, "/api/accounts")).Status);

        await server.DoAsync(AccountsServer.Account("ines", [Role.Secretary]));

        Assert.Equal(403, (await GetAsync(server, null, "/api/archive/studies")).Status);
        Assert.Equal(200, (await GetAsync(server, null, "/api/accounts")).Status);
        Assert.Equal(200, (await GetAsync(server, null, "/api/status")).Status);
        // Suspending everybody gives nothing back.
        await server.DoAsync(new SuspendAccount(AccountName.Parse("ines"), ""));
        Assert.Equal(403, (await GetAsync(server, null, "/api/archive/studies")).Status);
    }

    [Fact]
    public async Task Without_a_group_the_socket_is_for_its_owner()
    {
        RequireSecondUser();
        await using var server = await AccountsServer.StartAsync();
        LetPass(server.Folder);
        // curl: 7, could not connect.
        var (code, _) = await RunAsync(server, User, "/api/status");
        Assert.Equal(7, code);
    }

    private static async Task<(int Status, string? Actor)> GetAsync(AccountsServer server, string? user, string path)
    {
        var (code, output) = await RunAsync(server, user, path);
        Assert.True(code == 0, output);
        var lines = output.TrimEnd().Split('\n');
        using var json = JsonDocument.Parse(lines[0]);
        return (int.Parse(lines[^1]), json.RootElement.ValueKind == JsonValueKind.Object
            && json.RootElement.TryGetProperty("actor", out var actor) ? actor.GetString() : null);
    }

    private static Task<(int ExitCode, string Output)> RunAsync(AccountsServer server, string? user, string path)
    {
        var curl = Peer.Require("curl");
        string[] call =
            ["-s", "-w", "\\n%{http_code}", "--unix-socket", server.Socket, $"http://drimbox{path}"];
        return user is null
            ? Dcmtk.RunAsync("curl", call)
            : Dcmtk.RunAsync(
                "setpriv", ["--reuid", user, "--regid", user, "--clear-groups", curl, .. call]);
    }

    private static void RequireSecondUser()
    {
        Peer.Require("setpriv");
        if (Environment.UserName != "root") Peer.Missing("only root can act as a second user");
    }

    private static void LetPass(string folder) => File.SetUnixFileMode(
        folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
}
