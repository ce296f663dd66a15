using System.Collections.Concurrent;
using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dmp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Drimbox.Emulators.Dmp;

/// <summary>
/// The DMP on the wire: an XDS.b registry and repository (ITI-41, 18, 43, 57) and TD0.2 with its own SQLite file, the
/// access rules of the VIHF, visibility by audience, a query page and API, and scripted misbehaviour. It listens on
/// 127.0.0.1 only.
/// </summary>
public sealed class DmpEmulator : IAsyncDisposable
{
    /// <summary>The paths of the DMP (facts document 3.6).</summary>
    internal const string ServicesPath = "/si-dmp-server/v2/services/";

    private readonly WebApplication _app;
    private readonly DmpStore _store;
    private readonly ConcurrentDictionary<string, AllowedStructure> _structures;
    private readonly Signals<CommittedSubmission> _committed;
    private readonly Signals<string> _received;

    private DmpEmulator(
        WebApplication app, DmpStore store, ConcurrentDictionary<string, AllowedStructure> structures, Faults faults,
        Signals<CommittedSubmission> committed, Signals<string> received)
    {
        _app = app;
        _store = store;
        _structures = structures;
        _committed = committed;
        _received = received;
        Faults = faults;
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public Uri BaseAddress { get; }

    public XdsTarget Target => XdsTarget.Under(new Uri(BaseAddress, ServicesPath));

    public Faults Faults { get; }

    /// <summary>Opens the store and starts to listen.</summary>
    public static async Task<DmpEmulator> StartAsync(
        DmpEmulatorOptions options, IIdSource ids, TimeProvider time, CancellationToken cancellationToken)
    {
        var store = new DmpStore(options.DatabasePath);
        var structures = new ConcurrentDictionary<string, AllowedStructure>(StringComparer.Ordinal);
        foreach (var structure in options.Structures) structures[KeyOf(structure)] = structure;
        var faults = new Faults(options.Seed);
        var (committed, received) = (new Signals<CommittedSubmission>(), new Signals<string>());
        var endpoint = new DmpEndpoint(options, store, structures, faults, committed, received, ids, time);
        var api = new DmpApi(store, faults);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = Limits.SoapMessageBytesMax;
        });
        var app = builder.Build();
        app.Run(context =>
            context.Request.Path.StartsWithSegments(
                ServicesPath.TrimEnd('/'), StringComparison.Ordinal, out var service)
                ? endpoint.HandleAsync(context, service.Value ?? "", app.Lifetime.ApplicationStopping)
                : api.HandleAsync(context));
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            store.Dispose();
            throw;
        }

        return new DmpEmulator(app, store, structures, faults, committed, received);
    }

    public async ValueTask DisposeAsync()
    {
        // Requests that never answer are let go at once: ApplicationStopping ends their wait.
        using var atOnce = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
        _store.Dispose();
    }

    public void AllowStructure(AllowedStructure structure) => _structures[KeyOf(structure)] = structure;

    public void ForbidStructure(InstanceIdentifier organizationId) =>
        _structures.TryRemove(organizationId.Extension ?? organizationId.Root, out _);

    /// <summary>Gives the patient an open DMP.</summary>
    public Task OpenPatientAsync(InstanceIdentifier patientId, CancellationToken cancellationToken) =>
        SetPatientAsync(patientId, closed: false, cancellationToken);

    public Task ClosePatientAsync(InstanceIdentifier patientId, CancellationToken cancellationToken) =>
        SetPatientAsync(patientId, closed: true, cancellationToken);

    /// <summary>What <paramref name="audience"/> sees of a patient's DMP, or of all (null).</summary>
    public Task<IReadOnlyList<DmpDocument>> DocumentsAsync(
        InstanceIdentifier? patientId, Audience audience, CancellationToken cancellationToken) =>
        _store.ReadAsync(store => DmpView.Documents(store, patientId, audience), cancellationToken);

    /// <summary>The submissions that took effect since the start, in order.</summary>
    public IReadOnlyList<CommittedSubmission> Submissions => _committed.Seen;

    /// <summary>Completes at the first submission, past or to come, that is wanted; before it is answered.</summary>
    public Task<CommittedSubmission> WhenCommittedAsync(
        Func<CommittedSubmission, bool> wanted, CancellationToken cancellationToken) =>
        _committed.WhenAsync(wanted, cancellationToken);

    /// <summary>Completes when <paramref name="count"/> requests of <paramref name="action"/> have been read.</summary>
    public Task WhenReceivedAsync(string action, int count, CancellationToken cancellationToken)
    {
        var seen = 0;
        return _received.WhenAsync(received => received == action && ++seen == count, cancellationToken);
    }

    private static string KeyOf(AllowedStructure structure) =>
        structure.Organization.Id.Extension ?? structure.Organization.Id.Root;

    private Task SetPatientAsync(InstanceIdentifier patientId, bool closed, CancellationToken cancellationToken) =>
        _store.TransactAsync(
            store =>
            {
                store.SetPatient(patientId, closed);
                return true;
            },
            cancellationToken);
}
