using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Archive;

/// <summary>An instance of which the archive has the beginning, and its modality the rest.</summary>
internal sealed class HeldInstance : IAsyncDisposable
{
    private readonly Association _association;
    private readonly ManualResetEventSlim _released;
    private readonly Task<DimseStatus> _sending;

    private HeldInstance(Association association, ManualResetEventSlim released, Task<DimseStatus> sending) =>
        (_association, _released, _sending) = (association, released, sending);

    public static async Task<HeldInstance> BeginAsync(ArchiveFixture archive, DataSet image)
    {
        // More than goes into one P-DATA-TF: the first leaves.
        image.SetBytes(Tag.PixelData, Vr.OW, new byte[512 * 1024]);
        var released = new ManualResetEventSlim();
        var source = new Source(DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian), image, released);
        var association = await archive.CallAsync(CStoreScu.ContextsFor([source]));
        var sending = Task.Run(async () => await new CStoreScu(association).SendAsync(source));
        while (archive.Files().Length == 0) await Task.Yield();
        return new HeldInstance(association, released, sending);
    }

    /// <summary>Sends the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        _released.Set();
        // What became of it is not what the test is about.
        await _sending.ContinueWith(_ => { }, TaskScheduler.Default);
        await _association.DisposeAsync();
        _released.Dispose();
    }

    private sealed class Source(byte[] bytes, DataSet image, ManualResetEventSlim released) : InstanceSource(
        image.GetUid(Tag.SOPClassUID), image.GetUid(Tag.SOPInstanceUID), TransferSyntax.ExplicitVRLittleEndian.Uid)
    {
        public override InstanceContent Open() => new Content(bytes, released);
    }

    private sealed class Content : InstanceContent
    {
        private const int Beginning = 300 * 1024;
        private readonly byte[] _bytes;
        private readonly ManualResetEventSlim _released;
        private int _position;

        public Content(byte[] bytes, ManualResetEventSlim released)
        {
            (_bytes, _released) = (bytes, released);
            Length = bytes.Length;
        }

        public override int Read(Span<byte> destination)
        {
            if (_position >= Beginning) _released.Wait();
            var count = Math.Min(destination.Length, (_position < Beginning ? Beginning : _bytes.Length) - _position);
            _bytes.AsSpan(_position, count).CopyTo(destination);
            _position += count;
            return count;
        }

        public override void Dispose()
        {
        }
    }
}
