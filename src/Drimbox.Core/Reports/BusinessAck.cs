namespace Drimbox.Core.Reports;

/// <summary>What a business acknowledgement is about. Source: CDA volet, page profils-messages, "accusés métier".
/// </summary>
public enum BusinessAckKind
{
    /// <summary>ZAM^Z01: the DMP took the document, or did not.</summary>
    DmpReception,

    /// <summary>ZAM^Z02: the mail system of an MSSanté recipient took it, or did not.</summary>
    MailReception,

    /// <summary>ZAM^Z03: the mail was read, or its document could not be integrated.</summary>
    MailReading,
}

/// <summary>ERR-5 of a business acknowledgement.</summary>
/// <param name="Code">Of the DMP (annexe A7-1), of SMTP (SMTPERRORCODE), or 900 to 906.</param>
/// <param name="Table">ERR-5.3, as written.</param>
public sealed record BusinessError(string Code, string Text, string Table);

/// <summary>A business acknowledgement (ZAM): how a document fared at the DMP or at an MSSanté recipient.</summary>
/// <param name="MessageControlId">OBX-4 of the first OBX: the message that carried the document.</param>
/// <param name="Succeeded">OBX-5.1: Y.</param>
/// <param name="OccurredAt">EVN-2, as written (TS).</param>
/// <param name="Address">The MSSanté address of the recipient or reader (OBX-5.4); null for the DMP.</param>
/// <param name="PersonId">OBX-4 beside the address: who that is, or null.</param>
/// <param name="Error">There where it did not succeed.</param>
public sealed record BusinessAck(
    BusinessAckKind Kind,
    string MessageControlId,
    bool Succeeded,
    string OccurredAt,
    string? Address,
    string? PersonId,
    BusinessError? Error);

/// <summary>A business acknowledgement of a message that carried this report arrived.</summary>
public sealed record ReceiveBusinessAck(BusinessAck Ack) : ReportCommand;

/// <summary>A business acknowledgement was received; it changes nothing about the report.</summary>
public sealed record BusinessAckReceived(BusinessAck Ack, DateTimeOffset RecordedAt) : ReportEvent;
