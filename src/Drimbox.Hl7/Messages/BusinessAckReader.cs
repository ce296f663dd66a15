using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Messages;

/// <summary>Reads business acknowledgements. Takes messages that passed their profile.</summary>
public static class BusinessAckReader
{
    /// <returns>The acknowledgement, or null with the reason.</returns>
    public static BusinessAck? TryRead(Er7Message message, out Refusal? refusal)
    {
        refusal = null;
        var status = message.All("OBX").First(obx => obx[2].Code == "CWE");
        var succeeded = status[5].Component(1).Code == "Y";
        var error = message.Find("ERR");
        if (!succeeded && error is null)
        {
            refusal = new Refusal(RefusalReason.SegmentSequence, "An acknowledgement of N says why in ERR.", "ERR^1");
            return null;
        }

        var address = message.All("OBX").Where(obx => obx[2].Code == "XTN").Select(obx => (Er7Segment?)obx)
            .FirstOrDefault();
        return new BusinessAck(
            message.Header[9].Component(2).Code switch
            {
                "Z01" => BusinessAckKind.DmpReception,
                "Z02" => BusinessAckKind.MailReception,
                "Z03" => BusinessAckKind.MailReading,
                _ => throw Invariant.Unreachable(message),
            },
            status[4].Text,
            succeeded,
            message.Find("EVN")!.Value[2].Code,
            address is { } obx ? CompositeReader.Optional(obx[5].Component(4)) : null,
            address is { } person ? CompositeReader.Optional(person[4]) : null,
            error is { } err
                ? new BusinessError(
                    err[5].Component(1).Code, err[5].Component(2).Code, err[5].Component(3).Code)
                : null);
    }
}
