using System.Collections.Frozen;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;

namespace Drimbox.Dmp;

/// <summary>What an answer means for the dispatcher.</summary>
/// <param name="IsLimited">The answer does not say what is wrong: it counts as a fault of the row, and after
/// <see cref="Limits.DispatchFaultsMax"/> of them a person must look.</param>
/// <param name="BugAlarm">True if only an error of ours explains it (bytes changed between attempts).</param>
/// <param name="IsUnreached">The peer was not reached, did not answer, is too busy for anybody, or refuses our clock.</param>
public readonly record struct XdsVerdict(
    DispatchOutcome Outcome, bool IsLimited = false, bool BugAlarm = false, bool IsUnreached = false)
{
    /// <summary>Counts as a fault where the row is tried again: also the refusal of a query before a resend, which would
    /// be asked without end.</summary>
    public bool IsUnexplained => IsLimited || Outcome == DispatchOutcome.Quarantine;
}

/// <summary>The one table from XDS answers to what comes next. Source: facts on reliability 2.3; codes of ITI TF-3
/// table 4.2.4.1-2 and of ITI TF-2 3.57. A code that is not in it is refused for good: a person must look.</summary>
public static class XdsOutcomes
{
    private static readonly XdsVerdict Retry = new(DispatchOutcome.Retry, IsUnreached: true);
    private static readonly XdsVerdict LimitedRetry = new(DispatchOutcome.Retry, IsLimited: true);
    private static readonly XdsVerdict Ambiguous = new(DispatchOutcome.Ambiguous);
    private static readonly XdsVerdict Unanswered = new(DispatchOutcome.Ambiguous, IsUnreached: true);
    private static readonly XdsVerdict LimitedAmbiguous = new(DispatchOutcome.Ambiguous, IsLimited: true);

    private static readonly XdsVerdict Stale = new(DispatchOutcome.Stale);
    private static readonly XdsVerdict Quarantine = new(DispatchOutcome.Quarantine);
    private static readonly XdsVerdict Bug = new(DispatchOutcome.Quarantine, BugAlarm: true);

    /// <summary>RegistryError/@errorCode of severity Error → verdict.</summary>
    public static readonly IReadOnlyDictionary<string, XdsVerdict> ByErrorCode = new Dictionary<string, XdsVerdict>
    {
        ["XDSRegistryBusy"] = Retry,
        ["XDSRepositoryBusy"] = Retry,
        ["XDSRegistryNotAvailable"] = Retry,
        ["XDSRegistryOutOfResources"] = Retry,
        ["XDSRepositoryOutOfResources"] = Retry,

        // No better code: it may pass, or never.
        ["XDSRegistryError"] = LimitedRetry,
        ["XDSRepositoryError"] = LimitedRetry,

        // Our own earlier attempt may be what is in the way; if the registry does not show it either (somebody has
        // deleted it since), a person must look.
        ["XDSDuplicateUniqueIdInRegistry"] = LimitedAmbiguous,
        ["XDSRegistryDuplicateUniqueIdInMessage"] = LimitedAmbiguous,
        ["XDSRepositoryDuplicateUniqueIdInMessage"] = LimitedAmbiguous,
        ["DocumentQueued"] = Ambiguous,

        // The target moved under us.
        ["XDSRegistryDeprecatedDocumentError"] = Stale,
        ["UnresolvedReferenceException"] = Stale,
        ["XDSMetadataVersionError"] = Stale,
        ["XDSMetadataUpdateError"] = Stale,

        ["XDSNonIdenticalHash"] = Bug,
        ["XDSNonIdenticalSize"] = Bug,

        ["InvalidDocumentContent"] = Quarantine,
        ["PartialAppendContentNotProcessed"] = Quarantine,
        ["PartialFolderContentNotProcessed"] = Quarantine,
        ["PartialRelationshipContentNotProcessed"] = Quarantine,
        ["PartialReplaceContentNotProcessed"] = Quarantine,
        ["PartialTransformNotProcessed"] = Quarantine,
        ["PartialTransformReplaceNotProcessed"] = Quarantine,
        ["XDSDocumentUniqueIdError"] = Quarantine,
        ["XDSExtraMetadataNotSaved"] = Quarantine,
        ["XDSMetadataIdentifierError"] = Quarantine,
        ["XDSMetadataUpdateOperationError"] = Quarantine,
        ["XDSMissingDocument"] = Quarantine,
        ["XDSMissingDocumentMetadata"] = Quarantine,
        ["XDSMissingHomeCommunityId"] = Quarantine,
        ["XDSPatientIDReconciliationError"] = Quarantine,
        ["XDSPatientIdDoesNotMatch"] = Quarantine,
        ["XDSRegistryMetadataError"] = Quarantine,
        ["XDSRepositoryMetadataError"] = Quarantine,
        ["XDSResultNotSinglePatient"] = Quarantine,
        ["XDSStoredQueryMissingParam"] = Quarantine,
        ["XDSStoredQueryParamNumber"] = Quarantine,
        ["XDSTooManyResults"] = Quarantine,
        ["XDSUnavailableCommunity"] = Quarantine,
        ["XDSUnknownCommunity"] = Quarantine,
        ["XDSUnknownPatientId"] = Quarantine,
        ["XDSUnknownRepositoryId"] = Quarantine,
        ["XDSUnknownStoredQuery"] = Quarantine,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static XdsVerdict Classify(XdsAnswer answer) => answer switch
    {
        XdsAnswer.NotSent => Retry,
        XdsAnswer.SentUnknown => Unanswered,
        XdsAnswer.Answered answered => OfResponse(answered.Response),

        // WSS SOAP message security 12: refused for the dates of its assertion, before anything was done. The next attempt has
        // fresh ones. If it is our clock that is wrong, nothing is taken from this process: as if the peer were away.
        XdsAnswer.Faulted { Fault: { Code: "Sender", Subcode: "MessageExpired" } } => Retry,

        // The receiver says that it failed, not where: its transaction may stand. The sender's mistakes are final.
        XdsAnswer.Faulted faulted => faulted.Fault.Code == "Receiver" ? LimitedAmbiguous : Quarantine,
        XdsAnswer.HttpRefused refused => OfHttpStatus(refused.HttpStatus),
        _ => throw Invariant.Unreachable(answer),
    };

    private static XdsVerdict OfHttpStatus(int status) => status switch
    {
        // RFC 9110 15.6.4, RFC 6585 4: the request was not processed.
        429 or 503 => Retry,

        // Another 5xx may come from a gateway that lost the answer of a repository that committed (502, 504). The
        // DMP does not promise to refuse a repeat, so a query goes first; that costs one call and never a double.
        >= 500 => Unanswered,
        _ => Quarantine,
    };

    private static XdsVerdict OfResponse(RegistryResponse response)
    {
        if (response.Status == RegistryStatus.Success) return new XdsVerdict(DispatchOutcome.Done);
        var verdicts = response.Errors.Where(error => !error.IsWarning)
            .Select(error => ByErrorCode.GetValueOrDefault(error.Code, Quarantine)).ToList();

        // A failure without an error says nothing about what was done.
        return verdicts.Count == 0 ? LimitedAmbiguous : verdicts.MaxBy(Severity);
    }

    // Several errors: the one that leaves the least to chance wins. A duplicate beside a deprecated target is our own
    // earlier attempt, so it comes before the target.
    private static int Severity(XdsVerdict verdict) => verdict switch
    {
        { BugAlarm: true } => 5,
        { Outcome: DispatchOutcome.Quarantine } => 4,
        { Outcome: DispatchOutcome.Ambiguous } => 3,
        { Outcome: DispatchOutcome.Stale } => 2,
        _ => verdict.IsLimited ? 1 : 0,
    };
}
