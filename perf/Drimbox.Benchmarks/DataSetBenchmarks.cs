using System.Buffers;
using BenchmarkDotNet.Attributes;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Benchmarks;

/// <summary>A whole CT of 512 KiB: read, written, and asked for values.</summary>
public partial class DataSetBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(1024 * 1024);
    private byte[] _file = [];
    private string _path = "";
    private DataSet _ct = new();
    private byte[] _implicit = [];

    [GlobalSetup]
    public void SetUp()
    {
        _file = SyntheticCt.CreateFile();
        _path = TemporaryFile.Write(_file);
        DicomFile.TryRead(_file, out var file, out _);
        _ct = file!.DataSet;
        _implicit = DataSetWriter.ToBytes(SyntheticCt.Create(), TransferSyntax.ImplicitVRLittleEndian);
        SetUpFoDicom();
    }

    [GlobalCleanup]
    public void CleanUp() => TemporaryFile.Delete(_path);

    [Benchmark, BenchmarkCategory("read from memory")]
    public DataSet ReadMemory()
    {
        DicomFile.TryRead(_file, out var file, out _);
        return file!.DataSet;
    }

    [Benchmark, BenchmarkCategory("read from memory, implicit VR")]
    public DataSet ReadImplicit() =>
        DataSetReader.TryRead(_implicit, TransferSyntax.ImplicitVRLittleEndian, out _)!;

    [Benchmark, BenchmarkCategory("read from a file")]
    public DataSet ReadFile()
    {
        DicomFile.TryRead(_path, out var file, out _);
        return file!.DataSet;
    }

    [Benchmark, BenchmarkCategory("write")]
    public int Write()
    {
        _output.ResetWrittenCount();
        DataSetWriter.Write(_ct, TransferSyntax.ExplicitVRLittleEndian, _output);
        return _output.WrittenCount;
    }

    /// <summary>What an index or a log asks of an image.</summary>
    [Benchmark, BenchmarkCategory("values")]
    public int Values() =>
        _ct.GetString(Tag.PatientName)!.Length + _ct.GetString(Tag.PatientID)!.Length
        + _ct.GetString(Tag.StudyDate)!.Length + _ct.GetUid(Tag.StudyInstanceUID).ToString().Length
        + _ct.GetInt(Tag.Rows)!.Value + _ct.GetInt(Tag.InstanceNumber)!.Value
        + _ct.GetDoubles(Tag.PixelSpacing).Count;

    partial void SetUpFoDicom();
}
