using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Tests.Teleradiology;

/// <summary>What a platform has fetched of the study of its first request, and what was there to be fetched.</summary>
internal static class FetchedStudy
{
    public static string PathOf(Platform platform, Uid instance) =>
        Path.Combine(platform.NodeFolder, "studies", Samples.Study("1").ToString(), $"{instance}.dcm");

    public static string[] Leftovers(Platform platform) =>
        Directory.GetFiles(Path.Combine(platform.NodeFolder, "studies", "incoming"));

    public static byte[] BytesOf(InstanceSource instance)
    {
        using var content = instance.Open();
        var bytes = new byte[content.Length];
        for (var read = 0; read < bytes.Length;) read += content.Read(bytes.AsSpan(read));
        return bytes;
    }
}
