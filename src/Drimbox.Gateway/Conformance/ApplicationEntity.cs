using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Gateway.Configuration;
using Drimbox.Ris;
using Drimbox.Source;
using Drimbox.Teleradiology;

namespace Drimbox.Gateway.Conformance;

/// <summary>An application entity of a configuration: a node with a DICOM port.</summary>
/// <param name="Role">The section of the configuration.</param>
/// <param name="Does">What it is for, a sentence.</param>
/// <param name="Acceptor">What it accepts, and from whom.</param>
/// <param name="Requests">What it asks others for.</param>
internal sealed record ApplicationEntity(
    string Role, string Does, AcceptorOptions Acceptor, IReadOnlyList<DeclaredRequest> Requests)
{
    public AeTitle Title => Acceptor.AeTitles[0];

    /// <summary>What it accepts from the one that may do most.</summary>
    public IReadOnlyList<AcceptedContext> Contexts { get; } = AcceptedContexts.Of(
        Acceptor,
        Acceptor.Callers?.Aggregate(AllowedServices.None, (all, caller) => all | caller.Services) ?? AllowedServices.All);

    public bool Accepts(Uid sopClass) => Contexts.Any(context => context.SopClass == sopClass);

    public bool Stores => Contexts.Any(context => context.IsStorage);

    /// <summary>The AEs of a configuration, in the order of its documentation.</summary>
    public static IReadOnlyList<ApplicationEntity> Of(GatewayConfiguration configuration)
    {
        List<ApplicationEntity> all = [];
        if (configuration.Archive?.ToOptions(configuration.DataFolder) is { } archive)
        {
            all.Add(new ApplicationEntity(
                "Archive", "Stores, indexes and serves images, and passes rejection notes on.",
                ArchiveDeclaration.Acceptor(archive), ArchiveDeclaration.Requests(archive)));
        }

        if (configuration.Ris?.Dicom is { } ris)
        {
            all.Add(new ApplicationEntity(
                "Ris", "Gives modalities their worklist, and hears what becomes of its items.",
                RisDeclaration.Acceptor(ris), RisDeclaration.Requests(ris)));
        }

        if (configuration.Teleradiology is { Archive: not null } platform)
        {
            all.Add(new ApplicationEntity(
                "Teleradiology", "Fetches the studies that are to be reported.",
                TeleradiologyDeclaration.Acceptor(platform), TeleradiologyDeclaration.Requests(platform)));
        }

        if (configuration.Source is { } source)
        {
            all.Add(new ApplicationEntity(
                "Source", "Asks the PACS what a study holds, hears its rejection notes"
                    + (source.ImageAccess is null ? "." : ", and fetches images for other DRIMboxes."),
                SourceDeclaration.Acceptor(source), SourceDeclaration.Requests(source)));
        }

        return all;
    }
}
