using System.Globalization;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Load.Synthetic;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Flow;

/// <summary>An examination of an invented patient of its own: images as files, messages from the templates, and the
/// identifiers that both carry.</summary>
internal sealed class ExaminationCase
{
    public const string DocumentRoot = "1.2.250.1.999.20.1";
    public const string BirthName = "PAT-TROIS";
    public const string GivenName = "DOMINIQUE";

    private static int _last;

    public ExaminationCase()
    {
        Number = Interlocked.Increment(ref _last);
        // NIR with its key: 97 minus the first thirteen digits modulo 97.
        var nir = 2790351215000L + Number;
        Ins = nir.ToString(CultureInfo.InvariantCulture)
            + (97 - (nir % 97)).ToString("D2", CultureInfo.InvariantCulture);
        Study = $"1.2.250.1.999.20.9.{Number}";
        Accession = $"ACN{Number}";
        Order = $"OPN{Number}";
    }

    public int Number { get; }

    public string Ins { get; }

    public string Study { get; }

    public string Accession { get; }

    public string Order { get; }

    public string Document(int version) => $"CR-{Number}-{version}";

    public string UniqueId(int version) => $"{DocumentRoot}^{Document(version)}";

    /// <summary>Its images, made anew each time they are asked for, always the same.</summary>
    public SyntheticStudyOrder Images(int count)
    {
        var patient = new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, Ins), null,
            BirthName, GivenName, GivenName, null, "19790328", "F", "63220");
        return new SyntheticStudyOrder(
            Uid.Parse(Study), patient, new DateTimeOffset(2026, 3, 14, 9, 30, 0, TimeSpan.FromHours(1)))
        {
            Instances = count,
            Series = 2,
            Rows = 64,
            Columns = 64,
            AccessionNumber = InstanceIdentifier.Create("1.2.250.1.999.20.2", Accession),
        };
    }

    /// <summary>The images as DICOM files in a folder.</summary>
    public IReadOnlyList<string> WriteImages(string folder, int count)
    {
        var files = new List<string>();
        foreach (var bytes in SyntheticStudy.Files(Images(count)))
        {
            var path = Path.Combine(folder, $"image-{files.Count:D3}.dcm");
            File.WriteAllBytes(path, bytes);
            files.Add(path);
        }

        return files;
    }

    /// <summary>The document, from its template.</summary>
    public byte[] Cda(int version, int? replaces = null, string? ins = null, string structure = "300017985")
    {
        var related = replaces is { } parent
            ? "<relatedDocument typeCode=\"RPLC\"><parentDocument>"
                + $"<id root=\"{DocumentRoot}\" extension=\"{Document(parent)}\"/></parentDocument></relatedDocument>"
            : "<!-- the first version -->";
        return Encoding.UTF8.GetBytes(Template.Fill(
            "Messages/report.cda.xml", ("document", Document(version)), ("remark", $"n° {version}"),
            ("ins", ins ?? Ins), ("structure", structure), ("order", Order), ("accession", Accession),
            ("study", Study), ("related", related)));
    }

    /// <summary>MDM^T02 (no parent), T10 or T04 from its template.</summary>
    public byte[] Mdm(
        string @event, byte[] cda, int version, int? parent = null, string? control = null,
        string structure = "300017985")
    {
        var values = new List<(string, string)>
        {
            ("control", control ?? ControlId(@event, version)), ("time", "20260314101600+0100"), ("ins", Ins),
            ("order", Order), ("document", Document(version)), ("structure", structure),
            ("cda", Convert.ToBase64String(cda)),
        };
        if (parent is { } replaced) values.Add(("parent", Document(replaced)));
        return Template.ToWire(Template.Fill($"Messages/mdm-{@event}.er7", values));
    }

    public string ControlId(string @event, int version) => $"{Number}-{@event}-{version}";

    /// <summary>storescu of some files to the archive.</summary>
    public static Task StoreAsync(GatewayUnderTest gateway, params IEnumerable<string> files) => Dcmtk.SucceedAsync(
        // -R: propose what the files need and no more.
        "storescu", ["-R", "-aec", "DRIMBOX", "127.0.0.1", $"{gateway.ArchivePort}", .. files]);
}
