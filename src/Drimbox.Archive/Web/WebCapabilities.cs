using Drimbox.Dicom.Web;

namespace Drimbox.Archive.Web;

/// <summary>What this server does, for its capabilities document. Source: PS3.18 table H-1.</summary>
internal static class WebCapabilities
{
    private static readonly string[] MetadataTypes =
        ["application/dicom+json", "multipart/related; type=\"application/dicom+xml\""];

    private static readonly string[] InstanceTypes =
    [
        "multipart/related; type=\"application/dicom\"",
        "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
    ];

    private static readonly string[] FrameTypes =
    [
        "multipart/related; type=\"application/octet-stream\"",
        "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*",
        "multipart/related; type=\"image/jpeg\"", "multipart/related; type=\"image/dicom-rle\"",
        "multipart/related; type=\"image/jls\"", "multipart/related; type=\"image/jp2\"",
        "multipart/related; type=\"image/jpx\"", "multipart/related; type=\"image/jphc\"",
        "multipart/related; type=\"image/jxl\"",
    ];

    private static readonly string[] SearchParameters =
        ["{attribute}", "includefield", "fuzzymatching", "limit", "offset"];

    public static IReadOnlyList<CapabilityResource> Resources { get; } =
    [
        new("studies", [Search("SearchForStudies"), Store("StoreInstances")],
        [
            new("{study}", [Retrieve("RetrieveStudy"), Store("StoreStudyInstances")],
            [
                Metadata("RetrieveStudyMetadata"),
                new("series", [Search("SearchForStudySeries")],
                [
                    new("{series}", [Retrieve("RetrieveSeries")],
                    [
                        Metadata("RetrieveSeriesMetadata"),
                        new("instances", [Search("SearchForStudySeriesInstances")], [Instance()]),
                    ]),
                ]),
                new("instances", [Search("SearchForStudyInstances")], []),
            ]),
        ]),
        new("series", [Search("SearchForSeries")], []),
        new("instances", [Search("SearchForInstances")], []),
    ];

    private static CapabilityResource Instance() => new(
        "{instance}",
        [
            Get(
                "RetrieveInstance",
                [.. InstanceTypes, "application/dicom", "application/dicom; transfer-syntax=*"], [],
                "200 206 304 404 406 416"),
        ],
        [
            Metadata("RetrieveInstanceMetadata"),
            new("frames", [], [new("{frames}", [Get("RetrieveFrames", FrameTypes, [], "200 400 404 406 413")], [])]),
            new("bulkdata", [],
            [
                new("{path}",
                    [Get("RetrieveBulkdata", ["application/octet-stream", FrameTypes[0]], [], "200 404 406")], []),
            ]),
        ]);

    private static CapabilityResource Metadata(string id) =>
        new("metadata", [Get(id, MetadataTypes, [], "200 404 406")], []);

    private static CapabilityMethod Retrieve(string id) => Get(id, InstanceTypes, [], "200 206 404 406 413");

    private static CapabilityMethod Search(string id) =>
        Get(id, MetadataTypes, SearchParameters, "200 204 400 406 413");

    private static CapabilityMethod Store(string id) => new(
        "POST", id, ["application/dicom+json", "application/dicom+xml"],
        ["multipart/related; type=\"application/dicom\""], [], "200 202 400 409 413 415 507");

    private static CapabilityMethod Get(
        string id, IReadOnlyList<string> accepts, IReadOnlyList<string> parameters, string statuses) =>
        new("GET", id, accepts, [], parameters, statuses);
}
