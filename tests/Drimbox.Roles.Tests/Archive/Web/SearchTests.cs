using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

/// <summary>QIDO-RS: PS3.18 10.6.</summary>
public sealed class SearchTests : IAsyncLifetime
{
    private ArchiveFixture _archive = null!;
    private WebClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _archive = await StartAsync(WebClient.OnLoopback());
        _client = new WebClient(_archive.Node);
        await _archive.StoreAsync(Ct(1, 1, 1));
        await _archive.StoreAsync(Ct(1, 1, 2));
        await _archive.StoreAsync(Ct(1, 2, 1));
        await _archive.StoreAsync(Ct(2, 1, 1, "MÜLLER^ZOÉ"));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _archive.DisposeAsync();
    }

    [Theory]
    [InlineData("studies", "1.2.1 1.2.2")]
    [InlineData("studies?PatientID=IPP2", "1.2.2")]
    [InlineData("studies?00100020=IPP2", "1.2.2")]
    [InlineData("studies?PatientName=M%C3%9CLLER*", "1.2.2")]
    [InlineData("studies?PatientName=muller%5Ezoe", "1.2.2")]
    [InlineData("studies?StudyDate=20260802-", "1.2.2")]
    [InlineData("studies?StudyInstanceUID=1.2.1,1.2.2,1.2.3", "1.2.1 1.2.2")]
    [InlineData("studies?ModalitiesInStudy=MR,CT", "1.2.1 1.2.2")]
    [InlineData("studies?AccessionNumber=%27%20OR%201=1--", "")]
    [InlineData("studies?PatientID=IPP1,IPP2", "")]
    [InlineData("studies/1.2.1/series", "1.2.1.1 1.2.1.2")]
    [InlineData("studies/1.2.1/series?SeriesNumber=2", "1.2.1.2")]
    [InlineData("studies/1.2.1/series?StudyInstanceUID=1.2.2", "")]
    [InlineData("series?Modality=CT&PatientID=IPP1", "1.2.1.1 1.2.1.2")]
    [InlineData("studies/1.2.1/instances", "1.2.1.1.1 1.2.1.1.2 1.2.1.2.1")]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances", "1.2.1.1.1 1.2.1.1.2")]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances?InstanceNumber=2", "1.2.1.1.2")]
    [InlineData("instances?SOPInstanceUID=1.2.1.1.1,1.2.2.1.1", "1.2.1.1.1 1.2.2.1.1")]
    [InlineData("studies/1.2.77/series", "")]
    public async Task A_search_finds(string path, string expected)
    {
        var unique = path.Split('?')[0].Split('/')[^1] switch
        {
            "studies" => Tag.StudyInstanceUID,
            "series" => Tag.SeriesInstanceUID,
            _ => Tag.SOPInstanceUID,
        };
        var found = await _client.SearchAsync(path);
        Assert.Equal(expected, string.Join(' ', found.Select(m => m.GetString(unique)).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task An_answer_has_the_attributes_of_the_standard_and_what_was_asked_for()
    {
        var study = Assert.Single(await _client.SearchAsync("studies?PatientID=IPP1"));
        Assert.Equal("20260801", study.GetString(Tag.StudyDate));
        Assert.Equal("PAT-TROIS^DOMINIQUE", study.GetString(Tag.PatientName));
        Assert.Equal("CT", study.GetString(Tag.ModalitiesInStudy));
        Assert.Equal(2, study.GetInt(Tag.NumberOfStudyRelatedSeries));
        Assert.Equal(3, study.GetInt(Tag.NumberOfStudyRelatedInstances));
        Assert.Equal("ONLINE", study.GetString(Tag.InstanceAvailability));
        Assert.Equal($"{_client.Address}studies/1.2.1", study.GetString(Tag.RetrieveURL));
        Assert.False(study.Contains(Tag.StudyDescription));
        Assert.False(study.Contains(Tag.QueryRetrieveLevel));

        study = Assert.Single(await _client.SearchAsync("studies?PatientID=IPP1&includefield=StudyDescription"));
        Assert.Equal("TDM THORAX", study.GetString(Tag.StudyDescription));
        study = Assert.Single(await _client.SearchAsync("studies?PatientID=IPP1&includefield=all"));
        Assert.Equal("TDM THORAX", study.GetString(Tag.StudyDescription));

        var instance = Assert.Single(await _client.SearchAsync("instances?SOPInstanceUID=1.2.2.1.1"));
        Assert.Equal(16, instance.GetInt(Tag.Rows));
        Assert.Equal("MÜLLER^ZOÉ", instance.GetString(Tag.PatientName));
        Assert.Equal(
            $"{_client.Address}studies/1.2.2/series/1.2.2.1/instances/1.2.2.1.1", instance.GetString(Tag.RetrieveURL));
    }

    [Fact]
    public async Task Pages_are_told_apart_by_limit_and_offset_and_a_warning()
    {
        var seen = new List<string?>();
        for (var offset = 0; offset < 4; offset++)
        {
            using var response = await _client.GetAsync($"instances?limit=1&offset={offset}");
            Assert.Equal(200, (int)response.StatusCode);
            var warnings = response.Headers.TryGetValues("Warning", out var w) ? string.Join('\n', w) : "";
            if (offset < 3)
                Assert.Contains($"There are {3 - offset} additional results", warnings, StringComparison.Ordinal);
            else Assert.Empty(warnings);
            Assert.True(Drimbox.Dicom.Json.DicomJson.TryReadAll(
                await response.Content.ReadAsByteArrayAsync(), out var page, out _));
            seen.Add(Assert.Single(page).GetString(Tag.SOPInstanceUID));
        }

        Assert.Equal(4, seen.Distinct().Count());
        using var beyond = await _client.GetAsync("instances?limit=1&offset=4");
        Assert.Equal(204, (int)beyond.StatusCode);
        using var tooFar = await _client.GetAsync("instances?offset=10000");
        Assert.Equal(413, (int)tooFar.StatusCode);
    }

    [Theory]
    [InlineData("studies?fuzzymatching=true", "The fuzzymatching parameter is not supported")]
    [InlineData("studies?PatientComments=x", "not supported here and were not matched")]
    [InlineData("studies?NoSuchKeyword=x", "not supported here and were not matched")]
    public async Task What_is_ignored_is_told_by_a_warning(string path, string expected)
    {
        using var response = await _client.GetAsync(path);
        Assert.Equal(200, (int)response.StatusCode);
        var warning = Assert.Single(response.Headers.GetValues("Warning"));
        Assert.StartsWith($"299 {_client.Address.ToString().TrimEnd('/')} ", warning, StringComparison.Ordinal);
        Assert.Contains(expected, warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("studies?limit=-1")]
    [InlineData("studies?limit=x")]
    [InlineData("studies?offset=1,2")]
    [InlineData("studies?fuzzymatching=maybe")]
    [InlineData("studies?PatientID=a&00100020=b")]
    [InlineData("studies?PatientID=%FF")]
    [InlineData("studies?PatientID=a%5Cb")]
    [InlineData("studies?PatientID=a%00b")]
    [InlineData("instances?Rows=many")]
    public async Task A_parameter_that_is_wrong_is_400(string path)
    {
        using var response = await _client.GetAsync(path);
        Assert.Equal(400, (int)response.StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/html")]
    [InlineData("application/dicom")]
    [InlineData("application/dicom+json;q=0")]
    public async Task Without_an_acceptable_media_type_it_is_406(string? accept)
    {
        using var response = await _client.GetAsync("studies", accept);
        Assert.Equal(406, (int)response.StatusCode);
    }

    [Fact]
    public async Task Xml_is_the_native_dicom_model_in_parts()
    {
        using var response = await _client.GetAsync(
            "studies?PatientID=IPP2", "application/dicom+json;q=0.5, multipart/related; type=\"application/dicom+xml\"");
        Assert.Equal("multipart/related", response.Content.Headers.ContentType!.MediaType);
        var part = Assert.Single(await WebClient.PartsAsync(response));
        Assert.Contains("Content-Type: application/dicom+xml", part.Header, StringComparison.Ordinal);
        XNamespace ns = "http://dicom.nema.org/PS3.19/models/NativeDICOM";
        var model = XDocument.Parse(Encoding.UTF8.GetString(part.Bytes)).Root!;
        Assert.Equal(ns + "NativeDicomModel", model.Name);
        var name = model.Elements(ns + "DicomAttribute").Single(a => (string)a.Attribute("keyword")! == "PatientName");
        Assert.Equal("00100010", (string)name.Attribute("tag")!);
        var alphabetic = name.Element(ns + "PersonName")!.Element(ns + "Alphabetic")!;
        Assert.Equal("MÜLLER", (string)alphabetic.Element(ns + "FamilyName")!);
        Assert.Equal("ZOÉ", (string)alphabetic.Element(ns + "GivenName")!);
    }

    [Fact]
    public async Task What_a_rejection_note_hid_is_in_no_answer()
    {
        await _archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 1), (2, 1)));
        Assert.Equal(
            ["1.2.1.1.2"],
            (await _client.SearchAsync("studies/1.2.1/instances")).Select(m => m.GetString(Tag.SOPInstanceUID)));
        Assert.Equal(
            ["1.2.1.1"],
            (await _client.SearchAsync("studies/1.2.1/series")).Select(m => m.GetString(Tag.SeriesInstanceUID)));
        var study = Assert.Single(await _client.SearchAsync("studies?PatientID=IPP1"));
        Assert.Equal(1, study.GetInt(Tag.NumberOfStudyRelatedInstances));
        Assert.Single(await _client.GetPartsAsync("studies/1.2.1"));
        foreach (var path in (string[])
                 [
                     "", "/metadata", "/frames/1", "/bulkdata/7FE00010",
                 ])
        {
            using var response = await _client.GetAsync(
                $"studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1{path}", "*/*");
            Assert.Equal(404, (int)response.StatusCode);
        }
    }
}
