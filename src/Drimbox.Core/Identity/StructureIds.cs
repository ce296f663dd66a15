namespace Drimbox.Core.Identity;

/// <summary>Compares identifiers of structures.</summary>
public static class StructureIds
{
    /// <summary>True for the same structure. Struct_IdNat puts a 1 before a FINESS number of nine digits; the examples
    /// of the CDA volet leave it away.</summary>
    public static bool AreSame(InstanceIdentifier a, InstanceIdentifier b) =>
        a.Root == b.Root && WithType(a.Extension) == WithType(b.Extension);

    private static string? WithType(string? number) => number is { Length: 9 } ? "1" + number : number;
}
