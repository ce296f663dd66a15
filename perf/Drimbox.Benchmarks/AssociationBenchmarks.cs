using BenchmarkDotNet.Attributes;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Benchmarks;

/// <summary>A C-STORE of the CT of 512 KiB through the upper layer and the DIMSE layer, without a socket.</summary>
public class AssociationBenchmarks
{
    private const byte ContextId = 1;

    private readonly MemoryTransport _fromScanner = new();
    private readonly MemoryTransport _toArchive = new();
    private readonly CommandSet _storeRequest = new()
    {
        CommandField = CommandField.CStoreRq,
        MessageId = 117,
        AffectedSopClassUid = SopClass.CTImageStorage,
        AffectedSopInstanceUid = SyntheticCt.SopInstanceUid,
        Priority = DimsePriority.Medium,
        DataSetType = CommandSet.WithDataSet,
    };

    private UpperLayerProvider? _receiver;
    private DimseChannel? _receiving;
    private DimseChannel? _sending;
    private PresentationContext? _sendingContext;
    private InstanceSource? _instance;

    [GlobalSetup]
    public async Task SetUp()
    {
        var dataSet = DataSetWriter.ToBytes(SyntheticCt.Create(), TransferSyntax.ExplicitVRLittleEndian);
        _instance = InstanceSource.FromMemory(
            dataSet, SopClass.CTImageStorage, SyntheticCt.SopInstanceUid, TransferSyntax.ExplicitVRLittleEndian.Uid);
        var user = new UserInformation
        {
            MaximumLength = Limits.PduLengthOffered,
            ImplementationClassUid = Implementation.ClassUid,
        };
        var request = new AssociateRequest
        {
            CalledAe = AeTitle.Parse("ARCHIVE"),
            CallingAe = AeTitle.Parse("CT01"),
            Contexts =
            [
                new PresentationContextProposal(
                    ContextId, SopClass.CTImageStorage, [TransferSyntax.ExplicitVRLittleEndian.Uid]),
            ],
            User = user,
        };
        var accept = new AssociateAccept
        {
            CalledAe = request.CalledAe,
            CallingAe = request.CallingAe,
            Contexts =
            [
                new PresentationContextAnswer(
                    ContextId, PresentationContextResult.Acceptance, TransferSyntax.ExplicitVRLittleEndian.Uid),
            ],
            User = user,
        };

        _fromScanner.Script = AssociateEncoder.Encode(request);
        _receiver = new UpperLayerProvider(_fromScanner, isRequestor: false, TimeProvider.System);
        Expect(IndicationKind.AssociateRequested, await _receiver.ReadAsync());
        await _receiver.SendAssociateAcceptAsync(accept);
        _receiver.UseLargeBuffer();
        _receiving = new Association(_receiver, null).Channel;
        _fromScanner.Script = MessageOf(dataSet);

        _toArchive.Script = AssociateEncoder.Encode(accept);
        var sender = new UpperLayerProvider(_toArchive, isRequestor: true, TimeProvider.System);
        await sender.SendAssociateRequestAsync(request);
        Expect(IndicationKind.AssociateAccepted, await sender.ReadAsync());
        var association = new Association(sender, null);
        _sending = association.Channel;
        _sendingContext = association.FindContext(ContextId);
    }

    /// <summary>The PDUs of one message, read in place.</summary>
    [Benchmark, BenchmarkCategory("read the PDUs of an instance")]
    public async ValueTask<long> ReadPdus()
    {
        long bytes = 0;
        UpperLayerIndication piece;
        do
        {
            piece = await _receiver!.ReadAsync();
            bytes += piece.Payload.Length;
        }
        while (piece.IsCommand || !piece.IsLast);

        return bytes;
    }

    /// <summary>The same with its command set understood, and answered.</summary>
    [Benchmark, BenchmarkCategory("receive an instance and answer")]
    public async ValueTask<long> Receive()
    {
        var message = await _receiving!.ReadCommandAsync();
        long bytes = 0;
        UpperLayerIndication piece;
        do
        {
            piece = await _receiving.ReadDataAsync();
            bytes += piece.Payload.Length;
        }
        while (!piece.IsLast);

        await _receiving.SendAsync(message.Context, message.Command.Respond(DimseStatus.Success));
        return bytes;
    }

    [Benchmark, BenchmarkCategory("send an instance")]
    public async ValueTask<long> Send()
    {
        using var content = _instance!.Open();
        await _sending!.SendAsync(_sendingContext!, _storeRequest, content);
        return _toArchive.SentBytes;
    }

    private static void Expect(IndicationKind kind, UpperLayerIndication indication)
    {
        if (indication.Kind != kind) throw new InvalidOperationException($"Not {kind} but {indication.Kind}.");
    }

    // As most scanners send it: the command in a PDU of its own, then PDUs of the longest that was offered.
    private byte[] MessageOf(ReadOnlySpan<byte> dataSet)
    {
        var command = new byte[512];
        using var message = new MemoryStream();
        AddPdu(message, command.AsSpan(0, CommandSetCodec.Encode(_storeRequest, command)), isCommand: true, true);
        while (!dataSet.IsEmpty)
        {
            var count = Math.Min(dataSet.Length, Limits.PduLengthOffered - PdvHeader.Size);
            AddPdu(message, dataSet[..count], isCommand: false, count == dataSet.Length);
            dataSet = dataSet[count..];
        }

        return message.ToArray();
    }

    private static void AddPdu(MemoryStream message, ReadOnlySpan<byte> fragment, bool isCommand, bool isLast)
    {
        Span<byte> headers = stackalloc byte[PduHeader.Size + PdvHeader.Size];
        PduHeader.Write(headers, PduType.PDataTf, PdvHeader.Size + fragment.Length);
        PdvHeader.Write(headers[PduHeader.Size..], fragment.Length, ContextId, isCommand, isLast);
        message.Write(headers);
        message.Write(fragment);
    }
}
