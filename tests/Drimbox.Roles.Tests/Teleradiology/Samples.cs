using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Messages;
using Drimbox.Teleradiology.Reports;

namespace Drimbox.Tests.Teleradiology;

/// <summary>What the RIS of the tests says, about one synthetic patient.</summary>
internal static class Samples
{
    public static DateTimeOffset Now { get; } = new(2026, 11, 2, 9, 30, 0, TimeSpan.Zero);

    public static Organization Structure { get; } = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "300017985"), "Centre d'imagerie", "FINEG");

    public static StatedPatient Patient { get; } = new(
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
            new LocalPatientId("IPP101", "1.2.250.1.213.4.5.2.4", "AUT-AFFECTATION"),
            "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "63220"),
        ["VALI"],
        null);

    public static StatedPatient OtherPatient { get; } = Patient with
    {
        Identity = Patient.Identity with
        {
            Ins = InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518990"),
        },
    };

    public static PatientVisit Visit { get; } = new(
        "O", new AssignedIdentifier("000897406", "CHU-X", "000897406", "M", "VN"), "20261102093000", null);

    public static ReportText Text { get; } = new(
        "Céphalées persistantes.", "Acquisition hélicoïdale sans injection.", "Pas d'anomalie décelable.",
        "Examen normal.");

    public static InstanceIdentifier Order(string number) => InstanceIdentifier.Create("1.2.250.1.748.1", number);

    public static Uid Study(string number) => Uid.Parse($"1.2.250.1.999.9.{number}");

    public static ImagingRequest Request(string number) => new(
        Order(number), Patient, Visit, "20261102093000", null, Doctor("801234567897", "ADAM", "HODA"), "+33612345678",
        Structure, "Céphalées depuis trois jours", ["Recherche d'une lésion"], new Code("CT", "DCM", "Scanner"), [],
        new AnatomicRegion(new Code("774007", "SCT", "tête et/ou cou"), null), [], null, null, null);

    public static RequestCancellation Cancellation(string number) => new(
        Order(number), Patient, Visit, "20261102093500", null, Doctor("801234567897", "ADAM", "HODA"), null, Structure,
        new Code("", "", "Patient reparti"));

    /// <param name="study">Where the order has several: the study, and the number of its accession.</param>
    public static PostExamination Examination(string number, string study) =>
        Examination(study) with { PlacerOrderNumber = Order(number) };

    public static PostExamination Examination(string number) => new(
        Order(number), Patient, Visit, "20261102100000+0100", 730,
        InstanceIdentifier.Create("1.2.250.1.925.1", $"ACN{number}"),
        new Code("24725-4", "2.16.840.1.113883.6.1", ""), Study(number), new Code("24725-4", "2.16.840.1.113883.6.1", ""),
        $"https://viewer.test/IHEInvokeImageDisplay?requestType=STUDY&studyUID={Study(number)}&accessionNumber=ACN{number}",
        new Code("24725-4", "LN", "Scanner de la tête"),
        new AnatomicRegion(new Code("774007", "SCT", "tête et/ou cou"), new Code("24028007", "SCT", "côté droit")),
        new Code("CT", "DCM", "Scanner"),
        [new AdministeredProduct(new Code("V09", "ATC", "Produit de contraste"), "LOT7", null)],
        [new ImagingDevice(null, "Scanner 64")]);

    public static MessageEnvelope Envelope(string controlId) =>
        new("RISAPP", "RISFAC", "TLRAPP", "TLRFAC", Now, controlId);

    private static Professional Doctor(string id, string family, string given) =>
        new(InstanceIdentifier.Create(NationalAuthorities.Persons, id), family, given);
}
