using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Load.Synthetic;

namespace Drimbox.Gateway.Demo;

/// <summary>The study of the demo, and the modality that made it: it sends images to the archive, and notes that
/// reject some of them.</summary>
internal sealed class DemoStudy
{
    private readonly IReadOnlyList<DemoInstance> _instances;

    private DemoStudy(IReadOnlyList<DemoInstance> instances)
    {
        _instances = instances;
        var first = instances[0].Header;
        StudyInstanceUid = first.GetUid(Tag.StudyInstanceUID);
        PatientId = first.GetString(Tag.PatientID) ?? "";
        IssuerOfPatientId = first.GetString(Tag.IssuerOfPatientID) ?? "";
        AccessionNumber = first.GetString(Tag.AccessionNumber) ?? "";
    }

    public Uid StudyInstanceUid { get; }

    public string PatientId { get; }

    public string IssuerOfPatientId { get; }

    public string AccessionNumber { get; }

    public int Count => _instances.Count;

    /// <summary>The files of one study in <paramref name="folder"/>, or a synthetic CT of 60 images.</summary>
    public static DemoStudy Prepare(string? folder, TimeProvider time) =>
        new(folder is null ? Synthetic(time) : FilesOf(folder));

    /// <summary>C-STORE of the study.</summary>
    /// <param name="leaveOut">How many of the last images a misbehaving modality loses.</param>
    public async Task SendAsync(DicomPeerOptions archive, int leaveOut, CancellationToken cancellation) =>
        await SendAsync(archive, _instances.SkipLast(leaveOut).Select(i => i.Source).ToList(), cancellation);

    /// <summary>IOCM (RAD-66): a note that rejects the first images of the study.</summary>
    /// <param name="unknown">A misbehaving PACS side names images that do not exist.</param>
    public async Task RejectAsync(
        DicomPeerOptions archive, int count, bool unknown, IIdSource ids, DateTimeOffset now,
        CancellationToken cancellation)
    {
        var series = _instances.Take(count).GroupBy(i => i.Header.GetUid(Tag.SeriesInstanceUID))
            .Select(s => new ManifestSeries(s.Key, null, null, s.Select(i => new ManifestInstance(
                i.Source.SopClassUid, unknown ? ids.NewUid() : i.Source.SopInstanceUid)).ToList())).ToList();
        var first = _instances[0].Header;
        var note = new RejectionNote(
            ids.NewUid(), ids.NewUid(), now, RejectionReason.Quality, "Drimbox demo",
            DemoIdentities.Patient with { LocalId = new LocalPatientId(PatientId, "", IssuerOfPatientId) },
            new ManifestStudy(
                StudyInstanceUid, first.GetString(Tag.StudyDate) ?? "", first.GetString(Tag.StudyTime) ?? "",
                first.GetString(Tag.StudyDescription) ?? ""),
            series);
        await SendAsync(archive, [Load(RejectionNoteDataSet.ToFile(note)).Source], cancellation);
    }

    /// <summary>How many images of the study the archive shows, by C-FIND at IMAGE level in each series.</summary>
    public async Task<int> CountShownAsync(DicomPeerOptions archive, CancellationToken cancellation)
    {
        await using var association = await AssociateAsync(
            archive, [CFindScu.ContextFor(SopClass.StudyRootQueryRetrieveInformationModelFind)], cancellation);
        var find = new CFindScu(association);
        var shown = 0;
        foreach (var series in await FindAsync(find, "SERIES", [(Tag.SeriesInstanceUID, "")], cancellation))
        {
            var uid = series.GetString(Tag.SeriesInstanceUID)!;
            shown += (await FindAsync(
                find, "IMAGE", [(Tag.SeriesInstanceUID, uid), (Tag.SOPInstanceUID, "")], cancellation)).Count;
        }

        await association.ReleaseAsync(cancellation);
        return shown;
    }

    private async Task<List<DataSet>> FindAsync(
        CFindScu find, string level, IReadOnlyList<(Tag Tag, string Value)> keys, CancellationToken cancellation)
    {
        var identifier = new DataSet();
        identifier.SetString(Tag.QueryRetrieveLevel, level);
        identifier.SetUid(Tag.StudyInstanceUID, StudyInstanceUid);
        foreach (var (tag, value) in keys)
        {
            if (value.Length == 0) identifier.SetEmpty(tag);
            else identifier.SetString(tag, value);
        }

        var found = new List<DataSet>();
        await foreach (var match in find.FindAsync(
            SopClass.StudyRootQueryRetrieveInformationModelFind, identifier, cancellation))
        {
            found.Add(match);
        }

        return found;
    }

    private static async Task SendAsync(
        DicomPeerOptions archive, IReadOnlyList<InstanceSource> instances, CancellationToken cancellation)
    {
        await using var association = await AssociateAsync(
            archive, CStoreScu.ContextsFor(instances), cancellation);
        var scu = new CStoreScu(association);
        foreach (var instance in instances)
        {
            var status = await scu.SendAsync(instance, cancellation);
            Expect.That(status == DimseStatus.Success, $"C-STORE was answered {status}");
        }

        await association.ReleaseAsync(cancellation);
    }

    private static Task<Association> AssociateAsync(
        DicomPeerOptions archive, IReadOnlyList<ProposedContext> contexts, CancellationToken cancellation) =>
        Association.RequestAsync(
            new AssociationOptions
            {
                Host = archive.Host,
                Port = archive.Port,
                CallingAe = AeTitle.Parse(DemoConfiguration.ModalityAe),
                CalledAe = AeTitle.Parse(archive.AeTitle),
                Contexts = contexts,
            },
            cancellation);

    private static List<DemoInstance> Synthetic(TimeProvider time) =>
        SyntheticStudy.Files(new SyntheticStudyOrder(
            Uid.Parse("1.2.250.1.999.10.9.1"), DemoIdentities.Patient, time.GetUtcNow())
        {
            AccessionNumber = DemoIdentities.Accession("ACN101"),
            Rows = 128,
            Columns = 128,
        }).Select(Load).ToList();

    private static List<DemoInstance> FilesOf(string folder)
    {
        var instances = new List<DemoInstance>();
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order())
        {
            if (!DicomFile.TryRead(path, out var file, out _, Tag.PixelData)) continue;
            var header = file!.DataSet;
            // A rejection note among them would hide images before the scenario does.
            if (header.GetUid(Tag.SOPClassUID) == SopClass.KeyObjectSelectionDocumentStorage) continue;
            if (instances.Count > 0
                && header.GetUid(Tag.StudyInstanceUID) != instances[0].Header.GetUid(Tag.StudyInstanceUID))
            {
                continue;
            }

            instances.Add(new DemoInstance(header, InstanceSource.FromFile(
                path, file.DataSetOffset, header.GetUid(Tag.SOPClassUID), header.GetUid(Tag.SOPInstanceUID),
                file.TransferSyntax.Uid)));
        }

        return instances.Count > 0
            ? instances
            : throw new DemoFailedException($"{folder} holds no image in a DICOM file.");
    }

    private static DemoInstance Load(byte[] file)
    {
        var read = DicomFile.TryRead(new MemoryStream(file), out var dicom, out var refusal);
        Expect.That(read, refusal?.Detail ?? "not a DICOM file");
        var header = dicom!.DataSet;
        return new DemoInstance(header, InstanceSource.FromMemory(
            file.AsMemory((int)dicom.DataSetOffset), header.GetUid(Tag.SOPClassUID),
            header.GetUid(Tag.SOPInstanceUID), dicom.TransferSyntax.Uid));
    }

    private sealed record DemoInstance(DataSet Header, InstanceSource Source);
}
