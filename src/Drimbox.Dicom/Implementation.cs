using Drimbox.Core.Identity;

namespace Drimbox.Dicom;

/// <summary>How this implementation names itself in files (PS3.10 7.1) and associations (PS3.7 D.3.3.2).</summary>
public static class Implementation
{
    /// <summary>Under 2.25 (PS3.5 B.2), made once; it says which code wrote a file, not which version.</summary>
    public static Uid ClassUid { get; } = Uid.FromGuid(new Guid("6f1f7a52-0f0b-4a56-9d5c-7b1c1d9a3e10"));

    /// <summary>At most 16 characters.</summary>
    public const string VersionName = "DRIMBOX_0_1";
}
