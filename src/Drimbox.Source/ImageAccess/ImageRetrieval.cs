using System.Runtime.CompilerServices;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;

namespace Drimbox.Source.ImageAccess;

/// <summary>What is asked of the PACS: a series (DB.VI-CO.11).</summary>
internal readonly record struct RetrievalKey(Uid Study, Uid Series);

/// <summary>An image that has come: its data set is a part of a file of the spool.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">Where the data set starts, in bytes from the start of the file.</param>
/// <param name="Length">Bytes of the data set.</param>
internal sealed record ArrivedImage(
    string Path, long Offset, long Length, Uid SopClassUid, Uid SopInstanceUid, Uid TransferSyntaxUid, string? Modality);

/// <summary>The PACS did not give what it was asked for.</summary>
/// <param name="isTimeout">It did not answer, or stopped sending.</param>
internal sealed class RetrievalFailedException(string message, bool isTimeout) : IOException(message)
{
    public bool IsTimeout => isTimeout;
}

/// <summary>The images of one key on their way here. Everybody who asks for the key meanwhile is given the same images,
/// from the first one on; nobody else sees them.</summary>
/// <param name="patient">Of the study, for the audit trail; null: nobody is given them.</param>
/// <param name="pacs">The PACS that holds the study, of several.</param>
/// <param name="revision">Of the images of the study when they were asked for; null: they are not kept.</param>
/// <param name="messageId">Of its C-MOVE, which no other has that is under way or was so lately.</param>
internal sealed class ImageRetrieval(
    RetrievalKey key, InstanceIdentifier? patient, string? pacs, int? revision, ImageSpool spool, ushort messageId)
    : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<ArrivedImage> _arrived = [];
    private readonly HashSet<Uid> _instances = [];
    private readonly CancellationTokenSource _abandoned = new();
    private TaskCompletionSource _changed = NewSignal();
    private RetrievalFailedException? _failure;
    private bool _isEnded;
    private int _received;
    private long _progress;

    public RetrievalKey Key => key;

    public InstanceIdentifier? Patient => patient;

    /// <summary>Where its images lie.</summary>
    public ImageSpool Spool => spool;

    /// <summary>The PACS that holds the study, of several.</summary>
    public string? Pacs => pacs;

    public int? Revision => revision;

    public ushort MessageId => messageId;

    /// <summary>When it ended; belongs to <see cref="ImageRetrievals"/>.</summary>
    public DateTimeOffset EndedAt { get; set; }

    /// <summary>When its last reader left; belongs to <see cref="ImageRetrievals"/>.</summary>
    public DateTimeOffset LeftAt { get; set; }

    public long Bytes
    {
        get
        {
            lock (_gate) return _arrived.Sum(image => image.Length);
        }
    }

    /// <summary>Of its images; null for none.</summary>
    public string? Modality
    {
        get
        {
            lock (_gate) return _arrived.Count > 0 ? _arrived[0].Modality : null;
        }
    }

    /// <summary>How many requests read it; belongs to <see cref="ImageRetrievals"/>.</summary>
    public int Readers { get; set; }

    /// <summary>Cancelled when nobody waits for the images any more.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    public int Count
    {
        get
        {
            lock (_gate) return _arrived.Count;
        }
    }

    /// <summary>Changes whenever something comes: an image, or a part of one.</summary>
    public long Progress => Interlocked.Read(ref _progress);

    /// <summary>What came from the PACS, an image that came twice counted twice.</summary>
    public int Received
    {
        get
        {
            lock (_gate) return _received;
        }
    }

    /// <summary>It ended without all of its images.</summary>
    public bool HasFailed
    {
        get
        {
            lock (_gate) return _failure is not null;
        }
    }

    /// <summary>The images that are here, by their class.</summary>
    public IReadOnlyList<AuditSopClass> ByClass
    {
        get
        {
            lock (_gate)
            {
                return [.. _arrived.GroupBy(image => image.SopClassUid)
                    .Select(group => new AuditSopClass(group.Key, group.Count()))];
            }
        }
    }

    public bool HasEnded
    {
        get
        {
            lock (_gate) return _isEnded;
        }
    }

    /// <summary>A part of an image is here.</summary>
    public void Progressed() => Interlocked.Increment(ref _progress);

    /// <summary>An image is here.</summary>
    /// <returns>False: it was here before. A PACS that sends one twice has it given out once.</returns>
    public bool Add(ArrivedImage image)
    {
        Progressed();
        lock (_gate)
        {
            _received++;
            if (!_instances.Add(image.SopInstanceUid)) return false;
            _arrived.Add(image);
        }

        Signal();
        return true;
    }

    public void End(RetrievalFailedException? failure)
    {
        lock (_gate) (_isEnded, _failure) = (true, failure);
        spool.Close();
        Signal();
    }

    public void Abandon() => _abandoned.Cancel();

    /// <summary>The images, each as soon as it is here.</summary>
    /// <exception cref="RetrievalFailedException">There are more, which did not come.</exception>
    public IAsyncEnumerable<ArrivedImage> ReadAsync(CancellationToken cancellationToken) =>
        ReadAsync(static () => default, cancellationToken);

    /// <inheritdoc cref="ReadAsync(CancellationToken)"/>
    /// <param name="waits">Called before an image is waited for that is not here yet.</param>
    public async IAsyncEnumerable<ArrivedImage> ReadAsync(
        Func<ValueTask> waits, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var next = 0; ; next++)
        {
            ArrivedImage? image;
            while (!TryTake(next, out image, out var changed))
            {
                await waits();
                await changed.WaitAsync(cancellationToken);
            }

            if (image is null) yield break;
            yield return image;
        }
    }

    public void Dispose() => _abandoned.Dispose();

    // False: wait for the change. Null: that was the last one.
    private bool TryTake(int index, out ArrivedImage? image, out Task changed)
    {
        lock (_gate)
        {
            changed = _changed.Task;
            image = index < _arrived.Count ? _arrived[index] : null;
            if (image is not null) return true;
            if (_failure is { } failure) throw new RetrievalFailedException(failure.Message, failure.IsTimeout);
            return _isEnded;
        }
    }

    private void Signal()
    {
        TaskCompletionSource former;
        lock (_gate) (former, _changed) = (_changed, NewSignal());
        former.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
