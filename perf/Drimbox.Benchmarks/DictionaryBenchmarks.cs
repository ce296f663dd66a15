using BenchmarkDotNet.Attributes;
using Drimbox.Dicom;

namespace Drimbox.Benchmarks;

/// <summary>Look-ups in the dictionary of PS3.6, for the elements of a CT header.</summary>
public partial class DictionaryBenchmarks
{
    private Tag[] _tags = [];
    private string[] _keywords = [];

    [GlobalSetup]
    public void SetUp()
    {
        var standard = SyntheticCt.Create().Elements.ToArray().Where(e => !e.Tag.IsPrivate).Select(e => e.Tag);
        _tags = [.. standard.Take(100)];
        _keywords = [.. _tags.Select(DataDictionary.KeywordOf)];
        SetUpFoDicom();
    }

    [Benchmark(OperationsPerInvoke = 100), BenchmarkCategory("tag to entry")]
    public int Entry()
    {
        var length = 0;
        foreach (var tag in _tags)
        {
            if (DataDictionary.TryFind(tag, out var entry)) length += entry.Keyword.Length;
        }

        return length;
    }

    [Benchmark(OperationsPerInvoke = 100), BenchmarkCategory("tag to VR")]
    public int ImplicitVr()
    {
        var sum = 0;
        foreach (var tag in _tags) sum += (int)DataDictionary.ImplicitVr(tag);
        return sum;
    }

    [Benchmark(OperationsPerInvoke = 100), BenchmarkCategory("keyword to tag")]
    public uint Keyword()
    {
        uint sum = 0;
        foreach (var keyword in _keywords)
        {
            if (DataDictionary.TryFindTag(keyword, out var tag)) sum ^= tag.Value;
        }

        return sum;
    }

    partial void SetUpFoDicom();
}
