using System.Text;
using BenchmarkDotNet.Attributes;
using FellowOakDicom;
using FellowOakDicom.Serialization;
using DicomJson = FellowOakDicom.Serialization.DicomJson;

namespace Drimbox.Benchmarks;

/// <content>DicomJson of fo-dicom, which goes through strings.</content>
public partial class JsonBenchmarks
{
    private DicomDataset? _foDicomHeader;
    private string _text = "";

    [Benchmark(Baseline = true), BenchmarkCategory("write JSON")]
    public int FoDicomWrite() => Encoding.UTF8.GetBytes(DicomJson.ConvertDicomToJson(_foDicomHeader)).Length;

    [Benchmark(Baseline = true), BenchmarkCategory("read JSON")]
    public DicomDataset FoDicomRead() => DicomJson.ConvertJsonToDicom(_text);

    partial void SetUpFoDicom()
    {
        _text = Encoding.UTF8.GetString(_json);
        _foDicomHeader = DicomJson.ConvertJsonToDicom(_text);
    }
}
