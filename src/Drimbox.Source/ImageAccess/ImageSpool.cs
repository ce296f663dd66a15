using System.Globalization;
using Drimbox.Storage;

namespace Drimbox.Source.ImageAccess;

/// <summary>Where the images of one retrieval lie until they are sent on: one file, and one more for each image that arrives
/// while another does, as of a PACS that opens several associations.</summary>
/// <param name="path">What the names of the files begin with.</param>
internal sealed class ImageSpool(Disk disk, string path)
{
    private readonly Lock _gate = new();
    private readonly List<SpoolFile> _files = [];
    private readonly Stack<SpoolFile> _free = [];
    private int _made;
    private bool _isClosed;

    /// <summary>A file to append an image to, which nobody else does until it is given back.</summary>
    /// <param name="begun">One that the image was begun in before it had said what it is of: it is of this spool now. Null:
    /// there is none.</param>
    /// <returns>Null: nothing is taken any more.</returns>
    /// <exception cref="StorageFaultException">There is no room for a file.</exception>
    public SpoolFile? Take(SpoolFile? begun = null)
    {
        lock (_gate)
        {
            if (_isClosed) return null;
            if (begun is null && _free.TryPop(out var free)) return free;
            var file = begun ?? new SpoolFile(
                disk, string.Create(CultureInfo.InvariantCulture, $"{path}-{++_made}.spool"));
            _files.Add(file);
            return file;
        }
    }

    public void GiveBack(SpoolFile file)
    {
        lock (_gate)
        {
            if (!_isClosed && !file.HasFailed)
            {
                _free.Push(file);
                return;
            }

            // Each image that a full disk refuses would leave one more.
            if (file.IsEmpty && _files.Remove(file)) disk.TryUnlink(file.Path);
        }

        file.Dispose();
    }

    /// <summary>Nothing is taken any more; what is here can be read.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            while (_free.TryPop(out var file)) file.Dispose();
        }
    }

    /// <summary>Gives the space back. Nobody reads any more; what an image is still written to goes when that ends.</summary>
    public void Remove()
    {
        Close();
        lock (_gate)
        {
            // What stays behind goes at the next start.
            foreach (var file in _files) disk.TryUnlink(file.Path);
            _files.Clear();
        }
    }
}
