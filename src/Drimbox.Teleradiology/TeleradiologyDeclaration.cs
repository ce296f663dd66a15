using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Hl7.Profiles;
using Drimbox.Teleradiology.Requests;
using Drimbox.Teleradiology.Studies;

namespace Drimbox.Teleradiology;

/// <summary>What a platform accepts and asks for, without its store: for the conformance statement. With a web archive it has
/// no AE.</summary>
public static class TeleradiologyDeclaration
{
    /// <summary>The messages that it takes over MLLP.</summary>
    public static IReadOnlyList<MessageProfile> Messages => RequestDoor.Accepted;

    /// <summary>The listening AE: its archive alone may call.</summary>
    public static AcceptorOptions Acceptor(TeleradiologyOptions options) => new()
    {
        EndPoint = new IPEndPoint(IPAddress.Parse(options.Dicom.Address), options.Dicom.Port),
        AeTitles = [AeTitle.Parse(options.Dicom.AeTitle)],
        Tls = TlsServerOptions.From(options.Dicom.Tls),
        Callers =
        [
            new CallerRule(AeTitle.Parse(options.Archive!.AeTitle))
            {
                Services = AllowedServices.Echo | AllowedServices.Store,
            },
        ],
        Store = DeclaredScp.Storage,
    };

    /// <summary>The associations that it requests.</summary>
    public static IReadOnlyList<DeclaredRequest> Requests(TeleradiologyOptions options) => options.Archive is { } archive
        ? [new DeclaredRequest("Studies to report", archive, CFindScu.ContextFor(MoveRetrieval.Model))]
        : [];
}
