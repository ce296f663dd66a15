using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Pdf;

/// <summary>Apache PDFBox Preflight: whether a file is PDF/A-1b.</summary>
internal static class PdfPreflight
{
    public static async Task AcceptsAsync(string pdf)
    {
        string[] jars = ["preflight", "pdfbox2", "fontbox2", "xmpbox", "commons-logging", "javax.activation", "jaxb-api"];
        var path = jars.Select(jar => $"/usr/share/java/{jar}.jar").ToList();
        if (path.Find(jar => !File.Exists(jar)) is { } missing) Peer.Missing($"'{missing}' is not installed");
        Assert.Contains(
            "is a valid PDF/A-1b file",
            await Dcmtk.SucceedAsync(
                "java", "-cp", string.Join(':', path), "org.apache.pdfbox.preflight.Validator_A1b", pdf),
            StringComparison.Ordinal);
    }
}
