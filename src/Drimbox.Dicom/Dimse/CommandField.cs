namespace Drimbox.Dicom.Dimse;

/// <summary>Source: PS3.7 E.1, (0000,0100).</summary>
public enum CommandField : ushort
{
    CStoreRq = 0x0001,
    CStoreRsp = 0x8001,
    CGetRq = 0x0010,
    CGetRsp = 0x8010,
    CFindRq = 0x0020,
    CFindRsp = 0x8020,
    CMoveRq = 0x0021,
    CMoveRsp = 0x8021,
    CEchoRq = 0x0030,
    CEchoRsp = 0x8030,
    NEventReportRq = 0x0100,
    NEventReportRsp = 0x8100,
    NGetRq = 0x0110,
    NGetRsp = 0x8110,
    NSetRq = 0x0120,
    NSetRsp = 0x8120,
    NActionRq = 0x0130,
    NActionRsp = 0x8130,
    NCreateRq = 0x0140,
    NCreateRsp = 0x8140,
    NDeleteRq = 0x0150,
    NDeleteRsp = 0x8150,
    CCancelRq = 0x0FFF,
}

/// <summary>Source: PS3.7 E.1, (0000,0700).</summary>
public enum DimsePriority : ushort
{
    Medium = 0,
    High = 1,
    Low = 2,
}

public static class CommandFields
{
    /// <summary>PS3.7 E.1: responses have the highest bit set.</summary>
    public static bool IsResponse(this CommandField field) => ((ushort)field & 0x8000) != 0;

    /// <summary>PS3.7 10: the DIMSE-N operations and the notification, as requests.</summary>
    public static bool IsNormalizedRequest(this CommandField field) => field is CommandField.NEventReportRq
        or CommandField.NGetRq or CommandField.NSetRq or CommandField.NActionRq or CommandField.NCreateRq
        or CommandField.NDeleteRq;

    /// <summary>The response that answers <paramref name="request"/>.</summary>
    public static CommandField ResponseOf(CommandField request) => (CommandField)((ushort)request | 0x8000);
}
