using Drimbox.Core.Identity;

namespace Drimbox.Tests.Identity;

public sealed class PatientDeciderTests
{
    private static readonly Patient Person = new(
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"),
        new LocalPatientId("IPP101", "1.2.250.1.999.5", "SITE"),
        "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", null, "19790328", "F", "63220");

    [Fact]
    public void Every_order_of_statements_ends_in_the_same_answer()
    {
        PatientStatement[] statements =
        [
            Says("20261102080000", DmpFeeding.Opposed, DmpConsultation.Refused),
            Says("20261102090000", DmpFeeding.NotOpposed, DmpConsultation.NotCollected),
            // Two in one second: the more protective one.
            Says("20261102100000", DmpFeeding.Opposed, DmpConsultation.Consented),
            Says("20261102100000", DmpFeeding.NotOpposed, DmpConsultation.Consented),
            Says("20261103100000", DmpFeeding.NotCollected, DmpConsultation.NotCollected),
        ];
        foreach (var order in Orders([0, 1, 2, 3, 4]))
        {
            var state = order.Concat(order).Aggregate(
                PatientState.Empty,
                (s, i) => PatientDecider.Decide(s, statements[i], DateTimeOffset.UnixEpoch).Events
                    .Aggregate(s, PatientDecider.Evolve));
            Assert.True(
                state is
                {
                    Feeding: DmpFeeding.Opposed, FeedingStatedAt: "20261102100000",
                    Consultation: DmpConsultation.Consented,
                },
                $"order {string.Join("", order)}: {state}");
        }
    }

    [Fact]
    public void A_matricule_of_an_identity_that_is_not_validated_names_nobody()
    {
        var doubtful = Says("20261102080000", DmpFeeding.Opposed, DmpConsultation.NotCollected) with
        {
            Reliability = ["PROV"],
        };

        Assert.Equal(["1.2.250.1.999.5^IPP101"], doubtful.Keys.Select(k => k.ToString()));
    }

    [Fact]
    public void The_latest_answer_under_any_identifier_of_the_report_counts()
    {
        var (ins, local) = (PatientKeys.Of(Person)[0], PatientKeys.Of(Person)[1]);
        var before = PatientState.Empty with { Feeding = DmpFeeding.NotOpposed, FeedingStatedAt = "20261102080000" };
        var after = PatientState.Empty with { Feeding = DmpFeeding.Opposed, FeedingStatedAt = "20261102090000" };

        Assert.True(PatientStanding.Of([(ins, before), (local, after)]).Opposes);
        Assert.True(PatientStanding.Of([(ins, after), (local, before)]).Opposes);
        Assert.False(PatientStanding.Of([(ins, before), (local, PatientState.Empty)]).Opposes);
    }

    [Theory]
    [InlineData("PAT TROIS", null, "19790328", StrictTrait.BirthName)]
    [InlineData("pat-trois ", null, "19790328", null)] // case and outer spaces
    [InlineData("PAT-TROIS", "DOMINIQUE ZOE", "19790328", null)] // the other states one given name
    [InlineData("PAT-TROIS", null, "", null)] // not stated
    [InlineData("PAT-TROIS", null, "19790329", StrictTrait.BirthDate)]
    public void Traits_are_compared_as_far_as_both_state_them(
        string name, string? givenNames, string birthDate, StrictTrait? different) =>
        Assert.Equal(different, StrictTraits.FirstDifference(
            Person, Person with
            {
                BirthName = name, GivenNames = givenNames ?? Person.GivenNames, BirthDate = birthDate,
            }));

    [Fact]
    public void Records_of_one_authority_with_the_same_traits_are_duplicates_and_those_of_two_are_not()
    {
        InstanceIdentifier[] keys = [.. PatientKeys.Of(Person)];
        var twin = InstanceIdentifier.Create("1.2.250.1.999.5", "IPP202");
        var elsewhere = InstanceIdentifier.Create("1.2.250.1.999.6", "IPP101");
        var otherIns = InstanceIdentifier.Create(NationalAuthorities.InsNia, "279035121518990");

        Assert.Equal([twin, otherIns], PatientDuplicates.Of(keys, [.. keys, twin, elsewhere, otherIns]));
        Assert.Equal(
            StrictTraits.Fold(Person),
            StrictTraits.Fold(Person with { BirthName = "Pat-Trois", FirstGivenName = "Dominiqué" }));
        Assert.Null(StrictTraits.Fold(Person with { BirthPlace = "" }));
    }

    private static PatientStatement Says(string at, DmpFeeding feeding, DmpConsultation consultation) =>
        new(Person, ["VALI"], feeding, consultation, at);

    private static IEnumerable<int[]> Orders(int[] items)
    {
        if (items.Length == 1) return [items];
        return items.SelectMany(
            first => Orders([.. items.Where(i => i != first)]).Select(rest => (int[])[first, .. rest]));
    }
}
