using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;

namespace Drimbox.Emulators.Dmp;

/// <summary>What a transaction of the emulator works with.</summary>
/// <param name="Caller">The verified VIHF, or null where none is required.</param>
internal sealed record DmpContext(
    DmpEmulatorOptions Options, IIdSource Ids, TimeProvider Time, IReadOnlyDictionary<string, AllowedStructure> Structures,
    Vihf? Caller)
{
    public string NewEntryUuid() => "urn:uuid:" + Ids.NewUuid();

    /// <summary>The structure that acts: of the VIHF, else of the submission set's author.</summary>
    public string StructureOf(SubmissionSetEntry set) =>
        Caller?.Structure ?? set.Author?.Institution.Id.Extension ?? "";

    /// <summary>Who may submit, for whom: rules of the DMP that need no registry content but patients.</summary>
    public void CheckSubmitter(RegistrySubmission submission, DmpStore store, List<RegistryError> errors)
    {
        var structure = StructureOf(submission.Set);
        if (!Structures.ContainsKey(structure))
            errors.Add(RegistrySubmission.Metadata("Structure introuvable ou inactive"));
        else if (submission.Set.Author?.Institution.Id.Extension != structure)
            errors.Add(RegistrySubmission.Metadata("Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF"));
        CheckPatient(submission.Set.PatientId, store, errors);
    }

    public void CheckPatient(InstanceIdentifier patientId, DmpStore store, List<RegistryError> errors)
    {
        CheckVihfPatient(patientId, errors);

        // The DMP's own codes for these are not public; XDS has one for both.
        if (ExistenceOf(patientId, store) is not DmpExistence.Open and var existence)
        {
            errors.Add(new RegistryError(
                "XDSUnknownPatientId",
                existence == DmpExistence.None ? "No DMP for this patient" : "The DMP of this patient is closed"));
        }
    }

    // ITI TF-2 3.42.4.1.3.3.7; table 4.2.4.1-2 of ITI TF-3 wants the value in the context.
    public void CheckUniqueId(SubmissionSetEntry set, DmpStore store, List<RegistryError> errors)
    {
        var uniqueId = set.UniqueId.ToString();
        if (store.HasUniqueId(uniqueId))
            errors.Add(new RegistryError("XDSDuplicateUniqueIdInRegistry", $"SubmissionSet.uniqueId {uniqueId}"));
    }

    public void CheckVihfPatient(InstanceIdentifier patientId, List<RegistryError> errors)
    {
        if (Caller is not null && Caller.PatientId != patientId)
            errors.Add(new RegistryError("XDSPatientIdDoesNotMatch", "The VIHF is about another patient"));
    }

    public DmpExistence ExistenceOf(InstanceIdentifier patientId, DmpStore store) =>
        store.IsPatientClosed(patientId) switch
        {
            true => DmpExistence.Closed,
            false => DmpExistence.Open,
            null => Options.AcceptUnknownPatients ? DmpExistence.Open : DmpExistence.None,
        };
}
