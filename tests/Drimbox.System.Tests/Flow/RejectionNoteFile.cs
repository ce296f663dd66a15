using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Grains.Hosting;

namespace Drimbox.Tests.Flow;

/// <summary>An IOCM rejection note (RAD-66) as a file.</summary>
internal static class RejectionNoteFile
{
    public static string Write(string folder, ExaminationCase exam, IEnumerable<string> images)
    {
        var ids = new RandomIdSource();
        var headers = images.Select(HeaderOf).ToList();
        var first = headers[0];
        var note = new RejectionNote(
            ids.NewUid(), ids.NewUid(), new DateTimeOffset(2026, 3, 14, 11, 0, 0, TimeSpan.FromHours(1)),
            RejectionReason.Quality, "Other maker",
            new Patient(
                null, new LocalPatientId(exam.Ins, "", "ASIP-SANTE-INS-NIR"), ExaminationCase.BirthName,
                ExaminationCase.GivenName, ExaminationCase.GivenName, null, "19790328", "F", ""),
            new ManifestStudy(
                Uid.Parse(exam.Study), first.GetString(Tag.StudyDate) ?? "", first.GetString(Tag.StudyTime) ?? "",
                first.GetString(Tag.StudyDescription) ?? ""),
            [.. headers.GroupBy(h => h.GetUid(Tag.SeriesInstanceUID)).Select(series => new ManifestSeries(
                series.Key, null, null,
                [.. series.Select(h => new ManifestInstance(h.GetUid(Tag.SOPClassUID), h.GetUid(Tag.SOPInstanceUID)))]))]);
        var path = Path.Combine(folder, "rejection-note.dcm");
        File.WriteAllBytes(path, RejectionNoteDataSet.ToFile(note));
        return path;
    }

    private static DataSet HeaderOf(string path)
    {
        Assert.True(DicomFile.TryRead(path, out var file, out var refusal, Tag.PixelData), refusal?.Detail);
        return file!.DataSet;
    }
}
