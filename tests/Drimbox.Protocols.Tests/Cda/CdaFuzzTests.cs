using System.Net;
using System.Net.Sockets;
using System.Text;
using Drimbox.Core;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Hl7.Cda;
using Drimbox.Tests.Dicom.Fuzz;

namespace Drimbox.Tests.Cda;

/// <summary>Campaign F4: damaged documents, and damaged answers of the registry. A listener stands where their entities
/// and inclusions point: nobody may call it.</summary>
[Requirement("reliability F4")]
public sealed class CdaFuzzTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_damaged_document_is_read_or_refused_and_nothing_else()
    {
        using var canary = new Canary();
        var campaign = new FuzzCampaign(output, percent: 35);
        var original = CdaSample.Bytes(CdaSample.Xml);
        var pieces = canary.Pieces();
        var mutant = new Mutant();
        var read = 0;
        var isAll = await campaign.RunAsync(execution =>
        {
            Damage(mutant, original, pieces, execution.Random);
            var header = CdaReader.TryRead(mutant.Memory, out var refusal);
            Assert.True(header is null != refusal is null);
            if (refusal is not null) Assert.DoesNotContain("PAT-TROIS", refusal.ToString(), StringComparison.Ordinal);
            if (header is null) return default;
            // What else reads a document that was taken; some of them, since each costs as much again.
            if (read++ % 16 == 0)
            {
                Assert.NotNull(CdaBody.TryRead(mutant.Memory, out _));
                MailRendition.TryWrite(mutant.Memory, header.DocumentId, header.DocumentId, null, out _);
            }

            return default;
        });

        canary.HeardNothing();
        output.WriteLine($"{read} read");
        // The damage is mild enough that readable documents are among the results.
        if (isAll) Assert.InRange(read, campaign.Executions / 30, campaign.Executions * 29 / 30);
    }

    [Fact]
    public async Task A_damaged_answer_of_the_registry_is_read_or_refused_and_nothing_else()
    {
        using var canary = new Canary();
        var campaign = new FuzzCampaign(output, percent: 15);
        var original = await AnswerAsync();
        var pieces = canary.Pieces();
        var mutant = new Mutant();
        var read = 0;
        var isAll = await campaign.RunAsync(async execution =>
        {
            Damage(mutant, original.Bytes, pieces, execution.Random);
            using var stream = new MemoryStream(mutant.Span.ToArray());
            SoapMessage? message;
            Refusal? refusal;
            try
            {
                (message, refusal) = await SoapReader.ReadAsync(
                    original.ContentType, stream, Limits.SoapMessageBytesMax, default);
            }
            catch (IOException)
            {
                // The end of a part did not come: for the caller the connection broke.
                return;
            }

            Assert.True(message is null != refusal is null);
            if (message is null) return;
            read++;
            RegistryResponse.TryRead(message.Body);
            foreach (var element in message.Body.Descendants().Where(e => e.Name.LocalName == "Document"))
                message.TryResolve(element, out _);
        });

        canary.HeardNothing();
        output.WriteLine($"{read} read");
        if (isAll) Assert.InRange(read, campaign.Executions / 30, campaign.Executions * 29 / 30);
    }

    private static void Damage(Mutant mutant, byte[] original, byte[][] pieces, Random random)
    {
        mutant.Set(original);
        var edits = random.Next(1, 4);
        for (var edit = 0; edit < edits; edit++)
        {
            if (random.Next(3) == 0) mutant.Insert(random.Next(mutant.Length + 1), pieces[random.Next(pieces.Length)]);
            else mutant.Damage(random);
        }
    }

    // ITI-43: a document beside the answer, by reference.
    private static async Task<(string ContentType, byte[] Bytes)> AnswerAsync()
    {
        const string Envelope = """
            <e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>
            <x:RetrieveDocumentSetResponse xmlns:x="urn:ihe:iti:xds-b:2007">
            <r:RegistryResponse xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
              status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/>
            <x:DocumentResponse><x:RepositoryUniqueId>1.2.3</x:RepositoryUniqueId>
            <x:DocumentUniqueId>1.2.3.4</x:DocumentUniqueId><x:mimeType>text/xml</x:mimeType>
            <x:Document><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:doc"/></x:Document>
            </x:DocumentResponse></x:RetrieveDocumentSetResponse></e:Body></e:Envelope>
            """;
        var document = Encoding.UTF8.GetBytes(CdaSample.Xml);
        var package = new MtomPackage(
            "boundary-1", "urn:a", Encoding.UTF8.GetBytes(Envelope),
            [new MtomPart("doc", "text/xml", document.Length, () => new MemoryStream(document))]);
        using var stream = new MemoryStream();
        await package.WriteAsync(stream, TestContext.Current.CancellationToken);
        return (package.ContentType, stream.ToArray());
    }

    /// <summary>Listens where hostile XML points to.</summary>
    private sealed class Canary : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public Canary() => _listener.Start();

        public byte[][] Pieces()
        {
            var address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/canary";
            string[] texts =
            [
                "<", ">", "\"", "&", "&#0;", "]]>", "<!--", "<?x?>", "\0", "^", "xmlns=\"\"", "nullFlavor=\"NI\"",
                "&x;",
                $"<!DOCTYPE x SYSTEM \"{address}\">",
                $"<!DOCTYPE x [<!ENTITY x SYSTEM \"{address}\">]>",
                $"<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{address}\"/>",
                $"<i:Include xmlns:i=\"http://www.w3.org/2004/08/xop/include\" href=\"{address}\"/>",
            ];
            return [.. texts.Select(Encoding.UTF8.GetBytes)];
        }

        public void HeardNothing() => Assert.False(_listener.Pending());

        public void Dispose() => _listener.Dispose();
    }
}
