using System.Net;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Campaigns;

/// <summary>A scripted peer that stores instances of <see cref="CampaignInstance"/>, asks for them and echoes, over one
/// association.</summary>
internal sealed class CampaignPeer : IDisposable
{
    private const int FragmentBytes = 100_000;

    private static readonly AssociateRequest Contexts = Pdus.Request(
        "ARCHIVE", "MODALITY",
        (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid),
        (SopClass.StudyRootQueryRetrieveInformationModelFind, TransferSyntax.ImplicitVRLittleEndian.Uid),
        (SopClass.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid));

    private readonly RawPeer _peer;

    public CampaignPeer(IPEndPoint archive) => _peer = RawPeer.Associate(archive, Contexts);

    /// <summary>Sends all of an instance, whatever the server thinks; only then is there an answer.</summary>
    /// <param name="bytes">Length of the pixels.</param>
    public DimseStatus Store(string uid, int bytes)
    {
        _peer.Send(Pdus.Command(1, Pdus.StoreRq(1, uid)));
        var rest = CampaignInstance.Create(uid, bytes).AsSpan();
        for (; rest.Length > FragmentBytes; rest = rest[FragmentBytes..])
            _peer.Send(Pdus.PData(1, false, false, rest[..FragmentBytes]));
        _peer.Send(Pdus.PData(1, false, true, rest));
        return _peer.ReadCommand().Status!.Value;
    }

    public DimseStatus Echo()
    {
        _peer.Send(Pdus.Command(5, Pdus.EchoRq(2)));
        return _peer.ReadCommand().Status!.Value;
    }

    /// <summary>The SOP Instance UIDs that C-FIND shows, in their order as texts.</summary>
    public List<string> Find()
    {
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, "IMAGE");
        query.SetString(Tag.StudyInstanceUID, "1.2.826.0.1");
        query.SetString(Tag.SeriesInstanceUID, "1.2.826.0.1.1");
        query.SetEmpty(Tag.SOPInstanceUID);
        _peer.Send(Pdus.Command(3, new CommandSet
        {
            CommandField = CommandField.CFindRq, MessageId = 3, DataSetType = CommandSet.WithDataSet,
            AffectedSopClassUid = SopClass.StudyRootQueryRetrieveInformationModelFind,
        }));
        _peer.Send(Pdus.PData(3, false, true, DataSetWriter.ToBytes(query, TransferSyntax.ImplicitVRLittleEndian)));
        var found = new List<string>();
        while (true)
        {
            var status = _peer.ReadCommand().Status!.Value;
            if (!status.IsPending)
            {
                Assert.Equal(DimseStatus.Success, status);
                return [.. found.Order(StringComparer.Ordinal)];
            }

            var match = DataSetReader.TryRead(
                _peer.ReadPdu().AsMemory(12), TransferSyntax.ImplicitVRLittleEndian, out _);
            found.Add(match!.GetString(Tag.SOPInstanceUID)!);
        }
    }

    public void Dispose() => _peer.Dispose();
}
