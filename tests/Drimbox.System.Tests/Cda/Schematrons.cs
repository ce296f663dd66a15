using System.Diagnostics;
using System.Xml.Linq;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Cda;

/// <summary>
/// The schematrons of the ANS, run as their own scripts do, with the ISO Schematron skeleton and Saxon that the
/// checkout brings along, or Debian's Saxon (libsaxonhe-java). <c>DRIMBOX_CDA_SCHEMATRONS</c> names a checkout of
/// GitHub ansforge/TestContenuCDA-3-0; nothing of it is part of this repository.
/// </summary>
internal sealed class Schematrons
{
    public const string Variable = "DRIMBOX_CDA_SCHEMATRONS";

    private const string DebianSaxon = "/usr/share/java/Saxon-HE.jar";
    private const string Svrl = "http://purl.oclc.org/dsdl/svrl";

    private readonly string _checkout;
    private readonly string _work;

    private Schematrons(string checkout, string work) => (_checkout, _work) = (checkout, work);

    private string Schema => Path.Combine(_checkout, "infrastructure", "cda", "CDA_extended.xsd");

    private string Engine => Path.Combine(_checkout, "schematrons", "moteur");

    private string Saxon => File.Exists(DebianSaxon) ? DebianSaxon : Path.Combine(Engine, "saxon9he.jar");

    /// <summary>The checkout, with everything that the tests take from it; without the variable the test skips, and
    /// with it whatever is missing fails it by name.</summary>
    /// <param name="work">A folder of the test: nothing is written to the checkout.</param>
    public static Schematrons Require(string work, params string[] schematrons)
    {
        var checkout = Environment.GetEnvironmentVariable(Variable) ?? "";
        if (checkout.Length == 0)
        {
            Assert.Skip($"{Variable} does not name a checkout of github.com/ansforge/TestContenuCDA-3-0");
        }

        Peer.Require("java");
        Peer.Require("xmlstarlet");
        var found = new Schematrons(Path.GetFullPath(checkout), work);
        string[] skeleton =
        [
            "iso_dsdl_include.xsl", "iso_abstract_expand.xsl", "iso_svrl_for_xslt2.xsl",
            "iso_schematron_skeleton_for_saxon.xsl",
        ];
        string[] needed =
        [
            found.Schema, found.Saxon, .. skeleton.Select(file => Path.Combine(found.Engine, file)),
            .. schematrons.Select(found.PathOf), Path.Combine(found._checkout, "jeuxDeValeurs"),
        ];
        var missing = needed.Where(file => !Path.Exists(file)).ToList();
        Assert.True(missing.Count == 0, $"{Variable} lacks {string.Join(", ", missing)}");
        return found;
    }

    /// <summary>Fails unless the CDA schema, as the ANS extends it, takes the document.</summary>
    public Task ValidateAsync(string document) =>
        Dcmtk.SucceedAsync("xmlstarlet", "val", "-q", "-e", "--xsd", Schema, document);

    /// <summary>What a schematron says against a document: the failed assertions and successful reports.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync(string schematron, string document)
    {
        var result = Path.Combine(_work, "result.xml");
        await TransformAsync(document, await CompileAsync(schematron), result);
        XNamespace svrl = Svrl;
        return XDocument.Load(result).Descendants()
            .Where(e => e.Name == svrl + "failed-assert" || e.Name == svrl + "successful-report")
            .Where(e => (string?)e.Attribute("role") is not ("warning" or "info" or "information" or "hint"))
            .Select(e => $"{(string?)e.Attribute("location")}: {OneLine(e.Value)}")
            .Distinct()
            .ToList();
    }

    private static string OneLine(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    // The compiled form looks for value sets beside itself: it lies where it would lie in the checkout.
    private async Task<string> CompileAsync(string schematron)
    {
        var compiled = Path.Combine(_work, "schematrons", Path.ChangeExtension(schematron, ".xsl"));
        if (File.Exists(compiled)) return compiled;
        var folder = Path.GetDirectoryName(compiled)!;
        Directory.CreateDirectory(folder);
        Link(Path.Combine(_work, "jeuxDeValeurs"), Path.Combine(_checkout, "jeuxDeValeurs"));
        LinkIncludes(
            Path.Combine(folder, "include"), Path.Combine(Path.GetDirectoryName(PathOf(schematron))!, "include"));
        var (one, two) = (Path.Combine(_work, "1.sch"), Path.Combine(_work, "2.sch"));
        await TransformAsync(PathOf(schematron), Path.Combine(Engine, "iso_dsdl_include.xsl"), one);
        await TransformAsync(one, Path.Combine(Engine, "iso_abstract_expand.xsl"), two);
        await TransformAsync(two, Path.Combine(Engine, "iso_svrl_for_xslt2.xsl"), compiled);
        return compiled;
    }

    private static void Link(string link, string target)
    {
        if (!Path.Exists(link)) File.CreateSymbolicLink(link, target);
    }

    private void LinkIncludes(string links, string includes)
    {
        if (!Directory.Exists(includes)) return;
        Directory.CreateDirectory(links);
        foreach (var entry in Directory.EnumerateFileSystemEntries(includes))
            Link(Path.Combine(links, Path.GetFileName(entry)), entry);
        // The minimal structure asks for JDV_J07 in a file that the repository does not have; its value sets do.
        var types = Path.Combine(links, "voc-1.2.250.1.213.1.1.5.471-DYNAMIC.xml");
        if (File.Exists(types)) return;
        XNamespace svs = "urn:ihe:iti:svs:2008";
        var concepts = XDocument.Load(Path.Combine(_checkout, "jeuxDeValeurs", "JDV_J07_XdsTypeCode_CISIS.xml"))
            .Descendants(svs + "Concept")
            .Select(c => new XElement("concept", c.Attribute("code"), c.Attribute("codeSystem")));
        new XDocument(new XElement(
            XName.Get("valueSets", "urn:hl7-org:v3"),
            new XElement("valueSet", new XElement("conceptList", concepts)))).Save(types);
    }

    private string PathOf(string schematron) => Path.Combine(_checkout, "schematrons", schematron);

    private async Task TransformAsync(string source, string stylesheet, string output)
    {
        var start = new ProcessStartInfo(
            Peer.Require("java"),
            [
                "-cp", Saxon, "net.sf.saxon.Transform", "-versionmsg:off", $"-s:{source}",
                $"-xsl:{stylesheet}", $"-o:{output}",
            ])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{stylesheet} over {source}: {error}");
    }
}
