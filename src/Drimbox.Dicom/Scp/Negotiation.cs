using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>Decides about an A-ASSOCIATE-RQ: pure, from the options and the callers of the moment alone.</summary>
internal sealed class Negotiation(AcceptorOptions options)
{
    // PS3.4 B.5 and GG.3, retired classes included: old objects are still moved.
    private static readonly HashSet<Uid> StorageClasses =
        UidRegistry.StorageSopClasses(withRetired: true).Select(entry => entry.Uid).ToHashSet();

    private static readonly Uid[] QuerySyntaxes =
        [TransferSyntax.ExplicitVRLittleEndian.Uid, TransferSyntax.ImplicitVRLittleEndian.Uid];

    private volatile IReadOnlyList<CallerRule>? _callers = options.Callers;

    /// <summary>Who may call from now on; associations that stand stay.</summary>
    public void ChangeCallers(IReadOnlyList<CallerRule>? callers) => _callers = callers;

    /// <summary>Attack A12: versions, titles, networks and certificates, in the order in which PS3.8 lists
    /// them.</summary>
    /// <returns>The refusal, or null with what the caller may do.</returns>
    public AssociateRejection? Judge(
        AssociateRequest request, IPAddress address, PeerCertificate? certificate, out AllowedServices services)
    {
        services = AllowedServices.None;
        // PS3.8 9.3.2: only bit 0 is tested, later versions set further bits.
        if ((request.ProtocolVersion & 1) == 0) return AssociateRejection.ProtocolVersionNotSupported;
        if (request.ApplicationContext != ApplicationContextName.Dicom)
            return AssociateRejection.ApplicationContextNotSupported;
        if (request.CalledAe.IsEmpty || !options.AeTitles.Contains(request.CalledAe))
            return AssociateRejection.CalledAeNotRecognized;
        if (request.CallingAe.IsEmpty) return AssociateRejection.CallingAeNotRecognized;
        if (_callers is not { } callers)
        {
            services = AllowedServices.All;
            return null;
        }

        var from = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var isKnown = false;
        foreach (var rule in callers)
        {
            if (rule.CallingAe != request.CallingAe) continue;
            if (rule.Networks.Count > 0 && !rule.Networks.Any(network => network.Contains(from))) continue;
            if (rule.Certificate is { } binding && !binding.Matches(certificate)) continue;
            isKnown = true;
            if (rule.CalledAe is { } called && called != request.CalledAe) continue;
            services |= rule.Services;
        }

        if (services != AllowedServices.None) return null;
        // Who is known, but for another title of ours, is told so; who is not known learns nothing about titles.
        return isKnown ? AssociateRejection.CalledAeNotRecognized : AssociateRejection.CallingAeNotRecognized;
    }

    /// <summary>Nothing can be stored now, and the caller proposes nothing else that we do. PS3.8 9.3.4: rejected-transient,
    /// temporary-congestion, is the answer that senders try again later. Results of presentation contexts have no
    /// such meaning: a sender may take a refused context as the last word about the class, and drop the image.</summary>
    public AssociateRejection? JudgeStore(AssociateRequest request, AllowedServices services)
    {
        if (options.Store is not { TakesInstances: false } || !services.HasFlag(AllowedServices.Store)) return null;
        var isStorage = false;
        foreach (var proposal in request.Contexts)
        {
            if (Answer(request, proposal, services).Result == PresentationContextResult.Acceptance) return null;
            isStorage |= IsStorageClass(request, proposal.AbstractSyntax);
        }

        return isStorage ? AssociateRejection.TemporaryCongestion : null;
    }

    public AssociateAccept Accept(AssociateRequest request, AllowedServices services)
    {
        var answers = new List<PresentationContextAnswer>(request.Contexts.Count);
        foreach (var proposal in request.Contexts) answers.Add(Answer(request, proposal, services));
        return new AssociateAccept
        {
            CalledAe = request.CalledAe,
            CallingAe = request.CallingAe,
            Contexts = answers,
            User = new UserInformation
            {
                MaximumLength = Limits.PduLengthOffered,
                ImplementationClassUid = Implementation.ClassUid,
                ImplementationVersionName = Implementation.VersionName,
                AsyncOperations = Window(request.User.AsyncOperations),
                Roles = Roles(request, services),
                Extended = Extended(request, answers),
            },
        };
    }

    /// <summary>A class of PS3.6, one of the configuration, or one that the caller relates to such a class.</summary>
    public bool IsStorageClass(AssociateRequest request, Uid sopClass) =>
        IsStorageClass(sopClass) || ExtendedNegotiation.IsRelatedStorageClass(request, sopClass, IsStorageClass);

    public ICFindScp? FindScp(Uid sopClass) => options.Find.FirstOrDefault(scp => scp.SopClasses.Contains(sopClass));

    public IRetrieveScp? RetrieveScp(Uid sopClass) =>
        options.Retrieve.FirstOrDefault(scp => scp.SopClasses.Contains(sopClass));

    public INormalizedScp? NormalizedScp(Uid sopClass) =>
        options.Normalized.FirstOrDefault(scp => scp.SopClasses.Contains(sopClass));

    public INEventReportReceiver? EventReportReceiver(Uid sopClass) =>
        options.EventReports.FirstOrDefault(receiver => receiver.SopClasses.Contains(sopClass));

    private bool IsStorageClass(Uid sopClass) =>
        StorageClasses.Contains(sopClass) || options.FurtherStorageClasses.Contains(sopClass);

    // PS3.7 D.3.3.3.2: answered only if asked for; 0 asks for no limit, and we have one.
    private AsyncOperationsWindow? Window(AsyncOperationsWindow? proposed)
    {
        if (proposed is null) return null;
        return new AsyncOperationsWindow(Within(proposed.Invoked), Within(proposed.Performed));

        ushort Within(ushort asked) => (ushort)(asked == 0 ? options.WindowMax : Math.Min(asked, options.WindowMax));
    }

    // PS3.7 D.3.3.4.2: a role that was not proposed cannot be given.
    private List<RoleSelection> Roles(AssociateRequest request, AllowedServices services)
    {
        List<RoleSelection> accepted = [];
        foreach (var role in request.User.Roles)
        {
            if (role.SopClass.IsEmpty) continue;
            var (mayBeScu, mayBeScp) = RolesOf(request, role.SopClass, services);
            if (mayBeScu is null) continue;
            accepted.Add(new RoleSelection(
                role.SopClass, role.ScuRole && mayBeScu.Value, role.ScpRole && mayBeScp));
        }

        return accepted;
    }

    /// <returns>What a caller may be; null where no role other than the default one makes sense.</returns>
    private (bool? Scu, bool Scp) RolesOf(AssociateRequest request, Uid sopClass, AllowedServices services)
    {
        // The SCP role of a storage class is for C-GET, so it needs a retrieve SCP here.
        if (IsStorageClass(request, sopClass))
        {
            return (
                services.HasFlag(AllowedServices.Store) && options.Store is { TakesInstances: true },
                services.HasFlag(AllowedServices.Retrieve) && options.Retrieve.Count > 0);
        }

        // PS3.4 J.3.3: an SCP that opens an association to report.
        var isServed = NormalizedScp(sopClass) is not null;
        var isReportedTo = EventReportReceiver(sopClass) is not null;
        if (!isServed && !isReportedTo) return (null, false);
        var isAllowed = (NormalizedServiceOf(sopClass) & services) != AllowedServices.None;
        return (isServed && isAllowed, isReportedTo && isAllowed);
    }

    // PS3.7 D.3.3.5: answered only where it was proposed, for a class that was accepted.
    private List<SopClassExtendedNegotiation> Extended(
        AssociateRequest request, List<PresentationContextAnswer> answers)
    {
        List<SopClassExtendedNegotiation> items = [];
        foreach (var proposed in request.User.Extended)
        {
            var isAccepted = request.Contexts.Zip(answers).Any(pair =>
                pair.First.AbstractSyntax == proposed.SopClass
                && pair.Second.Result == PresentationContextResult.Acceptance);
            if (!isAccepted) continue;
            // PS3.4 K.5: a worklist has fields of its own, of which we support none.
            if (FindScp(proposed.SopClass) is { } find
                && proposed.SopClass != SopClass.ModalityWorklistInformationModelFind)
                items.Add(ExtendedNegotiation.Answer(proposed, find.Options, isRetrieve: false));
            else if (RetrieveScp(proposed.SopClass) is { } retrieve)
                items.Add(ExtendedNegotiation.Answer(proposed, retrieve.Options, isRetrieve: true));
        }

        return items;
    }

    private PresentationContextAnswer Answer(
        AssociateRequest request, PresentationContextProposal proposal, AllowedServices services)
    {
        var needed = ServiceOf(request, proposal.AbstractSyntax);
        var refusal = needed == AllowedServices.None ? PresentationContextResult.AbstractSyntaxNotSupported
            : (needed & services) == AllowedServices.None || IsForTheFullStore(request, proposal, services)
                ? PresentationContextResult.UserRejection
            : PresentationContextResult.Acceptance;
        var syntax = refusal != PresentationContextResult.Acceptance ? null
            : IsStorageClass(request, proposal.AbstractSyntax) ? ChooseForStorage(proposal.TransferSyntaxes)
            : ChooseForQueries(proposal.TransferSyntaxes);
        if (syntax is { } chosen)
            return new PresentationContextAnswer(proposal.Id, PresentationContextResult.Acceptance, chosen);
        var result = refusal == PresentationContextResult.Acceptance
            ? PresentationContextResult.TransferSyntaxesNotSupported
            : refusal;
        return new PresentationContextAnswer(proposal.Id, result, TransferSyntax.ImplicitVRLittleEndian.Uid);
    }

    // Beside other services, that storing is refused is the word of the service user (PS3.8 table 9-18, 1). A context
    // whose requestor takes the SCP role is for C-GET, which goes on.
    private bool IsForTheFullStore(
        AssociateRequest request, PresentationContextProposal proposal, AllowedServices services)
    {
        if (options.Store is not { TakesInstances: false } || !IsStorageClass(request, proposal.AbstractSyntax))
            return false;
        var isForGet = services.HasFlag(AllowedServices.Retrieve) && options.Retrieve.Count > 0
            && request.User.Roles.Any(role => role.SopClass == proposal.AbstractSyntax && role.ScpRole);
        return !isForGet;
    }

    private AllowedServices ServiceOf(AssociateRequest request, Uid sopClass)
    {
        if (sopClass == SopClass.Verification) return AllowedServices.Echo;
        if (FindScp(sopClass) is not null)
        {
            return sopClass == SopClass.ModalityWorklistInformationModelFind
                ? AllowedServices.Worklist
                : AllowedServices.Find;
        }

        if (RetrieveScp(sopClass) is not null) return AllowedServices.Retrieve;
        if (NormalizedScp(sopClass) is not null || EventReportReceiver(sopClass) is not null)
            return NormalizedServiceOf(sopClass);
        if (!IsStorageClass(request, sopClass)) return AllowedServices.None;
        return (options.Store is null ? AllowedServices.None : AllowedServices.Store)
            | (options.Retrieve.Count == 0 ? AllowedServices.None : AllowedServices.Retrieve);
    }

    private static AllowedServices NormalizedServiceOf(Uid sopClass) => SopClasses.ServiceOf(sopClass) switch
    {
        DimseService.ProcedureStep => AllowedServices.ProcedureStep,
        DimseService.StorageCommitment => AllowedServices.Commitment,
        DimseService.InstanceAvailability => AllowedServices.Availability,
        _ => AllowedServices.Normalized,
    };

    private Uid? ChooseForStorage(IReadOnlyList<Uid> proposed)
    {
        foreach (var preferred in options.TransferSyntaxPreference)
        {
            if (proposed.Contains(preferred) && IsStorable(preferred)) return preferred;
        }

        foreach (var syntax in proposed)
        {
            if (IsStorable(syntax)) return syntax;
        }

        return null;
    }

    private static Uid? ChooseForQueries(IReadOnlyList<Uid> proposed)
    {
        foreach (var syntax in QuerySyntaxes)
        {
            if (proposed.Contains(syntax)) return syntax;
        }

        return null;
    }

    // Attack A6: what is deflated as a whole is never negotiated. JPIP holds a link in place of the image, and
    // Papyrus is no transfer syntax of the network.
    private static bool IsStorable(Uid uid) =>
        TransferSyntax.TryFind(uid, out var syntax) && !syntax.IsDeflated
        && syntax != TransferSyntax.JPIPReferenced && syntax != TransferSyntax.JPIPHTJ2KReferenced
        && syntax != TransferSyntax.Papyrus3ImplicitVRLittleEndian;
}
