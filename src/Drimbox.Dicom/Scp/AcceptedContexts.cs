using Drimbox.Core.Identity;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>A SOP class that a listening AE accepts.</summary>
/// <param name="TransferSyntaxes">Each of them is accepted when it is proposed alone. In the order of PS3.6.</param>
/// <param name="MayBeScu">A caller that negotiates roles may be the SCU, which it is without a negotiation too.</param>
/// <param name="MayBeScp">A caller that proposes it may be the SCP (PS3.7 D.3.3.4).</param>
/// <param name="Options">What is agreed on beyond the baseline (PS3.4 C.5), if the caller proposes it.</param>
public sealed record AcceptedContext(
    Uid SopClass, IReadOnlyList<Uid> TransferSyntaxes, bool MayBeScu, bool MayBeScp, QueryOptions Options)
{
    public bool IsStorage => UidRegistry.TryFind(SopClass, out var entry) && entry.IsStorage;
}

/// <summary>What a listening AE accepts, for its conformance statement. There is no second list: the negotiation that answers
/// callers is asked about each pair of SOP class and transfer syntax that there is.</summary>
public static class AcceptedContexts
{
    private static readonly QueryOptions All = Enum.GetValues<QueryOptions>().Aggregate((all, one) => all | one);

    /// <param name="options">Of a node; its SCPs are only asked for their SOP classes.</param>
    /// <param name="services">What the caller may do. Default: all.</param>
    public static IReadOnlyList<AcceptedContext> Of(
        AcceptorOptions options, AllowedServices services = AllowedServices.All)
    {
        var negotiation = new Negotiation(options);
        return
        [
            .. from sopClass in UidRegistry.SopClasses().Concat(options.FurtherStorageClasses).Distinct().Order()
               let accepted = Ask(negotiation, sopClass, services)
               where accepted is not null
               select accepted,
        ];
    }

    private static AcceptedContext? Ask(Negotiation negotiation, Uid sopClass, AllowedServices services)
    {
        var syntaxes = TransferSyntax.All.Select(syntax => syntax.Uid).Order().ToList();
        var isRetrieve = negotiation.RetrieveScp(sopClass) is not null;
        // A context has one answer, so each transfer syntax has a context of its own.
        var answer = negotiation.Accept(
            new AssociateRequest
            {
                CallingAe = default,
                CalledAe = default,
                Contexts =
                [
                    .. syntaxes.Select((syntax, i) => new PresentationContextProposal((byte)((2 * i) + 1), sopClass, [syntax])),
                ],
                User = new UserInformation
                {
                    Roles = [new RoleSelection(sopClass, ScuRole: true, ScpRole: true)],
                    Extended = [ExtendedNegotiation.Encode(sopClass, All, isRetrieve)],
                },
            },
            services);
        var accepted = syntaxes.Zip(answer.Contexts)
            .Where(pair => pair.Second.Result == PresentationContextResult.Acceptance).Select(pair => pair.First).ToList();
        if (accepted.Count == 0) return null;
        var (mayBeScu, mayBeScp) = answer.User.Roles is [var role, ..] ? (role.ScuRole, role.ScpRole) : (true, false);
        return new AcceptedContext(
            sopClass, accepted, mayBeScu, mayBeScp,
            ExtendedNegotiation.Agreed(answer, sopClass, isRetrieve));
    }
}
