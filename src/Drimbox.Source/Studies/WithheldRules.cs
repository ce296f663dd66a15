using Drimbox.Core.Manifests;
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
        // The only profile that asks for more than the others.
        WithheldReason.IncompleteForProfile => ManifestProfile.Mado.Source,
        _ => throw Core.Invariant.Unreachable(reason),
    };
}
