using Drimbox.Core;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Messages;

/// <summary>What a message says about itself: MSH without its type.</summary>
/// <param name="Time">MSH-7.</param>
/// <param name="ControlId">MSH-10, see <see cref="NewControlId"/>.</param>
/// <param name="ProcessingId">MSH-11: P, T or D.</param>
public sealed record MessageEnvelope(
    string SendingApplication,
    string SendingFacility,
    string ReceivingApplication,
    string ReceivingFacility,
    DateTimeOffset Time,
    string ControlId,
    string ProcessingId = "P")
{
    /// <summary>A control id of 20 characters, 80 bits of a UUID: all that HL7 v2.5.1 leaves room for.</summary>
    public static string NewControlId(IIdSource ids) =>
        ids.NewUuid().Replace("-", "", StringComparison.Ordinal)[..Limits.MessageControlIdLengthSent];

    internal Er7Writer Begin(MessageProfile profile, string trigger)
    {
        var writer = new Er7Writer(Er7Charset.Utf8);
        writer.Segment("MSH")
            .Set(3, SendingApplication).Set(4, SendingFacility)
            .Set(5, ReceivingApplication).Set(6, ReceivingFacility)
            .Set(7, AckWriter.Timestamp(Time))
            .Set(9, profile.MessageType, trigger, profile.MessageStructure)
            .Set(10, ControlId)
            .Set(11, ProcessingId)
            .Set(12, profile.Version)
            .Set(17, "FRA")
            .Set(18, Er7Charset.Utf8.Code);
        if (profile.ProfileIds.Count > 0) writer.Set(21, profile.ProfileIds[0].Version, profile.ProfileIds[0].Name);
        return writer;
    }
}
