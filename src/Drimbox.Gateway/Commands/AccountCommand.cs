using System.CommandLine;
using System.Text.Json;
using Drimbox.Core.Accounts;
using Drimbox.Gateway.Accounts;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox account</c>: the accounts of professionals and administrators.</summary>
internal static class AccountCommand
{
    private static readonly Argument<string> Name = new("account") { Description = "Name of the account." };

    public static Command Create() => new("account", """
        Who may do what in the running process, and who did what to the accounts.

        While there is no account, root and the user that the process runs as may do everything. From the first account
        on they run the system and administer the accounts; what concerns patients is for accounts with a role for it.

        Examples:
          drimbox account add hadam --family ADAM --given HODA --national-id 801234567897 --role Radiologist
          drimbox account change hadam --os-user hadam
          drimbox account list
          drimbox account roles hadam Radiologist Archivist
          drimbox account suspend hadam --reason "left the department"
          drimbox account events --account hadam
          drimbox account rights
        """)
    {
        Add(),
        new Command("list", "All accounts, and which have a holder with the same traits.").Calls(
            (client, _, cancellation) => client.GetAsync("/api/accounts", cancellation)),
        new Command("show", "One account with its rights.") { Name }.Calls((client, parsed, cancellation) =>
            client.GetAsync(PathOf(parsed), cancellation)),
        Change(),
        SetRoles(),
        Suspend(),
        new Command("resume", "Let a suspended account work again.") { Name }.Calls((client, parsed, cancellation) =>
            client.PostAsync(PathOf(parsed) + "/resume", null, cancellation)),
        Password(),
        Events(),
        new Command("whoami", "Who you are to the running process, and what you may do.").Calls(
            (client, _, cancellation) => client.GetAsync("/api/session", cancellation)),
        Rights(),
    };

    private static Command Add()
    {
        var body = new BodyOptions();
        var roles = new Option<Role[]>("--role")
        {
            Description = "A role; may be given again. 'drimbox account rights' shows what each may do.",
            AllowMultipleArgumentsPerToken = true,
        };
        return body.AddTo(new Command("add", """
            Add the account of one person, with a national identifier, one of the site, or both.

            Examples:
              drimbox account add hadam --family ADAM --given HODA --national-id 801234567897 --role Radiologist
              drimbox account add admin.ben --family BEN --given LINA --internal-id 4711 --role Administrator
            """) { Name, roles }).Calls((client, parsed, cancellation) => client.PostAsync(
                "/api/accounts", body.Of(parsed) with { Roles = parsed.GetValue(roles) ?? [] }, cancellation));
    }

    private static Command Change()
    {
        var body = new BodyOptions();
        return body.AddTo(new Command("change", """
            Change who the holder is, or how he is recognised. What is not named stays; "" takes a thing away.

            Example:
              drimbox account change hadam --os-user hadam --certificate name:hadam.hospital.example
            """) { Name }).Calls((client, parsed, cancellation) => client.PostAsync(
                PathOf(parsed) + "/change", body.Of(parsed), cancellation));
    }

    private static Command SetRoles()
    {
        var roles = new Argument<Role[]>("roles")
        {
            Description = "The roles from now on; none takes every right away.", Arity = ArgumentArity.ZeroOrMore,
        };
        return new Command("roles", "Say which roles an account has. Nobody changes his own.") { Name, roles }.Calls(
            (client, parsed, cancellation) => client.PostAsync(
                PathOf(parsed) + "/roles", new RolesBody(parsed.GetValue(roles) ?? []), cancellation));
    }

    private static Command Suspend()
    {
        var reason = new Option<string?>("--reason") { Description = "Why: kept with the event." };
        return new Command("suspend", "Let an account do nothing any more. None is deleted: what it did names it.")
        {
            Name, reason,
        }.Calls((client, parsed, cancellation) => client.PostAsync(
            PathOf(parsed) + "/suspend", new SuspensionBody(parsed.GetValue(reason)), cancellation));
    }

    private static Command Password() => new Command("password", """
        Give an account a password for HTTPS, from the terminal or the first line of the standard input. Its holder must
        change it before it serves.

        Example:
          drimbox account password hadam < /run/secrets/first-password
        """) { Name }.Calls((client, parsed, cancellation) => client.PostAsync(
            PathOf(parsed) + "/password", new NewPasswordBody(ReadPassword()), cancellation));

    private static Command Events()
    {
        var account = new Option<string?>("--account") { Description = "Only of this one." };
        var max = new Option<int>("--max") { Description = "The last so many.", DefaultValueFactory = _ => 100 };
        return new Command("events", "What was done to accounts and at their door, by whom and when.") { account, max }
            .Calls((client, parsed, cancellation) => client.GetAsync(
                $"/api/account-events?max={parsed.GetValue(max)}"
                + (parsed.GetValue(account) is { } name ? "&account=" + Uri.EscapeDataString(name) : ""),
                cancellation));
    }

    private static Command Rights()
    {
        var command = new Command("rights", "Which role has which right.") { SocketOptions.Json };
        command.SetAction(parsed =>
        {
            var rows = RoleRights.All.Order().Select(right => Enum.GetValues<Role>().ToDictionary(
                role => role.ToString(), role => RoleRights.Of(role).Contains(right) ? "x" : "")
                .Prepend(KeyValuePair.Create("right", right.ToString())).ToDictionary());
            var answer = new AdministrationAnswer(true, JsonSerializer.SerializeToElement(rows));
            return Output.Print(answer, parsed.GetValue(SocketOptions.Json), Console.Out, Console.Error);
        });
        return command;
    }

    private static string ReadPassword()
    {
        if (Console.IsInputRedirected) return Console.In.ReadLine() ?? "";
        Console.Error.Write("Password: ");
        var typed = new System.Text.StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace) typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar)) typed.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return typed.ToString();
    }

    private static string PathOf(ParseResult parsed) =>
        "/api/accounts/" + Uri.EscapeDataString(parsed.GetValue(Name)!);

    /// <summary>What add and change say of a holder.</summary>
    private sealed class BodyOptions
    {
        private readonly Option<string?> _family = new("--family") { Description = "Family name, as exercised under." };
        private readonly Option<string?> _given = new("--given") { Description = "Given name." };
        private readonly Option<string?> _national = new("--national-id")
        {
            Description = "National identifier (PS_IdNat): 8 and the 11 digits of the RPPS number.",
        };

        private readonly Option<string?> _internal = new("--internal-id") { Description = "Identifier of the site." };
        private readonly Option<string?> _birthDate = new("--birth-date") { Description = "yyyyMMdd." };
        private readonly Option<string?> _profession = new("--profession") { Description = "In words." };
        private readonly Option<string?> _osUser = new("--os-user")
        {
            Description = "User of this machine who calls the administration socket as the holder.",
        };

        private readonly Option<string?> _certificate = new("--certificate")
        {
            Description = "What the certificate of a TLS client must be: CN=…, name:…, sha256:… or pin-sha256:….",
        };

        public Command AddTo(Command command)
        {
            foreach (var option in (Option[])
                [_family, _given, _national, _internal, _birthDate, _profession, _osUser, _certificate])
            {
                command.Options.Add(option);
            }

            return command;
        }

        public AccountBody Of(ParseResult parsed) => new()
        {
            Name = parsed.GetValue(Name)!,
            FamilyName = parsed.GetValue(_family),
            GivenName = parsed.GetValue(_given),
            NationalId = parsed.GetValue(_national),
            InternalId = parsed.GetValue(_internal),
            BirthDate = parsed.GetValue(_birthDate),
            Profession = parsed.GetValue(_profession),
            OsUser = parsed.GetValue(_osUser),
            Certificate = parsed.GetValue(_certificate),
        };
    }
}
