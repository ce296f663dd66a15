using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.ProcedureSteps;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.Worklist;
using Drimbox.Hl7.Profiles;
using Drimbox.Ris.Messages;

namespace Drimbox.Ris;

/// <summary>What a RIS accepts and asks for, without its store: for the conformance statement.</summary>
public static class RisDeclaration
{
    /// <summary>The messages that it takes over MLLP.</summary>
    public static IReadOnlyList<MessageProfile> Messages => RisDoor.Accepted;

    /// <summary>The attributes of a worklist item that have a value where the request has it, outside of the Scheduled
    /// Procedure Step Sequence and in its item.</summary>
    public static IReadOnlyList<Tag> WorklistKeys { get; } =
    [
        Tag.AccessionNumber, Tag.IssuerOfAccessionNumberSequence, Tag.ReferringPhysicianName, Tag.PatientName,
        Tag.PatientID, Tag.IssuerOfPatientID, Tag.IssuerOfPatientIDQualifiersSequence, Tag.OtherPatientIDsSequence,
        Tag.OtherPatientNames, Tag.PatientBirthDate, Tag.PatientSex, Tag.PatientWeight, Tag.PregnancyStatus, Tag.StudyInstanceUID,
        Tag.RequestingPhysician, Tag.RequestedProcedureDescription, Tag.AdmissionID, Tag.RequestedProcedureID,
        Tag.PlacerOrderNumberImagingServiceRequest, Tag.OrderPlacerIdentifierSequence,
    ];

    /// <inheritdoc cref="WorklistKeys"/>
    public static IReadOnlyList<Tag> WorklistStepKeys { get; } =
    [
        Tag.Modality, Tag.ScheduledStationAETitle, Tag.ScheduledProcedureStepStartDate,
        Tag.ScheduledProcedureStepStartTime, Tag.ScheduledProcedureStepDescription, Tag.ScheduledProcedureStepID,
        Tag.ScheduledProcedureStepStatus,
    ];

    /// <summary>The listening AE.</summary>
    public static AcceptorOptions Acceptor(RisDicomOptions dicom) => new()
    {
        EndPoint = new IPEndPoint(IPAddress.Parse(dicom.Address), dicom.Port),
        AeTitles = [AeTitle.Parse(dicom.AeTitle)],
        Tls = TlsServerOptions.From(dicom.Tls),
        Callers = [.. dicom.Callers.Select(caller => caller.ToRule())],
        Find = [new DeclaredScp(WorklistScp.Classes)],
        Normalized = [new DeclaredScp(ProcedureStepScp.Classes)],
    };

    /// <summary>The associations that it requests.</summary>
    public static IReadOnlyList<DeclaredRequest> Requests(RisDicomOptions dicom) => dicom.Archive is { } archive
        ? [new DeclaredRequest("Instances of procedure steps that ended", archive, AvailabilityScu.Context)]
        : [];
}
