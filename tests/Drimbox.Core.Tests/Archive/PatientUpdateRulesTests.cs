using Drimbox.Core;
using Drimbox.Core.Archive;

namespace Drimbox.Tests.Archive;

/// <summary>Which corrections follow from a message about a patient (docs/adr/0019).</summary>
public sealed class PatientUpdateRulesTests
{
    private static readonly AssigningAuthority _site = new("SITE", "1.2.3");
    private static readonly AssigningAuthority _other = new("OTHER", "1.2.4");
    private static readonly PatientIdentity _one = new("IPP1", "SITE", "1.2.3", "ISO", "PAT-UN^ALIX", "19790328", "F");
    private static readonly PatientIdentity _bare = _one with { Issuer = "", IssuerEntity = "", IssuerEntityType = "" };

    [Fact]
    public void An_update_corrects_what_differs_and_nothing_else()
    {
        var order = Assert.Single(Orders(Update("IPP1", name: "PAT-DEUX^ALIX", birthDate: "19790328", sex: "F"), [_one]));
        Assert.Equal((CorrectionKind.Correct, _one.Key), (order.Kind, order.Patient));
        Assert.Equal(new PatientChange(Name: "PAT-DEUX^ALIX"), order.To);
        Assert.False(order.EvenIfUnknown);
        Assert.Equal(
            new PatientChange(BirthDate: "19800101", Sex: "M"),
            Assert.Single(Orders(Update("IPP1", birthDate: "19800101", sex: "M"), [_one])).To);
    }

    [Fact]
    public void A_name_in_other_letters_and_what_is_not_said_are_no_differences()
    {
        Assert.Empty(Orders(Update("IPP1", name: "Pat-Un^Àlix"), [_one]));
        Assert.Empty(Orders(Update("IPP1"), [_one]));
        // Nobody has images of this patient.
        Assert.Empty(Orders(Update("IPP2", name: "PAT-DEUX^ALIX"), [_one]));
    }

    [Theory]
    [InlineData("SITE", "1.2.3", "SITE", "1.2.3", true)]
    [InlineData("SITE", "1.2.3", "", "1.2.3", true)]
    [InlineData("site", "", "SITE", "1.2.3", true)]
    [InlineData("1.2.3", "", "SITE", "1.2.3", true)]
    [InlineData("SITE", "1.2.3", "OTHER", "1.2.4", false)]
    [InlineData("SITE", "1.2.3", "SITE", "1.2.4", false)]
    [InlineData("SITE", "1.2.3", "", "", false)]
    [InlineData("", "", "", "", true)]
    [InlineData("", "", "SITE", "1.2.3", false)]
    public void A_number_is_that_of_its_authority(
        string issuer, string entity, string name, string universalId, bool isMeant)
    {
        var known = _one with { Issuer = issuer, IssuerEntity = entity };
        var update = Update("IPP1", sex: "M") with { Numbers = [new("IPP1", new AssigningAuthority(name, universalId))] };
        Assert.Equal(isMeant ? 1 : 0, Orders(update, [known]).Count);
    }

    [Fact]
    public void Files_without_an_issuer_have_the_numbers_of_the_local_authority_where_one_is_known()
    {
        var update = Update("IPP1", sex: "M");
        Assert.Empty(Orders(update, [_bare]));
        Assert.Empty(Orders(update, [_bare], _other));
        Assert.Equal(_bare.Key, Assert.Single(Orders(update, [_bare], _site)).Patient);
    }

    [Fact]
    public void A_merge_holds_for_each_way_in_which_files_may_name_the_former_number()
    {
        var update = Update("IPP2", name: "PAT-DEUX^ALIX", sex: "F") with
        {
            Kind = CorrectionKind.Merge, Former = [new("IPP1", _site)],
        };
        var orders = Orders(update, [_one], _site);
        Assert.Equal(
            [
                new PatientKey("IPP1", "", ""), new PatientKey("IPP1", "SITE", ""), new PatientKey("IPP1", "SITE", "1.2.3"),
            ],
            orders.Select(o => o.Patient).OrderBy(k => k.Issuer.Length + k.IssuerEntity.Length));
        Assert.All(orders, order =>
        {
            Assert.True(order.EvenIfUnknown);
            Assert.Equal(CorrectionKind.Merge, order.Kind);
            Assert.Equal(new PatientChange(PatientId: "IPP2", Name: "PAT-DEUX^ALIX", Sex: "F"), order.To);
        });
        // The name of the patient who stays is written as the archive has it.
        var known = _one with { PatientId = "IPP2", Name = "Pat-Deux^Alix", BirthDate = "19800101" };
        Assert.All(
            Orders(update, [known], _site),
            o => Assert.Equal(("Pat-Deux^Alix", "19800101"), (o.To.Name, o.To.BirthDate)));
    }

    [Fact]
    public void A_merge_into_a_number_of_another_authority_is_refused_and_one_into_itself_is_nothing()
    {
        var update = Update("IPP2") with { Kind = CorrectionKind.Merge, Former = [new("IPP1", _other)] };
        var (orders, refusal) = PatientUpdateRules.OrdersFor(update, [_one], _site, "HL7 SIH", "");
        Assert.Empty(orders);
        Assert.Equal((RefusalReason.RequiredFieldMissing, "PID^1^3"), (refusal!.Reason, refusal.Location));
        Assert.Empty(Orders(update with { Former = [new("IPP2", _site)] }, [_one]));
    }

    private static PatientUpdate Update(
        string id, string? name = null, string? birthDate = null, string? sex = null) =>
        new(CorrectionKind.Correct, [new(id, _site)], [], name, birthDate, sex);

    private static IReadOnlyList<CorrectionOrder> Orders(
        PatientUpdate update, IReadOnlyCollection<PatientIdentity> known, AssigningAuthority? local = null)
    {
        var (orders, refusal) = PatientUpdateRules.OrdersFor(
            update, known, local ?? AssigningAuthority.None, "HL7 SIH", "");
        Assert.Null(refusal);
        return orders;
    }
}
