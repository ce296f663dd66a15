using BenchmarkDotNet.Attributes;
using FellowOakDicom;
using FellowOakDicom.IO.Buffer;

namespace Drimbox.Benchmarks;

/// <content>The same names as fo-dicom decodes them: an element over the bytes, asked for its text.</content>
public partial class CharacterSetBenchmarks
{
    [Benchmark(Baseline = true), BenchmarkCategory("decode ASCII")]
    public string FoDicomDecodeAscii() => Decode(_ascii, "");

    [Benchmark(Baseline = true), BenchmarkCategory("decode ISO_IR 100")]
    public string FoDicomDecodeLatin1() => Decode(_latin1, "ISO_IR 100");

    [Benchmark(Baseline = true), BenchmarkCategory("decode ISO_IR 192")]
    public string FoDicomDecodeUtf8() => Decode(_utf8, "ISO_IR 192");

    [Benchmark(Baseline = true), BenchmarkCategory("decode ISO 2022 IR 87")]
    public string FoDicomDecodeJapanese() => Decode(_japanese, "", "ISO 2022 IR 87");

    private static string Decode(byte[] bytes, params string[] terms) =>
        new DicomPersonName(DicomTag.PatientName, DicomEncoding.GetEncodings(terms), new MemoryByteBuffer(bytes))
            .Get<string>();
}
