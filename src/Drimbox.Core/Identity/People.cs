namespace Drimbox.Core.Identity;

/// <summary>A health professional (XCN, CDA assignedPerson).</summary>
/// <param name="Id">PS_IdNat under 1.2.250.1.71.4.2.1.</param>
public sealed record Professional(InstanceIdentifier Id, string FamilyName, string GivenName);

/// <summary>A health organisation (XON, CDA representedOrganization).</summary>
/// <param name="Id">Struct_IdNat under 1.2.250.1.71.4.2.2.</param>
/// <param name="IdentifierType">HL7 0203: FINEG, FINEJ, IDNST; "IDNST" where a document does not say.</param>
public sealed record Organization(InstanceIdentifier Id, string Name, string IdentifierType);

/// <summary>A code with its system (CE, CD).</summary>
/// <param name="System">The OID or the HL7 name of the coding system, as the source gave it.</param>
public sealed record Code(string Value, string System, string Display);
