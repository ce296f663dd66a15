namespace Drimbox.Gateway.Administration;

/// <summary>The query of an address. Source: RFC 3986 3.4, in the form that HTML gives it.</summary>
internal static class QueryString
{
    /// <returns>Name and value of each that has one, escaped, without a question mark in front.</returns>
    public static string Of(params IEnumerable<(string Name, string? Value)> values) =>
        string.Join('&', values.Where(v => v.Value is not null).Select(v => $"{v.Name}={Uri.EscapeDataString(v.Value!)}"));
}
