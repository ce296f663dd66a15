using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Requests;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Dmp;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Hosting;
using Drimbox.Grains.Hosting;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Demo;

/// <summary>All roles and emulators in one process on loopback, and the eyes and hands of the demo: the administration
/// socket, the query API of the DMP emulator, DICOM and MLLP clients. It sees nothing but what they answer.</summary>
internal sealed class DemoSystem : IAsyncDisposable
{
    private readonly bool _keep;

    private DemoSystem(string folder, bool keep)
    {
        Folder = folder;
        _keep = keep;
    }

    public string Folder { get; }

    public TimeProvider Time { get; } = TimeProvider.System;

    public IIdSource Ids { get; } = new RandomIdSource();

    public DmpEmulator Dmp { get; private set; } = null!;

    public GatewayConfiguration Configuration { get; private set; } = null!;

    public GatewayProcess Process { get; private set; } = null!;

    public AdministrationClient Administration { get; private set; } = null!;

    public DemoStudy Study { get; private set; } = null!;

    public DemoCertificates Certificates { get; private set; } = null!;

    /// <summary>A bare MLLP sender in the place of the platform.</summary>
    public DemoSender Sender { get; private set; } = null!;

    public HttpClient Http { get; } = new();

    /// <summary>The archive, as its peers see it.</summary>
    public DicomPeerOptions Archive => Configuration.Source!.Pacs!;

    /// <summary>What a misbehaving modality loses (<c>--break 1</c>).</summary>
    public int ImagesToLose { get; set; }

    /// <summary>A radiologist who does not want the request (<c>--break 2</c>).</summary>
    public bool RefuseRequest { get; set; }

    /// <summary>A PACS side that rejects images which do not exist (<c>--break 9</c>).</summary>
    public bool RejectUnknown { get; set; }

    /// <summary>A DMP that answers no query (<c>--break 13</c>).</summary>
    public bool AnswerNoQuery { get; set; }

    /// <summary>A sender that changes what it repeats (<c>--break 12</c>).</summary>
    public bool ChangeTheRepetition { get; set; }

    /// <summary>How long an effect may be behind its cause before a step fails.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(20);

    public static async Task<DemoSystem> StartAsync(DemoOptions options, CancellationToken cancellation)
    {
        var folder = options.Keep ?? Directory.CreateTempSubdirectory("drimbox-demo-").FullName;
        var system = new DemoSystem(Directory.CreateDirectory(folder).FullName, options.Keep is not null);
        try
        {
            system.Certificates = new DemoCertificates(system.Folder);
            system.Dmp = await DmpEmulator.StartAsync(
                new DmpEmulatorOptions
                {
                    DatabasePath = Path.Combine(system.Folder, "dmp-emulator.db"),
                    Structures = [new AllowedStructure(
                        DemoIdentities.OrganizationOf(DemoIdentities.Site),
                        system.Certificates.SigningCertificateOf(DemoIdentities.Site))],
                },
                system.Ids, system.Time, cancellation);
            await system.Dmp.OpenPatientAsync(DemoIdentities.Patient.Ins!.Value, cancellation);
            system.Configuration = DemoConfiguration.Create(
                system.Folder, system.Dmp.Target, system.Certificates.Folder, options);
            system.Process = await GatewayProcess.StartAsync(system.Configuration, null, cancellation);
            system.Administration = new AdministrationClient(
                Path.Combine(system.Folder, system.Configuration.Administration.Socket));
            system.Study = DemoStudy.Prepare(options.Data, system.Time);
            system.Sender = new DemoSender(system);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>The patient as this study's PACS knows it.</summary>
    public Patient Patient => DemoIdentities.Patient with
    {
        LocalId = DemoIdentities.Patient.LocalId! with { Value = Study.PatientId, IssuerName = Study.IssuerOfPatientId },
    };

    public ImagingRequest Request(string number)
    {
        var request = DemoIdentities.Request(number);
        return request with { Patient = request.Patient with { Identity = Patient } };
    }

    public PostExamination PostExamination(string number)
    {
        var exam = DemoIdentities.PostExamination(
            number, Study.AccessionNumber, Study.StudyInstanceUid, Configuration.Ris!.ViewerHost!);
        return exam with { Patient = exam.Patient with { Identity = Patient } };
    }

    /// <summary>The way to the DMP under the identity of a structure.</summary>
    public DmpConnection ConnectionOf(StructureOptions structure) =>
        GatewayProcess.ConnectionTo(Configuration.Dmp!, [structure]);

    /// <summary>The KOS that the DMP gives out (ITI-43), read back.</summary>
    public async Task<Manifest> RetrieveManifestAsync(string uniqueId, CancellationToken cancellation)
    {
        using var clients = ConnectionOf(DemoIdentities.Site).OpenClients(Ids, Time);
        var author = new Author(
            DemoIdentities.SiteDoctor, DemoIdentities.OrganizationOf(DemoIdentities.Site), null, null);
        var answer = await clients.For(DemoIdentities.Site.OrganizationId).RetrieveDocumentSetAsync(
            "1.2.250.1.213.4.1.1.1.2", [InstanceIdentifier.Create(uniqueId, null)],
            new Requester(author, Patient.Ins!.Value), cancellation);
        Expect.That(answer.Documents.Count == 1, $"ITI-43 was answered {answer.Answer}");
        Refusal? refusal = null;
        var manifest = DicomFile.TryRead(
            new MemoryStream(answer.Documents[0].Bytes.ToArray()), out var file, out refusal)
            ? KosDataSet.TryRead(file!.DataSet, out refusal)
            : null;
        return manifest ?? throw new DemoFailedException($"the document is no KOS: {refusal?.Detail}");
    }

    /// <summary>How many documents the submission of a document added.</summary>
    public async Task<int> SubmittedWithAsync(string uniqueId, CancellationToken cancellation) =>
        (await SubmissionsOfAsync(uniqueId, cancellation))[0].Documents.Count;

    /// <summary>The submissions of the patient that added or changed a document.</summary>
    public async Task<IReadOnlyList<DemoSubmission>> SubmissionsOfAsync(
        string uniqueId, CancellationToken cancellation)
    {
        var patient = Uri.EscapeDataString(Patient.Ins!.Value.ToString());
        await using var stream = await Http.GetStreamAsync(
            new Uri(Dmp.BaseAddress, $"api/submissions?patient={patient}"), cancellation);
        var all = await JsonSerializer.DeserializeAsync<List<DemoSubmission>>(
            stream, AdministrationJson.Options, cancellation) ?? [];
        return all.FindAll(s => s.Documents.Contains(uniqueId));
    }

    /// <summary>What the running roles answer to a user.</summary>
    public async Task<JsonElement> AskAsync(string path, CancellationToken cancellation)
    {
        var answer = await Administration.GetAsync(path, cancellation);
        return answer.Succeeded ? answer.Body : throw new DemoFailedException($"{path}: {answer.Body.GetRawText()}");
    }

    /// <summary>The same, where the answer may still be that there is nothing.</summary>
    public async Task<JsonElement> AskOrNothingAsync(string path, CancellationToken cancellation) =>
        (await Administration.GetAsync(path, cancellation)).Body;

    /// <summary>What a user asks of a role.</summary>
    public async Task TellAsync(string path, object? body, CancellationToken cancellation)
    {
        var answer = await Administration.PostAsync(path, body, cancellation);
        if (!answer.Succeeded) throw new DemoFailedException($"{path}: {answer.Body.GetRawText()}");
    }

    /// <summary>What the DMP shows of the patient to an audience, by its query API.</summary>
    public async Task<IReadOnlyList<DemoDocument>> DmpShowsAsync(string audience, CancellationToken cancellation)
    {
        var patient = Uri.EscapeDataString(DemoIdentities.Patient.Ins!.Value.ToString());
        var address = new Uri(Dmp.BaseAddress, $"api/documents?patient={patient}&audience={audience}");
        await using var stream = await Http.GetStreamAsync(address, cancellation);
        return await JsonSerializer.DeserializeAsync<List<DemoDocument>>(
            stream, AdministrationJson.Options, cancellation) ?? [];
    }

    /// <summary>Asks until the answer is as expected: publications leave by an outbox, so their effect is a moment
    /// later than their cause.</summary>
    public async Task<T> EventuallyAsync<T>(
        Func<Task<T>> ask, Func<T, bool> holds, Func<T, string> seen, CancellationToken cancellation)
    {
        var start = Time.GetTimestamp();
        while (true)
        {
            var answer = await ask();
            if (holds(answer)) return answer;
            if (Time.GetElapsedTime(start) > Patience) throw new DemoFailedException(seen(answer));
            await Task.Delay(TimeSpan.FromMilliseconds(20), Time, cancellation);
        }
    }

    /// <summary>Waits until the DMP shows exactly this to an audience.</summary>
    public Task<IReadOnlyList<DemoDocument>> DmpEventuallyShowsAsync(
        string audience, Func<IReadOnlyList<DemoDocument>, bool> holds, string expected, CancellationToken cancellation) =>
        EventuallyAsync(
            () => DmpShowsAsync(audience, cancellation),
            holds,
            documents => $"expected {expected}; the DMP shows to {audience}: "
                + (documents.Count == 0 ? "nothing" : string.Join("; ", documents.Select(d => d.ToString()))),
            cancellation);

    public async ValueTask DisposeAsync()
    {
        Administration?.Dispose();
        if (Process is not null) await Process.DisposeAsync();
        if (Dmp is not null) await Dmp.DisposeAsync();
        Http.Dispose();
        if (!_keep) Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>An entry as the query API of the DMP emulator shows it.</summary>
internal sealed record DemoDocument(
    string UniqueId,
    string EntryUuid,
    string Status,
    string TypeCode,
    string Title,
    int Version,
    string Hash,
    IReadOnlyList<string> ConfidentialityCodes)
{
    public bool IsReport => TypeCode.StartsWith("18748-4", StringComparison.Ordinal);

    public bool IsManifest => TypeCode.StartsWith("IMG-KOS", StringComparison.Ordinal);

    public bool IsApproved => Status.EndsWith("Approved", StringComparison.Ordinal);

    public override string ToString() => $"{TypeCode} {UniqueId} {Status}";
}

/// <summary>A submission as the query API of the DMP emulator shows it.</summary>
internal sealed record DemoSubmission(string Action, string Structure, IReadOnlyList<string> Documents);

/// <summary>What the user of the demo chose.</summary>
/// <param name="Data">Folder with DICOM files of one study to use instead of the synthetic one.</param>
/// <param name="Keep">Folder to keep the stores in; null for one that is deleted at the end.</param>
/// <param name="Peers">Further AEs that may call the archive and be sent to by C-MOVE.</param>
internal sealed record DemoOptions(string? Data, string? Keep, IReadOnlyList<DicomPeerOptions> Peers, LogLevel LogLevel);
