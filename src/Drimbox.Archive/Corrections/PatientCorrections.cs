using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive.Corrections;

/// <summary>A patient as a person or a message names one.</summary>
/// <param name="Issuer">(0010,0021); null: whichever, if there is but one.</param>
/// <param name="IssuerEntity">The OID of (0010,0024); null: whichever.</param>
public sealed record PatientReference(string PatientId, string? Issuer = null, string? IssuerEntity = null);

/// <summary>Corrections of patients and their undoing: what commands and messages call (ADT^A40 is
/// <see cref="MergeAsync"/>). Nothing of the stored files is changed (docs/adr/0019).</summary>
public sealed class PatientCorrections
{
    // PS3.5 6.2: LO, and a component group of PN.
    private const int TextMax = 64;

    private readonly ArchiveOptions _options;
    private readonly ArchiveIndex _index;
    private readonly ILogger _log;

    internal PatientCorrections(ArchiveOptions options, ArchiveIndex index, ILogger log) =>
        (_options, _index, _log) = (options, index, log);

    /// <summary>Identifiers or attributes of a patient were wrong.</summary>
    public async Task<CorrectionResult> CorrectAsync(
        PatientReference patient, PatientChange to, string actor, string reason, CancellationToken cancellationToken)
    {
        if (Refuse(to) is { } wrong) return Refused(wrong);
        var (found, refusal) = await FindAsync(patient, cancellationToken);
        return found is null
            ? Refused(refusal!)
            : await RecordAsync(
                new CorrectionOrder(CorrectionKind.Correct, found.Key, default, to, actor, reason), cancellationToken);
    }

    /// <summary>The studies of one patient are of another.</summary>
    /// <param name="attributes">What is known of the other one; the rest is taken from its newest study.</param>
    public Task<CorrectionResult> MergeAsync(
        PatientReference patient,
        PatientReference into,
        PatientChange attributes,
        string actor,
        string reason,
        CancellationToken cancellationToken) =>
        WithTargetAsync(
            into, attributes,
            async to =>
            {
                var (found, refusal) = await FindAsync(patient, cancellationToken);
                return found is null
                    ? Refused(refusal!)
                    : await RecordAsync(
                        new CorrectionOrder(CorrectionKind.Merge, found.Key, default, to, actor, reason),
                        cancellationToken);
            },
            cancellationToken);

    /// <summary>One study is of another patient.</summary>
    /// <inheritdoc cref="MergeAsync"/>
    public Task<CorrectionResult> MoveAsync(
        Uid study,
        PatientReference into,
        PatientChange attributes,
        string actor,
        string reason,
        CancellationToken cancellationToken) =>
        WithTargetAsync(
            into, attributes,
            to => RecordAsync(
                new CorrectionOrder(CorrectionKind.Move, default, study, to, actor, reason), cancellationToken),
            cancellationToken);

    /// <summary>Records a correction whose patients are named in full.</summary>
    public async Task<CorrectionResult> RecordAsync(CorrectionOrder order, CancellationToken cancellationToken)
    {
        if (Refuse(order.To) is { } wrong) return Refused(wrong);
        return Logged(await _index.Corrections.AddAsync(order, cancellationToken), order.Actor, "recorded");
    }

    public async Task<CorrectionResult> UndoAsync(long id, string actor, CancellationToken cancellationToken) =>
        Logged(await _index.Corrections.UndoAsync(id, actor, cancellationToken), actor, "undid");

    private async Task<CorrectionResult> WithTargetAsync(
        PatientReference into,
        PatientChange attributes,
        Func<PatientChange, Task<CorrectionResult>> then,
        CancellationToken cancellationToken)
    {
        var (found, refusal) = await FindAsync(into, cancellationToken);
        if (found is null && refusal!.Reason != RefusalReason.UnknownTarget) return Refused(refusal);
        if (found is null && attributes.Name is null)
        {
            return Refused(new Refusal(
                RefusalReason.UnknownTarget,
                "The archive has no study of the patient that it is to be: give the name, birth date and sex too."));
        }

        found ??= new PatientIdentity(into.PatientId, into.Issuer ?? "", into.IssuerEntity ?? "",
            into.IssuerEntity is { Length: > 0 } ? "ISO" : "", "", "", "");
        return await then(PatientChange.To(attributes.ApplyTo(found)));
    }

    /// <summary>The identity that a name means, with the attributes of its newest study.</summary>
    private async Task<(PatientIdentity? Found, Refusal? Why)> FindAsync(
        PatientReference name, CancellationToken cancellationToken)
    {
        var known = (await _index.Corrections.PatientsAsync(name.PatientId, cancellationToken))
            .Where(p => (name.Issuer is null || p.Issuer == name.Issuer)
                && (name.IssuerEntity is null || p.IssuerEntity == name.IssuerEntity))
            .ToList();
        return known.DistinctBy(p => p.Key).Count() switch
        {
            0 => (null, new Refusal(RefusalReason.UnknownTarget, "The archive has no study of this patient.")),
            1 => (known[0], null),
            _ => (null, new Refusal(
                RefusalReason.WrongState,
                "Several authorities gave out this patient id: say which one, by its issuer.")),
        };
    }

    // What is written into every data set that goes out must be a value there.
    private static Refusal? Refuse(PatientChange to)
    {
        string?[] texts = [to.PatientId, to.Issuer, to.IssuerEntity, to.IssuerEntityType, to.Name];
        if (texts.Any(text => text?.Any(c => c == '\\' || char.IsControl(c)) == true))
            return Wrong("A value has no backslash and no control character.");
        if (texts.Any(text => text?.Split('=').Any(group => group.Length > TextMax) == true))
            return Wrong("A value has 64 characters at most.");
        if (to.BirthDate is { Length: > 0 } date && !DateOnly.TryParseExact(
            date, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
            return Wrong("A birth date is YYYYMMDD.");
        return to.Sex is null or "" or "M" or "F" or "O" ? null : Wrong("A sex is M, F, O or empty (PS3.3 C.7.1.1).");
    }

    private static Refusal Wrong(string sentence) => new(RefusalReason.DataType, sentence);

    private static CorrectionResult Refused(Refusal refusal) => new(refusal, null, []);

    private CorrectionResult Logged(CorrectionResult result, string actor, string action)
    {
        if (result.Entry is { } entry)
        {
            ArchiveLog.Administered(
                _log, _options.NodeId, actor, action,
                FormattableString.Invariant($"correction {entry.Id} ({entry.Kind}), studies: {result.Studies.Count}"));
        }

        return result;
    }
}
