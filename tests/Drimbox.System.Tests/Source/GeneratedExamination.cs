using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Load.Synthetic;

namespace Drimbox.Tests.Source;

/// <summary>An examination of an invented patient of its own, made from a plan: studies with their notes, and reports
/// as messages.</summary>
internal sealed class GeneratedExamination
{
    private const string LocalIssuer = "1.2.250.1.213.4.5.2.4";

    private static readonly (string Code, string Display)[] Regions =
        [("67734004", "Thorax"), ("774007", "Tête et cou"), ("63337009", "Abdo-pelvis")];

    private static readonly (string Code, string Display)[] Acts =
        [("ZBQK001", "Scanner du thorax"), ("ACQN001", "IRM de l'encéphale"), ("ZCQM008", "Échographie de l'abdomen")];

    public GeneratedExamination(ExaminationPlan plan, int seed)
    {
        Plan = plan;
        // Of its own, so that an examination does not depend on the plan of another.
        var random = new Random(unchecked((seed * 31) + plan.Number));
        var person = plan.Person;
        Patient = new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, person.Ins(plan.Number)),
            new LocalPatientId($"IPP-{plan.Number}", LocalIssuer, "SITE"),
            person.BirthName, person.GivenNames.Split(' ')[0], person.GivenNames, person.UsedName, person.BirthDate,
            person.Sex, person.BirthPlace);
        // Each has a day and an hour of its own.
        Studies = [.. plan.Studies.Select((study, i) => new GeneratedStudy(
            study,
            new SyntheticStudyOrder(
                Uid.Parse($"1.2.250.1.999.50.{plan.Number}.{i + 1}"),
                plan.IsIndexedByIns ? Patient : Patient with { Ins = null },
                new DateTimeOffset(2026, 1, 5, 8, 0, 0, TimeSpan.FromHours(1))
                    .AddDays((plan.Number * 7) + i).AddMinutes(random.Next(600)))
            {
                Rows = 16, Columns = 16, AccessionNumber = AccessionOf(i),
            },
            plan.HasAccessionIssuer, random))];
        Messages = [.. Enumerable.Range(0, plan.Reports).Select(i => MessageOf(ReportOf(i), i))];
    }

    public ExaminationPlan Plan { get; }

    public Patient Patient { get; }

    public IReadOnlyList<GeneratedStudy> Studies { get; }

    /// <summary>The reports as the RIS sends them, in this order: ORU and MDM by turns.</summary>
    public IReadOnlyList<byte[]> Messages { get; }

    /// <summary>The acts of a study, in words, as its reports name them.</summary>
    public IReadOnlyList<string> ActsOf(int study) =>
        study == 0 && Plan.Number % 3 == 0 ? [Acts[0].Display, Acts[2].Display] : [Acts[study].Display];

    /// <summary>The regions of a study, in words.</summary>
    public IReadOnlyList<string> RegionsOf(int study) =>
        Plan.Number % 2 == 0 ? [Regions[study].Display] : [Regions[study].Display, Regions[study + 1].Display];

    /// <summary>Modalities and regions of a study, as codes.</summary>
    public IEnumerable<string> CodesOf(int study) =>
        Studies[study].Plan.Series.Select(s => s.Modality)
            .Concat(RegionsOf(study).Select(display => Regions.First(r => r.Display == display).Code));

    /// <summary>When a study ended, as its reports say; null: they do not.</summary>
    public DateTimeOffset? StopOf(GeneratedStudy study) =>
        Plan.Number % 2 == 0 ? study.Order.PerformedAt.AddMinutes(20) : null;

    /// <summary>All that is said of the examination can be written in ISO 8859-1.</summary>
    public bool IsLatin1 => (Patient.BirthName + Patient.UsedName + Patient.GivenNames).All(c => c <= '\u00FF');

    /// <summary>Every pair of order and accession number that the reports answer, in their order.</summary>
    public IEnumerable<ImagingOrder> Orders => Enumerable.Range(0, Plan.Reports).SelectMany(OrdersOf).Distinct();

    private InstanceIdentifier AccessionOf(int study) =>
        InstanceIdentifier.Create(SourceReports.Accession.Root, $"ACN-{Plan.Number}-{study + 1}");

    // A second report about the same images may answer a further order; a third adds an accession number to the first.
    private IEnumerable<ImagingOrder> OrdersOf(int report)
    {
        for (var study = 0; study < Plan.Studies.Count; study++)
            yield return new ImagingOrder(OrderOf(study + 1), AccessionOf(study));
        if (report == 1) yield return new ImagingOrder(OrderOf(81), AccessionOf(80));
        if (report == 2) yield return new ImagingOrder(OrderOf(1), AccessionOf(90));
    }

    private InstanceIdentifier OrderOf(int order) =>
        InstanceIdentifier.Create("1.2.250.1.748.1", $"OPN-{Plan.Number}-{order}");

    private Level1Report ReportOf(int index)
    {
        var like = SourceReports.Report("A");
        return like with
        {
            DocumentId = SourceReports.Document($"G-{Plan.Number}-{index + 1}"),
            SetId = SourceReports.Document($"S-{Plan.Number}-{index + 1}"),
            Title = $"Compte rendu n° {index + 1}",
            Patient = Patient,
            Orders = [.. OrdersOf(index)],
            ServiceEvents = [.. Studies.Select((study, i) => EventOf(like.ServiceEvents[0], study, i))],
        };
    }

    private ImagingServiceEvent EventOf(ImagingServiceEvent like, GeneratedStudy study, int index)
    {
        var acts = ActsOf(index).Select(display => new Code(
            Acts.First(a => a.Display == display).Code, "1.2.250.1.215.300.1", display)).ToList();
        return like with
        {
            StudyInstanceUid = study.Uid,
            Code = acts[0],
            Acts = acts,
            Modalities = [.. study.Plan.Series.Select(s => s.Modality).Distinct()
                .Select(m => new Code(m, ReportCodes.Dcm, "Modalité " + m))],
            Regions = [.. RegionsOf(index).Select(display => new Code(
                Regions.First(r => r.Display == display).Code, ReportCodes.SnomedCt, display))],
            Start = Written(study.Order.PerformedAt),
            Stop = StopOf(study) is { } stop ? Written(stop) : null,
        };
    }

    private static string Written(DateTimeOffset time) =>
        time.ToString("yyyyMMddHHmmsszzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal);

    private byte[] MessageOf(Level1Report report, int index)
    {
        var control = $"G{Plan.Number}-{index + 1}";
        return (Plan.Number + index) % 2 == 0
            ? SourceReports.Oru(control, ReportAction.Initial, report)
            : SourceReports.Mdm(control, ReportAction.Initial, report);
    }
}
