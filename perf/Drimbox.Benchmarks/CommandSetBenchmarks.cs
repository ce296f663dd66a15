using BenchmarkDotNet.Attributes;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Benchmarks;

/// <summary>The command sets of a C-STORE, as each instance needs them.</summary>
public partial class CommandSetBenchmarks
{
    private readonly byte[] _buffer = new byte[512];
    private readonly CommandSet _request = new()
    {
        CommandField = CommandField.CStoreRq,
        MessageId = 117,
        AffectedSopClassUid = SopClass.CTImageStorage,
        AffectedSopInstanceUid = SyntheticCt.SopInstanceUid,
        Priority = DimsePriority.Medium,
        DataSetType = CommandSet.WithDataSet,
    };

    private byte[] _requestBytes = [];
    private byte[] _responseBytes = [];

    [GlobalSetup]
    public void SetUp()
    {
        _requestBytes = _buffer[..CommandSetCodec.Encode(_request, _buffer)];
        _responseBytes = _buffer[..CommandSetCodec.Encode(_request.Respond(DimseStatus.Success), _buffer)];
        SetUpFoDicom();
    }

    [Benchmark, BenchmarkCategory("encode C-STORE-RQ")]
    public int EncodeRequest() => CommandSetCodec.Encode(_request, _buffer);

    [Benchmark, BenchmarkCategory("answer with C-STORE-RSP")]
    public int EncodeResponse() => CommandSetCodec.Encode(_request.Respond(DimseStatus.Success), _buffer);

    [Benchmark, BenchmarkCategory("decode C-STORE-RQ")]
    public CommandSet DecodeRequest()
    {
        CommandSetCodec.TryDecode(_requestBytes, SopClass.CTImageStorage, out var command);
        return command;
    }

    [Benchmark, BenchmarkCategory("decode C-STORE-RSP")]
    public CommandSet DecodeResponse()
    {
        CommandSetCodec.TryDecode(_responseBytes, SopClass.CTImageStorage, out var command);
        return command;
    }

    partial void SetUpFoDicom();
}
