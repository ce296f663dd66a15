using BenchmarkDotNet.Attributes;
using FellowOakDicom;

namespace Drimbox.Benchmarks;

/// <content>The whole CT by fo-dicom.</content>
public partial class DataSetBenchmarks
{
    private readonly MemoryStream _written = new(1024 * 1024);
    private MemoryStream _stream = new();
    private DicomFile? _foDicomFile;

    [Benchmark(Baseline = true), BenchmarkCategory("read from memory")]
    public DicomFile FoDicomReadMemory()
    {
        _stream.Position = 0;
        return DicomFile.Open(_stream, FileReadOption.ReadAll);
    }

    [Benchmark(Baseline = true), BenchmarkCategory("read from a file")]
    public DicomFile FoDicomReadFile() => DicomFile.Open(_path);

    [Benchmark(Baseline = true), BenchmarkCategory("write")]
    public long FoDicomWrite()
    {
        _written.Position = 0;
        _foDicomFile!.Save(_written);
        return _written.Position;
    }

    [Benchmark(Baseline = true), BenchmarkCategory("values")]
    public int FoDicomValues()
    {
        var ct = _foDicomFile!.Dataset;
        return ct.GetString(DicomTag.PatientName).Length + ct.GetString(DicomTag.PatientID).Length
            + ct.GetString(DicomTag.StudyDate).Length
            + ct.GetSingleValue<DicomUID>(DicomTag.StudyInstanceUID).UID.Length
            + ct.GetSingleValue<int>(DicomTag.Rows) + ct.GetSingleValue<int>(DicomTag.InstanceNumber)
            + ct.GetValues<double>(DicomTag.PixelSpacing).Length;
    }

    partial void SetUpFoDicom()
    {
        _stream = new MemoryStream(_file, writable: false);
        _foDicomFile = DicomFile.Open(new MemoryStream(_file), FileReadOption.ReadAll);
    }
}
