using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Profiles;

/// <summary>Checks the form of values.</summary>
internal static class ValueForms
{
    public static bool IsOf(ValueForm form, Er7Value value) => form switch
    {
        ValueForm.Any => true,
        ValueForm.Time => IsTime(value.Code),
        ValueForm.Number => IsNumber(value.Code),
        ValueForm.Count => int.TryParse(value.Code, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        ValueForm.Uid => Uid.TryParse(value.Code, out _),
        ValueForm.Base64 => IsBase64(value.Raw.Span),
        ValueForm.ControlId => AckWriter.IsPlainControlId(value.Text),
        _ => throw Invariant.Unreachable(form),
    };

    /// <summary>What a value of the form looks like, for a person.</summary>
    public static string Describe(ValueForm form) => form switch
    {
        ValueForm.Any => "a value",
        ValueForm.Time => "a time: YYYY[MM[DD[HH[MM[SS[.S]]]]]][+/-ZZZZ]",
        ValueForm.Number => "a number",
        ValueForm.Count => "a whole number, not negative",
        ValueForm.Uid => "a DICOM UID",
        ValueForm.Base64 => "base64",
        ValueForm.ControlId => $"at most {Limits.MessageControlIdLengthMax} printable characters",
        _ => throw Invariant.Unreachable(form),
    };

    /// <summary>HL7 v2.5.1 2.A.22 DTM: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ].</summary>
    public static bool IsTime(string text)
    {
        var zone = text.IndexOfAny(['+', '-']);
        if (zone >= 0)
        {
            var offset = text[(zone + 1)..];
            if (offset.Length != 4 || !offset.All(char.IsAsciiDigit)) return false;
            text = text[..zone];
        }

        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot >= 0)
        {
            var fraction = text[(dot + 1)..];
            if (dot != 14 || fraction.Length is < 1 or > 4 || !fraction.All(char.IsAsciiDigit)) return false;
            text = text[..dot];
        }

        const string Whole = "00000101000000";
        if (text.Length is not (4 or 6 or 8 or 10 or 12 or 14)) return false;
        return DateTime.TryParseExact(
            text + Whole[text.Length..], "yyyyMMddHHmmss", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
    }

    // HL7 v2.5.1 2.A.47: an optional sign, digits, an optional decimal point.
    private static bool IsNumber(string text) => decimal.TryParse(
        text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _);

    // A value with escapes is decoded when it is read; here the many megabytes are only looked over.
    private static bool IsBase64(ReadOnlySpan<byte> text)
    {
        if (System.Buffers.Text.Base64.IsValid(text) || text.Contains((byte)'\\')) return text.Length > 0;
        var digits = 0;
        var padding = 0;
        foreach (var b in text)
        {
            if (b is (byte)' ' or (byte)'\n' or (byte)'\t') continue;
            if (b == (byte)'=') padding++;
            else if (padding > 0 || !(char.IsAsciiLetterOrDigit((char)b) || b is (byte)'+' or (byte)'/')) return false;
            else digits++;
        }

        return digits > 0 && padding == 0 && digits % 4 != 1;
    }
}
