using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Dmp;
using Drimbox.Dmp.Trust;
using Drimbox.Grains.Hosting;
using Drimbox.Ris;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris;

/// <summary>A RIS with a DICOM side, and a modality that calls it.</summary>
internal sealed class RisFixture : IAsyncDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly RisOptions _options;

    private RisFixture(RisDicomOptions dicom, Func<RisOptions, RisOptions>? change)
    {
        var options = new RisOptions
        {
            Hl7 = new Hl7NodeOptions { Application = "RIS", Facility = "SITE", Port = 0 },
            Dicom = dicom,
            Structures = [new StructureOptions { Id = "300017985", Name = "Centre d'imagerie" }],
            SourceId = "1.2.250.1.999.10.3",
        };
        _options = change is null ? options : change(options);
    }

    public RisNode Node { get; private set; } = null!;

    /// <summary>Where the stores of the node lie.</summary>
    public string NodeFolder => Path.Combine(_folder.Path, _options.Node);

    public static async Task<RisFixture> StartAsync(
        Func<RisDicomOptions, RisDicomOptions>? change = null, Func<RisOptions, RisOptions>? changeRis = null)
    {
        var dicom = new RisDicomOptions
        {
            AeTitle = "RIS",
            Port = 0,
            Callers = [new CallerSection { AeTitle = "CT1" }, new CallerSection { AeTitle = "MR1" }],
            Stations =
            [
                new StationOptions { AeTitle = "CT1", Modality = "CT" },
                new StationOptions { AeTitle = "CT2", Modality = "CT" },
                new StationOptions { AeTitle = "MR1", Modality = "MR" },
            ],
        };
        var fixture = new RisFixture(change is null ? dicom : change(dicom), changeRis);
        await fixture.StartNodeAsync();
        return fixture;
    }

    /// <summary>Nobody is there.</summary>
    public static DmpConnection Dmp { get; } = new(
        new XdsTarget(new Uri("https://127.0.0.1:9/registry"), new Uri("https://127.0.0.1:9/repository")),
        new NoCertificates(), new VihfOptions(), SignatureHash.Sha256);

    public async Task StartNodeAsync() => Node = await RisNode.StartAsync(
        _options with { Database = await FlowStorePlace.DatabaseAsync(NodeFolder) }, _folder.Path, Dmp,
        NodeSurroundings.Real(WatchedLog.Instance), default);

    /// <summary>Tells the node of another DICOM side, as a reload of the configuration does.</summary>
    public void Reload(Func<RisDicomOptions, RisDicomOptions> change) =>
        Node.Reload(_options with { Dicom = change(_options.Dicom!) });

    public async Task PlaceAsync(string number, string modality = "CT")
    {
        var request = Samples.Request(number) with
        {
            Modality = new Code(modality, "DCM", modality), Weight = new Measurement("68", "kg"), Pregnant = false,
        };
        Assert.Null((await Node.PlaceRequestAsync(request, default)).Refusal);
    }

    public Task<Association> CallAsync(params IReadOnlyList<ProposedContext> contexts) => CallAsync("CT1", contexts);

    public Task<Association> CallAsync(string title, params IReadOnlyList<ProposedContext> contexts) =>
        Association.RequestAsync(new AssociationOptions
        {
            Host = "127.0.0.1",
            Port = Node.DicomEndPoint!.Port,
            CallingAe = AeTitle.Parse(title),
            CalledAe = AeTitle.Parse(_options.Dicom!.AeTitle),
            Contexts = contexts,
        });

    /// <summary>Asks for the worklist with all keys that a modality usually asks for.</summary>
    /// <param name="keys">Into the item of the Scheduled Procedure Step Sequence.</param>
    public async Task<List<DataSet>> WorklistAsync(params (Tag Tag, string Value)[] keys)
    {
        var worklist = SopClass.ModalityWorklistInformationModelFind;
        await using var association = await CallAsync(CFindScu.ContextFor(worklist));
        var found = await new CFindScu(association).FindAsync(worklist, WorklistKeys.Query(keys)).ToListAsync();
        await association.ReleaseAsync();
        return [.. found.OrderBy(item => item.GetString(Tag.AccessionNumber), StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        _folder.Dispose();
    }

    private sealed class NoCertificates : IStructureCertificates
    {
        public StructureCertificates? Find(InstanceIdentifier organizationId) => null;
    }
}

/// <summary>The return keys of PS3.4 table K.6-1 with the type of what comes back.</summary>
internal static class WorklistKeys
{
    public static readonly Tag[] StepOfType1 =
    [
        Tag.ScheduledStationAETitle, Tag.ScheduledProcedureStepStartDate, Tag.ScheduledProcedureStepStartTime,
        Tag.Modality, Tag.ScheduledProcedureStepDescription, Tag.ScheduledProcedureStepID,
    ];

    public static readonly Tag[] StepOfType2 =
    [
        Tag.ScheduledPerformingPhysicianName, Tag.ScheduledStationName, Tag.ScheduledProcedureStepLocation,
        Tag.PreMedication, Tag.RequestedContrastAgent,
    ];

    public static readonly Tag[] OfType1 =
    [
        Tag.RequestedProcedureID, Tag.RequestedProcedureDescription, Tag.StudyInstanceUID, Tag.PatientName,
        Tag.PatientID,
    ];

    public static readonly Tag[] OfType2 =
    [
        Tag.RequestedProcedurePriority, Tag.PatientTransportArrangements, Tag.AccessionNumber, Tag.RequestingPhysician,
        Tag.ReferringPhysicianName, Tag.AdmissionID, Tag.CurrentPatientLocation, Tag.PatientBirthDate, Tag.PatientSex,
        Tag.PatientWeight, Tag.ConfidentialityConstraintOnPatientDataDescription, Tag.PatientState,
        Tag.PregnancyStatus, Tag.MedicalAlerts, Tag.Allergies, Tag.SpecialNeeds,
    ];

    public static DataSet Query(params (Tag Tag, string Value)[] keys)
    {
        var query = new DataSet();
        query.SetCharacterSet(CharacterSet.Utf8);
        foreach (var tag in (Tag[])[.. OfType1, .. OfType2]) query.SetEmpty(tag);
        query.SetSequence(Tag.ReferencedStudySequence);
        query.SetSequence(Tag.ReferencedPatientSequence);
        query.SetSequence(Tag.IssuerOfAccessionNumberSequence);
        query.SetEmpty(Tag.PlacerOrderNumberImagingServiceRequest);
        query.SetSequence(Tag.OrderPlacerIdentifierSequence);
        var step = new DataSet(query);
        foreach (var tag in (Tag[])[.. StepOfType1, .. StepOfType2, Tag.ScheduledProcedureStepStatus])
            step.SetEmpty(tag);
        foreach (var (tag, value) in keys) step.SetString(tag, value);
        query.SetSequence(Tag.ScheduledProcedureStepSequence, step);
        return query;
    }
}
