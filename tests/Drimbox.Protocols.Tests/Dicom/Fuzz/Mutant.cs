using System.Buffers.Binary;

namespace Drimbox.Tests.Dicom.Fuzz;

/// <summary>Bytes that are damaged in place, in one buffer that every execution of a campaign uses again.</summary>
internal sealed class Mutant
{
    private static readonly byte[] Extremes = [0x00, 0x01, 0x02, 0x7F, 0x80, 0xFE, 0xFF];

    private static readonly uint[] ExtremeLengths =
        [0, 1, 2, 3, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFD, 0xFFFF_FFFE, 0xFFFF_FFFF, 0x0400_0000, 0x0001_0000];

    private byte[] _bytes = new byte[64 * 1024];

    public int Length { get; private set; }

    public Span<byte> Span => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public void Set(ReadOnlySpan<byte> original)
    {
        Length = 0;
        Insert(0, original);
    }

    public void Insert(int at, ReadOnlySpan<byte> bytes)
    {
        if (Length + bytes.Length > _bytes.Length) Array.Resize(ref _bytes, (Length + bytes.Length) * 2);
        _bytes.AsSpan(at, Length - at).CopyTo(_bytes.AsSpan(at + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(at));
        Length += bytes.Length;
    }

    public void Remove(int at, int count)
    {
        _bytes.AsSpan(at + count, Length - at - count).CopyTo(_bytes.AsSpan(at));
        Length -= count;
    }

    public void Truncate(int length) => Length = Math.Min(Length, length);

    /// <summary>Damage that knows nothing of what the bytes are.</summary>
    public void Damage(Random random)
    {
        if (Length < 4) return;
        var at = random.Next(Length);
        var count = Math.Min(random.Next(1, 40), Length - at);
        switch (random.Next(8))
        {
            case 0 or 1:
                _bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                _bytes[at] = Extremes[random.Next(Extremes.Length)];
                break;
            case 3:
                PutLength(random, Math.Min(at, Length - 4), isBigEndian: random.Next(2) == 0);
                break;
            case 4:
                Remove(at, count);
                break;
            case 5:
                Insert(at, Copy(at, count));
                break;
            case 6:
                Insert(random.Next(Length + 1), Copy(at, count));
                break;
            default:
                Truncate(at);
                break;
        }
    }

    /// <summary>Puts a length that is wrong in an interesting way over the four bytes at <paramref name="at"/>.
    /// </summary>
    public void PutLength(Random random, int at, bool isBigEndian)
    {
        var place = _bytes.AsSpan(at, 4);
        var was = isBigEndian
            ? BinaryPrimitives.ReadUInt32BigEndian(place)
            : BinaryPrimitives.ReadUInt32LittleEndian(place);
        var rest = (uint)(Length - at - 4);
        var value = unchecked(random.Next(6) switch
        {
            0 => was + 1,
            1 => was - 1,
            2 => rest,
            3 => rest + 1,
            4 => (uint)random.Next(),
            _ => ExtremeLengths[random.Next(ExtremeLengths.Length)],
        });
        if (isBigEndian) BinaryPrimitives.WriteUInt32BigEndian(place, value);
        else BinaryPrimitives.WriteUInt32LittleEndian(place, value);
    }

    public byte[] Copy(int at, int count) => _bytes.AsSpan(at, count).ToArray();
}
