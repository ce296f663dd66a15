using System.Globalization;
using System.Text;

namespace Drimbox.Core.Audit;

/// <summary>An audit message as a syslog collector takes it: RFC 5424, in the octet counting of RFC 5425 4.3. The same
/// record always gives the same bytes, so that a collector can tell a repetition.</summary>
public static class SyslogFrame
{
    // PS3.15 A.6, ITI TF-2 3.20.4.1.1: facility 10 (security), severity 5 (notice): 10 × 8 + 5.
    private const int Priority = 85;

    // ITI TF-2 3.20.4.1.1.1.
    private const string MessageId = "IHE+RFC-3881";

    /// <param name="hostName">HOSTNAME: printable ASCII without spaces (RFC 5424 6.2.4).</param>
    public static byte[] Write(AuditRecord record, string hostName)
    {
        // RFC 5424 6: <PRI>VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA SP MSG.
        // 6.4: a MSG in UTF-8 begins with the byte order mark.
        var time = record.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        var text = $"<{Priority}>1 {time} {hostName} drimbox - {MessageId} - \uFEFF{record.Message}";
        var length = Encoding.UTF8.GetByteCount(text);
        var head = length.ToString(CultureInfo.InvariantCulture) + " ";
        var frame = new byte[head.Length + length];
        Encoding.ASCII.GetBytes(head, frame);
        Encoding.UTF8.GetBytes(text, frame.AsSpan(head.Length));
        return frame;
    }
}
