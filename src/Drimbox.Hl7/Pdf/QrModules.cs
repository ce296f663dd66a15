using System.Collections;
using System.Globalization;
using System.Text;
using QRCoder;
using static Drimbox.Hl7.Pdf.PdfObjects;

namespace Drimbox.Hl7.Pdf;

/// <summary>A QR code (ISO/IEC 18004) as rectangles of a content stream.</summary>
internal static class QrModules
{
    /// <summary>The code of an ASCII address with its quiet zone, in a square of that side. Level M restores 15 % of
    /// the modules: paper is folded and photocopied.</summary>
    public static string Draw(string url, double left, double bottom, double side)
    {
        using var code = QRCodeGenerator.GenerateQrCode(url, QRCodeGenerator.ECCLevel.M);
        var rows = code.ModuleMatrix;
        var module = side / rows.Count;
        var content = new StringBuilder("q 0 0 0 rg\n");
        for (var row = 0; row < rows.Count; row++)
        {
            var y = bottom + side - ((row + 1) * module);
            foreach (var (start, length) in DarkRuns(rows[row]))
            {
                content.Append(
                    CultureInfo.InvariantCulture,
                    $"{Number(left + (start * module))} {Number(y)} {Number(length * module)} {Number(module)} re\n");
            }
        }

        return content.Append("f Q\n").ToString();
    }

    private static IEnumerable<(int Start, int Length)> DarkRuns(BitArray row)
    {
        var start = -1;
        for (var i = 0; i <= row.Count; i++)
        {
            var isDark = i < row.Count && row[i];
            if (isDark && start < 0) start = i;
            if (isDark || start < 0) continue;
            yield return (start, i - start);
            start = -1;
        }
    }
}
