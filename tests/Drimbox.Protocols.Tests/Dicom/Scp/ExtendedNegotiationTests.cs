using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>The user items that belong to service classes: PS3.7 D.3.3.5, D.3.3.6, D.3.3.7; PS3.4 C.5.</summary>
public sealed class ExtendedNegotiationTests
{
    private static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;
    private static readonly Uid Own = Uid.Parse("1.2.250.1.999.7");
    private static readonly Uid StorageService = Uid.Parse("1.2.840.10008.4.2");
    private static readonly Uid Explicit = TransferSyntax.ExplicitVRLittleEndian.Uid;

    [Theory]
    // Asked for, what the SCP can, and what is answered: the and of both, in as many bytes as were asked with.
    [InlineData("0101010101", QueryOptions.Relational, "0100000000")]
    [InlineData("0100", QueryOptions.Relational | QueryOptions.FuzzySemanticMatching, "0100")]
    [InlineData("000001", QueryOptions.Relational | QueryOptions.FuzzySemanticMatching, "000001")]
    [InlineData("0100000000FFFF", QueryOptions.None, "0000000000")]
    [InlineData("", QueryOptions.Relational, "")]
    public async Task A_query_gets_what_both_sides_can(string asked, QueryOptions ours, string answered)
    {
        var scp = new OptionalFind(ours);
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        await using var association = await Association.RequestAsync(
            server.Request(CFindScu.ContextFor(Find)) with
            {
                Extended = [new SopClassExtendedNegotiation(Find, Convert.FromHexString(asked))],
            });
        var item = Assert.Single(association.Negotiated.User.Extended);
        Assert.Equal(answered, Convert.ToHexString(item.ApplicationInformation.Span));
        Assert.Equal(ExtendedNegotiation.Decode(item), ExtendedNegotiation.Agreed(association.Negotiated, Find));
        await new CFindScu(association).FindAsync(Find, new DataSet()).ToListAsync();
        Assert.Equal(ExtendedNegotiation.Decode(item), scp.Asked);
    }

    [Fact]
    public async Task Nothing_is_answered_to_what_was_not_asked_or_is_not_served()
    {
        await using var server = TestAcceptor.Start(o => o with { Find = [new OptionalFind(QueryOptions.Relational)] });
        await using var association = await Association.RequestAsync(
            server.Request(CFindScu.ContextFor(Find)) with
            {
                Extended = [ExtendedNegotiation.Encode(SopClass.Verification, QueryOptions.Relational)],
            });
        Assert.Empty(association.Negotiated.User.Extended);
        Assert.Equal(QueryOptions.None, ExtendedNegotiation.Agreed(association.Negotiated, Find));
    }

    [Theory]
    [InlineData("1.2.840.10008.4.2", "1.2.840.10008.5.1.4.1.1.2", true)]
    // A class that is not storage, and a general class that nobody knows.
    [InlineData("1.2.840.10008.4.1", "1.2.840.10008.5.1.4.1.1.2", false)]
    [InlineData("1.2.840.10008.4.2", "1.2.250.1.999.8", false)]
    public async Task An_unknown_class_is_stored_as_the_general_class_that_it_names(
        string service, string general, bool isAccepted)
    {
        var store = new MemoryStore();
        await using var server = TestAcceptor.Start(o => o with { Store = store });
        await using var association = await Association.RequestAsync(
            server.Request(new ProposedContext(Own, Explicit)) with
            {
                CommonExtended =
                [
                    new SopClassCommonExtendedNegotiation(Own, Uid.Parse(service), [Uid.Parse(general)]),
                ],
            });
        Assert.Equal(isAccepted, association.FindContext(Own) is not null);
        if (!isAccepted) return;
        var instance = InstanceSource.FromMemory(new byte[100], Own, Uid.Parse("1.2.3.1"), Explicit);
        Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(instance));
        Assert.Equal(Own, store.Requests.Single().SopClassUid);
    }

    [Fact]
    public async Task Without_the_item_an_unknown_class_is_refused()
    {
        Assert.Equal("Storage Service Class", UidRegistry.NameOf(StorageService));
        await using var server = TestAcceptor.Start(o => o with { Store = new MemoryStore() });
        await using var association = await Association.RequestAsync(
            server.Request(new ProposedContext(Own, Explicit)));
        Assert.Equal(PresentationContextResult.AbstractSyntaxNotSupported, association.Negotiated.Contexts[0].Result);
    }

    [Theory]
    [InlineData(UserIdentityType.Username)]
    [InlineData(UserIdentityType.UsernameAndPasscode)]
    [InlineData(UserIdentityType.KerberosTicket)]
    [InlineData(UserIdentityType.SamlAssertion)]
    [InlineData(UserIdentityType.JsonWebToken)]
    public async Task A_user_is_judged_and_answered_if_the_caller_asked(UserIdentityType type)
    {
        var check = new FakeCheck();
        await using var server = TestAcceptor.Start(o => o with { UserIdentity = check });
        foreach (var isAsked in (bool[])[true, false])
        {
            var identity = new UserIdentity(type, isAsked, "reader"u8.ToArray(), "secret"u8.ToArray());
            await using var association = await Association.RequestAsync(
                server.Request(CEchoScu.Context) with { Identity = identity });
            var response = association.Negotiated.User.IdentityResponse;
            Assert.Equal(isAsked, response is not null);
            if (isAsked) Assert.Equal("ticket"u8.ToArray(), response!.Value.ToArray());
            Assert.Equal(type, check.Judged!.Type);
            Assert.Equal("reader"u8.ToArray(), check.Judged.Primary.ToArray());
        }
    }

    [Theory]
    [InlineData("refused", "1/2/1")]
    [InlineData("fault", "2/3/1")]
    public async Task A_user_that_is_not_accepted_is_rejected(string how, string expected)
    {
        await using var server = TestAcceptor.Start(o => o with
        {
            UserIdentity = new FakeCheck
            {
                Answer = how == "fault" ? () => throw new IOException("directory gone") : () => UserIdentityAnswer.Refused,
            },
        });
        var refusal = await Assert.ThrowsAsync<AssociationRejectedException>(
            () => Association.RequestAsync(server.Request(CEchoScu.Context)));
        Assert.Equal(expected, refusal.Rejection.ToString());
    }

    [Fact]
    public async Task Without_a_check_an_identity_is_not_answered()
    {
        await using var server = TestAcceptor.Start();
        await using var association = await Association.RequestAsync(server.Request(CEchoScu.Context) with
        {
            Identity = new UserIdentity(UserIdentityType.Username, true, "reader"u8.ToArray(), default),
        });
        Assert.Null(association.Negotiated.User.IdentityResponse);
    }

    private sealed class FakeCheck : IUserIdentityCheck
    {
        public UserIdentity? Judged { get; private set; }

        public Func<UserIdentityAnswer> Answer { get; init; } =
            () => UserIdentityAnswer.Accepted with { Response = "ticket"u8.ToArray() };

        public ValueTask<UserIdentityAnswer> JudgeAsync(
            UserIdentity? identity, AssociationPeer peer, CancellationToken cancellationToken)
        {
            Judged = identity;
            return ValueTask.FromResult(Answer());
        }
    }

    private sealed class OptionalFind(QueryOptions options) : ICFindScp
    {
        public IReadOnlyCollection<Uid> SopClasses { get; } = [Find];

        public QueryOptions Options => options;

        public QueryOptions? Asked { get; private set; }

        public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken)
        {
            Asked = request.Options;
            return ValueTask.FromResult(CFindAnswer.Found(AsyncEnumerable.Empty<DataSet>()));
        }
    }
}
