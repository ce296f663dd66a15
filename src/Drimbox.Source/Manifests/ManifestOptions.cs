using System.ComponentModel.DataAnnotations;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;

namespace Drimbox.Source.Manifests;

/// <summary>What kind of manifest a source makes.</summary>
public sealed record ManifestOptions : IValidatableObject
{
    /// <summary>"drim-m" (CI-SIS IMG-KOS) or "mado" (IHE RAD MADO, the European one). A manifest that exists becomes one
    /// of the other kind when its study is looked at next. Default "drim-m".</summary>
    public string Profile { get; init; } = ManifestProfile.DrimM.Name;

    /// <summary>(0040,E011) of a mado manifest: the OID by which its readers know the image service. Default: the
    /// SourceId.</summary>
    public string? RetrieveLocationUid { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ProfileOf() is null)
        {
            yield return new ValidationResult(
                $"'{Profile}' is none of {string.Join(", ", ManifestProfile.All.Select(p => p.Name))}", [nameof(Profile)]);
        }

        if (RetrieveLocationUid is { } location && !Uid.TryParse(location, out _))
            yield return new ValidationResult("is no UID (PS3.5 9.1)", [nameof(RetrieveLocationUid)]);
    }

    internal ManifestProfile? ProfileOf() => ManifestProfile.Find(Profile);
}
