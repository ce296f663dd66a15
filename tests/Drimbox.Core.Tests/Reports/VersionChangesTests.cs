using Drimbox.Core.Reports;
using Drimbox.Tests.Studies;

namespace Drimbox.Tests.Reports;

public sealed class VersionChangesTests
{
    [Fact]
    public void Two_headers_that_say_the_same_have_no_changes()
    {
        var header = StudyFixture.Header("A");

        Assert.Empty(VersionChanges.Between(header, header with { DocumentId = StudyFixture.Document("B") }));
    }

    [Fact]
    public void Each_element_that_differs_is_named_with_both_values()
    {
        var before = StudyFixture.Header("A");
        var after = StudyFixture.Header("B", "A", version: 2, minute: 5, accession: "ACN102") with
        {
            Title = "CR de scanner, complété",
            Custodian = null,
            Patient = StudyFixture.Patient with { BirthPlace = "75056" },
        };

        Assert.Equal(
            [
                new VersionChange("title", "CR de scanner", "CR de scanner, complété"),
                new VersionChange("effectiveTime", "20261102103000+0100", "20261102103005+0100"),
                new VersionChange("versionNumber", null, "2"),
                new VersionChange("relatedDocument RPLC", null, "1.2.250.1.999.7^A"),
                new VersionChange("recordTarget birthplace", "63220", "75056"),
                new VersionChange("custodian", "300017985 CENTRE D'IMAGERIE", null),
                new VersionChange(
                    "inFulfillmentOf order", "1.2.250.1.748.1^OPN-ACN101", "1.2.250.1.748.1^OPN-ACN102"),
                new VersionChange(
                    "inFulfillmentOf accessionNumber", "1.2.250.1.925.1^ACN101", "1.2.250.1.925.1^ACN102"),
            ],
            VersionChanges.Between(before, after));
    }

    [Fact]
    public void A_modality_or_study_that_is_added_is_a_change()
    {
        var before = StudyFixture.Header("A");
        var after = StudyFixture.Header("A", studies: [StudyFixture.Study, StudyFixture.OtherStudy]);

        var change = Assert.Single(
            VersionChanges.Between(before, after), c => c.Field == "documentationOf study");
        Assert.Equal($"{StudyFixture.Study}, {StudyFixture.OtherStudy}", change.After);
    }
}
