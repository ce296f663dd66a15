using System.Text.Json;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Emulators;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.LifeCycle;

/// <summary><c>drimbox patient</c> against a running process, with peers of another maker.</summary>
public sealed class PatientCommandTests : IDisposable
{
    private static readonly string _uid = StudyFiles.Order.StudyInstanceUid.ToString();

    private readonly StudyFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_patient_is_corrected_merged_listed_and_taken_back()
    {
        await using var archive = await RunningArchive.StartAsync();
        await CommandRun.SucceedAsync("store", archive.Peer, _files.Study);
        var patient = Patient(await archive.SucceedAsync("study", "show", _uid, "--json"));
        await archive.SucceedAsync("patient", "correct", patient, "--name", "PAT-DIX^ALIX", "--reason", "misspelt");
        var merged = await archive.SucceedAsync(
            "patient", "move", _uid, "IPP999", "--name", "PAT-ONZE^ALIX", "--birth-date", "19790328", "--sex", "F",
            "--json");
        var shown = Json(await archive.SucceedAsync("study", "show", _uid, "--json"));
        Assert.Equal(
            ("IPP999", "PAT-ONZE^ALIX", patient), (
                shown.GetProperty("patient").GetString(), shown.GetProperty("name").GetString(),
                shown.GetProperty("received").GetProperty("patient").GetString()));
        Assert.Equal(2, shown.GetProperty("corrections").GetArrayLength());
        // What is retrieved has it, what is exported does not.
        await CommandRun.SucceedAsync(
            "get", archive.Peer, "-k", $"StudyInstanceUID={_uid}", "-o", _files.PathOf("got"));
        Assert.All(
            Directory.GetFiles(_files.PathOf("got"), "*", SearchOption.AllDirectories),
            file => Assert.Equal("IPP999", DataSetOf(file).GetString(Tag.PatientID)));
        await archive.SucceedAsync("study", "export", _uid, "--output", _files.PathOf("exported"));
        Assert.All(
            Directory.GetFiles(_files.PathOf("exported"), "*", SearchOption.AllDirectories),
            file => Assert.Equal(patient, DataSetOf(file).GetString(Tag.PatientID)));

        foreach (var entry in Json(await archive.SucceedAsync("patient", "corrections", "--json")).EnumerateArray())
        {
            Assert.Equal(Environment.UserName, entry.GetProperty("by").GetString());
            await archive.SucceedAsync("patient", "undo", entry.GetProperty("correction").GetRawText());
        }

        Assert.Equal(patient, Patient(await archive.SucceedAsync("study", "show", _uid, "--json")));
        var again = await archive.CommandAsync(
            "patient", "undo", Json(merged).GetProperty("correction").GetRawText());
        Assert.Equal((1, "It is undone already."), (again.ExitCode, again.Errors.Trim()));
        var unknown = await archive.CommandAsync("patient", "merge", "IPP404", patient);
        Assert.Equal((1, "The archive has no study of this patient."), (unknown.ExitCode, unknown.Errors.Trim()));
    }

    [Fact]
    public async Task What_is_sent_of_a_corrected_study_is_a_good_object_to_the_programs_of_others()
    {
        _ = (Peer.Require("dciodvfy"), Peer.Require("dcmdump"));
        await using var archive = await RunningArchive.StartAsync();
        await CommandRun.SucceedAsync("store", archive.Peer, _files.Study);
        var patient = Patient(await archive.SucceedAsync("study", "show", _uid, "--json"));
        async Task<(string File, HashSet<string> Errors)> GetAsync(string folder)
        {
            await CommandRun.SucceedAsync(
                "get", archive.Peer, "-k", $"StudyInstanceUID={_uid}", "-o", _files.PathOf(folder));
            var file = Directory.GetFiles(_files.PathOf(folder), "*", SearchOption.AllDirectories).Order().First();
            var (_, findings) = await Dcmtk.RunAsync("dciodvfy", file);
            return (file, [.. findings.Split('\n').Where(l => l.StartsWith("Error", StringComparison.Ordinal))]);
        }

        var before = await GetAsync("before");
        await archive.SucceedAsync("patient", "correct", patient, "--name", "ΑΛΦΑ^ΒΗΤΑ", "--sex", "O");
        var after = await GetAsync("after");
        // No finding that was not there.
        Assert.Subset(before.Errors, after.Errors);
        var dump = await Dcmtk.SucceedAsync("dcmdump", after.File);
        Assert.Contains("[CORRECT]", dump, StringComparison.Ordinal);
        Assert.Contains("[ISO_IR 192]", dump, StringComparison.Ordinal);
    }

    private static DataSet DataSetOf(string file)
    {
        Assert.True(DicomFile.TryRead(file, out var read, out var refusal), refusal?.Detail);
        return read!.DataSet;
    }

    private static string Patient(CommandRun run) => Json(run).GetProperty("patient").GetString()!;

    private static JsonElement Json(CommandRun run) => JsonDocument.Parse(run.Output).RootElement;
}
