using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Drimbox.Dicom;
using Drimbox.Dicom.Json;

namespace Drimbox.Benchmarks;

/// <summary>The header of the CT as DICOM JSON (PS3.18 F).</summary>
public partial class JsonBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    private readonly Utf8JsonWriter _writer;
    private DataSet _header = new();
    private byte[] _json = [];

    public JsonBenchmarks() => _writer = new Utf8JsonWriter(_output);

    [GlobalSetup]
    public void SetUp()
    {
        _header = SyntheticCt.Create();
        _header.Remove(Tag.PixelData);
        _json = DicomJson.ToBytes(_header);
        SetUpFoDicom();
    }

    [Benchmark, BenchmarkCategory("write JSON")]
    public int Write()
    {
        _output.ResetWrittenCount();
        _writer.Reset();
        DicomJson.Write(_header, _writer);
        _writer.Flush();
        return _output.WrittenCount;
    }

    [Benchmark, BenchmarkCategory("read JSON")]
    public DataSet Read()
    {
        DicomJson.TryRead(_json, out var dataSet, out _);
        return dataSet!;
    }

    partial void SetUpFoDicom();
}
