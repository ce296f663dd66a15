using System.Text;
using BenchmarkDotNet.Attributes;
using Drimbox.Benchmarks.Allocations;
using FellowOakDicom;

namespace Drimbox.Benchmarks;

/// <content>DicomFile.Open: as it is called by default, without the large tags, and up to Pixel Data.</content>
public partial class HeaderBenchmarks
{
    private MemoryStream _stream = new();

    [Benchmark(Baseline = true), BenchmarkCategory("header from memory")]
    public DicomFile FoDicomMemory()
    {
        _stream.Position = 0;
        return DicomFile.Open(_stream);
    }

    [Benchmark, Rival, BenchmarkCategory("header from memory")]
    public DicomFile FoDicomMemorySkipLargeTags()
    {
        _stream.Position = 0;
        return DicomFile.Open(_stream, FileReadOption.SkipLargeTags);
    }

    [Benchmark, Rival, BenchmarkCategory("header from memory")]
    public DicomFile FoDicomMemoryStop()
    {
        _stream.Position = 0;
        return DicomFile.Open(_stream, Encoding.ASCII, state => state.Tag == DicomTag.PixelData);
    }

    [Benchmark(Baseline = true), BenchmarkCategory("header from a file")]
    public DicomFile FoDicomFile() => DicomFile.Open(_path);

    [Benchmark, Rival, BenchmarkCategory("header from a file")]
    public DicomFile FoDicomFileSkipLargeTags() => DicomFile.Open(_path, FileReadOption.SkipLargeTags);

    [Benchmark, Rival, BenchmarkCategory("header from a file")]
    public DicomFile FoDicomFileOnDemand() => DicomFile.Open(_path, FileReadOption.ReadLargeOnDemand);

    [Benchmark, Rival, BenchmarkCategory("header from a file")]
    public DicomFile FoDicomFileStop() =>
        DicomFile.Open(_path, Encoding.ASCII, state => state.Tag == DicomTag.PixelData);

    partial void SetUpFoDicom() => _stream = new MemoryStream(_file, writable: false);
}
