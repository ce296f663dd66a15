using Xunit.v3;

namespace Drimbox.Tests;

/// <summary>Names a requirement (a <c>DB.*</c> id or a section of a standard) that a test shows; the traceability
/// table in docs/requirements.md is generated from it.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
public sealed class RequirementAttribute(string id) : Attribute, ITraitAttribute
{
    public string Id { get; } = id;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Requirement", Id)];
}
