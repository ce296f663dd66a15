using Drimbox.Core;
using Drimbox.Core.Identity;
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
        if (Caller is not null && Caller.PatientId != patientId)
            errors.Add(new RegistryError("XDSPatientIdDoesNotMatch", "The VIHF is about another patient"));
        var closed = store.IsPatientClosed(patientId) ?? (Options.AcceptUnknownPatients ? false : null);

        // The DMP's own codes for these are not public; XDS has one for both.
        if (closed != false)
        {
            errors.Add(new RegistryError(
                "XDSUnknownPatientId", closed is null ? "No DMP for this patient" : "The DMP of this patient is closed"));
        }
    }
}
