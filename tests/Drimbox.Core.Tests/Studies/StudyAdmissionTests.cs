using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using static Drimbox.Tests.Studies.StudyFixture;

namespace Drimbox.Tests.Studies;

/// <summary>Which copies a source takes.</summary>
public sealed class StudyAdmissionTests
{
    [Fact]
    public void A_complete_copy_is_taken() => Assert.Null(Check(Header("A")));

    [Fact]
    [Requirement("DB.SO.12")]
    public void A_document_without_a_study_is_refused() =>
        Assert.Equal(RefusalReason.RequiredFieldMissing, Check(Header("A") with { ServiceEvents = [] }));

    [Fact]
    public void A_document_of_too_many_studies_is_refused()
    {
        var studies = Enumerable.Range(1, Limits.StudiesPerMessageMax + 1).Select(i => Uid.Parse($"1.2.{i}"));

        Assert.Equal(RefusalReason.OverLimit, Check(Header("A", studies: [.. studies])));
    }

    [Fact]
    [Requirement("DB.SO.19")]
    public void A_document_of_another_structure_is_refused() =>
        Assert.Equal(
            RefusalReason.ForeignStructure,
            Check(Header("A") with
            {
                LegalAuthenticatorOrganization = Structure with
                {
                    Id = InstanceIdentifier.Create(NationalAuthorities.Organizations, "330000777"),
                },
            }));

    [Fact]
    public void A_document_that_never_goes_to_the_DMP_needs_none_of_its_metadata()
    {
        var header = Header("A") with { Title = "" };

        Assert.Equal(RefusalReason.RequiredFieldMissing, Check(header));
        Assert.Null(StudyAdmission.Check(
            Message(header, PublicationChoices.Default with { ToDmp = false }), Policy));
    }

    private static RefusalReason? Check(CdaHeader header) => StudyAdmission.Check(Message(header), Policy)?.Reason;
}
