using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;

namespace Drimbox.Emulators.Dmp;

/// <summary>Who sees what. Source: facts document 3.4.</summary>
internal static class DmpView
{
    public static IReadOnlyList<DmpDocument> Documents(
        DmpStore store, InstanceIdentifier? patientId, Audience audience) =>
        store.EntriesOfPatient(patientId?.ToString())
            .Where(entry => IsVisible(entry, audience))
            .Select(entry =>
            {
                var read = entry.Read();
                return new DmpDocument(
                    entry.EntryUuid, entry.LogicalId, entry.Version, entry.Status,
                    InstanceIdentifier.Parse(entry.UniqueId), InstanceIdentifier.Parse(entry.Patient),
                    entry.TypeCode, read.Entry.ClassCode.Value, read.Entry.Title, entry.MimeType,
                    read.ConfidentialityCodes.Select(code => code.Value).ToList(),
                    store.ReferencesOf(entry.EntryUuid), entry.Owner, entry.Hash, entry.Size, entry.Replaces,
                    store.RelationOf(entry.EntryUuid, AssociationType.Append), entry.SubmissionSetUniqueId);
            })
            .ToList();

    private static bool IsVisible(StoredEntry entry, Audience audience)
    {
        if (audience == Audience.Registry) return true;
        if (entry.Status != AvailabilityStatus.Approved || entry.IsSignature) return false;
        var hidden = audience switch
        {
            Audience.Patient => Visibility.InvisibleToPatient,
            Audience.Representative => Visibility.InvisibleToLegalRepresentatives,
            _ => Visibility.MaskedFromProfessionals,
        };
        return !entry.Read().Entry.Visibility.HasFlag(hidden);
    }
}
