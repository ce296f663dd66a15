using Drimbox.Core.Identity;

namespace Drimbox.Core.Archive;

/// <summary>What to do with another data set under a known SOP Instance UID.</summary>
public enum DuplicatePolicy
{
    /// <summary>The same group corrects what it sent; from anyone else it is quarantined.</summary>
    Replace,

    /// <summary>What came first stays; everything else is quarantined.</summary>
    KeepFirst,

    /// <summary>What came last stays, whoever sent it.</summary>
    AlwaysReplace,
}

/// <summary>What happens to an instance that arrives.</summary>
public enum DuplicateOutcome
{
    /// <summary>Nothing has its UID: it is taken in.</summary>
    Keep,

    /// <summary>The archive has these bytes: 0000, and no second copy.</summary>
    SameBytes,

    /// <summary>It begins a new version; the files of the former one are kept.</summary>
    Replace,

    /// <summary>The same version in another transfer syntax: kept beside it.</summary>
    SecondRendition,

    /// <summary>Kept aside for the administrator, answered 0111.</summary>
    Quarantine,
}

/// <summary>Why an object was quarantined. The names are those of the files, in lower case.</summary>
public enum QuarantineReason
{
    None,

    /// <summary>It comes from another group than the object that is there.</summary>
    OtherSender,

    /// <summary>Patient ID or its issuer is not the one of the object that is there.</summary>
    OtherPatient,

    /// <summary>Study Instance UID is not the one of the object that is there.</summary>
    OtherStudy,

    /// <summary>The policy keeps what came first.</summary>
    KeepFirst,

    /// <summary>Found without a record of what was decided: the sender had no answer yet.</summary>
    Undecided,

    /// <summary>Found, and not a whole DICOM file.</summary>
    Incomplete,
}

public readonly record struct DuplicateDecision(DuplicateOutcome Outcome, QuarantineReason Reason = QuarantineReason.None);

/// <summary>Which patient: (0010,0020), (0010,0021) and the entity of (0010,0024), as received.</summary>
public readonly record struct PatientKey(string PatientId, string Issuer, string IssuerEntity);

/// <summary>One encoding of an instance.</summary>
/// <param name="DataSetSha256">Of the data set, lower-case hexadecimal.</param>
public readonly record struct Rendition(Uid TransferSyntaxUid, string DataSetSha256);

/// <summary>What the archive holds under a SOP Instance UID: one version in one or more renditions.</summary>
/// <param name="Patient">Whom the archive has its study for.</param>
/// <param name="Group">Of who sent the version.</param>
public sealed record StandingVersion(
    PatientKey Patient, Uid StudyInstanceUid, string Group, IReadOnlyList<Rendition> Renditions);

/// <summary>An instance that arrives under a known SOP Instance UID.</summary>
public sealed record ArrivingInstance(PatientKey Patient, Uid StudyInstanceUid, Rendition Rendition);

/// <summary>The one decision about duplicates (docs/adr/0017). Nothing is ever coerced.</summary>
public static class DuplicateRules
{
    /// <param name="standing">Null if the archive has no such instance.</param>
    public static DuplicateDecision Decide(
        StandingVersion? standing, ArrivingInstance arriving, InstanceSender sender, DuplicatePolicy policy)
    {
        if (standing is null) return new(DuplicateOutcome.Keep);
        if (standing.Renditions.Contains(arriving.Rendition)) return new(DuplicateOutcome.SameBytes);
        var isSameGroup = standing.Group == sender.Group;
        var changed = Changed(standing, arriving);
        var isOtherSyntax = standing.Renditions.All(
            rendition => rendition.TransferSyntaxUid != arriving.Rendition.TransferSyntaxUid);
        return policy switch
        {
            // Whether another encoding shows the same object cannot be known, so it is not the first either.
            DuplicatePolicy.KeepFirst => Quarantine(QuarantineReason.KeepFirst),
            _ when isOtherSyntax && isSameGroup && changed == QuarantineReason.None =>
                new(DuplicateOutcome.SecondRendition),
            DuplicatePolicy.AlwaysReplace => new(DuplicateOutcome.Replace),
            _ when !isSameGroup => Quarantine(QuarantineReason.OtherSender),
            _ when changed != QuarantineReason.None && !sender.IsPacs => Quarantine(changed),
            _ => new(DuplicateOutcome.Replace),
        };
    }

    private static QuarantineReason Changed(StandingVersion standing, ArrivingInstance arriving)
    {
        if (standing.Patient != arriving.Patient) return QuarantineReason.OtherPatient;
        return standing.StudyInstanceUid == arriving.StudyInstanceUid
            ? QuarantineReason.None
            : QuarantineReason.OtherStudy;
    }

    private static DuplicateDecision Quarantine(QuarantineReason reason) => new(DuplicateOutcome.Quarantine, reason);
}
