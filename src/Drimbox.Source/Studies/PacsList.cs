using Drimbox.Core;
using Drimbox.Core.Studies;

namespace Drimbox.Source.Studies;

/// <summary>A PACS of the source.</summary>
/// <param name="Name">What studies remember it by; null for the only one.</param>
/// <param name="Senders">Whose studies it is asked about first.</param>
internal sealed record KnownPacs(
    string? Name, DicomPeerOptions Peer, PacsDomains Domains, IReadOnlyList<string> Senders);

/// <summary>The PACS of the source, in the order of its configuration.</summary>
internal sealed class PacsList(IReadOnlyList<KnownPacs> all)
{
    public IReadOnlyList<KnownPacs> All => all;

    public static PacsList Of(SourceOptions options) => new(
        options.Pacs is { } only
            ? [new KnownPacs(null, only, PacsDomains.Unknown, [])]
            : options.PacsList.Select(pacs => new KnownPacs(
                pacs.Name,
                pacs.Peer!,
                new PacsDomains(
                    pacs.Name,
                    pacs.PatientIdIssuers.ToDictionary(
                        i => i.Written, i => new PatientIdDomain(i.Name, i.Oid), StringComparer.Ordinal),
                    pacs.AccessionIssuers.ToDictionary(i => i.Written, i => i.Oid, StringComparer.Ordinal)),
                pacs.Senders)).ToList());

    /// <summary>Which PACS is asked about a study before which: the one that held it, those that its sender's studies
    /// go to, and the others.</summary>
    public IReadOnlyList<KnownPacs> OrderFor(StudyState study)
    {
        var origins = study.Reports.Select(r => r.Origin).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return [.. all.OrderBy(pacs => pacs.Name == study.Pacs ? 0 : pacs.Senders.Any(origins.Contains) ? 1 : 2)];
    }

    /// <summary>The PACS that holds a study.</summary>
    /// <param name="name">As the study remembers it; null: it was not found in one of several yet.</param>
    /// <returns>Null: the one that held it is not configured any more.</returns>
    public KnownPacs? Find(string? name) => name is null ? all[0] : all.FirstOrDefault(pacs => pacs.Name == name);
}
