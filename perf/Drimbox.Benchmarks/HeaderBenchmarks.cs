using BenchmarkDotNet.Attributes;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Benchmarks;

/// <summary>The header of a CT file, up to Pixel Data.</summary>
public partial class HeaderBenchmarks
{
    private readonly HeaderScanner _scanner = new(HeaderScanner.IndexedTags);
    private byte[] _file = [];
    private string _path = "";
    private int _dataSetOffset;

    [GlobalSetup]
    public void SetUp()
    {
        _file = SyntheticCt.CreateFile();
        _path = TemporaryFile.Write(_file);
        if (!DicomFile.TryRead(_file, out var file, out _, Tag.PixelData))
            throw new InvalidOperationException("The synthetic CT is not readable.");
        _dataSetOffset = (int)file!.DataSetOffset;
        SetUpFoDicom();
    }

    [GlobalCleanup]
    public void CleanUp() => TemporaryFile.Delete(_path);

    [Benchmark, BenchmarkCategory("header from memory")]
    public DataSet Memory()
    {
        DicomFile.TryRead(_file, out var file, out _, Tag.PixelData);
        return file!.DataSet;
    }

    [Benchmark, BenchmarkCategory("header from a file")]
    public DataSet FromFile()
    {
        DicomFile.TryRead(_path, out var file, out _, Tag.PixelData);
        return file!.DataSet;
    }

    /// <summary>What the receiver does with the instances that pass by.</summary>
    [Benchmark, BenchmarkCategory("header scan")]
    public long Scan()
    {
        _scanner.Reset(TransferSyntax.ExplicitVRLittleEndian);
        _scanner.Feed(_file.AsSpan(_dataSetOffset));
        return _scanner.PixelDataOffset;
    }

    partial void SetUpFoDicom();
}
