using System.Buffers;
using System.Collections.Concurrent;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Load.Synthetic;

namespace Drimbox.Tests.Dicom;

/// <summary>Three images of one study as files, for peers that read files.</summary>
internal sealed class SampleStudy : IDisposable
{
    private readonly StoreFolder _folder = new();

    public SampleStudy()
        : this(TransferSyntax.ExplicitVRLittleEndian)
    {
    }

    public SampleStudy(TransferSyntax syntax)
    {
        foreach (var bytes in SyntheticStudy.DataSets(Order).Select(d => Part10Writer.ToBytes(d, syntax)))
        {
            var path = Path.Combine(_folder.Path, $"image{Paths.Count}.dcm");
            File.WriteAllBytes(path, bytes);
            Assert.True(DicomFile.TryRead(path, out var file, out _));
            Paths.Add(path);
            Sources.Add(InstanceSource.FromFile(
                path, file!.DataSetOffset, file.DataSet.GetUid(Tag.SOPClassUID),
                file.DataSet.GetUid(Tag.SOPInstanceUID), file.TransferSyntax.Uid));
        }
    }

    public static SyntheticStudyOrder Order { get; } = new(
        Uid.Parse("1.2.250.1.213.4.5.2.1.104"),
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"), null,
            "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", "PAT-TROIS", "19790328", "F", "63220"),
        new DateTimeOffset(2026, 8, 22, 8, 31, 17, TimeSpan.FromHours(2)))
    {
        Instances = 3,
    };

    public List<string> Paths { get; } = [];

    public List<InstanceSource> Sources { get; } = [];

    public string[] Uids => Sources.Select(s => s.SopInstanceUid.ToString()).Order().ToArray();

    public static DataSet Query()
    {
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, "STUDY");
        query.SetUid(Tag.StudyInstanceUID, Order.StudyInstanceUid);
        return query;
    }

    /// <summary>A folder of its own, gone with the study.</summary>
    public string Folder(string name) =>
        Directory.CreateDirectory(Path.Combine(_folder.Path, name)).FullName;

    /// <summary>The data set of each file, by its SOP Instance UID.</summary>
    public Dictionary<string, byte[]> DataSets() => Sources.ToDictionary(
        source => source.SopInstanceUid.ToString(),
        source =>
        {
            using var content = source.Open();
            var bytes = new byte[content.Length];
            for (var done = 0; done < bytes.Length;) done += content.Read(bytes.AsSpan(done));
            return bytes;
        });

    public void Dispose() => _folder.Dispose();
}

/// <summary>A store in memory that also answers retrieves from a list.</summary>
internal sealed class KeptInstances : ICStoreScp
{
    public ConcurrentDictionary<string, byte[]> Stored { get; } = [];

    public string[] Uids => Stored.Keys.Order().ToArray();

    public IInstanceSink BeginStore(in CStoreRequest request) => new Sink(this, request.SopInstanceUid.ToString());

    private sealed class Sink(KeptInstances store, string uid) : IInstanceSink
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            _bytes.Write(fragment.Span);
            return default;
        }

        public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            store.Stored[uid] = _bytes.WrittenSpan.ToArray();
            return new(DimseStatus.Success);
        }

        public ValueTask AbandonAsync() => default;
    }
}

/// <summary>Answers with one study, whatever is asked, and moves and gets it.</summary>
internal sealed class StudyScp(SampleStudy study) : ICFindScp, IRetrieveScp
{
    IReadOnlyCollection<Uid> ICFindScp.SopClasses { get; } = [SopClass.StudyRootQueryRetrieveInformationModelFind];

    IReadOnlyCollection<Uid> IRetrieveScp.SopClasses { get; } =
        [SopClass.StudyRootQueryRetrieveInformationModelMove, SopClass.StudyRootQueryRetrieveInformationModelGet];

    public ConcurrentQueue<CFindRequest> Queries { get; } = [];

    QueryOptions ICFindScp.Options => QueryOptions.Relational;

    QueryOptions IRetrieveScp.Options => QueryOptions.Relational;

    public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken)
    {
        Queries.Enqueue(request);
        var match = SampleStudy.Query();
        match.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        return new(CFindAnswer.Found(new[] { match }.ToAsyncEnumerable()));
    }

    public ValueTask<RetrieveAnswer> RetrieveAsync(RetrieveRequest request, CancellationToken cancellationToken) =>
        new(RetrieveAnswer.Found(study.Sources));
}
