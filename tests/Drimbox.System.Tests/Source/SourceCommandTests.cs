using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Emulators;
using Drimbox.Gateway.Configuration;
using Drimbox.Source;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Orthanc;

namespace Drimbox.Tests.Source;

/// <summary><c>drimbox speedtest images</c> and <c>drimbox resync --pacs</c> against a running process.</summary>
public sealed class SourceCommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("DB.SO.102")]
    public async Task The_way_of_a_series_to_another_drimbox_is_measured_by_command()
    {
        Peer.RequireGate();
        using var folder = new StoreFolder();
        await using var access = await ImageAccessFixture.StartEmptyAsync(TimeSpan.FromSeconds(30));
        var options = access.Source.ImageAccess! with { Port = LoopbackPorts.Take() };
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => GatewayUnderTest.WithoutPlatform(all) with
        {
            Archive = all.Archive! with { Destinations = [.. all.Archive.Destinations, SourceOf(all)] },
            Source = all.Source! with { ImageAccess = options },
        });
        var exam = new ExaminationCase();
        await ExaminationCase.StoreAsync(gateway, exam.WriteImages(folder.Path, 6));
        await PublishAsync(gateway, exam);
        var token = Path.Combine(folder.Path, "token");
        await File.WriteAllTextAsync(token, ImageAccessFixture.Token + "\n", Token);
        var (authority, certificate, key) = access.Files;
        string[] command =
        [
            "speedtest", "images", "--runs", "2", "--token-file", token, "--tls-ca", authority,
            "--tls-cert", certificate, "--tls-key", key, "--address",
        ];
        var address = $"https://127.0.0.1:{options.Port}";

        var measured = await gateway.AskAsync([.. command, address]);

        Assert.Equal(exam.Study, Text(measured, "study"));
        var runs = measured.GetProperty("runs").EnumerateArray().ToList();
        Assert.Equal([3, 3], runs.Select(run => run.GetProperty("images").GetInt32()));
        Assert.All(runs, run => Assert.True(
            run.GetProperty("firstImageMs").GetDouble() <= TotalOf(run), $"{run}"));
        Assert.Contains(TotalOf(measured.GetProperty("median")), runs.Select(TotalOf));

        await File.WriteAllTextAsync(token, "another", Token);
        var refused = await CommandRun.OfAsync([.. command, address, "--socket", gateway.Socket]);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("401: ", refused.Output + refused.Errors, StringComparison.Ordinal);
        Assert.Equal(2, (await CommandRun.OfAsync([.. command, "127.0.0.1", "--socket", gateway.Socket])).ExitCode);
    }

    [Fact]
    [Requirement("DB.SO.28")]
    [Requirement("DB.SO.04")]
    public async Task One_of_several_pacs_is_resynchronised_by_command_and_the_studies_of_the_other_are_left()
    {
        Peer.RequireGate();
        using var folder = new StoreFolder();
        var port = LoopbackPorts.Take();
        using var orthanc = await OrthancServer.StartAsync(folder.Path, port, archivePort: 1);
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => GatewayUnderTest.WithoutPlatform(all) with
        {
            Source = all.Source! with
            {
                Pacs = null,
                PacsList =
                [
                    PacsOf("archive", all.Source.Pacs!),
                    PacsOf("orthanc", new DicomPeerOptions { AeTitle = "ORTHANC", Host = "127.0.0.1", Port = port }),
                ],
            },
        });
        await orthanc.AddModalityAsync("source", gateway.Configuration.Source!.Dicom.AeTitle, 1);
        var (kept, left) = (new ExaminationCase(), new ExaminationCase());
        await ExaminationCase.StoreAsync(
            gateway, kept.WriteImages(Directory.CreateDirectory(Path.Combine(folder.Path, "kept")).FullName, 2));
        foreach (var file in left.WriteImages(Directory.CreateDirectory(Path.Combine(folder.Path, "left")).FullName, 2))
            await orthanc.PostAsync("/instances", await File.ReadAllBytesAsync(file, Token));
        foreach (var exam in (ExaminationCase[])[kept, left]) await PublishAsync(gateway, exam);

        await orthanc.DeleteAsync("studies", Uid.Parse(left.Study));
        string[] plan = ["resync", "plan", "--from", "2026-03-14", "--pacs"];
        var run = (await gateway.AskAsync([.. plan, "orthanc"])).GetProperty("run").GetRawText();
        await gateway.CommandAsync("resync", "start", run);
        var status = await Eventually.HoldsAsync(
            () => gateway.AskAsync("resync", "status", run), s => Text(s, "state") == "Done",
            s => $"{s}\n{gateway.Child.Output}");

        Assert.Equal(
            ["OtherPacs 1", "Removed 1"],
            status.GetProperty("outcomes").EnumerateArray()
                .Select(o => $"{Text(o, "outcome")} {o.GetProperty("studies").GetInt32()}")
                .Order(StringComparer.Ordinal));
        await gateway.RegistryShowsAsync(left.Ins, e => !e.Any(d => d.IsManifest && d.IsApproved), "no manifest");
        await gateway.RegistryShowsAsync(kept.Ins, e => e.Any(d => d.IsManifest && d.IsApproved), "its manifest");

        var refused = await CommandRun.OfAsync([.. plan, "nowhere", "--socket", gateway.Socket]);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("No PACS of this source", refused.Output + refused.Errors, StringComparison.Ordinal);
    }

    private static async Task PublishAsync(GatewayUnderTest gateway, ExaminationCase exam)
    {
        await MllpWire.SendAsync(gateway.RisPort, exam.Mdm("t02", exam.Cda(1), 1), Token);
        await gateway.RegistryShowsAsync(exam.Ins, e => e.Any(d => d.IsManifest && d.IsApproved), "a manifest");
    }

    private static DicomPeerOptions SourceOf(GatewayConfiguration all) => new()
    {
        AeTitle = all.Source!.Dicom.AeTitle, Host = "127.0.0.1", Port = all.Source.Dicom.Port,
    };

    private static SourcePacsOptions PacsOf(string name, DicomPeerOptions peer) => new()
    {
        Name = name, Peer = peer, PatientIdIssuers = [new PatientIssuerOptions { Name = "SITE" }],
    };

    private static double TotalOf(JsonElement run) => run.GetProperty("totalMs").GetDouble();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
