namespace Drimbox.Dicom.Dimse;

/// <summary>Which service answered: the same status code says different things in different ones.</summary>
public enum DimseService
{
    Verification,
    Storage,
    Find,
    Worklist,
    Move,
    Get,
    ProcedureStep,
    StorageCommitment,
    InstanceAvailability,

    /// <summary>Any other SOP class with DIMSE-N operations.</summary>
    Normalized,
}

/// <summary>The meanings of status codes: the general ones of PS3.7 annex C, and above them those that PS3.4 gives to
/// a service class.</summary>
public static class DimseStatusTable
{
    private const string FindResources = "out of resources";
    private const string NoMatchCount = "out of resources: the number of matches cannot be calculated";
    private const string NoSubOperations = "out of resources: sub-operations cannot be performed";
    private const string IdentifierMismatch = "the identifier does not match the SOP class";
    private const string UnableToProcess = "unable to process";

    // PS3.7 C.1 to C.6.
    private static readonly Dictionary<ushort, string> General = new()
    {
        [0x0000] = "success",
        [0x0001] = "warning: requested optional attributes are not supported",
        [0x0105] = "no such attribute",
        [0x0106] = "invalid attribute value",
        [0x0107] = "warning: attribute list error",
        [0x0110] = "processing failure",
        [0x0111] = "duplicate SOP instance",
        [0x0112] = "no such SOP instance",
        [0x0113] = "no such event type",
        [0x0114] = "no such argument",
        [0x0115] = "invalid argument value",
        [0x0116] = "warning: attribute value out of range",
        [0x0117] = "invalid SOP instance UID",
        [0x0118] = "no such SOP class",
        [0x0119] = "class-instance conflict",
        [0x0120] = "missing attribute",
        [0x0121] = "missing attribute value",
        [0x0122] = "SOP class not supported",
        [0x0123] = "no such action",
        [0x0124] = "not authorized",
        [0x0210] = "duplicate invocation: the message id is in use",
        [0x0211] = "unrecognized operation",
        [0x0212] = "mistyped argument",
        [0x0213] = "resource limitation",
        [0xFE00] = "cancelled",
        [0xFF00] = "pending",
    };

    private static readonly Dictionary<ushort, string> Retrieve = new()
    {
        // PS3.4 C.4.2.1.5, C.4.3.1.4; the frame-level and composite ones Y.4.1.1.4 and Z.4.2.1.4.
        [0x0000] = "success: all sub-operations are complete",
        [0xA701] = NoMatchCount,
        [0xA702] = NoSubOperations,
        [0xA900] = IdentifierMismatch,
        [0xAA00] = "none of the requested frames is in the instance",
        [0xAA01] = "no new object can be created for this SOP class",
        [0xAA02] = "the frames cannot be extracted",
        [0xAA03] = "a request by time for an instance that is not based on time",
        [0xAA04] = "invalid request",
        [0xB000] = "warning: sub-operations are complete, some failed or gave warnings",
        [0xFE00] = "cancelled: the sub-operations that remained were not performed",
        [0xFF00] = "pending: sub-operations are continuing",
    };

    private static readonly Dictionary<ushort, string> Query = new()
    {
        // PS3.4 C.4.1.1.4 and K.4.1.1.4.
        [0x0000] = "success: the matching is complete",
        [0xA700] = FindResources,
        [0xA900] = IdentifierMismatch,
        [0xFE00] = "cancelled: the matching was ended by the request to cancel it",
        [0xFF00] = "pending: a match, with all optional keys supported",
        [0xFF01] = "pending: a match; one or more optional keys were not supported",
    };

    private static readonly Dictionary<DimseService, Dictionary<ushort, string>> ByService = new()
    {
        [DimseService.Storage] = new()
        {
            // PS3.4 B.2.3.
            [0x0000] = "success: stored",
            [0xA700] = "out of resources",
            [0xA900] = "the data set does not match the SOP class",
            [0xB000] = "warning: stored, with coercion of data elements",
            [0xB006] = "warning: stored, with elements discarded",
            [0xB007] = "warning: stored, though the data set does not match the SOP class",
        },
        [DimseService.Find] = Query,
        [DimseService.Worklist] = Query,
        [DimseService.Move] = new(Retrieve) { [0xA801] = "the move destination is unknown" },
        [DimseService.Get] = Retrieve,
        // PS3.4 F.7.2.2.4: with Error ID A710. F.8.2.1.4 for the warning of N-GET.
        [DimseService.ProcedureStep] = new()
        {
            [0x0110] = "processing failure: the performed procedure step may no longer be updated",
        },
        [DimseService.StorageCommitment] = new()
        {
            // PS3.4 J.3.2.1.4: the general codes; 0131 is a failure reason of (0008,1197) (PS3.3 C.14.1.1).
            [0x0131] = "duplicate transaction UID",
        },
    };

    // Where the service is not known: what the codes have in common.
    private static readonly Dictionary<ushort, string> Anywhere = new()
    {
        [0xA700] = FindResources,
        [0xA701] = NoMatchCount,
        [0xA702] = NoSubOperations,
        [0xA801] = "move destination unknown",
        [0xA900] = "the data set or identifier does not match the SOP class",
        [0xB000] = "warning: coercion of data elements, or sub-operations complete with failures",
        [0xB006] = "warning: elements discarded",
        [0xB007] = "warning: data set does not match the SOP class",
        [0xFF01] = "pending: one or more optional keys were not supported",
    };

    /// <summary>Every code that has a meaning of its own in some service.</summary>
    public static IReadOnlyCollection<ushort> Codes { get; } =
        General.Keys.Concat(Anywhere.Keys).Concat(ByService.Values.SelectMany(table => table.Keys)).ToHashSet();

    public static string MeaningOf(ushort code) =>
        General.GetValueOrDefault(code) ?? Anywhere.GetValueOrDefault(code) ?? MeaningOfRange(code);

    public static string MeaningOf(DimseService service, ushort code)
    {
        if (ByService.TryGetValue(service, out var table) && table.TryGetValue(code, out var meaning)) return meaning;
        if (General.TryGetValue(code, out meaning)) return meaning;
        // The last two digits of these ranges are free (PS3.4 B.2.3, C.4.1.1.4, C.4.2.1.5).
        return (service, code & 0xF000) switch
        {
            (DimseService.Storage, 0xC000) => "the data set cannot be understood",
            (DimseService.Storage, 0xA000) when (code & 0xFF00) == 0xA700 => "out of resources",
            (DimseService.Storage, 0xA000) when (code & 0xFF00) == 0xA900 =>
                "the data set does not match the SOP class",
            (DimseService.Find or DimseService.Worklist or DimseService.Move or DimseService.Get, 0xC000) =>
                UnableToProcess,
            _ => MeaningOfRange(code),
        };
    }

    /// <summary>The service that answers in a context of <paramref name="sopClass"/>.</summary>
    public static DimseService ServiceOf(Drimbox.Core.Identity.Uid sopClass, CommandField operation) =>
        (CommandField)((ushort)operation & 0x7FFF) switch
        {
            CommandField.CEchoRq => DimseService.Verification,
            CommandField.CStoreRq => DimseService.Storage,
            CommandField.CFindRq => sopClass == SopClass.ModalityWorklistInformationModelFind
                ? DimseService.Worklist
                : DimseService.Find,
            CommandField.CMoveRq => DimseService.Move,
            CommandField.CGetRq => DimseService.Get,
            _ => SopClasses.ServiceOf(sopClass),
        };

    private static string MeaningOfRange(ushort code) => (code & 0xF000) switch
    {
        0xC000 => "cannot understand, or unable to process",
        0xA000 when (code & 0xFF00) == 0xA700 => "out of resources",
        0xA000 when (code & 0xFF00) == 0xA900 => "data set does not match the SOP class",
        0xA000 => "failure of the service class",
        0xB000 => "warning of the service class",
        _ => "a failure that PS3.7 does not define",
    };
}

/// <summary>Which service a SOP class with DIMSE-N operations belongs to.</summary>
internal static class SopClasses
{
    public static DimseService ServiceOf(Drimbox.Core.Identity.Uid sopClass)
    {
        if (sopClass == SopClass.ModalityPerformedProcedureStep
            || sopClass == SopClass.ModalityPerformedProcedureStepRetrieve
            || sopClass == SopClass.ModalityPerformedProcedureStepNotification)
            return DimseService.ProcedureStep;
        if (sopClass == SopClass.StorageCommitmentPushModel) return DimseService.StorageCommitment;
        return sopClass == SopClass.InstanceAvailabilityNotification
            ? DimseService.InstanceAvailability
            : DimseService.Normalized;
    }
}
