using Drimbox.Grains.Audit;

namespace Drimbox.Source;

/// <content>The audit trail, as auditors see it.</content>
public sealed partial class SourceNode
{
    public AuditDesk Audit => _audit.Desk;
}
