using Drimbox.Core.Identity;

namespace Drimbox.Core.Archive;

/// <summary>Modalities and the PACS that holds what they make: they send the same objects, and correct them.</summary>
/// <param name="Pacs">Null if the site has none.</param>
public sealed record ArchiveSite(string Name, IReadOnlyList<AeTitle> Modalities, AeTitle? Pacs);

/// <summary>Who an object comes from.</summary>
/// <param name="Origin">Whose object it is: the calling AE, or the PACS that asked a stranger to send it.</param>
/// <param name="Group">Senders of one group correct each other.</param>
/// <param name="IsPacs">It is the PACS of its group, which may correct patient and study too.</param>
public readonly record struct InstanceSender(AeTitle Origin, string Group, bool IsPacs);

/// <summary>The sites of an archive. An AE belongs to one site at most; without a site each AE is a group by
/// itself.</summary>
public sealed class ArchiveSites
{
    private readonly Dictionary<AeTitle, (string Group, bool IsPacs)> _members = [];

    /// <exception cref="ArgumentException">An AE title is in two sites.</exception>
    public ArchiveSites(IEnumerable<ArchiveSite> sites)
    {
        foreach (var site in sites)
        {
            // No AE title has a backslash, so that a site is never the group of a single AE.
            var group = $"\\{site.Name}";
            if (site.Pacs is { } pacs) _members.Add(pacs, (group, true));
            foreach (var modality in site.Modalities) _members.Add(modality, (group, false));
        }
    }

    public static ArchiveSites None { get; } = new([]);

    /// <summary>The group of an AE, whatever it sends.</summary>
    public string GroupOf(AeTitle origin) =>
        _members.TryGetValue(origin, out var member) ? member.Group : origin.ToString();

    /// <summary>Who sends a C-STORE. A sub-operation of a C-MOVE that the PACS of a site asked for belongs to that site
    /// if its sender belongs to none. The Move Originator is a claim of the sender: it makes a member, not a
    /// PACS.</summary>
    /// <param name="moveOriginator">(0000,1030), or the default value.</param>
    public InstanceSender SenderOf(AeTitle callingAe, AeTitle moveOriginator)
    {
        if (_members.TryGetValue(callingAe, out var member)) return new(callingAe, member.Group, member.IsPacs);
        return !moveOriginator.IsEmpty && _members.TryGetValue(moveOriginator, out var asked) && asked.IsPacs
            ? new(moveOriginator, asked.Group, IsPacs: false)
            : new(callingAe, callingAe.ToString(), IsPacs: false);
    }
}
