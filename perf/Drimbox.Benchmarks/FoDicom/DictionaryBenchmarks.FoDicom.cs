using BenchmarkDotNet.Attributes;
using FellowOakDicom;

namespace Drimbox.Benchmarks;

/// <content>DicomDictionary: hash tables of objects, built when first asked.</content>
public partial class DictionaryBenchmarks
{
    private DicomTag[] _foDicomTags = [];

    [Benchmark(Baseline = true, OperationsPerInvoke = 100), BenchmarkCategory("tag to entry")]
    public int FoDicomEntry()
    {
        var length = 0;
        foreach (var tag in _foDicomTags) length += DicomDictionary.Default[tag].Keyword.Length;
        return length;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = 100), BenchmarkCategory("tag to VR")]
    public int FoDicomVr()
    {
        var count = 0;
        foreach (var tag in _foDicomTags) count += DicomDictionary.Default[tag].ValueRepresentations.Length;
        return count;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = 100), BenchmarkCategory("keyword to tag")]
    public int FoDicomKeyword()
    {
        var sum = 0;
        foreach (var keyword in _keywords) sum ^= DicomDictionary.Default[keyword].Element;
        return sum;
    }

    partial void SetUpFoDicom() => _foDicomTags = [.. _tags.Select(t => new DicomTag(t.Group, t.Element))];
}
