using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using static Drimbox.Tests.Requests.RequestSamples;

namespace Drimbox.Tests.Requests;

/// <summary>The identifiers that requests and their examinations get.</summary>
public sealed class RequestPlanTests
{
    [Fact]
    [Requirement("DB/RIS.03")]
    public void A_request_without_an_order_number_gets_one_under_the_authority_of_the_RIS()
    {
        var plan = Plan([new RequestOrder(Request(null), []), new RequestOrder(Request("OPN1"), []),
            new RequestOrder(Request(null), [])]);

        InstanceIdentifier[] orders = [.. plan.Select(p => p.Request.PlacerOrderNumber)];
        Assert.Equal("1.2.250.1.999.1", orders[0].Root);
        Assert.Equal(Order("OPN1"), orders[1]);
        Assert.Equal("1.2.250.1.999.1", orders[2].Root);
        Assert.Equal(3, orders.Distinct().Count());
        Assert.Equal([true, false, true], plan.Select(p => p.OrderIsProposed));
    }

    [Fact]
    [Requirement("DB/RIS.03")]
    public void The_number_of_the_requester_is_kept_by_the_first_request_of_its_document_and_by_no_other()
    {
        var plan = Plan([new RequestOrder(Request(null), []), new RequestOrder(Request(null), [])], Order("DOC"));
        Assert.Equal(Order("DOC"), plan[0].Request.PlacerOrderNumber);
        Assert.Equal("1.2.250.1.999.1", plan[1].Request.PlacerOrderNumber.Root);

        // The document was filed before: its number is in use.
        plan = Plan([new RequestOrder(Request(null), [])], Order("DOC"), Order("DOC").ToString());
        Assert.Equal("1.2.250.1.999.1", plan[0].Request.PlacerOrderNumber.Root);
    }

    [Theory]
    [Requirement("DB/RIS.05")]
    // PS3.5 6.2: SH has 16 characters and no backslash.
    [InlineData("OPN101", true)]
    [InlineData("1234567890123456", true)]
    [InlineData("12345678901234567", false)]
    [InlineData("OPN\\101", false)]
    [InlineData("N°101", false)]
    [InlineData(" OPN101", false)]
    public void An_accession_number_is_that_of_the_order_where_it_fits_and_one_of_the_RIS_elsewhere(
        string order, bool isKept)
    {
        var accession = Plan([new RequestOrder(Request(order), [])])[0].AccessionNumber;

        Assert.Equal("1.2.250.1.999.2", accession.Root);
        Assert.Equal(isKept, accession.Extension == order);
        Assert.InRange(accession.Extension!.Length, 1, 16);
    }

    [Fact]
    [Requirement("DB/RIS.05")]
    public void Two_orders_of_one_number_under_two_authorities_get_two_accession_numbers()
    {
        var other = Request("OPN1") with { PlacerOrderNumber = InstanceIdentifier.Create("1.2.250.1.749", "OPN1") };
        var plan = Plan([new RequestOrder(Request("OPN1"), []), new RequestOrder(other, [])]);
        Assert.Equal("OPN1", plan[0].AccessionNumber.Extension);
        Assert.NotEqual("OPN1", plan[1].AccessionNumber.Extension);
    }

    [Fact]
    [Requirement("DB/RIS.01")]
    [Requirement("DB/RIS.06")]
    public void Each_examination_of_a_request_has_identifiers_of_its_own()
    {
        ExaminationOrder[] wishes =
        [
            new(new Code("CT", "DCM", "Scanner"), Knee),
            new(new Code("MR", "DCM", "IRM"), Knee, new Code("24802-9", "LN", "IRM du genou")),
        ];
        var request = Plan([new RequestOrder(Request("OPN1"), wishes)])[0];

        Assert.Equal(["CT", "MR"], request.Examinations.Select(e => e.Modality.Value));
        Assert.Equal(2, request.Examinations.Select(e => e.StudyInstanceUid).Distinct().Count());
        Assert.Equal(2, request.Examinations.Select(e => e.ProcedureId).Distinct().Count());
        Assert.All(request.Examinations, e => Assert.InRange(e.ProcedureId.Length, 1, 16));
    }

    [Theory]
    [Requirement("DB/RIS.07")]
    [InlineData("1.2", "ffffffff-ffff-ffff-ffff-ffffffffffff")]
    [InlineData("1.2.250.1.999.10.3", "ffffffff-ffff-ffff-ffff-ffffffffffff")]
    [InlineData("1.2.250.1.999.10.3.4567", "ffffffff-ffff-ffff-ffff-ffffffffffff")]
    // The longest root: 19 digits remain.
    [InlineData("1.2.250.1.999.1234567890.1234567890.1234567", "ffffffff-ffff-4fff-bfff-ffffffffffff")]
    [InlineData("1.2.250.1.999.1234567890.1234567890.1234567", "00000000-0000-0000-0000-000000000000")]
    public void A_Study_Instance_UID_is_below_the_root_and_has_less_than_64_characters(string root, string uuid)
    {
        Assert.True(root.Length <= Limits.StudyRootLengthMax);
        var uid = RisNumbers.NewStudy(Authorities with { Studies = Uid.Parse(root) }, new OneUuid(uuid)).ToString();

        Assert.StartsWith(root + ".", uid, StringComparison.Ordinal);
        Assert.True(uid.Length < 64, uid);
        Assert.True(Uid.TryParse(uid, out _));
        // What is left of a random number must still tell a billion studies apart.
        if (!uuid.StartsWith('0')) Assert.True(uid.Length - root.Length - 1 >= 18, uid);
    }

    private sealed class OneUuid(string uuid) : IIdSource
    {
        public Uid NewUid() => throw new NotSupportedException();

        public string NewUuid() => uuid;
    }
}
