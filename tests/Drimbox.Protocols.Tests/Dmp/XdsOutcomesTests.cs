using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;

namespace Drimbox.Tests.Dmp;

/// <summary>The table from answers to outcomes, against the facts on reliability 2.3, written out once more.</summary>
public sealed class XdsOutcomesTests
{
    private static readonly Dictionary<string, DispatchOutcome> Expected = new()
    {
        // retry, same bytes
        ["XDSRegistryBusy"] = DispatchOutcome.Retry,
        ["XDSRepositoryBusy"] = DispatchOutcome.Retry,
        ["XDSRegistryNotAvailable"] = DispatchOutcome.Retry,
        ["XDSRegistryOutOfResources"] = DispatchOutcome.Retry,
        ["XDSRepositoryOutOfResources"] = DispatchOutcome.Retry,

        // limited retry
        ["XDSRegistryError"] = DispatchOutcome.Retry,
        ["XDSRepositoryError"] = DispatchOutcome.Retry,

        // ambiguous
        ["XDSDuplicateUniqueIdInRegistry"] = DispatchOutcome.Ambiguous,
        ["XDSRegistryDuplicateUniqueIdInMessage"] = DispatchOutcome.Ambiguous,
        ["XDSRepositoryDuplicateUniqueIdInMessage"] = DispatchOutcome.Ambiguous,
        ["DocumentQueued"] = DispatchOutcome.Ambiguous,

        // stale
        ["XDSRegistryDeprecatedDocumentError"] = DispatchOutcome.Stale,
        ["UnresolvedReferenceException"] = DispatchOutcome.Stale,
        ["XDSMetadataVersionError"] = DispatchOutcome.Stale,
        ["XDSMetadataUpdateError"] = DispatchOutcome.Stale,

        // bug alarm, quarantine
        ["XDSNonIdenticalHash"] = DispatchOutcome.Quarantine,
        ["XDSNonIdenticalSize"] = DispatchOutcome.Quarantine,
        ["InvalidDocumentContent"] = DispatchOutcome.Quarantine,
        ["PartialAppendContentNotProcessed"] = DispatchOutcome.Quarantine,
        ["PartialFolderContentNotProcessed"] = DispatchOutcome.Quarantine,
        ["PartialRelationshipContentNotProcessed"] = DispatchOutcome.Quarantine,
        ["PartialReplaceContentNotProcessed"] = DispatchOutcome.Quarantine,
        ["PartialTransformNotProcessed"] = DispatchOutcome.Quarantine,
        ["PartialTransformReplaceNotProcessed"] = DispatchOutcome.Quarantine,
        ["XDSDocumentUniqueIdError"] = DispatchOutcome.Quarantine,
        ["XDSExtraMetadataNotSaved"] = DispatchOutcome.Quarantine,
        ["XDSMetadataIdentifierError"] = DispatchOutcome.Quarantine,
        ["XDSMetadataUpdateOperationError"] = DispatchOutcome.Quarantine,
        ["XDSMissingDocument"] = DispatchOutcome.Quarantine,
        ["XDSMissingDocumentMetadata"] = DispatchOutcome.Quarantine,
        ["XDSMissingHomeCommunityId"] = DispatchOutcome.Quarantine,
        ["XDSPatientIDReconciliationError"] = DispatchOutcome.Quarantine,
        ["XDSPatientIdDoesNotMatch"] = DispatchOutcome.Quarantine,
        ["XDSRegistryMetadataError"] = DispatchOutcome.Quarantine,
        ["XDSRepositoryMetadataError"] = DispatchOutcome.Quarantine,
        ["XDSResultNotSinglePatient"] = DispatchOutcome.Quarantine,
        ["XDSStoredQueryMissingParam"] = DispatchOutcome.Quarantine,
        ["XDSStoredQueryParamNumber"] = DispatchOutcome.Quarantine,
        ["XDSTooManyResults"] = DispatchOutcome.Quarantine,
        ["XDSUnavailableCommunity"] = DispatchOutcome.Quarantine,
        ["XDSUnknownCommunity"] = DispatchOutcome.Quarantine,
        ["XDSUnknownPatientId"] = DispatchOutcome.Quarantine,
        ["XDSUnknownRepositoryId"] = DispatchOutcome.Quarantine,
        ["XDSUnknownStoredQuery"] = DispatchOutcome.Quarantine,
    };

    [Fact]
    public void Every_code_has_its_outcome_and_no_code_is_in_one_table_only()
    {
        Assert.Equal(Expected.Keys.Order(), XdsOutcomes.ByErrorCode.Keys.Order());
        foreach (var (code, outcome) in Expected)
        {
            Assert.Equal(outcome, XdsOutcomes.ByErrorCode[code].Outcome);
            Assert.Equal(outcome, Failure(code).Outcome);
        }
    }

    [Fact]
    public void Only_changed_bytes_raise_the_bug_alarm()
    {
        var alarms = XdsOutcomes.ByErrorCode.Where(row => row.Value.BugAlarm).Select(row => row.Key);

        Assert.Equal(["XDSNonIdenticalHash", "XDSNonIdenticalSize"], alarms.Order());
    }

    [Theory]
    [InlineData("XDSRegistryError", true)]
    [InlineData("XDSRepositoryError", true)]
    [InlineData("XDSDuplicateUniqueIdInRegistry", true)]
    [InlineData("XDSRegistryBusy", false)]
    [InlineData("DocumentQueued", false)]
    public void Errors_without_a_better_name_are_tried_a_limited_number_of_times(string code, bool isLimited)
    {
        Assert.Equal(isLimited, Failure(code).IsLimited);
    }

    [Fact]
    public void A_peer_that_is_not_there_or_too_busy_is_told_from_one_that_refuses()
    {
        Assert.True(XdsOutcomes.Classify(new XdsAnswer.NotSent("")).IsUnreached);
        Assert.True(XdsOutcomes.Classify(new XdsAnswer.SentUnknown("")).IsUnreached);
        Assert.True(XdsOutcomes.Classify(new XdsAnswer.HttpRefused(502)).IsUnreached);
        Assert.True(Failure("XDSRepositoryBusy").IsUnreached);
        Assert.False(XdsOutcomes.Classify(new XdsAnswer.HttpRefused(404)).IsUnreached);
        Assert.False(Failure("XDSRegistryError").IsUnreached);
        Assert.False(Failure("XDSDuplicateUniqueIdInRegistry").IsUnreached);
        Assert.False(OfFault("Receiver").IsUnreached);
        Assert.False(Of(RegistryResponse.Success).IsUnreached);
    }

    [Fact]
    public void An_unknown_code_needs_a_person()
    {
        Assert.Equal(DispatchOutcome.Quarantine, Failure("DMPSomethingNew").Outcome);
    }

    [Theory]
    [InlineData(DispatchOutcome.Quarantine, "XDSRegistryBusy", "XDSUnknownPatientId", "XDSDuplicateUniqueIdInRegistry")]
    [InlineData(DispatchOutcome.Ambiguous, "XDSRegistryDeprecatedDocumentError", "XDSDuplicateUniqueIdInRegistry")]
    [InlineData(DispatchOutcome.Stale, "XDSRegistryBusy", "XDSRegistryDeprecatedDocumentError")]
    [InlineData(DispatchOutcome.Retry, "XDSRegistryBusy", "XDSRegistryError")]
    public void Of_several_errors_the_one_that_leaves_least_to_chance_wins(DispatchOutcome outcome, params string[] codes)
    {
        Assert.Equal(outcome, Failure(codes).Outcome);
        Assert.Equal(outcome, Failure(codes.Reverse().ToArray()).Outcome);
    }

    [Fact]
    public void A_limited_retry_beside_an_unlimited_one_stays_limited()
    {
        Assert.True(Failure("XDSRegistryBusy", "XDSRegistryError").IsLimited);
    }

    [Fact]
    public void The_bug_alarm_wins_over_everything()
    {
        Assert.True(Failure("XDSUnknownPatientId", "XDSNonIdenticalHash").BugAlarm);
    }

    [Fact]
    public void Success_and_success_with_warnings_are_done_and_a_bare_failure_is_asked_about()
    {
        RegistryError warning = new("XDSRegistryError", "", IsWarning: true);
        Assert.Equal(DispatchOutcome.Done, Of(RegistryResponse.Success).Outcome);
        Assert.Equal(DispatchOutcome.Done, Of(new RegistryResponse(RegistryStatus.Success, [warning])).Outcome);
        Assert.Equal(DispatchOutcome.Ambiguous, Of(RegistryResponse.Failure()).Outcome);
        Assert.Equal(DispatchOutcome.Ambiguous, Of(RegistryResponse.Failure(warning)).Outcome);
    }

    [Fact]
    public void Failures_of_the_wire_depend_on_whether_the_body_had_begun()
    {
        Assert.Equal(DispatchOutcome.Retry, XdsOutcomes.Classify(new XdsAnswer.NotSent("")).Outcome);
        Assert.Equal(DispatchOutcome.Ambiguous, XdsOutcomes.Classify(new XdsAnswer.SentUnknown("")).Outcome);
        Assert.Equal(DispatchOutcome.Ambiguous, OfFault("Receiver").Outcome);
        Assert.Equal(DispatchOutcome.Quarantine, OfFault("Sender").Outcome);
        Assert.Equal(DispatchOutcome.Quarantine, OfFault("MustUnderstand").Outcome);
    }

    [Fact]
    [Requirement("reliability P7")]
    public void A_VIHF_that_is_refused_for_its_dates_is_sent_anew_and_says_that_this_process_reaches_nobody()
    {
        var verdict = OfFault("Sender", "MessageExpired");
        Assert.Equal((DispatchOutcome.Retry, true, false), (verdict.Outcome, verdict.IsUnreached, verdict.IsUnexplained));
        Assert.Equal(DispatchOutcome.Ambiguous, OfFault("Receiver", "MessageExpired").Outcome);
        Assert.Equal(DispatchOutcome.Quarantine, OfFault("Sender", "FailedAuthentication").Outcome);
    }

    [Fact]
    public void Responses_are_written_and_read()
    {
        var response = new RegistryResponse(
            RegistryStatus.PartialSuccess,
            [new RegistryError("XDSRegistryError", "a", IsWarning: true), new RegistryError("XDSRepositoryError", "b", false, "here")]);

        Assert.Equivalent(response, RegistryResponse.TryRead(response.Write()), strict: true);
    }

    private static XdsVerdict Failure(params string[] codes) =>
        Of(RegistryResponse.Failure(codes.Select(code => new RegistryError(code, "")).ToArray()));

    private static XdsVerdict Of(RegistryResponse response) => XdsOutcomes.Classify(new XdsAnswer.Answered(response));

    private static XdsVerdict OfFault(string code, string? subcode = null) =>
        XdsOutcomes.Classify(new XdsAnswer.Faulted(new SoapFault(code, subcode, ""), 500));
}
