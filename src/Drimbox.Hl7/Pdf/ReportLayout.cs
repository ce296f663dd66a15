using System.Globalization;
using System.Text;
using static Drimbox.Hl7.Pdf.PdfObjects;

namespace Drimbox.Hl7.Pdf;

/// <summary>Where a viewer is linked.</summary>
/// <param name="Page">0 is the first one.</param>
internal sealed record PlacedLink(int Page, double Left, double Bottom, double Right, double Top, string Url);

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

    /// <summary>Between codes in a row, whose own quiet zones come on top.</summary>
    private const double QrGap = 12;

    /// <summary>As many as fit between the margins.</summary>
    private const int QrColumns = 4;

    private readonly List<StringBuilder> _pages = [];
    private readonly List<PlacedLink> _links = [];
    private double _y;

    /// <summary>The viewers, once the report is set.</summary>
    public IReadOnlyList<PlacedLink> Links => _links;

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
        // One code stands beside the header, several in rows below it.
        var single = report.Viewers is [var only] ? only : null;
        var width = Right - Left - (single is null ? 0 : QrSide + QrGap);
        var top = _y;
        Block(report, report.Organization, BodySize, isStrong: false, width);
        _y -= 4;
        Block(report, report.Title, 15, isStrong: true, width);
        _y -= 6;
        foreach (var line in report.PatientLines) Block(report, line, BodySize, isStrong: false, width);
        _y -= 4;
        foreach (var line in report.StudyLines) Block(report, line, BodySize, isStrong: false, width);
        // A header longer than a page has left the code behind on the first one.
        if (single is not null)
        {
            WriteViewer(0, single.Url, Right - QrSide, top);
            if (_pages.Count == 1) _y = Math.Min(_y, _links[0].Bottom);
        }
        else
        {
            foreach (var row in report.Viewers.Chunk(QrColumns)) WriteViewers(report, row);
        }

        _y -= 6;
        _pages[^1].Append(CultureInfo.InvariantCulture,
            $"0.6 0.6 0.6 RG 0.5 w {Number(Left)} {Number(_y)} m {Number(Right)} {Number(_y)} l S\n");
        _y -= 4;
    }

    private void WriteViewers(PrintedReport report, ViewerLink[] row)
    {
        // The code, its caption, and two lines of its label.
        const double Height = QrSide + (SmallSize * LineSpacing * 3);
        if (_y - Height < Bottom) BreakPage(report);
        _y -= 4;
        var lowest = _y - Height;
        for (var i = 0; i < row.Length; i++)
        {
            var left = Left + (i * (QrSide + QrGap));
            WriteViewer(_pages.Count - 1, row[i].Url, left, _y);
            var y = _links[^1].Bottom;
            foreach (var line in Lines(PrintableText.Clean(row[i].Label), SmallSize, QrSide).Take(2))
            {
                y -= SmallSize;
                Text(_pages[^1], left, y, SmallSize, isStrong: false, line);
                y -= SmallSize * (LineSpacing - 1);
            }
        }

        _y = lowest;
    }

    private void WriteViewer(int page, string url, double left, double top)
    {
        _pages[page].Append(QrModules.Draw(url, left, top - QrSide, QrSide));
        const string Caption = "Voir les images";
        var bottom = top - QrSide - SmallSize;
        var captionAt = left + ((QrSide - WidthOf(Caption, SmallSize)) / 2);
        Text(_pages[page], captionAt, bottom, SmallSize, isStrong: false, Caption);
        _links.Add(new PlacedLink(page, left, bottom - 2, left + QrSide, top, url));
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
