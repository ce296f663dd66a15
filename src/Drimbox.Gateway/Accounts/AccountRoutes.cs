using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Gateway.Administration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Accounts;

/// <summary>The routes of the accounts. No answer holds a password or its hash.</summary>
internal static class AccountRoutes
{
    public static void Map(IEndpointRouteBuilder routes, AccountRegister accounts, SignIn signIn)
    {
        var group = routes.MapGroup("/api/accounts");
        group.MapGet("", () =>
        {
            var state = accounts.State;
            var duplicates = state.FindDuplicates();
            return Results.Ok(state.Accounts.Values.Select(account =>
                SummaryOf(account, duplicates.GetValueOrDefault(account.Name) ?? [])));
        });
        group.MapGet("/{name}", (string name) => WithAccount(accounts, name, account =>
            Results.Ok(DetailOf(accounts.State, account))));
        routes.MapGet("/api/account-events", async (string? account, int? max, CancellationToken cancellation) =>
        {
            AccountName? only = null;
            if (account is not null)
            {
                if (!AccountName.TryParse(account, null, out var name)) return Answers.Bad(AccountName.Error);
                only = name;
            }

            return Results.Ok(await accounts.ListEventsAsync(
                only, Math.Clamp(max ?? 100, 1, Limits.AccountEventsListedMax), cancellation));
        });
        MapChanges(group, accounts, signIn);
    }

    private static void MapChanges(RouteGroupBuilder group, AccountRegister accounts, SignIn signIn)
    {
        group.MapPost("", (AccountBody body, HttpContext context, CancellationToken cancellation) =>
            body.ToAdd(out var refusal) is { } command
                ? DoAsync(accounts, command, context, cancellation)
                : Task.FromResult(Answers.Refused(refusal!)));
        group.MapPost("/{name}/change",
            (string name, AccountBody body, HttpContext context, CancellationToken cancellation) =>
                (body with { Name = name }).ToChange(out var refusal) is { } command
                    ? DoAsync(accounts, command, context, cancellation)
                    : Task.FromResult(Answers.Refused(refusal!)));
        group.MapPost("/{name}/roles",
            (string name, RolesBody body, HttpContext context, CancellationToken cancellation) =>
                WithNameAsync(name, account =>
                    DoAsync(accounts, new SetRoles(account, body.ToSet()), context, cancellation)));
        group.MapPost("/{name}/suspend",
            (string name, SuspensionBody body, HttpContext context, CancellationToken cancellation) =>
                WithNameAsync(name, account => DoAsync(
                    accounts, new SuspendAccount(account, body.Reason ?? ""), context, cancellation)));
        group.MapPost("/{name}/resume",
            (string name, HttpContext context, CancellationToken cancellation) =>
                WithNameAsync(name, account =>
                    DoAsync(accounts, new ResumeAccount(account), context, cancellation)));
        group.MapPost("/{name}/password",
            (string name, NewPasswordBody body, HttpContext context, CancellationToken cancellation) =>
                WithNameAsync(name, async account =>
                {
                    var caller = AccessControl.CallerOf(context);
                    return Answers.OfRefusal(await signIn.SetAsync(
                        account, body.Password ?? "", caller.Actor, caller.Account?.Name, cancellation));
                }));
    }

    private static async Task<IResult> DoAsync(
        AccountRegister accounts, AccountCommand command, HttpContext context, CancellationToken cancellation)
    {
        var caller = AccessControl.CallerOf(context);
        var decision = await accounts.ExecuteAsync(command, caller.Actor, caller.Account?.Name, cancellation);
        return decision.Refusal is { } refusal
            ? Answers.Refused(refusal)
            : Results.Ok(new
            {
                ok = true,
                account = command.Name.ToString(),
                warning = decision.Warnings.Count == 0 ? null : string.Join(' ', decision.Warnings),
            });
    }

    private static object SummaryOf(Account account, IReadOnlyList<Account> sameTraits) => new
    {
        account = account.Name.ToString(),
        name = $"{account.Holder.FamilyName} {account.Holder.GivenName}",
        id = account.Holder.NationalId ?? account.Holder.InternalId,
        roles = string.Join(' ', account.Roles),
        osUser = account.Means.OsUser,
        suspended = account.IsSuspended,
        sameTraitsAs = TextOf(sameTraits),
    };

    private static object DetailOf(AccountsState state, Account account) => new
    {
        account = account.Name.ToString(),
        familyName = account.Holder.FamilyName,
        givenName = account.Holder.GivenName,
        nationalId = account.Holder.NationalId,
        internalId = account.Holder.InternalId,
        birthDate = account.Holder.BirthDate,
        profession = account.Holder.Profession,
        roles = string.Join(' ', account.Roles),
        rights = string.Join(' ', account.Rights.Order()),
        osUser = account.Means.OsUser,
        certificate = account.Means.Certificate,
        suspended = account.IsSuspended,
        addedAt = account.AddedAt,
        passwordSetAt = account.Password?.SetAt,
        passwordIsTemporary = account.Password?.IsTemporary,
        warning = state.DuplicatesOf(account) is { Count: > 0 } others
            ? $"the holder has the same traits as that of {TextOf(others)}"
            : null,
    };

    private static string? TextOf(IReadOnlyList<Account> accounts) =>
        accounts.Count == 0 ? null : string.Join(' ', accounts.Select(a => a.Name));

    private static IResult WithAccount(AccountRegister accounts, string name, Func<Account, IResult> then) =>
        AccountName.TryParse(name, null, out var parsed) && accounts.State.Find(parsed) is { } account
            ? then(account)
            : Answers.Missing("There is no such account.");

    private static Task<IResult> WithNameAsync(string name, Func<AccountName, Task<IResult>> then) =>
        AccountName.TryParse(name, null, out var parsed)
            ? then(parsed)
            : Task.FromResult(Answers.Bad(AccountName.Error));
}
