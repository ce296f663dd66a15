using System.Text.Json;
using Drimbox.Gateway.Commands;
using Drimbox.Tests.Commands;
using Drimbox.Tests.LifeCycle;

namespace Drimbox.Tests.Accounts;

/// <summary><c>drimbox account</c> against a running process.</summary>
public sealed class AccountCommandTests
{
    [Fact]
    [Requirement("SSI/IAM.91")]
    [Requirement("IEPS 8")]
    public async Task Accounts_are_added_changed_and_suspended_and_each_step_is_kept_with_who_and_when()
    {
        await using var archive = await RunningArchive.StartAsync();
        var before = Json(await archive.SucceedAsync("account", "whoami", "--json"));
        Assert.Contains("DecidePublications", before.GetProperty("rights").GetString(), StringComparison.Ordinal);

        await archive.SucceedAsync(
            "account", "add", "hadam", "--family", "ADAM", "--given", "HODA", "--national-id", "801234567897", "--role",
            "Radiologist", "--profession", "Radiologue");
        var second = await archive.SucceedAsync(
            "account", "add", "admin.adam", "--family", "Adam", "--given", "Hoda", "--internal-id", "4711", "--role",
            "Administrator");
        Assert.Contains(
            "warning: The account hadam has a holder with the same traits.", second.Output, StringComparison.Ordinal);
        var clash = await archive.CommandAsync(
            "account", "add", "third", "--family", "BEN", "--given", "LINA", "--internal-id", "4711");
        Assert.Equal(1, clash.ExitCode);
        Assert.Contains("that of the account admin.adam", clash.Errors, StringComparison.Ordinal);

        await archive.SucceedAsync("account", "change", "hadam", "--birth-date", "19800214", "--os-user", "hadam");
        await archive.SucceedAsync("account", "roles", "hadam", "Archivist", "Radiologist");
        await archive.SucceedAsync("account", "suspend", "hadam", "--reason", "left");

        var shown = Json(await archive.SucceedAsync("account", "show", "hadam", "--json"));
        Assert.Equal("Archivist Radiologist", shown.GetProperty("roles").GetString());
        Assert.Equal("", shown.GetProperty("rights").GetString());
        Assert.Equal("801234567897", shown.GetProperty("nationalId").GetString());
        Assert.Contains("admin.adam", shown.GetProperty("warning").GetString(), StringComparison.Ordinal);
        var events = Json(await archive.SucceedAsync("account", "events", "--account", "hadam", "--json"))
            .EnumerateArray().ToList();
        Assert.Equal(
            [
                "AccountAdded roles: Radiologist", "AccountChanged birth date, user of the operating system",
                "RolesChanged roles: Radiologist -> Archivist Radiologist", "AccountSuspended left",
            ],
            events.Select(e => $"{e.GetProperty("what").GetString()} {e.GetProperty("detail").GetString()}"));
        Assert.All(events, e => Assert.Equal(Environment.UserName, e.GetProperty("by").GetString()));
        Assert.All(events, e => Assert.True(e.GetProperty("at").GetDateTimeOffset() > DateTimeOffset.UnixEpoch));

        // From the first account on records are for accounts.
        var refused = await archive.CommandAsync("study", "list");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("ReadRecords", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rights_of_the_roles_are_shown_without_a_process()
    {
        var run = await CommandRun.SucceedAsync("account", "rights", "--json");
        var row = Json(run).EnumerateArray().Single(r => r.GetProperty("right").GetString() == "DecidePublications");
        Assert.Equal("x", row.GetProperty("Radiologist").GetString());
        Assert.Equal("", row.GetProperty("Administrator").GetString());
    }

    [Fact]
    public void Every_option_of_the_command_is_in_the_document()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Drimbox.sln"))) folder = folder.Parent;
        var document = File.ReadAllText(Path.Combine(folder.FullName, "docs", "operations", "accounts.md"));
        Assert.Empty(
            from command in AccountCommand.Create().Subcommands
            from name in command.Options.Select(option => option.Name).Except(["--socket"]).Append(command.Name)
            where !document.Contains(name, StringComparison.Ordinal)
            select $"{command.Name} {name}");
    }

    private static JsonElement Json(CommandRun run) => JsonDocument.Parse(run.Output).RootElement;
}
