namespace Drimbox.Core;

/// <summary>What makes a message the same message: MSH-3, MSH-4, MSH-5, MSH-6 and MSH-10.</summary>
public sealed record InboxKey(
    string SendingApplication,
    string SendingFacility,
    string ReceivingApplication,
    string ReceivingFacility,
    string ControlId);
