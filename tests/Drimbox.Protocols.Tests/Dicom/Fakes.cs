using System.Collections.Concurrent;
using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Dicom;

/// <summary>An acceptor on a free port of the loopback.</summary>
internal sealed class TestAcceptor : IAsyncDisposable
{
    private TestAcceptor(DicomAcceptor acceptor) => Acceptor = acceptor;

    public DicomAcceptor Acceptor { get; }

    public IPEndPoint EndPoint => Acceptor.EndPoint;

    public int Port => EndPoint.Port;

    public static AcceptorOptions Options { get; } = new()
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        AeTitles = [AeTitle.Parse("ARCHIVE")],
    };

    public static TestAcceptor Start(
        Func<AcceptorOptions, AcceptorOptions>? change = null, TimeProvider? time = null, ILogger? log = null)
    {
        var acceptor = new DicomAcceptor(change is null ? Options : change(Options), log ?? NullLogger.Instance, time);
        acceptor.Start();
        return new TestAcceptor(acceptor);
    }

    public AssociationOptions Request(params IReadOnlyList<ProposedContext> contexts) => new()
    {
        Host = "127.0.0.1",
        Port = Port,
        CallingAe = AeTitle.Parse("MODALITY"),
        CalledAe = AeTitle.Parse("ARCHIVE"),
        Contexts = contexts,
    };

    public ValueTask DisposeAsync() => Acceptor.DisposeAsync();
}

/// <summary>Keeps instances in memory, and fails where it is told to.</summary>
internal sealed class MemoryStore : ICStoreScp
{
    public ConcurrentDictionary<string, byte[]> Stored { get; } = [];

    public ConcurrentQueue<CStoreRequest> Requests { get; } = [];

    public int Abandoned;

    /// <summary>The disk is full after so many bytes of an instance.</summary>
    public int? FailAfter { get; set; }

    public DimseStatus Answer { get; set; } = DimseStatus.Success;

    /// <summary>Completions wait for it, if set.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public int Completing;

    public IInstanceSink BeginStore(in CStoreRequest request)
    {
        Requests.Enqueue(request);
        return new Sink(this, request);
    }

    private sealed class Sink(MemoryStore store, CStoreRequest request) : IInstanceSink
    {
        private readonly System.Buffers.ArrayBufferWriter<byte> _bytes = new();

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            if (store.FailAfter is { } limit && _bytes.WrittenCount + fragment.Length > limit)
                throw new IOException("No space left on device");
            System.Buffers.BuffersExtensions.Write(_bytes, fragment.Span);
            return default;
        }

        public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref store.Completing);
            if (store.Gate is { } gate) await gate.Task.WaitAsync(cancellationToken);
            store.Stored[request.SopInstanceUid.ToString()] = _bytes.WrittenSpan.ToArray();
            return store.Answer;
        }

        public ValueTask AbandonAsync()
        {
            Interlocked.Increment(ref store.Abandoned);
            return default;
        }
    }
}

/// <summary>Answers queries from a list.</summary>
internal sealed class ListFind(Func<CFindRequest, CFindAnswer> answer) : ICFindScp
{
    public IReadOnlyCollection<Uid> SopClasses { get; } = [SopClass.StudyRootQueryRetrieveInformationModelFind];

    public ConcurrentQueue<CFindRequest> Requests { get; } = [];

    public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        return ValueTask.FromResult(answer(request));
    }

    public static DataSet Match(int n)
    {
        var match = new DataSet();
        match.SetString(Tag.StudyID, $"{n}");
        return match;
    }
}

/// <summary>Retrieves from a list.</summary>
internal sealed class ListRetrieve(params IReadOnlyList<InstanceSource> instances) : IRetrieveScp
{
    public IReadOnlyCollection<Uid> SopClasses { get; } =
        [SopClass.StudyRootQueryRetrieveInformationModelMove, SopClass.StudyRootQueryRetrieveInformationModelGet];

    public ValueTask<RetrieveAnswer> RetrieveAsync(RetrieveRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(RetrieveAnswer.Found(instances));
}

internal static class Instances
{
    /// <summary>A CT whose data set is <paramref name="length"/> bytes that change from place to place.</summary>
    public static InstanceSource Ct(int number, int length = 1000) => InstanceSource.FromMemory(
        Bytes(number, length), SopClass.CTImageStorage, Uid.Parse($"1.2.3.{number}"),
        TransferSyntax.ExplicitVRLittleEndian.Uid);

    public static byte[] Bytes(int number, int length)
    {
        var bytes = new byte[length];
        new Random(number).NextBytes(bytes);
        return bytes;
    }
}
