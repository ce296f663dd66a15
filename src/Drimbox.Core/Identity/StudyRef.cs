using System.Security.Cryptography;
using System.Text;

namespace Drimbox.Core.Identity;

/// <summary>A study as logs may name it: the same study always gets the same text, and nobody gets the study back
/// from it without having its UID already.</summary>
public readonly record struct StudyRef
{
    // 48 bits: two of a million studies share a text with a chance of 1 in 500.
    private const int TextLength = 12;

    private readonly string? _text;

    private StudyRef(string text) => _text = text;

    public static StudyRef Of(Uid studyInstanceUid) => new(
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(studyInstanceUid.ToString())))[..TextLength]);

    public override string ToString() => _text ?? "";
}
