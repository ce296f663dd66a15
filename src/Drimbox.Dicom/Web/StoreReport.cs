using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Dicom.Web;

/// <summary>The Store Instances Response Module, and the status of the response. Source: PS3.18 annex I and 10.5.3.1.
/// Not safe for concurrent use.</summary>
public sealed class StoreReport
{
    /// <summary>PS3.18 table I.2-2: Referenced Transfer Syntax not supported.</summary>
    public static readonly DimseStatus TransferSyntaxNotSupported = new(0xC122);

    /// <summary>Of ours, in the range of PS3.18 table I.2-2 for what cannot be understood: the Study Instance UID is
    /// not that of the target resource.</summary>
    public static readonly DimseStatus AnotherStudy = new(0xC409);

    private readonly List<Entry> _stored = [];
    private readonly List<Entry> _failed = [];
    private readonly List<DimseStatus> _others = [];

    public int StoredCount => _stored.Count;

    /// <summary>Success or a warning.</summary>
    /// <param name="retrieveUrl">Of the instance.</param>
    public void AddStored(Uid sopClassUid, Uid sopInstanceUid, DimseStatus status, string retrieveUrl) =>
        _stored.Add(new Entry(sopClassUid, sopInstanceUid, status, retrieveUrl));

    public void AddFailed(Uid sopClassUid, Uid sopInstanceUid, DimseStatus status) =>
        _failed.Add(new Entry(sopClassUid, sopInstanceUid, status, null));

    /// <summary>A part that is no instance.</summary>
    public void AddOther(DimseStatus status) => _others.Add(status);

    /// <summary>PS3.18 table 10.5.3-1; 507 (RFC 4918 11.5) where nothing was stored for want of room alone.</summary>
    public int HttpStatus
    {
        get
        {
            var failures = _failed.Select(f => f.Status).Concat(_others).ToList();
            if (failures.Count == 0 && _stored.All(s => s.Status == DimseStatus.Success))
                return _stored.Count > 0 ? 200 : 400;
            if (_stored.Count > 0) return 202;
            return failures.All(f => f.Code is >= 0xA700 and <= 0xA7FF) ? 507 : 409;
        }
    }

    /// <param name="studyUrl">Where the study can be retrieved, or null.</param>
    public DataSet ToDataSet(string? studyUrl)
    {
        var report = new DataSet();
        report.SetString(Tag.RetrieveURL, studyUrl);
        if (_failed.Count > 0)
        {
            report.SetSequence(Tag.FailedSOPSequence, _failed.Select(failed =>
            {
                var item = Item(report, failed);
                item.SetInt(Tag.FailureReason, failed.Status.Code);
                return item;
            }));
        }

        if (_stored.Count > 0)
        {
            report.SetSequence(Tag.ReferencedSOPSequence, _stored.Select(stored =>
            {
                var item = Item(report, stored);
                item.SetString(Tag.RetrieveURL, stored.RetrieveUrl);
                if (stored.Status != DimseStatus.Success) item.SetInt(Tag.WarningReason, stored.Status.Code);
                return item;
            }));
        }

        if (_others.Count > 0)
        {
            report.SetSequence(Tag.OtherFailuresSequence, _others.Select(status =>
            {
                var item = new DataSet(report);
                item.SetInt(Tag.FailureReason, status.Code);
                return item;
            }));
        }

        return report;
    }

    private static DataSet Item(DataSet report, Entry entry)
    {
        var item = new DataSet(report);
        item.SetUid(Tag.ReferencedSOPClassUID, entry.SopClassUid);
        item.SetUid(Tag.ReferencedSOPInstanceUID, entry.SopInstanceUid);
        return item;
    }

    private sealed record Entry(Uid SopClassUid, Uid SopInstanceUid, DimseStatus Status, string? RetrieveUrl);
}
