using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Studies;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Storage;

namespace Drimbox.Source.Transfer;

/// <summary>Writes what the source keeps of its publications, study by study in the order of their UIDs, while the
/// source goes on working (DB.SO.29). No more than one manifest is held at a time.</summary>
internal sealed class ManifestExport(StudyRegister register, ObjectStore objects, TimeZoneInfo zone)
{
    /// <summary>The file of the layout of our own that says that it is one.</summary>
    public const string Marker = "drimbox.json";

    public const int Format = 1;

    public const string History = "history.json";

    /// <summary>The folder of what is known of documents that have not come yet.</summary>
    public const string Documents = "documents";

    private const int StudiesPerPage = 100;

    /// <exception cref="TransferException">It cannot be written there.</exception>
    public async Task RunAsync(ExportOrder order, TransferCount count, CancellationToken cancellationToken)
    {
        using var target = ExportTarget.Open(order.Path, order.Signature);
        var xdm = order.Layout == TransferLayout.Xdm ? new XdmWriter(target, objects) : null;
        if (xdm is null && target.LastStudy is null)
        {
            await target.WriteAsync(
                Marker, JsonSerializer.SerializeToUtf8Bytes(new { format = Format }), cancellationToken);
        }

        await foreach (var study in StudiesAsync(order, target.LastStudy, cancellationToken))
        {
            var history = await register.ReadHistoryAsync(study, cancellationToken);
            var state = history.State;
            if (state == StudyState.Empty && order.Study is not null) count.Refuse(study.ToString(), "nothing is known of it");
            if (!IsWanted(order, state)) continue;
            try
            {
                // What is not in the DMP is nothing that another DRIMbox could go on with by its metadata alone.
                if (xdm is null) await WriteAsync(target, history, count, cancellationToken);
                else if (!await xdm.TryWriteAsync(history, state, count, cancellationToken)) continue;
                target.EndStudy(study);
                count.Done();
            }
            catch (StorageFaultException e) when (e.Fault is StorageFault.Absent or StorageFault.Corrupt)
            {
                // Told, and gone on with: the others are worth more than none.
                count.Refuse(study.ToString(), e.Message);
            }
        }

        if (xdm is not null) await xdm.FinishAsync(cancellationToken);
        else if (order is { Study: null, From: null, To: null }) await WriteDocumentsAsync(target, cancellationToken);
        await target.FinishAsync(cancellationToken);
    }

    private async IAsyncEnumerable<Uid> StudiesAsync(
        ExportOrder order, Uid? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (order.Study is { } only)
        {
            yield return only;
            yield break;
        }

        while (true)
        {
            var page = await register.ListAsync(after, StudiesPerPage, cancellationToken);
            if (page.Count == 0) yield break;
            foreach (var study in page) yield return study;
            after = page[^1];
        }
    }

    private bool IsWanted(ExportOrder order, StudyState state)
    {
        if (state == StudyState.Empty) return false;
        if (order.From is null && order.To is null) return true;
        if (state.Current is not { } current) return false;
        var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(current.CreatedAt, zone).DateTime);
        return day >= (order.From ?? DateOnly.MinValue) && day <= (order.To ?? DateOnly.MaxValue);
    }

    // Few: deletions that overtook their document, and those of documents that are not for the DMP.
    private async Task WriteDocumentsAsync(ExportTarget target, CancellationToken cancellationToken)
    {
        var documents = new List<AwaitedDocument>();
        await foreach (var document in register.ListAwaitedDocumentsAsync(cancellationToken)) documents.Add(document);
        await target.WriteAsync(
            $"{Documents}/awaited.json", Encoding.UTF8.GetBytes(EventCodec.Write(documents)), cancellationToken);
    }

    private async Task WriteAsync(
        ExportTarget target, StudyHistory history, TransferCount count, CancellationToken cancellationToken)
    {
        var folder = $"studies/{history.Study}/";
        foreach (var version in history.Manifests)
            await CopyAsync($"{folder}kos-{version.Sequence}.dcm", version.File);
        var number = 0;
        foreach (var (_, ended) in history.Kept())
        {
            number++;
            await CopyAsync($"{folder}metadata-{number}.xml", ended.Kept!.Metadata);
            if (ended.Kept.Signature is { } signature) await CopyAsync($"{folder}signature-{number}.xml", signature);
        }

        // Last: who finds it finds the rest.
        var json = Encoding.UTF8.GetBytes(EventCodec.Write(history));
        await target.WriteAsync(folder + History, json, cancellationToken);
        count.File(json.Length);

        async Task CopyAsync(string name, StoredObject stored)
        {
            await target.WriteAsync(
                name, await objects.ReadAsync(stored, Limits.KosBytesMax, cancellationToken), cancellationToken);
            count.File(stored.Length);
        }
    }
}
