using System.Globalization;
using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Acknowledgment;

/// <summary>The CI-SIS volet that a message belongs to: it decides the version of the acknowledgement and whether ERR-5
/// may be sent.</summary>
public enum Hl7Volet
{
    /// <summary>Téléradiologie: HL7 v2.5.1 throughout.</summary>
    Teleradiology,

    /// <summary>Transmission d'un document CDA-R2: v2.5 for ORU, v2.6 for MDM.</summary>
    CdaTransmission,
}

/// <summary>Writes acknowledgements. Source: the pages "acquittement" of both volets. Where a table there and its own
/// example differ, the table wins: docs/conformance/hl7.md.</summary>
public static class AckWriter
{
    /// <summary>The acknowledgement of a message.</summary>
    /// <param name="request">Its header can be read; the rest may be unusable.</param>
    /// <param name="refusal">Null for AA.</param>
    /// <param name="now">MSH-7.</param>
    /// <param name="controlId">MSH-10 of the acknowledgement.</param>
    public static byte[] Write(Er7Message request, Refusal? refusal, DateTimeOffset now, string controlId)
    {
        var header = request.Header;
        var volet = VoletOf(header);
        var trigger = header[9].Component(2).Code;
        // A trigger event is three letters and digits; anything else is not repeated.
        var eventIsPlain = Er7Path.IsSegmentName(trigger);
        var writer = new Er7Writer(request.Charset);
        writer.Segment("MSH")
            // None of them repeats (HL7 v2.5.1 2.15.9): what stands behind a delimiter there is nobody's name.
            .Copy(3, header[5].Repetition(1)).Copy(4, header[6].Repetition(1))
            .Copy(5, header[3].Repetition(1)).Copy(6, header[4].Repetition(1))
            .Set(7, Timestamp(now));
        if (eventIsPlain) writer.Set(9, "ACK", trigger, "ACK");
        else writer.Set(9, "ACK");
        writer.Set(10, controlId)
            .Set(11, ProcessingId(header))
            .Set(12, VersionOf(header))
            .Set(17, "FRA")
            .Set(18, request.Charset.Code);

        var error = refusal is null ? null : AckMap.For(refusal.Reason);
        writer.Segment("MSA")
            .Set(1, (error?.Code ?? AckCode.AA).ToString())
            .Set(2, ControlIdToEcho(header));
        if (error is not null) WriteError(writer, volet, error, refusal!.Location);
        return writer.ToArray();
    }

    /// <summary>The acknowledgement of a frame that breaks off or is over a limit, from the header that has arrived;
    /// null
    /// if there is no readable one.</summary>
    public static ReadOnlyMemory<byte>? WriteForBeginning(
        ReadOnlyMemory<byte> beginning, Refusal refusal, DateTimeOffset now, string controlId)
    {
        var headerEnd = beginning.Span.IndexOfAny((byte)'\r', (byte)'\n');
        var header = headerEnd <= 0 ? beginning : beginning[..headerEnd];
        if (Er7Message.TryRead(header, out _) is not { } message) return null;
        return Write(message, refusal, now, controlId);
    }

    /// <summary>MSH-7 as we write it: seconds, and the zone, so that nobody has to guess it.</summary>
    public static string Timestamp(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyyMMddHHmmss'+0000'", CultureInfo.InvariantCulture);

    /// <summary>True for a control id that may be echoed: printable and not over the limit (attack A16).</summary>
    public static bool IsPlainControlId(string id) =>
        id.Length is > 0 and <= Limits.MessageControlIdLengthMax && id.All(c => c is >= ' ' and <= '~');

    /// <summary>MSH-21 names the volet; a message without it is taken for the volet whose only messages have its type.
    /// </summary>
    public static Hl7Volet VoletOf(Er7Segment header)
    {
        var profiles = header[21].Parts().Select(p => p.Component(2).Code).Distinct().ToList();
        if (profiles.Contains("CISIS_TLR_HL7_V2")) return Hl7Volet.Teleradiology;
        if (profiles.Contains("CISIS_CDA_HL7_V2")) return Hl7Volet.CdaTransmission;
        return header[9].Component(1).Code switch
        {
            "ORM" or "OMI" => Hl7Volet.Teleradiology,
            "ORU" when header[12].Component(1).Code == "2.5.1" => Hl7Volet.Teleradiology,
            _ => Hl7Volet.CdaTransmission,
        };
    }

    private static void WriteError(Er7Writer writer, Hl7Volet volet, AckError error, string? location)
    {
        writer.Segment("ERR");
        if (location is not null) writer.Set(2, [.. location.Split('^').Select(part => (Er7Part)part)]);
        // ERR-3 and ERR-5: code^label^symbolic name of the table, as the pages write it.
        writer.Set(3, error.Hl7Code.Value, error.Hl7Code.Text, "messageErrorCondition")
            .Set(4, "E");
        if (volet == Hl7Volet.CdaTransmission && error.ApplicationCode is { } code)
            writer.Set(5, code.Value, code.Text, "applicationErrorCondition");
    }

    private static string VersionOf(Er7Segment header) =>
        (VoletOf(header), header[9].Component(1).Code) switch
        {
            (Hl7Volet.Teleradiology, _) => "2.5.1",
            (_, "MDM" or "ZAM") => "2.6",
            (_, "ORU") => "2.5",
            // A type of no volet: the version it came in, if it is one of ours.
            _ => header[12].Component(1).Code is "2.5" or "2.5.1" or "2.6" ? header[12].Component(1).Code : "2.5",
        };

    private static string ProcessingId(Er7Segment header) =>
        header[11].Component(1).Code is "P" or "T" or "D" ? header[11].Component(1).Code : "P";

    private static string? ControlIdToEcho(Er7Segment header) =>
        IsPlainControlId(header[10].Text) ? header[10].Text : null;
}
