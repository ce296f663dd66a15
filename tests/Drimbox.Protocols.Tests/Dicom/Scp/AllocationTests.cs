using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>Alone: it counts what the whole process allocates.</summary>
[CollectionDefinition(nameof(MeasuredAlone), DisableParallelization = true)]
public sealed class MeasuredAlone;

/// <summary>What an instance costs the receiver in garbage, whatever its size.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class AllocationTests
{
#if DEBUG
    // Measured 5.0 KB: without optimisation each call of an asynchronous method is an object.
    private const int BytesPerInstanceMax = 8_000;
#else
    // Measured 416: the command set of the request, that of the response, a UID text, the sink.
    private const int BytesPerInstanceMax = 800;
#endif

    [Fact]
    public async Task Receiving_an_instance_of_512_KiB_allocates_next_to_nothing()
    {
        await using var server = TestAcceptor.Start(o => o with { Store = new DiscardStore() });
        using var peer = RawPeer.Associate(
            server.EndPoint,
            Pdus.Request("ARCHIVE", "MODALITY", (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)));
        // The sender is these same bytes again and again, and allocates nothing worth counting itself.
        var message = new List<byte>(Pdus.Command(1, Pdus.StoreRq(1, "1.2.840.99999.1234567.1234567.1")));
        for (var i = 0; i < 4; i++) message.AddRange(Pdus.PData(1, false, i == 3, new byte[131_066]));
        var bytes = message.ToArray();
        var response =
            Pdus.Command(1, Pdus.StoreRq(1, "1.2.840.99999.1234567.1234567.1").Respond(DimseStatus.Success)).Length;
        var answer = new byte[response];
        Send(peer, bytes, answer, 200);

        const int Count = 500;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Send(peer, bytes, answer, Count);
        var perInstance = (GC.GetTotalAllocatedBytes(precise: true) - before) / Count;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{perInstance} bytes for each instance of {bytes.Length} bytes");
        Assert.InRange(perInstance, 0, BytesPerInstanceMax);
    }

    private static void Send(RawPeer peer, byte[] bytes, byte[] answer, int count)
    {
        for (var i = 0; i < count; i++)
        {
            peer.Send(bytes);
            peer.ReadInto(answer);
        }
    }

    private sealed class DiscardStore : ICStoreScp
    {
        public IInstanceSink BeginStore(in CStoreRequest request) => new Sink();

        private sealed class Sink : IInstanceSink
        {
            public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken) => default;

            public ValueTask<DimseStatus> CompleteAsync(
                CancellationToken cancellationToken) => new(DimseStatus.Success);

            public ValueTask AbandonAsync() => default;
        }
    }
}
