using System.Diagnostics.CodeAnalysis;

namespace Drimbox.Dicom;

/// <summary>A value representation: its two letters, first one in the upper byte. A VR that this edition of PS3.5
/// does not know is a value without a name: it is kept and written as it came. Source: PS3.5 6.2.</summary>
[SuppressMessage("Design", "CA1027:Mark enums with FlagsAttribute", Justification = "Letters, not flags.")]
public enum Vr : ushort
{
    None = 0,
    AE = ('A' << 8) | 'E',
    AS = ('A' << 8) | 'S',
    AT = ('A' << 8) | 'T',
    CS = ('C' << 8) | 'S',
    DA = ('D' << 8) | 'A',
    DS = ('D' << 8) | 'S',
    DT = ('D' << 8) | 'T',
    FD = ('F' << 8) | 'D',
    FL = ('F' << 8) | 'L',
    IS = ('I' << 8) | 'S',
    LO = ('L' << 8) | 'O',
    LT = ('L' << 8) | 'T',
    OB = ('O' << 8) | 'B',
    OD = ('O' << 8) | 'D',
    OF = ('O' << 8) | 'F',
    OL = ('O' << 8) | 'L',
    OV = ('O' << 8) | 'V',
    OW = ('O' << 8) | 'W',
    PN = ('P' << 8) | 'N',
    SH = ('S' << 8) | 'H',
    SL = ('S' << 8) | 'L',
    SQ = ('S' << 8) | 'Q',
    SS = ('S' << 8) | 'S',
    ST = ('S' << 8) | 'T',
    SV = ('S' << 8) | 'V',
    TM = ('T' << 8) | 'M',
    UC = ('U' << 8) | 'C',
    UI = ('U' << 8) | 'I',
    UL = ('U' << 8) | 'L',
    UN = ('U' << 8) | 'N',
    UR = ('U' << 8) | 'R',
    US = ('U' << 8) | 'S',
    UT = ('U' << 8) | 'T',
    UV = ('U' << 8) | 'V',
}

/// <summary>What PS3.5 says of each VR.</summary>
public static class VrFacts
{
    /// <summary>PS3.5 7.1.2, table 7.1-2: these VRs have a 16-bit length; every other one, known or not yet defined,
    /// has two reserved bytes and a 32-bit length.</summary>
    public static bool HasShortLength(this Vr vr) => vr switch
    {
        Vr.AE or Vr.AS or Vr.AT or Vr.CS or Vr.DA or Vr.DS or Vr.DT or Vr.FD or Vr.FL or Vr.IS or Vr.LO or Vr.LT
            or Vr.PN or Vr.SH or Vr.SL or Vr.SS or Vr.ST or Vr.TM or Vr.UI or Vr.UL or Vr.US => true,
        _ => false,
    };

    public static bool IsText(this Vr vr) => vr switch
    {
        Vr.AE or Vr.AS or Vr.CS or Vr.DA or Vr.DS or Vr.DT or Vr.IS or Vr.LO or Vr.LT or Vr.PN or Vr.SH or Vr.ST
            or Vr.TM or Vr.UC or Vr.UI or Vr.UR or Vr.UT => true,
        _ => false,
    };

    /// <summary>PS3.5 6.1.2.3: the VRs that (0008,0005) governs; all other text is ISO 646.</summary>
    public static bool UsesSpecificCharacterSet(this Vr vr) =>
        vr is Vr.LO or Vr.LT or Vr.PN or Vr.SH or Vr.ST or Vr.UC or Vr.UT;

    /// <summary>PS3.5 6.2: in these the backslash is a character of the text and not a delimiter.</summary>
    public static bool IsSingleText(this Vr vr) => vr is Vr.LT or Vr.ST or Vr.UT or Vr.UR;

    /// <summary>PS3.5 6.2: leading spaces carry no meaning in these (they do in LT, ST, UT and UC).</summary>
    public static bool IgnoresLeadingSpaces(this Vr vr) => vr.IsText() && vr is not (Vr.LT or Vr.ST or Vr.UT or Vr.UC);

    /// <summary>PS3.5 6.2: text is padded to even length with a space, UI and byte strings with a null.</summary>
    public static byte Padding(this Vr vr) => vr.IsText() && vr != Vr.UI ? (byte)' ' : (byte)0;

    /// <summary>PS3.5 7.3: the size in bytes of the unit that byte order applies to; 1 where it does not.</summary>
    public static int WordSize(this Vr vr) => vr switch
    {
        Vr.AT or Vr.OW or Vr.SS or Vr.US => 2,
        Vr.FL or Vr.OF or Vr.OL or Vr.SL or Vr.UL => 4,
        Vr.FD or Vr.OD or Vr.OV or Vr.SV or Vr.UV => 8,
        _ => 1,
    };

    /// <summary>The two letters.</summary>
    public static string Code(this Vr vr) =>
        string.Create(2, vr, static (span, v) =>
        {
            span[0] = (char)((ushort)v >> 8);
            span[1] = (char)((ushort)v & 0xFF);
        });

    /// <summary>Any two capital letters are taken: PS3.5 adds VRs, and 7.1.2 fixes the form of those to come.</summary>
    public static bool TryParse(byte first, byte second, out Vr vr)
    {
        vr = (Vr)((first << 8) | second);
        return first is >= (byte)'A' and <= (byte)'Z' && second is >= (byte)'A' and <= (byte)'Z';
    }
}
