using System.Text;
using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Microsoft.AspNetCore.WebUtilities;

namespace Drimbox.Tests.Dmp;

/// <summary>
/// What our client and the emulator write, before the public schemas: ebRIM and ebRS 3.0, XDS.b, SOAP 1.2, WS-Addressing,
/// SAML 2.0, XML Signature, XAdES and HL7 v3. <c>DRIMBOX_XDS_SCHEMAS</c> names a folder that has them at any depth, as the
/// CNAM's package for developers does; nothing of it is part of this repository. A schema that it lacks is named by the
/// test that skips.
/// </summary>
public sealed class SchemaTests
{
    public const string Variable = "DRIMBOX_XDS_SCHEMAS";

    private static readonly Dictionary<string, XNamespace> Schemas = new()
    {
        ["SOAP 1.2"] = XdsNames.Soap12,
        ["WS-Addressing"] = XdsNames.Addressing,
        ["SAML 2.0"] = XdsNames.Saml,
        ["XML Signature"] = XdsNames.Signature,
        ["XAdES 1.1.1"] = XdsNames.Xades,
        ["ebRIM submissions"] = XdsNames.Lcm,
        ["ebRS responses"] = XdsNames.Rs,
        ["ebRS queries"] = XdsNames.Query,
        ["XDS.b"] = XdsNames.Xds,
        ["HL7 v3"] = XdsNames.Hl7V3,
    };

    public static TheoryData<string> Names => new(Schemas.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_element_of_a_schema_is_valid_in_what_both_ends_write(string name)
    {
        var (set, missing) = Load(Schemas[name]);
        if (missing is not null) Assert.Skip($"{name}: {missing}");
        var messages = await MessagesAsync();

        var checkedElements = 0;
        var findings = new List<string>();
        foreach (var message in messages)
        {
            // The outermost elements of the namespace: what they hold of other namespaces is theirs to check.
            foreach (var element in message.Descendants().Where(e => e.Name.Namespace == Schemas[name]
                && (e.Parent is null || e.Parent.Name.Namespace != Schemas[name])
                && set!.GlobalElements.Contains(new XmlQualifiedName(e.Name.LocalName, e.Name.NamespaceName))))
            {
                checkedElements++;
                new XDocument(Inlined(element)).Validate(set!, (_, e) =>
                {
                    if (e.Severity == XmlSeverityType.Error) findings.Add($"{element.Name.LocalName}: {e.Message}");
                });
            }
        }

        Assert.Empty(findings.Distinct());
        Assert.InRange(checkedElements, 1, int.MaxValue);
    }

    /// <summary>One exchange of each kind, as it was on the wire, and the signature document.</summary>
    private static async Task<List<XDocument>> MessagesAsync()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var seen = new List<XDocument>();
        using var http = new HttpClient(new Recorder(seen, XdsClient.CreateHandler(null)));
        var client = new XdsClient(dmp.Emulator.Target, http, dmp.Vihf, dmp.Ids, TimeProvider.System);
        async Task<XdsAnswer> SendAsync(SubmissionKind kind, SubmittedDocument? document, TargetEntry? target)
        {
            var submission = dmp.Signer.Seal(dmp.Submission(kind, document));
            if (submission.Signature is not null) seen.Add(XDocument.Parse(submission.Signature));
            return submission.Signature is null
                ? await client.UpdateDocumentSetAsync(submission, target!, DmpFixture.Token)
                : await client.ProvideAndRegisterDocumentSetAsync(submission, dmp.Open, target, DmpFixture.Token);
        }

        async Task<RegistryEntry> FindAsync(InstanceIdentifier uniqueId) => (await client.RegistryStoredQueryAsync(
            StoredQuery.GetDocuments([uniqueId]), dmp.Requester, DmpFixture.Token)).Entries[^1];

        var report = dmp.Report();
        Assert.True((await SendAsync(SubmissionKind.Publish, report, null)).IsSuccess);
        var entry = await FindAsync(report.Entry.UniqueId);
        Assert.True((await SendAsync(SubmissionKind.Append, dmp.Report(), entry.AsTarget())).IsSuccess);
        Assert.True((await SendAsync(SubmissionKind.ChangeVisibility, report, entry.AsTarget())).IsSuccess);
        entry = await FindAsync(report.Entry.UniqueId);
        Assert.True((await SendAsync(SubmissionKind.Replace, dmp.Report(), entry.AsTarget())).IsSuccess);
        Assert.False((await SendAsync(SubmissionKind.Delete, null, entry.AsTarget())).IsSuccess);
        AvailabilityStatus[] all = [AvailabilityStatus.Approved, AvailabilityStatus.Deprecated];
        foreach (var type in Enum.GetValues<QueryReturnType>())
        {
            foreach (var query in new[]
            {
                StoredQuery.FindDocuments(DmpFixture.PatientId, all, type, entry.Entry.TypeCode),
                StoredQuery.FindDocumentsByReferenceId(DmpFixture.PatientId, [entry.Entry.ReferenceIds[0]], all, type),
                StoredQuery.FindSubmissionSets(DmpFixture.PatientId, type),
                StoredQuery.GetAssociations([entry.EntryUuid], type),
            })
            {
                Assert.True((await client.RegistryStoredQueryAsync(query, dmp.Requester, DmpFixture.Token)).Answer.IsSuccess);
            }
        }

        Assert.True((await client.RetrieveDocumentSetAsync(
            entry.RepositoryUniqueId!, [entry.Entry.UniqueId], dmp.Requester, DmpFixture.Token)).Answer.IsSuccess);
        await client.RetrieveDocumentSetAsync("1.2.3", [entry.Entry.UniqueId], dmp.Requester, DmpFixture.Token);
        foreach (var patient in new[] { DmpFixture.PatientId, InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "160012B01234567") })
        {
            Assert.NotNull((await client.TestExistenceAsync(
                Uid.Parse("1.2.250.1.999.9"), "Drimbox", dmp.Requester with { PatientId = patient }, DmpFixture.Token)).Existence);
        }

        return seen;
    }

    /// <summary>The element with its documents in place, as a schema sees them (XOP 1.0, 2.1).</summary>
    private static XElement Inlined(XElement element)
    {
        var copy = new XElement(element);
        foreach (var include in copy.Descendants(XdsNames.Xop + "Include").ToList()) include.ReplaceWith("QUJD");

        // The one deviation: in the samples of the DMP the purpose of a signature is a text, where XML Signature 1.1, 5.2,
        // wants an element. We write it as the DMP takes it.
        foreach (var property in copy.Descendants(XdsNames.Signature + "SignatureProperty"))
            property.Add(new XElement("{urn:example}element"));
        return copy;
    }

    private static (XmlSchemaSet? Set, string? Missing) Load(XNamespace wanted)
    {
        var folder = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(folder)) return (null, $"{Variable} does not name a folder of schemas");
        var schemas = Directory.EnumerateFiles(folder, "*.xsd", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).Select(file => (File: file, Root: XDocument.Load(file).Root!)).ToList();
        List<(string File, XElement Root)> Of(string? target) =>
            schemas.FindAll(schema => (string?)schema.Root.Attribute("targetNamespace") == target);

        // HL7 v3 has a file for each interaction; elsewhere one file is the namespace.
        var taken = wanted == XdsNames.Hl7V3
            ? Of(wanted.NamespaceName).Where(schema =>
                Path.GetFileName(schema.File) is "PRPA_IN201307UV02.xsd" or "PRPA_IN201308UV02.xsd")
                .DistinctBy(schema => Path.GetFileName(schema.File)).ToList()
            : Of(wanted.NamespaceName).Take(1).ToList();
        if (taken.Count == 0) return (null, $"no schema of {wanted} under {Variable}");

        // What they import from elsewhere is taken from the folder too.
        taken.AddRange(taken.SelectMany(schema => schema.Root.Elements(XName.Get("import", XmlSchema.Namespace)))
            .Where(import => ((string?)import.Attribute("schemaLocation"))?.Contains("://", StringComparison.Ordinal) == true)
            .SelectMany(import => Of((string?)import.Attribute("namespace")).Take(1)).ToList());
        var set = new XmlSchemaSet { XmlResolver = new FilesOnly() };
        foreach (var (file, _) in taken)
        {
            using var reader = XmlReader.Create(
                file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
            set.Add(null, reader);
        }

        set.Compile();
        return (set, null);
    }

    /// <summary>Imports come from the folder; nothing is fetched.</summary>
    private sealed class FilesOnly : XmlUrlResolver
    {
        public override object? GetEntity(Uri absoluteUri, string? role, Type? ofObjectToReturn) =>
            absoluteUri.IsFile ? base.GetEntity(absoluteUri, role, ofObjectToReturn) : null;
    }

    private sealed class Recorder(List<XDocument> seen, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var sent = new MemoryStream();
            await request.Content!.CopyToAsync(sent, cancellationToken);
            await KeepAsync(request.Content.Headers.ContentType!.ToString(), sent.ToArray());
            using var copy = new ByteArrayContent(sent.ToArray());
            copy.Headers.ContentType = request.Content.Headers.ContentType;
            request.Content = copy;
            var response = await base.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            await KeepAsync(
                response.Content.Headers.ContentType!.ToString(), await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return response;
        }

        private async Task KeepAsync(string type, byte[] body)
        {
            var media = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
            if (media.MediaType == "multipart/related")
            {
                var boundary = media.Parameters.Single(p => p.Name == "boundary").Value!.Trim('"');
                var root = await new MultipartReader(boundary, new MemoryStream(body)).ReadNextSectionAsync(DmpFixture.Token);
                using var content = new MemoryStream();
                await root!.Body.CopyToAsync(content, DmpFixture.Token);
                body = content.ToArray();
            }

            seen.Add(XDocument.Parse(Encoding.UTF8.GetString(body)));
        }
    }
}
