using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Studies;

/// <summary>What the DMP holds in the end is a function of the messages, not of the order in which they came.</summary>
public sealed class StudyOrderTests
{
    public static TheoryData<string> Histories =>
    [
        "a report, its correction, another report, its visibility",
        "a report, its correction, the deletion of the correction, another report",
        "a report, a correction whose parent never comes, its deletion",
        "a report, its correction without the study, the correction of that",
    ];

    [Theory]
    [MemberData(nameof(Histories))]
    public void Every_order_ends_in_the_same_state(string history)
    {
        var messages = MessagesOf(history);
        var ends = new HashSet<string>();
        foreach (var order in Permutations(messages.Count))
        {
            foreach (var settleEach in (bool[])[true, false])
            {
                var study = new StudyHistory();
                foreach (var index in order)
                {
                    study.Receive(messages[index]);
                    if (settleEach) study.Settle();
                }

                study.Settle();
                ends.Add(End(study));
            }
        }

        Assert.Equal(Expected(history), Assert.Single(ends));
    }

    private static List<ReportMessage> MessagesOf(string history) => history switch
    {
        "a report, its correction, another report, its visibility" =>
        [
            Message(Header("A")),
            Message(Header("B", "A", minute: 1)),
            Message(Header("C", accession: "ACN101", minute: 5)),
            Message(Header("C", minute: 5), Choices(Visibility.InvisibleToPatient, decided: true)),
        ],
        "a report, its correction, the deletion of the correction, another report" =>
        [
            Message(Header("A"), Choices(Visibility.MaskedFromProfessionals)),
            Message(Header("B", "A", minute: 1), Choices(Visibility.MaskedFromProfessionals)),
            Deletion("B"),
            Message(Header("C", minute: 5)),
        ],
        "a report, a correction whose parent never comes, its deletion" =>
        [
            Message(Header("A", set: "S", version: 1)),
            Message(Header("C", "B", set: "S", version: 3, minute: 2)),
            Deletion("C"),
        ],
        _ =>
        [
            Message(Header("A")),
            Message(Header("B", "A", minute: 1, studies: OtherStudy)),
            Message(Header("C", "B", minute: 2), Choices(Visibility.InvisibleToPatient)),
        ],
    };

    private static string Expected(string history) => history switch
    {
        "a report, its correction, another report, its visibility" => "B C: InvisibleToPatient",
        "a report, its correction, the deletion of the correction, another report" => "C: Normal",
        "a report, a correction whose parent never comes, its deletion" => ": nothing",
        _ => "C: InvisibleToPatient",
    };

    private static string End(StudyHistory study)
    {
        var active = string.Join(' ', study.State.ActiveReports(Study).Select(r => r.DocumentId.Extension));
        if (study.Registry.Approved is not [var approved]) return $"{active}: nothing";
        Assert.Equal(study.State.Current!.UniqueId, approved);
        return $"{active}: {study.Registry.VisibilityOf(approved)}";
    }

    private static IEnumerable<int[]> Permutations(int count)
    {
        if (count == 0) return [[]];
        return Permutations(count - 1).SelectMany(
            rest => Enumerable.Range(0, count).Select(at => (int[])[.. rest[..at], count - 1, .. rest[at..]]));
    }
}
