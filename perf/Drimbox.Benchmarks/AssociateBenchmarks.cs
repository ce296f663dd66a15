using BenchmarkDotNet.Attributes;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Benchmarks;

/// <summary>A-ASSOCIATE as a modality sends it: 20 contexts with three transfer syntaxes each.</summary>
public partial class AssociateBenchmarks
{
    private AssociateRequest? _request;
    private byte[] _pdu = [];
    private byte[] _body = [];

    [GlobalSetup]
    public void SetUp()
    {
        Uid[] syntaxes =
        [
            TransferSyntax.ExplicitVRLittleEndian.Uid, TransferSyntax.ImplicitVRLittleEndian.Uid,
            TransferSyntax.JPEGLosslessSV1.Uid,
        ];
        _request = new AssociateRequest
        {
            CalledAe = AeTitle.Parse("ARCHIVE"),
            CallingAe = AeTitle.Parse("CT01"),
            Contexts =
            [
                .. UidRegistry.StorageSopClasses().Take(20).Select((sopClass, i) =>
                    new PresentationContextProposal((byte)((2 * i) + 1), sopClass.Uid, syntaxes)),
            ],
            User = new UserInformation
            {
                MaximumLength = Limits.PduLengthOffered,
                ImplementationClassUid = Implementation.ClassUid,
                ImplementationVersionName = Implementation.VersionName,
            },
        };
        _pdu = AssociateEncoder.Encode(_request);
        _body = _pdu[PduHeader.Size..];
        SetUpFoDicom();
    }

    [Benchmark, BenchmarkCategory("encode A-ASSOCIATE-RQ")]
    public byte[] EncodeRequest() => AssociateEncoder.Encode(_request!);

    [Benchmark, BenchmarkCategory("decode A-ASSOCIATE-RQ")]
    public AssociateRequest DecodeRequest()
    {
        AssociateDecoder.TryDecodeRequest(_body, out var request, out _);
        return request!;
    }

    partial void SetUpFoDicom();
}
