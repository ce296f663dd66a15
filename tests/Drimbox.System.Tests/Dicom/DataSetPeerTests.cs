using System.Text;
using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Json;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Dicom;

/// <summary>DICOM JSON and the data dictionary beside those of DCMTK.</summary>
public sealed class DataSetPeerTests
{
    [Fact]
    public async Task Dcm2json_writes_the_same_model()
    {
        using var folder = new PeerFolder();
        foreach (var characterSet in new[] { CharacterSet.Latin1, CharacterSet.Utf8 })
        {
            var dataSet = Everything(characterSet);
            var file = folder.Write("a.dcm", dataSet);
            var text = await Dcmtk.SucceedAsync("dcm2json", "-fc", "-q", file);

            using var theirs = JsonDocument.Parse(text);
            using var ours = JsonDocument.Parse(DicomJson.ToBytes(dataSet));
            Assert.Empty(Differences(ours.RootElement, theirs.RootElement, ""));
        }
    }

    [Fact]
    public async Task What_dcm2json_writes_is_read()
    {
        using var folder = new PeerFolder();
        var dataSet = Everything(CharacterSet.Utf8);
        var text = await Dcmtk.SucceedAsync("dcm2json", "-q", folder.Write("a.dcm", dataSet));

        Assert.True(DicomJson.TryRead(Encoding.UTF8.GetBytes(text), out var read, out var refusal), refusal?.Detail);
        Assert.Equal(
            DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian),
            DataSetWriter.ToBytes(read!, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void Every_attribute_is_that_of_dcmtk()
    {
        var path = Directory.Exists("/usr/share")
            ? Directory.EnumerateDirectories("/usr/share", "libdcmtk*").Select(d => Path.Combine(d, "dicom.dic"))
                .FirstOrDefault(File.Exists)
            : null;
        if (path is null) Peer.Missing("the data dictionary of DCMTK is not installed");
        var differences = new List<string>();
        var there = new HashSet<Tag>();
        foreach (var line in File.ReadLines(path!))
        {
            // (0010,0010)	PN	PatientName	1	DICOM; a private creator makes the tag longer, a range has a '-'.
            var columns = line.Split('\t');
            // DICONDE and DICOS are other standards, which give attributes of DICOM further names.
            if (columns.Length < 5 || columns[0].Length != 11
                || !columns[4].StartsWith("DICOM", StringComparison.Ordinal)) continue;
            if (!Tag.TryParse(columns[0], out var tag) || tag.IsGroupLength || tag.Group == 0xFFFE) continue;
            there.Add(tag);
            if (!DataDictionary.TryFind(tag, out var entry))
            {
                differences.Add($"{tag} {columns[2]} is not here");
                continue;
            }

            var keyword = columns[2].Replace("RETIRED_", "", StringComparison.Ordinal);
            if (entry.Keyword != keyword) differences.Add($"{tag} {entry.Keyword}, there {keyword}");
            if (!IsSameVr(columns[1], entry.VrText)) differences.Add($"{tag} {entry.VrText}, there {columns[1]}");
            if (entry.Vm != columns[3]) differences.Add($"{tag} VM {entry.Vm}, there {columns[3]}");
        }

        Assert.True(there.Count > 4_000, $"{there.Count} entries");
        Assert.Equal(KnownDifferences, differences);
        var onlyHere = DataDictionary.All
            .Where(e => !there.Contains(e.Tag) && !e.Tag.IsGroupLength && e.Tag.Group != 0xFFFE)
            .GroupBy(e => e.Tag.Group)
            .Select(g => $"{g.Key:X4}: {g.Count()}");
        // What the editions since have added, and retired attributes that PS3.6 lists without a name.
        Assert.Equal(AddedSince, string.Join(", ", onlyHere));
    }

    // Group: attributes. Of group 0014 DCMTK says that they are DICONDE's.
    private const string AddedSince =
        "0008: 47, 0010: 1, 0012: 8, 0014: 100, 0018: 25, 0022: 3, 0028: 2, 003A: 18, 0048: 4, 0066: 1, 0070: 1, "
        + "0400: 1, 3002: 55, 3006: 7, 3008: 4, 300A: 7, 300C: 1, 3010: 1, 7FE0: 1";

    // DCMTK 3.6.7 holds PS3.6 2022b, the tables here 2024d.
    private static readonly string[] KnownDifferences =
    [
        // The multiplicity of Frame Type changed between the two editions.
        "(0008,9007) VM 4-5, there 4",
    ];

    // The internal VRs of DCMTK for a choice that depends on other attributes.
    private static bool IsSameVr(string theirs, string ours) => theirs switch
    {
        "xs" => ours is "US or SS" or "US or SS or OW",
        "lt" => ours is "US or OW" or "US or SS or OW",
        "ox" => ours == "OB or OW",
        "px" => ours == "OB or OW",
        "up" => ours == "UL",
        "na" => ours.Length == 0,
        _ => theirs == ours,
    };

    private static DataSet Everything(CharacterSet characterSet)
    {
        var dataSet = new DataSet();
        dataSet.SetCharacterSet(characterSet);
        dataSet.SetStrings(Tag.ImageType, "ORIGINAL", "", "AXIAL");
        dataSet.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        dataSet.SetUid(Tag.SOPInstanceUID, Uid.Parse("1.2.3"));
        dataSet.SetString(Tag.StudyDate, "20261122");
        dataSet.SetEmpty(Tag.AccessionNumber);
        dataSet.SetString(Tag.RetrieveURL, "https://drimbox.example/a?b=c");
        dataSet.SetString(Tag.InstitutionName, "Hôpital <Ambroise> & \"Cie\"");
        var code = new DataSet(dataSet);
        code.SetString(Tag.CodeMeaning, "Échographie");
        code.SetSequence(Tag.ReferencedSOPSequence, new DataSet(code));
        dataSet.SetSequence(Tag.ProcedureCodeSequence, code, new DataSet(dataSet));
        dataSet.SetSequence(Tag.ReferencedStudySequence);
        dataSet.SetBytes(new Tag(0x0009_0010), Vr.LO, "DRIMBOX "u8.ToArray());
        dataSet.SetBytes(new Tag(0x0009_1001), Vr.UN, [1, 2, 3, 4]);
        dataSet.SetBytes(new Tag(0x0009_1002), Vr.SS, [0xFE, 0xFF, 2, 0]);
        dataSet.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE ZOÉ");
        dataSet.SetStrings(Tag.OtherPatientNames, "A^B=C", "D");
        dataSet.SetString(Tag.PatientComments, "Ligne\r\nautre\\ligne");
        dataSet.SetDouble(Tag.SliceThickness, 1.5);
        dataSet.SetDouble(Tag.ImagePositionPatient, -120.5, 0.001, 1e-7);
        dataSet.SetStrings(Tag.ReferencedFrameNumber, "1", "-2");
        dataSet.SetInt(Tag.Rows, 2);
        dataSet.SetInt(Tag.Columns, 3);
        dataSet.SetTags(Tag.FrameIncrementPointer, Tag.FrameTime, Tag.FrameTimeVector);
        dataSet.SetInt(Tag.BitsAllocated, 16);
        // DCMTK 3.6.7 does not write all digits of a double.
        dataSet.SetDouble(Tag.RealWorldValueSlope, 0.5, -2.5);
        dataSet.SetDouble(Tag.ExaminedBodyThickness, 0.1);
        dataSet.SetInt(Tag.RegionFlags, uint.MaxValue);
        dataSet.SetString(Tag.TextValue, "Texte");
        dataSet.SetBytes(Tag.PixelData, Vr.OW, [.. Enumerable.Range(0, 12).Select(i => (byte)i)]);
        return dataSet;
    }

    // Numbers by their value: how many digits a writer gives is its own affair.
    private static IEnumerable<string> Differences(JsonElement ours, JsonElement theirs, string path)
    {
        if (ours.ValueKind != theirs.ValueKind)
            return [$"{path}: {ours.GetRawText()}, there {theirs.GetRawText()}"];
        switch (ours.ValueKind)
        {
            case JsonValueKind.Object:
                var left = ours.EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
                var right = theirs.EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
                return left.Keys.Union(right.Keys).SelectMany(
                    name => (left.ContainsKey(name), right.ContainsKey(name)) switch
                    {
                        (true, true) => Differences(left[name], right[name], $"{path}/{name}"),
                        (true, _) => [$"{path}/{name} is only here"],
                        _ => [$"{path}/{name} is only there"],
                    });
            case JsonValueKind.Array:
                var (mine, other) = (ours.EnumerateArray().ToList(), theirs.EnumerateArray().ToList());
                return mine.Count == other.Count
                    ? mine.Zip(other).SelectMany((pair, i) => Differences(pair.First, pair.Second, $"{path}/{i}"))
                    : [$"{path}: {mine.Count} and {other.Count} members"];
            case JsonValueKind.Number:
                var (a, b) = (ours.GetDouble(), theirs.GetDouble());
                return Math.Abs(a - b) <= 1e-7 * Math.Abs(a) ? [] : [$"{path}: {a}, there {b}"];
            default:
                return ours.GetRawText() == theirs.GetRawText() || ours.ToString() == theirs.ToString()
                    ? []
                    : [$"{path}: {ours.GetRawText()}, there {theirs.GetRawText()}"];
        }
    }
}

/// <summary>A folder with files for a peer, gone with the test.</summary>
internal sealed class PeerFolder : IDisposable
{
    internal string Folder { get; } = Directory.CreateTempSubdirectory("drimbox-test-").FullName;

    internal string File(string name) => Path.Combine(Folder, name);

    internal string Write(string name, DataSet dataSet)
    {
        global::System.IO.File.WriteAllBytes(File(name), Part10Writer.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian));
        return File(name);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
