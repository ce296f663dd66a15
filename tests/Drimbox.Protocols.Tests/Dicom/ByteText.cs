using System.Text;

namespace Drimbox.Tests.Dicom;

/// <summary>Bytes written as hexadecimal text with their meaning beside them.</summary>
public sealed class ByteText
{
    private readonly List<byte> _bytes = [];

    public ByteText Add(string hex, string meaning = "")
    {
        _ = meaning;
        _bytes.AddRange(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        return this;
    }

    public ByteText Ascii(string text, string meaning = "")
    {
        _ = meaning;
        _bytes.AddRange(Encoding.ASCII.GetBytes(text));
        return this;
    }

    public byte[] ToArray() => [.. _bytes];
}

/// <summary>A folder of its own, gone with the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("drimbox-test-").FullName;

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
