using System.Net;
using System.Text;

namespace Drimbox.Load.Results;

/// <summary>A result as one HTML page that needs nothing else: the figures are in it as JSON, and a script of its own
/// draws them.</summary>
public static class HtmlReport
{
    private const string ResultPlace = "/*RESULT*/";
    private const string TitlePlace = "<!--TITLE-->";

    public static string Of(LoadResult result)
    {
        var title = $"Load on {result.Setup.Target ?? result.Setup.Mllp}, {result.StartedAt:yyyy-MM-dd HH:mm}";
        return Template()
            .Replace(TitlePlace, WebUtility.HtmlEncode(title), StringComparison.Ordinal)
            .Replace(ResultPlace, ResultFile.ToEmbeddedJson(result), StringComparison.Ordinal);
    }

    private static string Template()
    {
        using var stream = typeof(HtmlReport).Assembly.GetManifestResourceStream("Drimbox.Load.Results.report.html")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
