namespace Drimbox.Tests;

/// <summary>The XML of attack A18: each a way to make a reader fetch, grow or fall.</summary>
public static class HostileXml
{
    /// <summary>Name → the document, with <paramref name="inner"/> where an element may stand.</summary>
    /// <param name="open">Start of the root element.</param>
    /// <param name="url">An address that nobody may ask.</param>
    public static IReadOnlyDictionary<string, string> Around(string open, string inner, string close, Uri url)
    {
        string With(string doctype, string content) => $"<!DOCTYPE r {doctype}>{open}{content}{inner}{close}";
        return new Dictionary<string, string>
        {
            ["external DTD"] = With($"SYSTEM \"{url}x.dtd\"", ""),
            ["external entity of a file"] = With("[<!ENTITY x SYSTEM \"file:///etc/passwd\">]", "<z>&x;</z>"),
            ["external entity of an address"] = With($"[<!ENTITY x SYSTEM \"{url}x\">]", "<z>&x;</z>"),
            ["parameter entity"] = With($"[<!ENTITY % x SYSTEM \"{url}x\"> %x;]", ""),
            ["billion laughs"] = With(
                "[<!ENTITY a0 \"ha\">" + string.Concat(Enumerable.Range(1, 9).Select(
                    i => $"<!ENTITY a{i} \"{string.Concat(Enumerable.Repeat($"&a{i - 1};", 10))}\">")) + "]",
                "<z>&a9;</z>"),
            ["quadratic blow-up"] = With(
                $"[<!ENTITY a \"{new string('a', 50_000)}\">]", "<z>" + string.Concat(Enumerable.Repeat("&a;", 5_000)) + "</z>"),
            ["internal DTD alone"] = With("[<!ELEMENT r ANY>]", ""),
            ["an undeclared entity"] = $"{open}<z>&nbsp;</z>{inner}{close}",
            ["100,000 elements deep"] = open + string.Concat(Enumerable.Repeat("<z>", 100_000))
                + string.Concat(Enumerable.Repeat("</z>", 100_000)) + inner + close,
            ["257 elements deep"] = open + string.Concat(Enumerable.Repeat("<z>", 257))
                + string.Concat(Enumerable.Repeat("</z>", 257)) + inner + close,
            ["an unclosed element"] = $"{open}<z>{inner}{close}",
            ["two roots"] = $"{open}{inner}{close}<r/>",
            ["an attribute twice"] = $"{open}<z a=\"1\" a=\"2\"/>{inner}{close}",
            ["a null character"] = $"{open}<z>&#0;</z>{inner}{close}",
        };
    }
}
