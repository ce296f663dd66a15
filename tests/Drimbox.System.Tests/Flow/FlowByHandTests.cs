using Drimbox.Emulators.Dmp;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Flow;

/// <summary>The steps of docs/flows/demo.md once more, with peers that share no code with the program: DCMTK, a bare
/// MLLP socket with message files, and XDS requests kept as files. Each test has a patient and a study of its own.
/// </summary>
public sealed class FlowByHandTests(GatewayUnderTest gateway) : IClassFixture<GatewayUnderTest>
{
    [Fact]
    public async Task Step_1_a_study_sent_by_storescu_is_found_by_findscu_and_comes_back_identical_by_movescu()
    {
        using var folder = new StoreFolder();
        var exam = new ExaminationCase();
        var sent = exam.WriteImages(folder.Path, 60);
        await ExaminationCase.StoreAsync(gateway, sent);

        var answers = Directory.CreateDirectory(Path.Combine(folder.Path, "answers")).FullName;
        var found = 0;
        foreach (var series in Directory.EnumerateFiles(await FindAsync(answers, "series", exam, "SERIES")))
        {
            var uid = await ValueAsync(series, "0020,000e");
            found += Directory.EnumerateFiles(await FindAsync(answers, uid, exam, "IMAGE", uid)).Count();
        }

        Assert.Equal(60, found);

        var received = Directory.CreateDirectory(Path.Combine(folder.Path, "received")).FullName;
        using (await Dcmtk.ListenAsync(
            // +B: written as received.
            "storescp", received, gateway.WorkstationPort, "+B", "-aet", GatewayUnderTest.WorkstationAe,
            $"{gateway.WorkstationPort}"))
        {
            await Dcmtk.SucceedAsync(
                "movescu", "-S", "-aec", "DRIMBOX", "-aem", GatewayUnderTest.WorkstationAe,
                "-k", "QueryRetrieveLevel=STUDY", "-k", $"StudyInstanceUID={exam.Study}",
                "127.0.0.1", $"{gateway.ArchivePort}");
        }

        Assert.Equal(
            sent.Select(DataSetOf).Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(received).Select(DataSetOf).Order(StringComparer.Ordinal));
    }

    [Fact]
    [Requirement("FAQ/DMP.1")]
    public async Task Step_4_a_report_by_MDM_T02_is_acknowledged_and_published_byte_for_byte()
    {
        var exam = new ExaminationCase();
        var cda = exam.Cda(1);

        var ack = await SendAsync(exam.Mdm("t02", cda, 1));

        AssertAccepted(ack, exam, "t02", 1, "T02");
        var entries = await gateway.RegistryShowsAsync(
            exam.Ins, e => e.Count(d => d.IsReport) == 1, "one report");
        var report = Assert.Single(entries, e => e.IsReport);
        Assert.True(report.IsApproved);
        Assert.Equal(exam.UniqueId(1), report.UniqueId);
        Assert.Equal(cda, await gateway.Registry.RetrieveAsync(report));
    }

    [Fact]
    public async Task Step_5_the_manifest_names_every_image_and_dciodvfy_finds_no_error()
    {
        using var folder = new StoreFolder();
        var exam = new ExaminationCase();
        var images = exam.WriteImages(folder.Path, 8);
        await ExaminationCase.StoreAsync(gateway, images);
        await SendAsync(exam.Mdm("t02", exam.Cda(1), 1));

        var manifest = await ManifestAsync(exam);

        Assert.Equal(await UidsAsync(images), await ReferencedAsync(manifest, folder.Path));
    }

    [Fact]
    [Requirement("DB/RIS.10")]
    public async Task Step_6_a_correction_by_MDM_T10_leaves_one_Approved_report()
    {
        var exam = new ExaminationCase();
        await ReportAsync(exam);
        var correction = exam.Cda(2, replaces: 1);

        AssertAccepted(await SendAsync(exam.Mdm("t10", correction, 2, parent: 1)), exam, "t10", 2, "T10");

        await OnlyApprovedAsync(exam, exam.UniqueId(2), reports: 2);
        var (first, second) = (
            Assert.Single(await gateway.Registry.GetAsync(exam.UniqueId(1))),
            Assert.Single(await gateway.Registry.GetAsync(exam.UniqueId(2))));
        Assert.EndsWith(":Deprecated", first.Status, StringComparison.Ordinal);
        Assert.Equal(exam.Cda(1), await gateway.Registry.RetrieveAsync(first));
        Assert.Equal(correction, await gateway.Registry.RetrieveAsync(second));
    }

    [Fact]
    public async Task Step_7_an_amendment_by_the_command_line_is_version_two()
    {
        var exam = new ExaminationCase();
        await ReportAsync(exam);

        await gateway.CommandAsync("reports", "amend", exam.UniqueId(1), "--conclusion", "Pas de lésion.");

        var entries = await gateway.RegistryShowsAsync(
            exam.Ins, e => e.Count(d => d.IsReport) == 2 && e.Count(d => d is { IsReport: true, IsApproved: true }) == 1,
            "one Approved and one Deprecated");
        var head = entries.Single(e => e is { IsReport: true, IsApproved: true });
        Assert.NotEqual(exam.UniqueId(1), head.UniqueId);
        var register = await gateway.AskAsync("reports", "show", exam.UniqueId(1));
        Assert.Equal(head.UniqueId, register.GetProperty("head").GetString());
        Assert.Equal(2, register.GetProperty("versions").GetArrayLength());
    }

    [Fact]
    [Requirement("DB/RIS.12")]
    [Requirement("FAQ/DMP.1")]
    [Requirement("FAQ/DMP.4")]
    public async Task Step_8_a_report_made_invisible_leaves_the_view_of_the_patient_and_the_manifest_follows()
    {
        using var folder = new StoreFolder();
        var exam = new ExaminationCase();
        await ExaminationCase.StoreAsync(gateway, exam.WriteImages(folder.Path, 4));
        await ReportAsync(exam);
        var manifest = await ManifestAsync(exam);
        Assert.Equal(2, (await gateway.SeenByAsync(exam.Ins, Audience.Patient)).Count);

        await gateway.CommandAsync("reports", "visibility", exam.UniqueId(1), "--hide-from", "InvisibleToPatient");

        await Eventually.HoldsAsync(
            () => gateway.SeenByAsync(exam.Ins, Audience.Patient), seen => seen.Count == 0,
            seen => $"the patient still sees {string.Join("; ", seen)}\n{gateway.Child.Output}");
        var professional = await gateway.SeenByAsync(exam.Ins, Audience.Professional);
        Assert.Equal(
            new[] { exam.UniqueId(1), manifest.UniqueId }.Order(StringComparer.Ordinal),
            professional.Order(StringComparer.Ordinal));
    }

    [Fact]
    [Requirement("FAQ/KOS.2")]
    public async Task Step_9_a_rejection_note_by_storescu_replaces_the_manifest_and_not_the_report()
    {
        using var folder = new StoreFolder();
        var exam = new ExaminationCase();
        var images = exam.WriteImages(folder.Path, 8);
        await ExaminationCase.StoreAsync(gateway, images);
        await ReportAsync(exam);
        var before = await ManifestAsync(exam);
        var report = Assert.Single(await gateway.Registry.GetAsync(exam.UniqueId(1)));

        await ExaminationCase.StoreAsync(gateway, RejectionNoteFile.Write(folder.Path, exam, images.Take(2)));

        var after = await ManifestAsync(exam, before.UniqueId);
        Assert.Equal(await UidsAsync(images.Skip(2)), await ReferencedAsync(after, folder.Path));
        var same = Assert.Single(await gateway.Registry.GetAsync(exam.UniqueId(1)));
        Assert.Equal(report.Element!.ToString(), same.Element!.ToString());
    }

    [Fact]
    [Requirement("DB/RIS.10")]
    [Requirement("DB/RIS.12")]
    public async Task Step_10_a_deletion_by_MDM_T04_that_names_the_head_leaves_nothing_Approved()
    {
        using var folder = new StoreFolder();
        var exam = new ExaminationCase();
        await ExaminationCase.StoreAsync(gateway, exam.WriteImages(folder.Path, 4));
        await ReportAsync(exam);
        await SendAsync(exam.Mdm("t10", exam.Cda(2, replaces: 1), 2, parent: 1));
        await OnlyApprovedAsync(exam, exam.UniqueId(2), reports: 2);
        await ManifestAsync(exam);

        AssertAccepted(await SendAsync(exam.Mdm("t04", exam.Cda(2, replaces: 1), 2)), exam, "t04", 2, "T04");

        await gateway.RegistryShowsAsync(
            exam.Ins, e => !e.Any(d => d.IsApproved && (d.IsReport || d.IsManifest)), "no Approved report or KOS");
        var register = await gateway.AskAsync("reports", "show", exam.UniqueId(2));
        Assert.Equal(2, register.GetProperty("versions").GetArrayLength());
        Assert.True(register.GetProperty("withdrawn").GetBoolean());
    }

    [Fact]
    public async Task Step_13_a_process_killed_between_ITI_41_and_its_outcome_leaves_one_Approved_report()
    {
        await using var own = new GatewayUnderTest();
        await own.StartAsync(GatewayUnderTest.RisAlone);
        var cancellation = TestContext.Current.CancellationToken;
        var exam = new ExaminationCase();
        await MllpWire.SendAsync(own.RisPort, exam.Mdm("t02", exam.Cda(1), 1), cancellation);
        await PublishedAsync(own, exam.UniqueId(1));

        // The DMP takes the replacement and never answers.
        own.Dmp.Faults.Add(new FaultRule(
            FaultKind.NoAnswer, "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b", FaultMoment.AfterCommit, Nth: 1));
        var ack = await MllpWire.SendAsync(
            own.RisPort, exam.Mdm("t10", exam.Cda(2, replaces: 1), 2, parent: 1), cancellation);
        Assert.Equal("AA", ack!["MSA", 1]);
        await own.RegistryShowsAsync(exam.Ins, e => e.Count(d => d.IsReport) == 2, "the replacement committed");
        var before = await own.AskAsync("reports", "show", exam.UniqueId(2));
        Assert.NotEqual("approved", before.GetProperty("publication").GetString());
        await own.Child.KillAsync(cancellation);

        await own.StartChildAsync();
        await PublishedAsync(own, exam.UniqueId(2));

        var reports = (await own.Registry.FindAsync(exam.Ins)).Where(e => e.IsReport).ToList();
        Assert.Equal(2, reports.Count);
        Assert.Equal(exam.UniqueId(2), Assert.Single(reports, r => r.IsApproved).UniqueId);
    }

    private static async Task PublishedAsync(GatewayUnderTest gateway, string document) =>
        await Eventually.HoldsAsync(
            () => gateway.AskAsync("reports", "show", document),
            report => report.GetProperty("publication").GetString() == "approved",
            report => $"expected the publication approved: {report.GetRawText()}\n{gateway.Child.Output}");

    private static void AssertAccepted(AckText? ack, ExaminationCase exam, string @event, int version, string trigger)
    {
        Assert.NotNull(ack);
        Assert.Equal(["RIS", "TILLEULS", "PLATEFORME", "LEVANT"], Enumerable.Range(3, 4).Select(f => ack["MSH", f]));
        Assert.Equal($"ACK^{trigger}^ACK", ack["MSH", 9]);
        Assert.InRange(ack["MSH", 10].Length, 1, 20);
        Assert.Equal("P", ack["MSH", 11]);
        Assert.Equal("2.6", ack["MSH", 12]);
        Assert.Equal("UNICODE UTF-8", ack["MSH", 18]);
        Assert.Equal("AA", ack["MSA", 1]);
        Assert.Equal(exam.ControlId(@event, version), ack["MSA", 2]);
        Assert.Null(ack.Find("ERR"));
    }

    private Task<AckText?> SendAsync(byte[] message) =>
        MllpWire.SendAsync(gateway.RisPort, message, TestContext.Current.CancellationToken);

    private async Task ReportAsync(ExaminationCase exam)
    {
        AssertAccepted(await SendAsync(exam.Mdm("t02", exam.Cda(1), 1)), exam, "t02", 1, "T02");
        await OnlyApprovedAsync(exam, exam.UniqueId(1), reports: 1);
    }

    private Task<IReadOnlyList<EntryText>> OnlyApprovedAsync(ExaminationCase exam, string uniqueId, int reports) =>
        gateway.RegistryShowsAsync(
            exam.Ins,
            e => e.Count(d => d.IsReport) == reports
                && e.Where(d => d is { IsReport: true, IsApproved: true }).Select(d => d.UniqueId).SequenceEqual([uniqueId]),
            $"{uniqueId} alone Approved of {reports}");

    /// <summary>The Approved KOS of the patient, once it is not the one before.</summary>
    private async Task<EntryText> ManifestAsync(ExaminationCase exam, string? before = null)
    {
        var entries = await gateway.RegistryShowsAsync(
            exam.Ins,
            e => e.Count(d => d is { IsManifest: true, IsApproved: true }) == 1
                && !e.Any(d => d.IsApproved && d.UniqueId == before),
            "one Approved KOS");
        return entries.Single(d => d is { IsManifest: true, IsApproved: true });
    }

    /// <summary>The SOP Instance UIDs that a KOS names, by dcmdump, after dciodvfy found no error in it.</summary>
    private async Task<IEnumerable<string>> ReferencedAsync(EntryText manifest, string folder)
    {
        var path = Path.Combine(folder, manifest.UniqueId + ".kos.dcm");
        await File.WriteAllBytesAsync(
            path, await gateway.Registry.RetrieveAsync(manifest), TestContext.Current.CancellationToken);
        var (_, findings) = await Dcmtk.RunAsync("dciodvfy", path);
        Assert.DoesNotContain(findings.Split('\n'), line => line.StartsWith("Error", StringComparison.Ordinal));

        // Current Requested Procedure Evidence Sequence > Referenced Series Sequence > Referenced SOP Sequence.
        var dump = await Dcmtk.SucceedAsync(
            "dcmdump", "-q", "+p", "+P", "ReferencedSOPInstanceUID", path);
        return dump.Split('\n').Where(l => l.StartsWith("(0040,a375)", StringComparison.Ordinal))
            .Select(Bracketed).Order(StringComparer.Ordinal);
    }

    private static async Task<IEnumerable<string>> UidsAsync(IEnumerable<string> files)
    {
        var uids = new List<string>();
        foreach (var file in files) uids.Add(await ValueAsync(file, "0008,0018"));
        return uids.Order(StringComparer.Ordinal);
    }

    private static async Task<string> ValueAsync(string file, string tag) =>
        Bracketed(await Dcmtk.SucceedAsync("dcmdump", "-q", "+P", tag, file));

    private static string Bracketed(string line) => line.Split('[', ']')[1];

    /// <summary>findscu with the answers as files, one each.</summary>
    private async Task<string> FindAsync(
        string parent, string name, ExaminationCase exam, string level, string series = "")
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, name)).FullName;
        string[] keys = level == "IMAGE" ? ["-k", $"SeriesInstanceUID={series}", "-k", "SOPInstanceUID"] : ["-k", "SeriesInstanceUID"];
        await Dcmtk.SucceedInAsync(
            folder, "findscu", ["-S", "-X", "-aec", "DRIMBOX", "-k", $"QueryRetrieveLevel={level}",
                "-k", $"StudyInstanceUID={exam.Study}", .. keys, "127.0.0.1", $"{gateway.ArchivePort}"]);
        return folder;
    }

    /// <summary>What follows the file meta information (PS3.10 7.1: its length stands in its first element).</summary>
    private static string DataSetOf(string path)
    {
        var bytes = File.ReadAllBytes(path);
        Assert.Equal("DICM"u8.ToArray(), bytes[128..132]);
        return Convert.ToHexString(bytes.AsSpan(144 + BitConverter.ToInt32(bytes, 140)));
    }
}
