using System.Buffers.Binary;
using System.Text;

namespace Drimbox.Hl7.Pdf;

/// <summary>The ICC profile of sRGB, made from its definition. Source: ICC.1:2001-04 (version 2 profiles) for the
/// form; IEC 61966-2-1 for the primaries and the curve.</summary>
internal static class SrgbProfile
{
    private const int CurvePoints = 1024;

    /// <summary>The primaries of IEC 61966-2-1 seen from D50, the white of the connection space (Bradford): X, Y,
    /// Z.</summary>
    private static readonly double[] Red = [0.4360747, 0.2225045, 0.0139322];
    private static readonly double[] Green = [0.3850649, 0.7168786, 0.0971045];
    private static readonly double[] Blue = [0.1430804, 0.0606169, 0.7141733];

    /// <summary>D50, ICC.1 6.1.1.</summary>
    private static readonly double[] D50 = [0.9642, 1.0, 0.8249];

    public static byte[] Bytes { get; } = Build();

    private static byte[] Build()
    {
        // A monitor profile of three components needs these tags (ICC.1 6.3.2.2); the curve is one for the three.
        var description = Description("sRGB");
        var copyright = Text("No copyright, use freely");
        var curve = Curve();
        (string Tag, byte[] Value)[] tags =
        [
            ("desc", description), ("cprt", copyright), ("wtpt", Xyz(D50)), ("rXYZ", Xyz(Red)), ("gXYZ", Xyz(Green)),
            ("bXYZ", Xyz(Blue)), ("rTRC", curve), ("gTRC", curve), ("bTRC", curve),
        ];

        using var body = new MemoryStream();
        var start = 128 + 4 + (12 * tags.Length);
        var table = new byte[4 + (12 * tags.Length)];
        Put32(table, 0, tags.Length);
        byte[]? last = null;
        var offset = 0;
        for (var i = 0; i < tags.Length; i++)
        {
            var (tag, value) = tags[i];
            if (!ReferenceEquals(value, last))
            {
                offset = start + (int)body.Length;
                body.Write(value);
                while (body.Length % 4 != 0) body.WriteByte(0);
                last = value;
            }

            Encoding.ASCII.GetBytes(tag, table.AsSpan(4 + (12 * i)));
            Put32(table, 8 + (12 * i), offset);
            Put32(table, 12 + (12 * i), value.Length);
        }

        return [.. Header(start + (int)body.Length), .. table, .. body.ToArray()];
    }

    // ICC.1 6.1: the header of 128 bytes.
    private static byte[] Header(int size)
    {
        var header = new byte[128];
        Put32(header, 0, size);
        Put32(header, 8, 0x02100000); // version 2.1
        Encoding.ASCII.GetBytes("mntrRGB XYZ ", header.AsSpan(12));
        // A date is required and means nothing here: that of the first release of the specification used.
        short[] date = [2001, 4, 1, 0, 0, 0];
        for (var i = 0; i < date.Length; i++)
            BinaryPrimitives.WriteInt16BigEndian(header.AsSpan(24 + (2 * i)), date[i]);
        Encoding.ASCII.GetBytes("acsp", header.AsSpan(36));
        for (var i = 0; i < 3; i++) Put32(header, 68 + (4 * i), Fixed(D50[i]));
        return header;
    }

    // ICC.1 6.5.16, textDescriptionType: an ASCII text, then empty Unicode and ScriptCode ones.
    private static byte[] Description(string text)
    {
        var value = new byte[12 + text.Length + 1 + 8 + 3 + 67];
        Encoding.ASCII.GetBytes("desc", value);
        Put32(value, 8, text.Length + 1);
        Encoding.ASCII.GetBytes(text, value.AsSpan(12));
        return value;
    }

    private static byte[] Text(string text) => [.. "text\0\0\0\0"u8, .. Encoding.ASCII.GetBytes(text), 0];

    private static byte[] Xyz(double[] xyz)
    {
        var value = new byte[20];
        Encoding.ASCII.GetBytes("XYZ ", value);
        for (var i = 0; i < 3; i++) Put32(value, 8 + (4 * i), Fixed(xyz[i]));
        return value;
    }

    private static byte[] Curve()
    {
        var value = new byte[12 + (2 * CurvePoints)];
        Encoding.ASCII.GetBytes("curv", value);
        Put32(value, 8, CurvePoints);
        for (var i = 0; i < CurvePoints; i++)
        {
            // IEC 61966-2-1 5.2: the way from a coded value to light.
            var coded = i / (CurvePoints - 1.0);
            var linear = coded <= 0.04045 ? coded / 12.92 : Math.Pow((coded + 0.055) / 1.055, 2.4);
            BinaryPrimitives.WriteUInt16BigEndian(value.AsSpan(12 + (2 * i)), (ushort)Math.Round(linear * 65535));
        }

        return value;
    }

    // s15Fixed16Number.
    private static int Fixed(double value) => (int)Math.Round(value * 65536);

    private static void Put32(byte[] bytes, int at, int value) =>
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), value);
}
