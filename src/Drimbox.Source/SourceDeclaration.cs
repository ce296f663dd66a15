using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Hl7.Profiles;
using Drimbox.Source.ImageAccess;
using Drimbox.Source.Studies;

namespace Drimbox.Source;

/// <summary>What a DRIMbox source accepts and asks for, without its store: for the conformance statement.</summary>
public static class SourceDeclaration
{
    /// <summary>The messages that it takes over MLLP.</summary>
    public static IReadOnlyList<MessageProfile> Messages => CopyDoor.Accepted;

    /// <summary>The listening AE: its PACS alone may call.</summary>
    public static AcceptorOptions Acceptor(SourceOptions options) => new()
    {
        EndPoint = new IPEndPoint(IPAddress.Parse(options.Dicom.Address), options.Dicom.Port),
        AeTitles = [AeTitle.Parse(options.Dicom.AeTitle)],
        Tls = TlsServerOptions.From(options.Dicom.Tls),
        Callers =
        [
            .. PacsList.Of(options).All.Select(pacs => AeTitle.Parse(pacs.Peer.AeTitle)).Distinct().Select(
                title => new CallerRule(title) { Services = AllowedServices.Echo | AllowedServices.Store }),
        ],
        Store = DeclaredScp.Storage,
    };

    /// <summary>The associations that it requests.</summary>
    public static IReadOnlyList<DeclaredRequest> Requests(SourceOptions options) =>
    [
        .. from pacs in PacsList.Of(options).All
           from request in OfPacs(pacs, options.ImageAccess is not null)
           select request,
    ];

    private static IEnumerable<DeclaredRequest> OfPacs(KnownPacs pacs, bool givesImages)
    {
        yield return new DeclaredRequest("What a study holds", pacs.Peer, CFindScu.ContextFor(PacsQuery.Model));
        if (givesImages)
            yield return new DeclaredRequest("Images for other DRIMboxes", pacs.Peer, CFindScu.ContextFor(PacsMove.Model));
    }
}
