using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.ProcedureSteps;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.Worklist;
using Drimbox.Ris.ProcedureSteps;
using Drimbox.Ris.Worklist;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris;

/// <content>The worklist, and what modalities say of their procedure steps.</content>
public sealed partial class RisNode
{
    private readonly FlowProcedureSteps? _steps;
    private readonly DicomAcceptor? _acceptor;
    private RequestWorklist? _worklist;

    /// <summary>Where modalities call; null without a DICOM section.</summary>
    public IPEndPoint? DicomEndPoint => _acceptor?.EndPoint;

    private FlowProcedureSteps Steps(RisDicomOptions dicom) => new(
        _options.Node, _store, _objects, _surroundings.Ids, _surroundings.Time,
        dicom.Archive is null ? null : $"{_options.Node}/to/archive");

    private void ChangeCallers(IReadOnlyList<CallerSection> callers)
    {
        _worklist?.ChangeCallers(callers);
        _acceptor?.ChangeCallers([.. callers.Select(caller => caller.ToRule())]);
    }

    private StepNotifier Notifier(RisDicomOptions dicom, DicomPeerOptions archive) => new(
        AeTitle.Parse(dicom.AeTitle),
        new DicomPeer(AeTitle.Parse(archive.AeTitle), archive.Host, archive.Port)
        {
            Tls = TlsClientOptions.From(archive.Tls),
        },
        _steps!,
        _surroundings.Time);

    private DicomAcceptor Acceptor(RisDicomOptions dicom)
    {
        _worklist = new RequestWorklist(_store, _options);
        return new DicomAcceptor(
            RisDeclaration.Acceptor(dicom) with
            {
                Find = [new WorklistScp(_worklist.ItemsAsync)],
                Normalized = [new ProcedureStepScp(_steps!)],
            },
            _surroundings.Loggers.CreateLogger<DicomAcceptor>(),
            _surroundings.Time);
    }
}
