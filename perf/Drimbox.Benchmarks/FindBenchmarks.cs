using BenchmarkDotNet.Attributes;
using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;

namespace Drimbox.Benchmarks;

/// <summary>A study-level C-FIND: its identifier understood (the index then matches it), and one answer encoded.
/// </summary>
public class FindBenchmarks
{
    private byte[] _identifier = [];
    private DataSet _match = new();
    private MatchWriter _writer = new(TransferSyntax.ImplicitVRLittleEndian);
    private ArchiveMatchPage? _page;

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

        var (understood, _) = QueryKeys.Understand(identifier, FindLevel.Study);
        ArchiveAttribute[] attributes = [.. understood!.Query.Matches.Select(match => match.Attribute)];
        var page = new FindPage(attributes);
        foreach (var attribute in attributes)
            page.Add(attribute == ArchiveAttribute.PatientName ? "MÜLLER^ZOÉ"u8 : "20261122"u8);
        _page = new ArchiveMatchPage(page, understood, "STUDY", AeTitle.Parse("ARCHIVE"));

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

    /// <summary>The way of the archive, from what the index read to the identifier.</summary>
    [Benchmark, BenchmarkCategory("encode a match")]
    public int WriteMatch()
    {
        _writer.Begin();
        _page!.Write(0, _writer);
        return _writer.Written.Length;
    }

    [Benchmark, BenchmarkCategory("encode a match")]
    public int EncodeMatch() => DataSetWriter.ToBytes(_match, TransferSyntax.ImplicitVRLittleEndian).Length;
}
