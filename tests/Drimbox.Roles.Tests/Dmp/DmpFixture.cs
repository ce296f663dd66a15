using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;
using Drimbox.Grains.Hosting;

namespace Drimbox.Tests.Dmp;

/// <summary>An emulated DMP with one hospital that may publish, a client of ours, and the documents it sends.</summary>
public sealed class DmpFixture : IAsyncDisposable
{
    public static readonly InstanceIdentifier PatientId =
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989");

    public static readonly Organization Hospital = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "1750712184"), "HOPITAL TEST", "FINEG");

    public static readonly Organization Platform = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "1330000777"), "PLATEFORME TELE", "FINEG");

    public static readonly Author Radiologist = new(
        new Professional(InstanceIdentifier.Create(NationalAuthorities.Persons, "899700000042"), "MARTIN", "Claire"),
        Hospital, null, new Code("G15_10/SM44", "1.2.250.1.213.1.1.4.5", "Médecin - Radio-diagnostic (SM)"));

    // RSA keys are dear: all tests share one set.
    private static readonly SelfSignedCertificates Shared = new(TimeProvider.System);

    private readonly string _folder;
    private readonly Dictionary<string, byte[]> _objects = new(StringComparer.Ordinal);
    private int _counter;

    private DmpFixture(string folder, DmpEmulator emulator, SelfSignedCertificates certificates, HttpClient http)
    {
        _folder = folder;
        Emulator = emulator;
        Certificates = certificates;
        Http = http;
        Vihf = new VihfIssuer(certificates, new VihfOptions(), Ids, TimeProvider.System);
        Client = new XdsClient(emulator.Target, http, Vihf, Ids, TimeProvider.System);
        Signer = new SubmissionSigner(certificates, SignatureHash.Sha1, Open);
    }

    public DmpEmulator Emulator { get; }

    public SelfSignedCertificates Certificates { get; }

    public HttpClient Http { get; }

    public VihfIssuer Vihf { get; }

    public XdsClient Client { get; }

    public SubmissionSigner Signer { get; }

    public IIdSource Ids { get; } = new RandomIdSource();

    public Requester Requester { get; } = new(Radiologist, PatientId);

    public string Database => Path.Combine(_folder, "dmp.db");

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<DmpFixture> StartAsync(Func<DmpEmulatorOptions, DmpEmulatorOptions>? change = null)
    {
        var folder = Directory.CreateTempSubdirectory("drimbox-dmp").FullName;
        var certificates = Shared;
        var hospital = certificates.Issue(Hospital);
        certificates.Issue(Platform);
        var options = new DmpEmulatorOptions
        {
            DatabasePath = Path.Combine(folder, "dmp.db"),
            Structures = [new AllowedStructure(Hospital, hospital.Signing)],
        };
        var emulator = await DmpEmulator.StartAsync(
            change?.Invoke(options) ?? options, new RandomIdSource(), TimeProvider.System, Token);
        await emulator.OpenPatientAsync(PatientId, Token);
        var http = new HttpClient(XdsClient.CreateHandler(null)) { Timeout = Timeout.InfiniteTimeSpan };
        return new DmpFixture(folder, emulator, certificates, http);
    }

    /// <summary>A client of another structure, or with another clock.</summary>
    public XdsClient ClientWith(TimeProvider? time = null, VihfOptions? vihf = null, XdsTarget? target = null) =>
        new(
            target ?? Emulator.Target, Http,
            new VihfIssuer(Certificates, vihf ?? new VihfOptions(), Ids, time ?? TimeProvider.System), Ids,
            time ?? TimeProvider.System);

    /// <summary>Posts a request that is not our client's and reads the answer.</summary>
    public async Task<(int Status, SoapMessage Message)> PostAsync(
        string service, string contentType, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(contentType);
        var address = service == "registry" ? Emulator.Target.Registry : Emulator.Target.Repository;
        using var response = await Http.PostAsync(address, content, Token);
        await using var stream = await response.Content.ReadAsStreamAsync(Token);
        var (message, refusal) = await SoapReader.ReadAsync(
            response.Content.Headers.ContentType?.ToString(), stream, Limits.SoapMessageBytesMax, Token);
        Assert.True(message is not null, refusal?.ToString());
        return ((int)response.StatusCode, message);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Emulator.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public Stream Open(StoredObject stored) => new MemoryStream(_objects[stored.Sha256], writable: false);

    /// <summary>A report of its own, as a submitted document.</summary>
    public SubmittedDocument Report(
        string text = "Compte rendu", Visibility visibility = Visibility.Normal, InstanceIdentifier? uniqueId = null)
    {
        var bytes = Encoding.UTF8.GetBytes(
            $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><!-- v -->"
            + $"<title>{text}</title></ClinicalDocument>");
        return Document(bytes, visibility, uniqueId, "text/xml");
    }

    public SubmittedDocument Document(
        byte[] bytes, Visibility visibility, InstanceIdentifier? uniqueId, string mimeType)
    {
        var stored = new StoredObject(Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length);
        _objects[stored.Sha256] = bytes;
        var entry = new DocumentEntry(
            "Document01",
            uniqueId ?? InstanceIdentifier.Create("1.2.250.1.999.1", $"CR-{++_counter}"),
            mimeType,
            new Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"),
            new Code("18748-4", "2.16.840.1.113883.6.1", "CR d'imagerie médicale"),
            new Code("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "Document à corps non structuré"),
            new Code("SA01", "1.2.250.1.71.4.2.4", "Etablissement public de santé"),
            new Code("ETABLISSEMENT", "1.2.250.1.213.1.1.4.9", "Etablissement de santé"),
            [new Code("CT", "1.2.250.1.213.1.1.5.618", "Scanner"), new Code("67734004", "1.2.250.1.213.2.5", "Thorax")],
            [Radiologist],
            Radiologist.Person,
            PatientId,
            new Patient(
                PatientId, new LocalPatientId("IPP101", "1.2.250.1.999.2", ""), "PAT-TROIS", "DOMINIQUE", "",
                "TROIS^&\\", "19790328", "F", ""),
            "20260105083000", "20260105080000", "20260105081500", "fr-FR", "CR d'imagerie médicale",
            Convert.ToHexStringLower(SHA1.HashData(bytes)), bytes.Length, visibility,
            [
                new ReferenceId(ReferenceIdType.Accession, InstanceIdentifier.Create("1.2.250.1.999.3", "ACC42")),
                new ReferenceId(ReferenceIdType.Order, InstanceIdentifier.Create("1.2.250.1.999.4", "PON42")),
                new ReferenceId(ReferenceIdType.StudyInstanceUid, InstanceIdentifier.Create("1.2.250.1.999.5.1", null)),
            ]);
        return new SubmittedDocument(entry, stored);
    }

    public Submission Submission(
        SubmissionKind kind, SubmittedDocument? document, InstanceIdentifier? target = null, Author? author = null,
        InstanceIdentifier? patientId = null, Uid? uniqueId = null, IReadOnlyList<SubmittedDocument>? attachments = null) =>
        new(
            kind, uniqueId ?? Ids.NewUid(), new DateTimeOffset(2026, 1, 5, 8, 45, 0, TimeSpan.Zero), Uid.Parse("1.2.250.1.999.9"),
            author ?? Radiologist, new Code("03", "1.2.250.1.213.2.2", "Hospitalisation"),
            patientId ?? PatientId, document, target, attachments);

    /// <summary>Publishes a document, which must succeed, and gives its entry.</summary>
    public async Task<RegistryEntry> PublishAsync(SubmittedDocument document)
    {
        var answer = await SendAsync(Submission(SubmissionKind.Publish, document), null);
        Assert.True(answer.IsSuccess, answer.ToString());
        return await EntryAsync(document.Entry.UniqueId);
    }

    public Task<XdsAnswer> SendAsync(Submission submission, TargetEntry? target) =>
        SendAsync(Signer.Seal(submission), target);

    public Task<XdsAnswer> SendAsync(SealedSubmission submission, TargetEntry? target) =>
        submission.Submission.Kind is SubmissionKind.Publish or SubmissionKind.Replace or SubmissionKind.Append
            ? Client.ProvideAndRegisterDocumentSetAsync(submission, Open, target, Token)
            : Client.UpdateDocumentSetAsync(submission, target!, Token);

    /// <summary>The newest entry with this unique id that a query returns.</summary>
    public async Task<RegistryEntry> EntryAsync(InstanceIdentifier uniqueId)
    {
        var found = await Client.RegistryStoredQueryAsync(StoredQuery.GetDocuments([uniqueId]), Requester, Token);
        Assert.True(found.Answer.IsSuccess, found.Answer.ToString());
        return found.Entries[^1];
    }

    public Task<IReadOnlyList<DmpDocument>> SeenByAsync(Audience audience) =>
        Emulator.DocumentsAsync(PatientId, audience, Token);

    /// <summary>The entries of documents, not of signatures, in the registry.</summary>
    public async Task<IReadOnlyList<DmpDocument>> RegistryAsync() =>
        (await SeenByAsync(Audience.Registry)).Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToList();

    public static IReadOnlyList<string> Codes(XdsAnswer answer) =>
        Assert.IsType<XdsAnswer.Answered>(answer).Response.Errors.Select(error => error.Code).ToList();
}
