using Drimbox.Core.Publications;
using Drimbox.Dmp;

namespace Drimbox.Tests.Dmp;

/// <summary>A CDA of 20 MB, most of it one text: it is signed and sent without being held at all, and a repository holds it
/// once. What the whole process allocates is counted, so nothing else runs beside.</summary>
[Collection(nameof(AllocationCounting))]
public sealed class LargeDocumentTests
{
    private const int Size = 20 * 1024 * 1024;
    private const string Success = "<S:Envelope xmlns:S=\"http://www.w3.org/2003/05/soap-envelope\"><S:Body>"
        + "<rs:RegistryResponse xmlns:rs=\"urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0\" "
        + "status=\"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success\"/></S:Body></S:Envelope>";

    [Fact]
    public async Task It_is_signed_and_sent_without_being_held()
    {
        await using var dmp = await DmpFixture.StartAsync();
        await using var server = new BareServer(
            (_, stream) => stream.WriteAsync(BareServer.Soap(Success)).AsTask(), keepsBodies: false);
        var client = dmp.ClientWith(target: XdsTarget.Under(server.Address));
        async Task SendAsync(SubmittedDocument document) => Assert.True((await client.ProvideAndRegisterDocumentSetAsync(
            dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, document)), dmp.Open, null, DmpFixture.Token)).IsSuccess);
        await SendAsync(dmp.Report());
        var large = Cda(dmp);

        var allocated = await AllocatedAsync(() => SendAsync(large));

        Assert.InRange(allocated, 0, Size / 8);
    }

    [Fact]
    public async Task A_repository_holds_it_once()
    {
        await using var dmp = await DmpFixture.StartAsync();
        await dmp.PublishAsync(dmp.Report());
        var large = Cda(dmp);
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, large));

        var allocated = await AllocatedAsync(async () => Assert.True((await dmp.SendAsync(submission, null)).IsSuccess));

        Assert.InRange(allocated, Size, Size * 3L / 2);
        var entry = await dmp.EntryAsync(large.Entry.UniqueId);
        Assert.Equal((large.Entry.Hash, large.Entry.Size), (entry.Entry.Hash, entry.Entry.Size));
        RetrieveAnswer? kept = null;
        var retrieving = await AllocatedAsync(async () => kept = await dmp.Client.RetrieveDocumentSetAsync(
            entry.RepositoryUniqueId!, [large.Entry.UniqueId], dmp.Requester, DmpFixture.Token));

        // Once on the server, which has it from its database, and once with us.
        Assert.InRange(retrieving, 2L * Size, Size * 5L / 2);
        using var original = new MemoryStream();
        await dmp.Open(large.Object).CopyToAsync(original, DmpFixture.Token);
        Assert.True(Assert.Single(kept!.Documents).Bytes.Span.SequenceEqual(original.GetBuffer().AsSpan(0, Size)));
    }

    private static SubmittedDocument Cda(DmpFixture dmp)
    {
        var start =
            "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><component><nonXMLBody><text representation=\"B64\">"u8;
        var end = "</text></nonXMLBody></component></ClinicalDocument>"u8;
        var bytes = new byte[Size];
        start.CopyTo(bytes);
        bytes.AsSpan(start.Length, Size - start.Length - end.Length).Fill((byte)'Q');
        end.CopyTo(bytes.AsSpan(Size - end.Length));
        return dmp.Document(bytes, Visibility.Normal, null, "text/xml");
    }

    private static async Task<long> AllocatedAsync(Func<Task> action)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await action();
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }
}

/// <summary>Tests that count what the process allocates run alone.</summary>
[CollectionDefinition(nameof(AllocationCounting), DisableParallelization = true)]
public sealed class AllocationCounting;
