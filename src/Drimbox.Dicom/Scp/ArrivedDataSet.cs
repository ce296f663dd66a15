using Drimbox.Dicom.Dimse;

namespace Drimbox.Dicom.Scp;

/// <summary>A data set that was looked at while it arrived, and has ended.</summary>
public static class ArrivedDataSet
{
    /// <param name="scanner">Has seen all of it, and looks for SOP Class and SOP Instance UID.</param>
    /// <param name="length">Bytes of the data set.</param>
    /// <returns>Why it is not stored, or null: it is well-formed, and what its command says (PS3.4 B.2.3, A9xx).</returns>
    public static DimseStatus? Refuse(HeaderScanner scanner, in CStoreRequest request, long length)
    {
        if (scanner.Complete(length) != ReadStatus.Done)
            return DimseStatus.CannotUnderstand.With("The data set is broken.");
        return scanner.GetUid(Tag.SOPClassUID) != request.SopClassUid
            || scanner.GetUid(Tag.SOPInstanceUID) != request.SopInstanceUid
                ? DimseStatus.DataSetDoesNotMatchSopClass.With("Command and data set name other UIDs.")
                : null;
    }
}
