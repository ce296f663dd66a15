using System.Text;
using BenchmarkDotNet.Attributes;
using Drimbox.Dicom;

namespace Drimbox.Benchmarks;

/// <summary>A person name of some 20 characters, decoded and encoded.</summary>
public partial class CharacterSetBenchmarks
{
    private const string French = "LEFÈVRE-DUPRÉ^FRANÇOISE";

    // The example of PS3.5 H.3.1: single byte, ideographic and phonetic groups.
    private const string Japanese = "Yamada^Tarou=山田^太郎=やまだ^たろう";

    private readonly CharacterSet _japaneseSet = CharacterSet.Parse(["", "ISO 2022 IR 87"]);
    private byte[] _ascii = [];
    private byte[] _latin1 = [];
    private byte[] _utf8 = [];
    private byte[] _japanese = [];

    [GlobalSetup]
    public void SetUp()
    {
        _ascii = Encoding.ASCII.GetBytes("LEFEVRE-DUPRE^FRANCOISE");
        _latin1 = CharacterSet.Latin1.Encode(French, Vr.PN);
        _utf8 = CharacterSet.Utf8.Encode(French, Vr.PN);
        _japanese = _japaneseSet.Encode(Japanese, Vr.PN);
        SetUpFoDicom();
    }

    [Benchmark, BenchmarkCategory("decode ASCII")]
    public string DecodeAscii() => CharacterSet.Default.Decode(_ascii, Vr.PN);

    [Benchmark, BenchmarkCategory("decode ISO_IR 100")]
    public string DecodeLatin1() => CharacterSet.Latin1.Decode(_latin1, Vr.PN);

    [Benchmark, BenchmarkCategory("decode ISO_IR 192")]
    public string DecodeUtf8() => CharacterSet.Utf8.Decode(_utf8, Vr.PN);

    [Benchmark, BenchmarkCategory("decode ISO 2022 IR 87")]
    public string DecodeJapanese() => _japaneseSet.Decode(_japanese, Vr.PN);

    [Benchmark, BenchmarkCategory("encode ISO_IR 100")]
    public byte[] EncodeLatin1() => CharacterSet.Latin1.Encode(French, Vr.PN);

    [Benchmark, BenchmarkCategory("encode ISO_IR 192")]
    public byte[] EncodeUtf8() => CharacterSet.Utf8.Encode(French, Vr.PN);

    [Benchmark, BenchmarkCategory("encode ISO 2022 IR 87")]
    public byte[] EncodeJapanese() => _japaneseSet.Encode(Japanese, Vr.PN);

    /// <summary>Which set an answer needs.</summary>
    [Benchmark, BenchmarkCategory("choose a set")]
    public CharacterSet Choose() => CharacterSet.For("PAT-TROIS^DOMINIQUE", French, "20261122");

    [Benchmark, BenchmarkCategory("parse (0008,0005)")]
    public CharacterSet Parse() => CharacterSet.Parse(["ISO_IR 100"]);

    partial void SetUpFoDicom();
}
