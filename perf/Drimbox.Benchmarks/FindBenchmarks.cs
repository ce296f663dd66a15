using BenchmarkDotNet.Attributes;
using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Storage;

namespace Drimbox.Benchmarks;

/// <summary>A study-level C-FIND: its identifier understood (the index then matches it), and one answer encoded.
/// </summary>
public class FindBenchmarks
{
    private byte[] _identifier = [];
    private DataSet _match = new();

    [GlobalSetup]
    public void SetUp()
    {
        var identifier = new DataSet();
        identifier.SetString(Tag.QueryRetrieveLevel, "STUDY");
        identifier.SetString(Tag.PatientName, "PAT-TROIS*");
        identifier.SetString(Tag.StudyDate, "20261101-20261130");
        identifier.SetString(Tag.ModalitiesInStudy, "CT");
        identifier.SetEmpty(Tag.PatientID);
        identifier.SetEmpty(Tag.PatientBirthDate);
        identifier.SetEmpty(Tag.AccessionNumber);
        identifier.SetEmpty(Tag.StudyDescription);
        identifier.SetEmpty(Tag.StudyInstanceUID);
        identifier.SetEmpty(Tag.NumberOfStudyRelatedInstances);
        _identifier = DataSetWriter.ToBytes(identifier, TransferSyntax.ImplicitVRLittleEndian);

        _match.SetCharacterSet(CharacterSet.Latin1);
        _match.SetString(Tag.QueryRetrieveLevel, "STUDY");
        _match.SetString(Tag.RetrieveAETitle, "ARCHIVE");
        _match.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        _match.SetString(Tag.PatientID, "279035121518989");
        _match.SetString(Tag.StudyDate, "20261122");
        _match.SetString(Tag.StudyDescription, "Scanner injecté");
        _match.SetUid(Tag.StudyInstanceUID, Uid.Parse("1.2.826.0.1.3680043.10.99999.4.1"));
    }

    [Benchmark, BenchmarkCategory("understand a C-FIND")]
    public int Understand()
    {
        var identifier = DataSetReader.TryRead(_identifier, TransferSyntax.ImplicitVRLittleEndian, out _)!;
        var (query, _) = QueryKeys.Understand(identifier, FindLevel.Study);
        return query!.Keys.Count;
    }

    [Benchmark, BenchmarkCategory("encode a match")]
    public int EncodeMatch() => DataSetWriter.ToBytes(_match, TransferSyntax.ImplicitVRLittleEndian).Length;
}
