using Drimbox.Core.Accounts;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Accounts;

// Event ids 7000-7019. Routes are logged as they are declared, without what stands in the place of an identifier.
internal static partial class AccountsLog
{
    [LoggerMessage(7000, LogLevel.Information, "Account {Account}: {What} by {Actor}")]
    public static partial void Changed(ILogger logger, AccountName account, string what, string actor);

    [LoggerMessage(7001, LogLevel.Warning, "{Actor} was refused {Route}: it needs the right {Right}")]
    public static partial void RightMissing(ILogger logger, string actor, string route, Right right);

    [LoggerMessage(7002, LogLevel.Warning, "The user {User} of this machine called and has no account that is in use")]
    public static partial void UserUnknown(ILogger logger, string user);

    [LoggerMessage(7003, LogLevel.Information, "Account {Account} signed in by {Means} from {Address}")]
    public static partial void SignedIn(ILogger logger, AccountName account, AccessMeans means, string? address);

    [LoggerMessage(7004, LogLevel.Warning, "A sign-in to {Account} from {Address} failed")]
    public static partial void SignInFailed(ILogger logger, string account, string? address);

    [LoggerMessage(7005, LogLevel.Warning, "Account {Account} is locked until {Until} after failed sign-ins")]
    public static partial void Locked(ILogger logger, AccountName account, DateTimeOffset until);

    [LoggerMessage(7006, LogLevel.Warning, "Account {Account}: {Warning}")]
    public static partial void Warned(ILogger logger, AccountName account, string warning);

    [LoggerMessage(7007, LogLevel.Error, "No right is assigned to {Route}: nobody can call it")]
    public static partial void RouteWithoutRight(ILogger logger, string route);

    [LoggerMessage(7008, LogLevel.Warning, "The administration keeps its former TLS files: {Reason}")]
    public static partial void TlsFilesUnusable(ILogger logger, string reason);

    [LoggerMessage(7009, LogLevel.Warning, "A request to the administration from {Address} is not authenticated")]
    public static partial void NotAuthenticated(ILogger logger, string? address);

    [LoggerMessage(7010, LogLevel.Warning, "A sign-in by OpenID Connect from {Address} failed: {Why}")]
    public static partial void OpenIdRefused(ILogger logger, string? address, string why);

    [LoggerMessage(7011, LogLevel.Warning, "OpenID Connect: {Why}")]
    public static partial void OpenIdUnavailable(ILogger logger, string why);
}
