using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Dicom.Tls;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Storage;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Accounts;

/// <summary>In front of every action: who calls, and whether he has the right that it needs.</summary>
internal sealed class AccessControl(
    AccountRegister accounts,
    Sessions sessions,
    SignIn signIn,
    AdministrationOptions options,
    LocalUsers users,
    TimeProvider time,
    ILogger log)
{
    private const string CallerKey = "drimbox.caller";
    private const string Bearer = "Bearer ";

    // One for each account with a certificate at most.
    private readonly Dictionary<AccountName, DateTimeOffset> _certificateSeenAt = [];
    private readonly Lock _gate = new();

    /// <summary>Who calls; not for a route that needs nothing.</summary>
    public static Caller CallerOf(HttpContext context) => (Caller)context.Items[CallerKey]!;

    /// <summary>The token of the session that the request names, or null.</summary>
    public static string? TokenOf(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? authorization[Bearer.Length..].Trim()
            : null;
    }

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await AdmitAsync(context, next);
        }
        catch (StorageFaultException e) when (!context.Response.HasStarted)
        {
            // Not now: a database that is away, of the accounts or of a node.
            await RefuseAsync(
                context, StatusCodes.Status503ServiceUnavailable, new { error = $"A store cannot be used now: {e.Fault}." });
        }
    }

    private async Task AdmitAsync(HttpContext context, RequestDelegate next)
    {
        var (caller, refusal) = await IdentifyAsync(context);
        if (refusal is not null)
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, new { error = refusal });
            return;
        }

        // Not a route: it answers that there is none, or not for this method, to whoever is known.
        var endpoint = context.GetEndpoint() as RouteEndpoint;
        var isRoute = endpoint?.Metadata.GetMetadata<IHttpMethodMetadata>() is not null;
        var action = isRoute ? RouteRights.ActionOf(context.Request.Method, endpoint!) : "";
        var need = isRoute ? RouteRights.Find(action) : new RouteNeed.Identity();
        if (caller is null && need is not RouteNeed.Nothing)
        {
            AccountsLog.NotAuthenticated(log, context.Connection.RemoteIpAddress?.ToString());
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await RefuseAsync(
                context, StatusCodes.Status401Unauthorized,
                new { error = "Sign in (POST /api/session), or show the certificate of an account." });
            return;
        }

        if (need is null)
        {
            AccountsLog.RouteWithoutRight(log, action);
            await RefuseAsync(
                context, StatusCodes.Status403Forbidden, new { error = "No right is assigned to this action." });
            return;
        }

        if (need is RouteNeed.Of { Right: var right } && !caller!.Rights.Contains(right))
        {
            AccountsLog.RightMissing(log, caller.Actor, action, right);
            await RefuseAsync(
                context, StatusCodes.Status403Forbidden,
                new { error = TextOf(caller, right), reason = "RightMissing", right = right.ToString() });
            return;
        }

        context.Items[CallerKey] = caller;
        await next(context);
    }

    private static string TextOf(Caller caller, Right right) => caller switch
    {
        { Door: Door.Loopback } =>
            $"This needs the right {right}: it is not shown on the HTTP port, where nobody is known. Use the "
            + "administration socket (drimbox commands).",
        { Account: { } account } =>
            $"This needs the right {right}, which the account {account.Name} does not have: 'drimbox account rights' "
            + "shows which role has it.",
        _ =>
            $"This needs the right {right}. There are accounts, so {caller.Actor} runs the system and administers them "
            + "alone: 'drimbox account rights' shows which role has it.",
    };

    /// <returns>Both null: over HTTPS, and nobody is known.</returns>
    private async Task<(Caller? Caller, string? Refusal)> IdentifyAsync(HttpContext context)
    {
        var socket = context.Features.Get<IConnectionSocketFeature>()?.Socket;
        if (socket?.AddressFamily == AddressFamily.Unix) return BySocket(socket);
        if (context.Request.IsHttps) return await OverHttpsAsync(context);
        if (!HttpMethods.IsGet(context.Request.Method))
            return (null, "Read only: changes go through the administration socket (drimbox commands).");
        // A page of another site whose name now points here (DNS rebinding) must not read through a browser.
        return context.Request.Host.Host is "localhost" or "127.0.0.1" or "[::1]"
            ? (Caller.Anyone, null)
            : (null, "This host is called by another name.");
    }

    private (Caller? Caller, string? Refusal) BySocket(Socket socket)
    {
        if (PeerCredentials.UserOf(socket) is not { } user)
            return (null, "The kernel does not tell who calls.");
        var state = accounts.State;
        if (users.IsLocalAdministrator(user.Uid)) return (Caller.LocalAdministrator(user.Name, state), null);
        if (state.FindByOsUser(user.Name) is { IsSuspended: false } account)
            return (Caller.Of(account, Door.Socket), null);
        AccountsLog.UserUnknown(log, user.Name);
        return (null,
            $"The user {user.Name} of this machine has no account that is in use: an administrator maps one with "
            + $"'drimbox account change NAME --os-user {user.Name}'.");
    }

    private async Task<(Caller? Caller, string? Refusal)> OverHttpsAsync(HttpContext context)
    {
        if (!IsOurs(context)) return (null, "This host is called by another name: see Administration:Https:HostNames.");
        // There are no pages: a browser that sends an origin works for another site, with the certificate of its user.
        if (context.Request.Headers.Origin.Count > 0) return (null, "Requests of web pages are not answered.");
        context.Response.Headers.CacheControl = "no-store";
        if (TokenOf(context) is { } token)
        {
            return sessions.Find(token)?.In(accounts.State) is { } account
                ? (Caller.Of(account, Door.Https), null)
                : (null, null);
        }

        return (await ByCertificateAsync(context), null);
    }

    private bool IsOurs(HttpContext context)
    {
        var host = context.Request.Host.Host;
        return host is "localhost" || options.Https!.HostNames.Contains(host, StringComparer.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host.Trim('[', ']'), out var address)
                && (IPAddress.IsLoopback(address) || address.Equals(Unmapped(context.Connection.LocalIpAddress))));
    }

    private async Task<Caller?> ByCertificateAsync(HttpContext context)
    {
        if (context.Connection.ClientCertificate is not { } certificate) return null;
        if (AccountOf(certificate) is not { } account) return null;
        if (IsNews(account.Name))
        {
            await signIn.SucceedAsync(
                account.Name, AccessMeans.Certificate, context.Connection.RemoteIpAddress?.ToString(),
                context.RequestAborted);
        }

        return Caller.Of(account, Door.Https);
    }

    private Account? AccountOf(X509Certificate2 certificate)
    {
        var shown = TlsHandshakes.Describe(certificate);
        var bound = accounts.State.Accounts.Values
            .Where(account => account.Means.Certificate is { } text
                && CertificateBinding.TryParse(text, out var binding) && binding!.Matches(shown))
            .Take(2).ToList();
        // Bound in two ways to two persons it is nobody's.
        return bound is [{ IsSuspended: false } account] ? account : null;
    }

    private bool IsNews(AccountName account)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            if (_certificateSeenAt.TryGetValue(account, out var seen)
                && now - seen < Limits.CertificateAccessInterval)
            {
                return false;
            }

            _certificateSeenAt[account] = now;
            return true;
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, object body)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(body, AdministrationJson.Options, context.RequestAborted);
    }

    private static IPAddress? Unmapped(IPAddress? address) =>
        address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
