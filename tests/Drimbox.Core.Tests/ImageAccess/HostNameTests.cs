using Drimbox.Core.ImageAccess;

namespace Drimbox.Tests.ImageAccess;

/// <summary>Which host names lead to the images of a source.</summary>
public sealed class HostNameTests
{
    [Theory]
    [Requirement("DB.SO.31")]
    [InlineData("drimbox.example", true)]
    [InlineData("DRIMBOX.example:8044", true)]
    [InlineData("old.example:443", true)]
    [InlineData("other.example", false)]
    [InlineData("drimbox.example.evil", false)]
    [InlineData("", false)]
    [InlineData("127.0.0.1:8044", true)]
    [InlineData("[::1]:8044", true)]
    [InlineData("[::1]", true)]
    public void A_name_is_one_of_ours_whatever_its_port_and_an_address_claims_none(string called, bool expected) =>
        Assert.Equal(
            expected ? null : AccessDenial.OtherHost,
            AccessRules.CheckHost(called, ["drimbox.example:8443", "old.example"]));
}
