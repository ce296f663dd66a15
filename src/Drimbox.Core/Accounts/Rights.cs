using System.Collections.Immutable;

namespace Drimbox.Core.Accounts;

/// <summary>What a caller may do. Each action of the administration interface needs one of them.</summary>
public enum Right
{
    /// <summary>States, queues and identifiers, without a patient's name.</summary>
    SeeStates,

    /// <summary>Keep the system running: backup, scrubber, what is tried again, notifications that are fetched.</summary>
    Operate,

    /// <summary>See the accounts and what was done to them.</summary>
    SeeAccounts,

    /// <summary>Add, change and suspend accounts, and give roles.</summary>
    AdministerAccounts,

    /// <summary>Read the audit trail, which has the identifiers of patients and of professionals; each look is part of
    /// it.</summary>
    ReadAudit,

    /// <summary>What names a patient: images, requests, reports, the local base.</summary>
    ReadRecords,

    /// <summary>Protect, delete and restore studies; decide about what the archive keeps aside.</summary>
    ManageStudies,

    /// <summary>Say whom a study is of.</summary>
    CorrectPatients,

    /// <summary>Place, change and cancel requests of the RIS.</summary>
    ManageRequests,

    /// <summary>Accept and refuse requests as the platform.</summary>
    AnswerRequests,

    /// <summary>Keep the text of a report to be signed.</summary>
    WriteReports,

    /// <summary>Sign, correct, amend and withdraw reports.</summary>
    SignReports,

    /// <summary>Whether a report goes to the DMP, who sees it there, and who gets it by MSSanté.</summary>
    DecidePublications,
}

/// <summary>What an account is for.</summary>
public enum Role
{
    /// <summary>Runs the system and administers the accounts; sees no patient.</summary>
    Administrator,

    /// <summary>Looks at the accounts, at what was done to them, and at the audit trail.</summary>
    Auditor,

    /// <summary>Looks after the stored images and whom they are of.</summary>
    Archivist,

    /// <summary>Places requests and looks records up.</summary>
    Secretary,

    /// <summary>Answers requests, signs reports and decides about their publication.</summary>
    Radiologist,
}

/// <summary>Which rights a role has, and which roles go together.</summary>
public static class RoleRights
{
    private static readonly ImmutableDictionary<Role, ImmutableHashSet<Right>> _table =
        new Dictionary<Role, ImmutableHashSet<Right>>
        {
            [Role.Administrator] = [Right.SeeStates, Right.Operate, Right.SeeAccounts, Right.AdministerAccounts],
            [Role.Auditor] = [Right.SeeStates, Right.SeeAccounts, Right.ReadAudit],
            [Role.Archivist] = [Right.SeeStates, Right.ReadRecords, Right.ManageStudies, Right.CorrectPatients],
            [Role.Secretary] = [Right.SeeStates, Right.ReadRecords, Right.ManageRequests],
            [Role.Radiologist] =
            [
                Right.SeeStates, Right.ReadRecords, Right.ManageRequests, Right.AnswerRequests, Right.WriteReports,
                Right.SignReports, Right.DecidePublications,
            ],
        }.ToImmutableDictionary();

    /// <summary>Every right: of the local administrator as long as there is no account.</summary>
    public static ImmutableHashSet<Right> All { get; } = [.. Enum.GetValues<Right>()];

    public static ImmutableHashSet<Right> Of(Role role) => _table[role];

    public static ImmutableHashSet<Right> Of(IEnumerable<Role> roles) => [.. roles.SelectMany(role => _table[role])];

    /// <summary>The role works on records of patients.</summary>
    public static bool IsClinical(Role role) => Of(role).Contains(Right.ReadRecords);

    /// <summary>SSI/GEN.16: who administers has no rights on records, not even by a second role.</summary>
    public static bool AreApart(IReadOnlyCollection<Role> roles) =>
        !roles.Contains(Role.Administrator) || !roles.Any(IsClinical);
}
