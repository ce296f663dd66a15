using Drimbox.Core.Identity;

namespace Drimbox.Teleradiology;

/// <summary>Who speaks and signs for the platform, as values of the domain.</summary>
internal sealed class Signatory(TeleradiologyOptions options)
{
    public Professional Radiologist { get; } = new(
        InstanceIdentifier.Create(NationalAuthorities.Persons, options.Radiologist.Id),
        options.Radiologist.FamilyName, options.Radiologist.GivenName);

    /// <summary>JDV_J01.</summary>
    public Code Specialty { get; } = new(
        options.Radiologist.Specialty.Code, "1.2.250.1.213.1.1.4.5", options.Radiologist.Specialty.Display);

    public Organization Platform { get; } = new(
        options.Structure.OrganizationId, options.Structure.Name, options.Structure.IdentifierType);
}
