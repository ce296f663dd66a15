using System.Text;
using System.Xml;
using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Dmp.Registry;
using Drimbox.Storage;

namespace Drimbox.Source.Publications;

/// <summary>Keeps what was sent to the DMP, apart from the DMP and from the outbox (DB.SO.22).</summary>
internal sealed class KeptSubmissions(ObjectStore objects)
{
    /// <summary>Stores the metadata as they went out, and their signature.</summary>
    /// <param name="target">The entry that was acted on; null for a first publication.</param>
    /// <returns>Null where the target was never found out: another attempt had the effect before it was recorded.
    /// </returns>
    public async Task<KeptSubmission?> KeepAsync(
        SealedSubmission @sealed, TargetEntry? target, CancellationToken cancellationToken)
    {
        if (target is null && @sealed.Submission.Target is not null) return null;
        var metadata = @sealed.Signature is null
            ? SubmitObjects.ForUpdate(@sealed, target!)
            : SubmitObjects.ForProvideAndRegister(@sealed, target);
        return new KeptSubmission(
            await objects.PutAsync(BytesOf(metadata), cancellationToken),
            @sealed.Signature is { } signature
                ? await objects.PutAsync(Encoding.UTF8.GetBytes(signature), cancellationToken)
                : null,
            target?.EntryUuid);
    }

    /// <summary>XML as a document in UTF-8.</summary>
    public static byte[] BytesOf(XElement xml)
    {
        using var buffer = new MemoryStream();
        using (var writer = XmlWriter.Create(buffer, new XmlWriterSettings { Encoding = new UTF8Encoding(false) }))
            xml.Save(writer);
        return buffer.ToArray();
    }
}
