using Drimbox.Core;
using Drimbox.Dicom.Scp;

namespace Drimbox.Tests.Dicom.Attacks;

/// <summary>Attack A24: what an acceptor takes of the descriptors of its process.</summary>
public sealed class DescriptorShareTests
{
    [Theory]
    [InlineData(524_288, 210, 200, 512)]
    [InlineData(8_192, 210, 200, 512)]
    [InlineData(1_024, 210, 76, 76)]
    [InlineData(400, 210, 6, 6)]
    [InlineData(300, 210, 1, 1)]
    [InlineData(100, 210, 1, 1)]
    public void A24_connections_and_associations_leave_descriptors_for_the_rest(
        int limit, int used, int associations, int pending) =>
        Assert.Equal(
            new DescriptorShare(associations, pending), DescriptorShare.Of(TestAcceptor.Options, limit, used));

    [Theory]
    [InlineData(400)]
    [InlineData(1_024)]
    [InlineData(4_096)]
    public void A24_all_acceptors_of_a_process_together_leave_the_reserve(int limit)
    {
        var share = DescriptorShare.Of(TestAcceptor.Options, limit, 210);
        var taken = Limits.AcceptorsPerProcess * (share.Pending + (2 * share.Associations));
        Assert.True(taken + 210 + Limits.DescriptorsReserved <= limit);
    }
}
