using System.Collections.Concurrent;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;

namespace Drimbox.Teleradiology.Studies;

/// <summary>A study under way to us.</summary>
internal sealed class ExpectedStudy(Action end) : IDisposable
{
    private int _stored;

    /// <summary>Instances of it that are durable since it is expected.</summary>
    public int Stored => _stored;

    public void Count() => Interlocked.Increment(ref _stored);

    public void Dispose() => end();
}

/// <summary>Storage SCP of the platform: takes the instances of studies that it asked for, and no others.</summary>
internal sealed class ExpectedStudies(StudyFolders folders) : ICStoreScp
{
    private readonly ConcurrentDictionary<Uid, ExpectedStudy> _expected = new();

    /// <summary>Takes the instances of a study until the result is disposed. Null while it is expected already: the
    /// rows of one study share a lane, but an attempt that was given up may still be ending.</summary>
    public ExpectedStudy? TryExpect(Uid study)
    {
        var expected = new ExpectedStudy(() => _expected.TryRemove(study, out _));
        return _expected.TryAdd(study, expected) ? expected : null;
    }

    public ExpectedStudy? Find(Uid study) => _expected.GetValueOrDefault(study);

    /// <inheritdoc/>
    public IInstanceSink BeginStore(in CStoreRequest request) => new ArrivingInstance(folders, this, request);
}

/// <summary>One instance on its way to a Part 10 file. Its bytes pass through; the header is looked at as they do.
/// </summary>
internal sealed class ArrivingInstance : IInstanceSink
{
    private readonly StudyFolders _folders;
    private readonly ExpectedStudies _studies;
    private readonly CStoreRequest _request;
    private readonly HeaderScanner _scanner = new(Tag.SOPClassUID, Tag.SOPInstanceUID, Tag.StudyInstanceUID);
    private readonly DiskFile _file;
    private readonly int _headerLength;

    /// <exception cref="IOException">The disk takes no file.</exception>
    public ArrivingInstance(StudyFolders folders, ExpectedStudies studies, in CStoreRequest request)
    {
        _folders = folders;
        _studies = studies;
        _request = request;
        _scanner.Reset(request.TransferSyntax);
        var header = Part10Writer.Header(
            request.SopClassUid, request.SopInstanceUid, request.TransferSyntax.Uid, request.Peer.CallingAe);
        _headerLength = header.Length;
        _file = folders.Create();
        try
        {
            _file.Write(header);
        }
        catch (StorageFaultException)
        {
            Drop();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
    {
        _scanner.Feed(fragment.Span);
        _file.Write(fragment.Span);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
    {
        if (Refuse(out var expected) is { } refusal)
        {
            Drop();
            return ValueTask.FromResult(refusal);
        }

        try
        {
            _file.Sync();
            _file.Dispose();
            _folders.Keep(_file.Path, _scanner.GetUid(Tag.StudyInstanceUID), _request.SopInstanceUid);
        }
        catch (StorageFaultException)
        {
            Drop();
            throw;
        }

        expected!.Count();
        return ValueTask.FromResult(DimseStatus.Success);
    }

    /// <inheritdoc/>
    public ValueTask AbandonAsync()
    {
        Drop();
        return ValueTask.CompletedTask;
    }

    private DimseStatus? Refuse(out ExpectedStudy? expected)
    {
        expected = null;
        if (ArrivedDataSet.Refuse(_scanner, _request, _file.Length - _headerLength) is { } refusal) return refusal;
        expected = _studies.Find(_scanner.GetUid(Tag.StudyInstanceUID));
        return expected is null ? DimseStatus.NotAuthorized.With("This study was not asked for.") : null;
    }

    private void Drop()
    {
        _file.Dispose();
        _folders.Disk.TryUnlink(_file.Path);
    }
}
