using Drimbox.Core.Studies;

namespace Drimbox.Source.Studies;

/// <summary>The requirement behind each reason to withhold a manifest, for the administrator.</summary>
internal static class WithheldRules
{
    public static string Of(WithheldReason reason) => reason switch
    {
        WithheldReason.StudyAbsentFromPacs => "DB.SO.15",
        WithheldReason.PatientMismatch => "DB.SO.16",
        WithheldReason.AccessionMismatch => "DB.SO.17",
        WithheldReason.PacsUnreachable => "DB.SO.21",
        _ => throw Core.Invariant.Unreachable(reason),
    };
}
