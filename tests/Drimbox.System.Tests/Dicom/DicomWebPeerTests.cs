using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Xml.Linq;
using Drimbox.Archive;
using Drimbox.Archive.Web;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Tests.Dicom;

/// <summary>dicomweb-client, the user agent of OHIF, stores, finds and retrieves; and curl does by hand what a
/// browser would.</summary>
public sealed class DicomWebPeerTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private readonly SampleStudy _study = new();
    private ArchiveNode _archive = null!;

    private static string StudyUid => $"{SampleStudy.Order.StudyInstanceUid}";

    private string Root => $"{_archive.WebAddress}dicom-web";

    public async ValueTask InitializeAsync()
    {
        _archive = await ArchiveUnderTest.StartAsync(
            _folder.Path,
            o => o with { Web = new ArchiveWebOptions { Address = IPAddress.Loopback, Port = 0 } });
    }

    public async ValueTask DisposeAsync()
    {
        await _archive.DisposeAsync();
        _study.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Dicomweb_client_stores_finds_and_retrieves()
    {
        var stored = await ClientAsync("store", [.. _study.Paths]);
        Assert.Equal(3, stored.GetProperty("00081199").GetProperty("Value").GetArrayLength());

        var study = Assert.Single((await ClientAsync("studies", """{"PatientName":"pat-trois*"}""")).EnumerateArray());
        Assert.Equal(StudyUid, ValueOf(study, "0020000D").GetString());
        Assert.Equal(3, ValueOf(study, "00201208").GetInt32());
        Assert.Empty((await ClientAsync("studies", """{"PatientID":"nobody"}""")).EnumerateArray());
        var series = (await ClientAsync("series", StudyUid)).EnumerateArray().First();
        var seriesUid = ValueOf(series, "0020000E").GetString()!;
        var instances = (await ClientAsync("instances", StudyUid, seriesUid)).EnumerateArray().ToList();
        Assert.Equal(ValueOf(series, "00201209").GetInt32(), instances.Count);
        var instanceUid = ValueOf(instances[0], "00080018").GetString()!;

        var metadata = (await ClientAsync("studyMetadata", StudyUid)).EnumerateArray().ToList();
        Assert.Equal(3, metadata.Count);
        var files = Directory.GetFiles(Path.Combine(_folder.Path, "pacs", "instances"), "*", SearchOption.AllDirectories);
        var expected = files.Select(f => Hash(File.ReadAllBytes(f))).Order().ToList();
        Assert.Equal(expected, Strings(await ClientAsync("study", StudyUid)).Order());
        Assert.All(Strings(await ClientAsync("oneSeries", StudyUid, seriesUid)), h => Assert.Contains(h, expected));
        var one = Assert.Single(Strings(await ClientAsync("instance", StudyUid, seriesUid, instanceUid)));
        var file = files.Single(f => Hash(File.ReadAllBytes(f)) == one);
        Assert.True(DicomFile.TryRead(file, out var read, out _));
        Assert.Equal(instanceUid, read!.DataSet.GetString(Tag.SOPInstanceUID));

        Assert.True(read.DataSet.TryGet(Tag.PixelData, out var pixels));
        var pixelHash = Hash(pixels.ToMemory().ToArray());
        Assert.Equal([pixelHash], Strings(await ClientAsync("frames", StudyUid, seriesUid, instanceUid, "1")));
        var own = metadata.Single(m => ValueOf(m, "00080018").GetString() == instanceUid);
        var address = own.GetProperty("7FE00010").GetProperty("BulkDataURI").GetString()!;
        Assert.Equal([pixelHash], Strings(await ClientAsync("bulkData", address)));
    }

    [Fact]
    public async Task Curl_gets_a_file_that_dcmtk_reads_and_a_part_of_it()
    {
        await ClientAsync("store", [.. _study.Paths]);
        var seriesUid = ValueOf((await ClientAsync("series", StudyUid)).EnumerateArray().First(), "0020000E").GetString()!;
        var instanceUid = ValueOf(
            (await ClientAsync("instances", StudyUid, seriesUid)).EnumerateArray().First(), "00080018").GetString()!;
        var url = $"{Root}/studies/{StudyUid}/series/{seriesUid}/instances/{instanceUid}";
        var output = Path.Combine(_folder.Path, "got.dcm");
        var status = await RunAsync(
            "curl", "-s", "-o", output, "-w", "%{http_code} %{content_type}", "-H", "Accept: application/dicom", url);
        Assert.Equal("200 application/dicom; transfer-syntax=1.2.840.10008.1.2.1", status);
        await Dcmtk.SucceedAsync("dcmftest", output);
        status = await RunAsync(
            "curl", "-s", "-o", output, "-w", "%{http_code} %{size_download}", "-r", "128-131", "-H",
            "Accept: application/dicom", url);
        Assert.Equal("206 4", status);
        Assert.Equal("DICM"u8.ToArray(), await File.ReadAllBytesAsync(output));
        Assert.Contains(
            "\"00100020\"", await RunAsync("curl", "-s", "-H", "Accept: application/dicom+json", $"{url}/metadata"),
            StringComparison.Ordinal);
        Assert.Contains(
            "SearchForStudies", await RunAsync("curl", "-s", "-X", "OPTIONS", $"{Root}/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Xml_metadata_is_what_dcm2xml_makes_of_the_file()
    {
        await ClientAsync("store", [.. _study.Paths]);
        var answer = await RunAsync(
            "curl", "-s", "-H", "Accept: multipart/related; type=\"application/dicom+xml\"",
            $"{Root}/studies/{StudyUid}/metadata");
        var ours = answer.Split("\r\n").Where(line => line.StartsWith('<'))
            .Select(text => Canonical(XDocument.Parse(text).Root!)).ToList();
        Assert.Equal(3, ours.Count);
        foreach (var path in _study.Paths)
        {
            await Dcmtk.SucceedAsync("dcm2xml", "-nat", "+Eb", path, path + ".xml");
            Assert.Contains(Canonical(XDocument.Load(path + ".xml").Root!), ours);
        }
    }

    // Every attribute with its VR and values, in order; without the pixels, which only one of them has by value, and
    // without the character set, which is that of the document.
    private static string Canonical(XElement model) => string.Join(
        '\n', model.Elements().Where(a => (string)a.Attribute("tag")! is not ("7FE00010" or "00080005")).Select(Line));

    private static string Line(XElement element) => string.Concat(
        element.Name.LocalName,
        string.Concat(element.Attributes().Where(a => !a.IsNamespaceDeclaration && a.Name.Namespace == XNamespace.None)
            .OrderBy(a => a.Name.LocalName).Select(a => $" {a.Name.LocalName}={a.Value}")),
        element.HasElements ? $"[{string.Join(';', element.Elements().Select(Line))}]" : $" {element.Value.Trim()}");

    private async Task<JsonElement> ClientAsync(string operation, params string[] arguments)
    {
        var folder = Dcmjs.FolderOf("dicomweb");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "dicomweb-client")))
            Peer.Missing("dicomweb-client is not installed: npm ci in tests/Drimbox.System.Tests/Dicom/dicomweb");
        var answer = JsonDocument.Parse(
            await RunAsync("node", [Path.Combine(folder, "client.js"), Root, operation, .. arguments])).RootElement;
        Assert.True(answer.TryGetProperty("result", out var result), $"{operation}: {answer}");
        return result;
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Peer.Require(program), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}:\n{await error}");
        return output;
    }

    private static JsonElement ValueOf(JsonElement dataSet, string tag) =>
        dataSet.GetProperty(tag).GetProperty("Value")[0];

    private static IEnumerable<string> Strings(JsonElement array) => array.EnumerateArray().Select(e => e.GetString()!);

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
