using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Manifests;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Storage;

namespace Drimbox.Source.Transfer;

/// <summary>Takes over what another source wrote, or this one before (DB.SO.30). Each study is checked whole before
/// anything of it is kept; one that is refused keeps no other out. The same again changes nothing.</summary>
internal sealed class ManifestImport(StudyRegister register, ObjectStore objects, SourcePolicy policy)
{
    private readonly XdmReader _xdm = new(policy);

    /// <param name="path">A folder or a zip file of one of the layouts of <see cref="TransferLayout"/>.</param>
    /// <exception cref="TransferException">It is none.</exception>
    public async Task RunAsync(string path, TransferCount count, CancellationToken cancellationToken)
    {
        using var source = ImportSource.Open(path);
        if (await source.TryReadAsync(ManifestExport.Marker, Limits.KosBytesMax, cancellationToken) is { } marker)
            CheckFormat(marker);
        await foreach (var group in source.GroupsAsync(cancellationToken))
        {
            var why = await TryImportAsync(source, group, count, cancellationToken);
            if (why is not null) count.Refuse(group.Folder, why);
        }
    }

    private static void CheckFormat(byte[] marker)
    {
        try
        {
            using var json = JsonDocument.Parse(marker);
            if (json.RootElement.GetProperty("format").GetInt32() == ManifestExport.Format) return;
        }
        catch (Exception e) when (
            e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // Said below.
        }

        throw new TransferException($"{ManifestExport.Marker} is not of a format that this version reads.");
    }

    /// <returns>Why it was refused, or null.</returns>
    [SuppressMessage(
        "Design", "CA1031",
        Justification = "The top of the work on one study, whose files anybody may have made: whoever imports is told.")]
    private async Task<string?> TryImportAsync(
        ImportSource source, ImportGroup group, TransferCount count, CancellationToken cancellationToken)
    {
        try
        {
            return await ImportAsync(source, group, count, cancellationToken);
        }
        catch (Exception e) when (e is not (OperationCanceledException or StorageFaultException))
        {
            return $"it cannot be read ({e.GetType().Name})";
        }
    }

    private async Task<string?> ImportAsync(
        ImportSource source, ImportGroup group, TransferCount count, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var bySha256 = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var left = Limits.TransferStudyBytesMax;
        foreach (var (name, sha256) in group.Files)
        {
            var bytes = await source.TryReadAsync(
                $"{group.Folder}/{name}", (int)Math.Min(left, Limits.KosBytesMax), cancellationToken);
            if (bytes is null) return $"{name} is missing, or too long";
            var read = StoredObject.Of(bytes).Sha256;
            if (sha256 is not null && read != sha256)
                return $"the SHA-256 of {name} is not that of {ExportTarget.Sums}";
            left -= bytes.Length;
            files.Add(name, bytes);
            bySha256.TryAdd(read, bytes);
        }

        if (group.Folder == ManifestExport.Documents)
        {
            foreach (var json in files.Values)
            {
                await register.ImportAsync(
                    EventCodec.Read<List<AwaitedDocument>>(Encoding.UTF8.GetString(json)), cancellationToken);
            }

            return null;
        }

        if (Read(group, files, out var why) is not { } history) return why;
        if (HistoryCheck.Check(history, bySha256, policy) is { } problem) return problem;
        foreach (var (name, bytes) in files)
        {
            if (name is ManifestExport.History or XdmWriter.Reports) continue;
            await objects.PutAsync(bytes, cancellationToken);
            count.File(bytes.Length);
        }

        var import = await register.ImportAsync(history, cancellationToken);
        switch (import.Taken)
        {
            case HistoryTaken.Imported:
                count.Done();
                return null;
            case HistoryTaken.AlreadyThere:
                count.Skipped();
                return null;
            default:
                return $"another history of the study is known here: {import.Detail}";
        }
    }

    private StudyHistory? Read(ImportGroup group, Dictionary<string, byte[]> files, out string why)
    {
        if (!group.Folder.StartsWith("studies/", StringComparison.Ordinal)) return _xdm.TryRead(files, out why);
        why = "";
        if (files.TryGetValue(ManifestExport.History, out var json))
        {
            var history = EventCodec.Read<StudyHistory>(Encoding.UTF8.GetString(json));
            if (group.Folder == $"studies/{history.Study}") return history;
            why = $"{ManifestExport.History} is of another study than its folder";
            return null;
        }

        why = $"{ManifestExport.History} is missing";
        return null;
    }
}
