using Drimbox.Core.Identity;

namespace Drimbox.Core.Audit;

/// <summary>Our own part in what happens.</summary>
/// <param name="Name"><c>AuditSourceID</c>, and <c>UserID</c> of our process: <c>node@host</c>.</param>
/// <param name="SiteId"><c>AuditEnterpriseSiteID</c>: the OID of this DRIMbox.</param>
/// <param name="HostName">The machine: printable ASCII without spaces.</param>
/// <param name="ProcessId"><c>AlternativeUserID</c> where no AE title plays a part (ITI TF-2 3.20.4.1.2.1).</param>
public sealed record AuditNode(string Name, string SiteId, string HostName, int ProcessId, AeTitle Ae)
{
    public AuditSource Source => new(Name, SiteId);

    /// <summary>Our process, where it speaks DICOM.</summary>
    internal AuditParticipant AsEntity(bool isRequestor, AuditCode role) =>
        new(Name, isRequestor)
        {
            AlternativeUserId = AuditEvents.TitlesOf(Ae), Role = role, NetworkPoint = AuditNetworkPoint.Of(HostName),
        };

    /// <summary>Our process, where it speaks anything else.</summary>
    internal AuditParticipant AsProcess(bool isRequestor, AuditCode role) =>
        new(Name, isRequestor)
        {
            AlternativeUserId = ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Role = role,
            NetworkPoint = AuditNetworkPoint.Of(HostName),
        };
}
