using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BenchmarkDotNet.Attributes;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;

namespace Drimbox.Benchmarks;

/// <summary>The client's path of one publication without a network: a report of 64 KiB is sealed when it is decided, and
/// sent with a fresh VIHF at each attempt.</summary>
[SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet calls CleanUp, not Dispose.")]
public class SubmissionBenchmarks
{
    private const int DocumentBytes = 64 * 1024;

    private readonly Counter _ids = new();
    private Submission? _submission;
    private SealedSubmission? _sealed;
    private SubmissionSigner? _signer;
    private HttpClient? _http;
    private XdsClient? _client;
    private Requester? _requester;
    private byte[] _document = [];

    [GlobalSetup]
    public void SetUp()
    {
        _document = Document();
        var certificates = new OneStructure();
        _submission = Decide();
        _requester = new Requester(_submission.Author, _submission.PatientId);
        _signer = new SubmissionSigner(certificates, SignatureHash.Sha1, Open);
        _sealed = _signer.Seal(_submission);
        _http = new HttpClient(new Registry()) { Timeout = Timeout.InfiniteTimeSpan };
        _client = new XdsClient(
            XdsTarget.Under(new Uri("http://dmp.example/services/")), _http,
            new VihfIssuer(certificates, new VihfOptions(), _ids, TimeProvider.System), _ids, TimeProvider.System);
    }

    [GlobalCleanup]
    public void CleanUp() => _http!.Dispose();

    [Benchmark, BenchmarkCategory("seal a submission (XAdES)")]
    public SealedSubmission Seal() => _signer!.Seal(_submission!);

    [Benchmark, BenchmarkCategory("publish (ITI-41)")]
    public async ValueTask<long> ProvideAndRegisterAsync()
    {
        var answer = await _client!.ProvideAndRegisterDocumentSetAsync(_sealed!, Open, null, default);
        if (!answer.IsSuccess) throw new InvalidOperationException(answer.ToString());
        return 1;
    }

    [Benchmark, BenchmarkCategory("ask for a document (ITI-18)")]
    public async ValueTask<long> QueryAsync()
    {
        var query = StoredQuery.GetDocuments([_submission!.Document!.Entry.UniqueId]);
        var answer = await _client!.RegistryStoredQueryAsync(query, _requester!, default);
        if (!answer.Answer.IsSuccess) throw new InvalidOperationException(answer.Answer.ToString());
        return answer.Entries.Count;
    }

    private MemoryStream Open(StoredObject stored) => new(_document, writable: false);

    private static byte[] Document()
    {
        var text = new StringBuilder("<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><text>");
        while (text.Length < DocumentBytes) text.Append("Scanner du thorax sans injection. ");
        return Encoding.UTF8.GetBytes(text.Append("</text></ClinicalDocument>").ToString());
    }

    /// <summary>Only the deciders make a submission.</summary>
    private Submission Decide()
    {
        var structure = new Organization(
            InstanceIdentifier.Create(NationalAuthorities.Organizations, OneStructure.Id), "CENTRE D'IMAGERIE", "FINEG");
        var patient = new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
            new LocalPatientId("IPP101", "1.2.250.1.213.4.5.2.4", "SITE"), "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null,
            "19790328", "F", "63220");
        var doctor = new Professional(
            InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), "ERIC", "THOMAS");
        var id = InstanceIdentifier.Create("1.2.250.1.999.7", "A");
        var header = new CdaHeader(
            id, null, null, null, ReportCodes.ImagingReport, "CR de scanner", "20261102103000+0100", ReportCodes.Normal,
            "fr-FR", patient, [patient.Ins!.Value], doctor, structure, doctor, structure, structure,
            [new ImagingOrder(
                InstanceIdentifier.Create("1.2.250.1.748.1", "OPN101"),
                InstanceIdentifier.Create("1.2.250.1.925.1", "ACN101"))],
            [new ImagingServiceEvent(
                Uid.Parse("1.2.250.1.999.9.1"), null, [new Code("CT", ReportCodes.Dcm, "Scanner")], [], [],
                "20261102100000+0100", null, structure, new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"))],
            new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
            IsLevel3: false)
        {
            BodyMediaType = "application/pdf",
        };
        var message = new ReportMessage(
            ReportAction.Initial, id, null, header, patient, ["VALI"], doctor, structure, null, "O",
            PublicationChoices.Default, false);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(_document));
        var decision = ReportDecider.Decide(
            ReportState.Empty,
            new ReceiveReport(
                message, new StoredObject(sha256, _document.Length), Convert.ToHexStringLower(SHA1.HashData(_document))),
            new RisPolicy(
                new HashSet<InstanceIdentifier> { structure.Id }, Uid.Parse("1.2.250.1.999.1"), new ReportEntryDefaults()),
            new DecisionContext(new DateTimeOffset(2026, 11, 2, 10, 0, 0, TimeSpan.Zero), _ids));
        return decision.Submission ?? throw new InvalidOperationException(decision.Refusal?.ToString());
    }

    /// <summary>Takes a request as the network does, and answers success at once.</summary>
    private sealed class Registry : HttpMessageHandler
    {
        private static readonly byte[] Success = Envelope("rs:RegistryResponse xmlns:rs=\"urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0\"", "");

        private static readonly byte[] Nothing = Envelope(
            "query:AdhocQueryResponse xmlns:query=\"urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0\"",
            "<rim:RegistryObjectList xmlns:rim=\"urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0\"/>");

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await request.Content!.CopyToAsync(Stream.Null, cancellationToken);
            var isQuery = request.RequestUri!.AbsolutePath.EndsWith("/registry", StringComparison.Ordinal);
            var content = new ByteArrayContent(isQuery ? Nothing : Success);
            content.Headers.TryAddWithoutValidation("Content-Type", "application/soap+xml; charset=utf-8");
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
        }

        private static byte[] Envelope(string element, string inner) => Encoding.UTF8.GetBytes(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>"
            + $"<{element} status=\"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success\">{inner}"
            + $"</{element[..element.IndexOf(' ', StringComparison.Ordinal)]}></s:Body></s:Envelope>");
    }

    private sealed class OneStructure : IStructureCertificates
    {
        public const string Id = "300017985";

        private readonly StructureCertificates _certificates = new(
            Certify("AUTH"), Certify("SIGN"), new Code("SA01", "1.2.250.1.71.4.2.4", "Etablissement public de santé"));

        public StructureCertificates? Find(InstanceIdentifier organizationId) => _certificates;

        private static X509Certificate2 Certify(string name)
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest(
                $"CN={Id}, OU={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return request.CreateSelfSigned(
                new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2090, 1, 1, 0, 0, 0, TimeSpan.Zero));
        }
    }

    private sealed class Counter : IIdSource
    {
        private int _next;

        public Uid NewUid() => Uid.Parse($"2.25.{1_000_000_000 + ++_next}");

        public string NewUuid() => new Guid(++_next, 0, 0, new byte[8]).ToString("D");
    }
}
