using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;

namespace Drimbox.Ris.Worklist;

/// <summary>The identifiers of requests of before the RIS recorded them. They follow from the order number, so that
/// they are the same whenever they are asked for.</summary>
internal static class WorklistIdentifiers
{
    // PS3.5 6.2: SH.
    private const int ShortStringMax = 16;

    /// <summary>The event with its identifiers.</summary>
    /// <param name="source">The OID of the RIS: the authority of an accession number that is none of the order.</param>
    public static RequestPlaced Complete(RequestPlaced placed, Uid source)
    {
        if (placed.AccessionNumber is not null) return placed;
        var order = placed.Request.PlacerOrderNumber;
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(order.ToString()));
        var uuid = hash[..16];
        // RFC 9562 5.8: version 8, custom; variant 10.
        uuid[6] = (byte)((uuid[6] & 0x0F) | 0x80);
        uuid[8] = (byte)((uuid[8] & 0x3F) | 0x80);
        var accession = order.Extension is { Length: > 0 and <= ShortStringMax } number && IsPlain(number)
            ? order
            : InstanceIdentifier.Create(source.ToString(), Convert.ToHexString(hash[16..24]));
        return placed with
        {
            AccessionNumber = accession,
            Examinations =
            [
                new PlannedExamination(
                    Uid.FromGuid(new Guid(uuid, bigEndian: true)), RisNumbers.KeyOf(accession),
                    placed.Request.Modality, placed.Request.Region, null),
            ],
        };
    }

    private static bool IsPlain(string number) => Ascii.IsValid(number) && !number.Contains('\\', StringComparison.Ordinal);
}

/// <summary>An examination of a request as an item of the Modality Worklist. Source: PS3.4 K.6.1.2.2.</summary>
internal static class WorklistItem
{
    // PS3.5 6.2: LO.
    private const int LongStringMax = 64;

    /// <param name="stations">Where it may be made: at least one, the Scheduled Station AE Title is of type 1.</param>
    /// <param name="placedAt">In the time zone of the site, for a request that does not say when it was asked for.</param>
    /// <param name="isStarted">A procedure step of it is in progress.</param>
    public static DataSet For(
        ImagingRequest request,
        InstanceIdentifier accession,
        PlannedExamination examination,
        IReadOnlyList<AeTitle> stations,
        DateTimeOffset placedAt,
        bool isStarted)
    {
        var patient = request.Patient.Identity;
        var physician = $"{Component(request.OrderingProvider.FamilyName)}^{Component(request.OrderingProvider.GivenName)}";
        var description = Long(DescriptionOf(examination));
        var visit = request.Visit.Number?.Value ?? "";
        var item = new DataSet();
        item.SetCharacterSet(CharacterSet.For([.. PatientModule.Texts(patient), physician, description, visit]));
        PatientModule.Set(item, patient);
        SetMedical(item, request);
        item.SetString(Tag.AccessionNumber, RisNumbers.KeyOf(accession));
        item.SetSequence(Tag.IssuerOfAccessionNumberSequence, PatientModule.EntityItem(item, accession.Root));
        var order = request.PlacerOrderNumber;
        if (order.Extension is { Length: <= LongStringMax } number)
        {
            item.SetString(Tag.PlacerOrderNumberImagingServiceRequest, Long(number));
            if (Uid.TryParse(order.Root, out _))
                item.SetSequence(Tag.OrderPlacerIdentifierSequence, PatientModule.EntityItem(item, order.Root));
        }

        item.SetString(Tag.RequestingPhysician, physician);
        item.SetString(Tag.ReferringPhysicianName, physician);
        item.SetString(Tag.AdmissionID, visit);
        item.SetUid(Tag.StudyInstanceUID, examination.StudyInstanceUid);
        item.SetString(Tag.RequestedProcedureID, examination.ProcedureId);
        item.SetString(Tag.RequestedProcedureDescription, description);

        var step = new DataSet(item);
        var (date, time) = StartOf(request.RequestedAt, placedAt);
        step.SetStrings(Tag.ScheduledStationAETitle, stations.Select(station => station.ToString()).ToArray());
        step.SetString(Tag.ScheduledProcedureStepStartDate, date);
        step.SetString(Tag.ScheduledProcedureStepStartTime, time);
        step.SetString(Tag.Modality, examination.Modality.Value);
        step.SetString(Tag.ScheduledProcedureStepDescription, description);
        step.SetString(Tag.ScheduledProcedureStepID, examination.ProcedureId);
        step.SetString(Tag.ScheduledProcedureStepStatus, isStarted ? "STARTED" : "SCHEDULED");
        item.SetSequence(Tag.ScheduledProcedureStepSequence, step);
        return item;
    }

    private static void SetMedical(DataSet item, ImagingRequest request)
    {
        if (request.Weight is { Unit: "kg" } weight
            && double.TryParse(weight.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var kilograms))
        {
            item.SetString(Tag.PatientWeight, kilograms.ToString("0.###", CultureInfo.InvariantCulture));
        }

        // PS3.3 C.2.4: 0001 is not pregnant, 0003 definitely so.
        if (request.Pregnant is { } pregnant) item.SetInt(Tag.PregnancyStatus, pregnant ? 3 : 1);
    }

    // ORC-9: 20261102103000+0100, as precise as it was written. Both are of type 1.
    private static (string Date, string Time) StartOf(string requestedAt, DateTimeOffset placedAt)
    {
        var digits = new string([.. requestedAt.TakeWhile(char.IsAsciiDigit)]);
        var written = placedAt.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        if (digits.Length < 8) digits = written;
        var time = digits.Length >= 12 ? digits[8..Math.Min(digits.Length, 14)] : "0000";
        return (digits[..8], time.Length % 2 == 0 ? time : time[..^1]);
    }

    private static string DescriptionOf(PlannedExamination examination)
    {
        if (examination.Act is { Display.Length: > 0 } act) return act.Display;
        var side = examination.Region.Topography?.Display;
        return $"{examination.Modality.Display} {examination.Region.Region.Display} {side}".Trim();
    }

    // PS3.5 6.2.1: these would begin another component, group or value.
    private static string Component(string name) => name.Replace('^', ' ').Replace('=', ' ').Replace('\\', ' ');

    private static string Long(string text)
    {
        text = text.Replace('\\', ' ');
        return text.Length <= LongStringMax ? text : text[..LongStringMax];
    }
}
