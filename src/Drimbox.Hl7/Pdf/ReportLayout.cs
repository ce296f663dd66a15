using System.Globalization;
using System.Text;
using static Drimbox.Hl7.Pdf.PdfObjects;

namespace Drimbox.Hl7.Pdf;

/// <summary>Sets a report on A4 pages: lines from the top of a page down, a new page where one is full.</summary>
internal sealed class ReportLayout(TrueTypeSubset font)
{
    /// <summary>A4 in points, PDF Reference 1.4 3.6.2.</summary>
    public const int PageWidth = 595;
    public const int PageHeight = 842;

    private const double Left = 56;
    private const double Right = PageWidth - Left;
    private const double Top = PageHeight - 50;
    private const double Bottom = 62;
    private const double BodySize = 10;
    private const double SmallSize = 8;
    private const double LineSpacing = 1.4;

    /// <summary>35 mm: see <see cref="Core.Limits.ViewerUrlLengthMax"/>.</summary>
    private const double QrSide = 99;

    private readonly List<StringBuilder> _pages = [];
    private double _y;

    /// <summary>Where the viewer is linked on the first page: left, bottom, right, top.</summary>
    public (double Left, double Bottom, double Right, double Top)? Link { get; private set; }

    /// <summary>The content streams of the pages.</summary>
    public List<string> Set(PrintedReport report)
    {
        _pages.Add(new StringBuilder());
        _y = Top;
        WriteFirstPageHeader(report);
        foreach (var section in report.Sections)
        {
            var text = PrintableText.Clean(section.Text).Trim('\n', ' ');
            if (text.Length == 0) continue;
            // A heading is not left alone at the foot of a page.
            if (_y - (BodySize * LineSpacing * 3.5) < Bottom) BreakPage(report);
            _y -= BodySize * 0.7;
            Block(report, section.Heading, BodySize + 1, isStrong: true, Right - Left);
            Block(report, text, BodySize, isStrong: false, Right - Left);
        }

        _y -= BodySize;
        if (report.SignedBy.Length > 0)
            Block(report, report.SignedBy, BodySize, isStrong: true, Right - Left);
        WriteFooters(report);
        return _pages.Select(page => page.ToString()).ToList();
    }

    private void WriteFirstPageHeader(PrintedReport report)
    {
        var url = report.ViewerUrl;
        var width = Right - Left - (url is null ? 0 : QrSide + 12);
        var top = _y;
        Block(report, report.Organization, BodySize, isStrong: false, width);
        _y -= 4;
        Block(report, report.Title, 15, isStrong: true, width);
        _y -= 6;
        foreach (var line in report.PatientLines) Block(report, line, BodySize, isStrong: false, width);
        _y -= 4;
        foreach (var line in report.StudyLines) Block(report, line, BodySize, isStrong: false, width);
        // A header longer than a page has left the code behind on the first one.
        if (url is not null)
        {
            WriteViewer(url, top);
            if (_pages.Count == 1) _y = Math.Min(_y, Link!.Value.Bottom);
        }

        _y -= 6;
        _pages[^1].Append(CultureInfo.InvariantCulture,
            $"0.6 0.6 0.6 RG 0.5 w {Number(Left)} {Number(_y)} m {Number(Right)} {Number(_y)} l S\n");
        _y -= 4;
    }

    private void WriteViewer(string url, double top)
    {
        var left = Right - QrSide;
        _pages[0].Append(QrModules.Draw(url, left, top - QrSide, QrSide));
        const string Caption = "Voir les images";
        var bottom = top - QrSide - SmallSize;
        var captionAt = left + ((QrSide - WidthOf(Caption, SmallSize)) / 2);
        Text(_pages[0], captionAt, bottom, SmallSize, isStrong: false, Caption);
        Link = (left, bottom - 2, Right, top);
    }

    private void WriteFooters(PrintedReport report)
    {
        var patient = PrintableText.Clean(report.PatientLines.Count > 0 ? report.PatientLines[0] : "");
        for (var i = 0; i < _pages.Count; i++)
        {
            var number = string.Create(CultureInfo.InvariantCulture, $"Page {i + 1} / {_pages.Count}");
            var numberAt = Right - WidthOf(number, SmallSize);
            Text(_pages[i], numberAt, Bottom - 26, SmallSize, isStrong: false, number);
            var identity = Lines(patient, SmallSize, numberAt - Left - 12).First();
            Text(_pages[i], Left, Bottom - 26, SmallSize, isStrong: false, identity);
        }
    }

    private void BreakPage(PrintedReport report)
    {
        _pages.Add(new StringBuilder());
        _y = Top;
        var title = Lines(PrintableText.Clean(report.Title), SmallSize, Right - Left).First();
        Text(_pages[^1], Left, _y, SmallSize, isStrong: false, title);
        _y -= SmallSize * 2;
    }

    private void Block(PrintedReport report, string text, double size, bool isStrong, double width)
    {
        foreach (var line in Lines(PrintableText.Clean(text), size, width))
        {
            if (_y - (size * LineSpacing) < Bottom) BreakPage(report);
            _y -= size * LineSpacing;
            Text(_pages[^1], Left, _y, size, isStrong, line);
        }
    }

    private IEnumerable<string> Lines(string text, double size, double width) =>
        PrintableText.Lines(text, width, rune => font.WidthOf(font.CidOf(rune)) * size / 1000);

    private double WidthOf(string text, double size) =>
        text.EnumerateRunes().Sum(rune => font.WidthOf(font.CidOf(rune))) * size / 1000;

    /// <summary>One line of text. Strong text is the same font with its outlines drawn as well as filled (text
    /// rendering mode 2): one embedded font less.</summary>
    private void Text(StringBuilder page, double x, double y, double size, bool isStrong, string text)
    {
        if (text.Length == 0) return;
        page.Append("BT 0 0 0 rg ");
        page.Append(isStrong ? $"0 0 0 RG {Number(size * 0.035)} w 2 Tr " : "0 Tr ");
        page.Append(CultureInfo.InvariantCulture, $"/F1 {Number(size)} Tf {Number(x)} {Number(y)} Td <");
        foreach (var rune in text.EnumerateRunes()) page.Append(CultureInfo.InvariantCulture, $"{font.CidOf(rune):X4}");
        page.Append("> Tj ET\n");
    }
}
