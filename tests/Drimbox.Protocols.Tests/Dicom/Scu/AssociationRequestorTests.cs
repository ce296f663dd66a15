using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scu;

/// <summary>Several associations with one acceptor.</summary>
public sealed class AssociationRequestorTests
{
    private readonly FakeTime _time = new();
    private readonly ConcurrentQueue<(AssociateRejection Rejection, TimeSpan Delay)> _rejections = [];

    [Fact]
    public async Task What_comes_back_is_lent_again()
    {
        await using var server = TestAcceptor.Start();
        await using var requestor = To(server, 2);
        Association first;
        await using (var loan = await requestor.BorrowAsync())
        {
            first = loan.Association;
            Assert.Equal(DimseStatus.Success, await new CEchoScu(first).SendAsync());
        }

        Assert.Equal(1, requestor.IdleCount);
        await using var again = await requestor.BorrowAsync();
        Assert.Same(first, again.Association);
        Assert.Equal(DimseStatus.Success, await new CEchoScu(first).SendAsync());
        Assert.Equal(1, server.Acceptor.AssociationCount);
    }

    [Fact]
    public async Task No_more_are_open_than_were_allowed()
    {
        await using var server = TestAcceptor.Start();
        await using var requestor = To(server, 2);
        var first = await requestor.BorrowAsync();
        await using var second = await requestor.BorrowAsync();
        var third = requestor.BorrowAsync();
        Assert.NotSame(first.Association, second.Association);
        Assert.Equal(2, server.Acceptor.AssociationCount);
        Assert.False(third.IsCompleted);
        await first.DisposeAsync();
        await using var lent = await third;
        Assert.Same(first.Association, lent.Association);
    }

    [Fact]
    public async Task One_without_a_user_is_released_in_time()
    {
        await using var server = TestAcceptor.Start();
        await using var requestor = To(server, 2);
        await (await requestor.BorrowAsync()).DisposeAsync();
        _time.Advance(Limits.AssociationReuseTime - TimeSpan.FromSeconds(2));
        Assert.Equal(1, requestor.IdleCount);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(SpinWait.SpinUntil(() => server.Acceptor.AssociationCount == 0, TimeSpan.FromSeconds(10)));
        Assert.Equal(0, requestor.IdleCount);
    }

    [Fact]
    public async Task One_that_was_aborted_is_not_lent_again()
    {
        await using var server = TestAcceptor.Start();
        await using var requestor = To(server, 1);
        var first = await requestor.BorrowAsync();
        await first.Association.AbortAsync();
        await first.DisposeAsync();
        await using var second = await requestor.BorrowAsync();
        Assert.NotSame(first.Association, second.Association);
        Assert.Equal(DimseStatus.Success, await new CEchoScu(second.Association).SendAsync());
    }

    [Fact]
    public async Task One_that_the_acceptor_has_ended_meanwhile_is_not_lent_again()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var requestor = To(((IPEndPoint)listener.LocalEndpoint).Port, 1);
        var (loan, peer) = await BorrowFromAsync(requestor, listener);
        await loan.DisposeAsync();
        peer.Send(Pdus.Abort(2, 0));
        peer.Dispose();
        Assert.True(SpinWait.SpinUntil(() => !loan.Association.IsReusable, TimeSpan.FromSeconds(10)));
        var (second, peer2) = await BorrowFromAsync(requestor, listener);
        Assert.NotSame(loan.Association, second.Association);
        await second.Association.AbortAsync();
        await second.DisposeAsync();
        peer2.Dispose();
    }

    [Fact]
    public async Task An_acceptor_without_a_place_is_waited_for()
    {
        await using var server = TestAcceptor.Start(o => o with { AssociationsMax = 1 });
        await using var requestor = To(server, 2);
        var first = await requestor.BorrowAsync();
        var second = requestor.BorrowAsync();
        Assert.True(SpinWait.SpinUntil(() => !_rejections.IsEmpty, TimeSpan.FromSeconds(10)));
        Assert.Equal((AssociateRejection.LocalLimitExceeded, Limits.RejectionDelayMin), _rejections.First());
        Assert.False(second.IsCompleted);
        // No time passes: what comes back will do.
        await first.DisposeAsync();
        await using var lent = await second.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Same(first.Association, lent.Association);
    }

    [Fact]
    public async Task An_acceptor_that_has_a_place_later_is_asked_again()
    {
        await using var server = TestAcceptor.Start(o => o with { AssociationsMax = 1 });
        var other = RawPeer.Associate(server.EndPoint, Pdus.EchoRequest("ARCHIVE", "OTHER"));
        await using var requestor = To(server, 1);
        var waiting = requestor.BorrowAsync();
        Assert.True(SpinWait.SpinUntil(() => !_rejections.IsEmpty, TimeSpan.FromSeconds(10)));
        other.Dispose();
        Assert.True(SpinWait.SpinUntil(() => server.Acceptor.AssociationCount == 0, TimeSpan.FromSeconds(10)));
        Assert.True(SpinWait.SpinUntil(() => Passed(waiting), TimeSpan.FromSeconds(10)));
        await using var lent = await waiting;
        Assert.Equal(DimseStatus.Success, await new CEchoScu(lent.Association).SendAsync());
    }

    [Fact]
    public async Task An_acceptor_that_stays_full_is_given_up_and_the_waits_grow()
    {
        await using var server = TestAcceptor.Start(o => o with { AssociationsMax = 1 });
        using var other = RawPeer.Associate(server.EndPoint, Pdus.EchoRequest("ARCHIVE", "OTHER"));
        await using var requestor = To(server, 1);
        var waiting = requestor.BorrowAsync();
        Assert.True(SpinWait.SpinUntil(() => Passed(waiting), TimeSpan.FromSeconds(20)));
        var refusal = await Assert.ThrowsAsync<AssociationRejectedException>(() => waiting);
        Assert.Equal(AssociateRejection.LocalLimitExceeded, refusal.Rejection);
        Assert.Equal([1, 2, 4, 8, 16], _rejections.Select(r => r.Delay.TotalSeconds));
        // The place of the one that failed is free again.
        other.Dispose();
        Assert.True(SpinWait.SpinUntil(() => server.Acceptor.AssociationCount == 0, TimeSpan.FromSeconds(10)));
        await using var lent = await requestor.BorrowAsync();
    }

    [Fact]
    public async Task A_permanent_rejection_is_told_at_once()
    {
        await using var server = TestAcceptor.Start();
        await using var requestor = new AssociationRequestor(
            server.Request(CEchoScu.Context) with { CalledAe = AeTitle.Parse("OTHER"), Time = _time }, 1);
        await Assert.ThrowsAsync<AssociationRejectedException>(() => requestor.BorrowAsync());
        await Assert.ThrowsAsync<AssociationRejectedException>(() => requestor.BorrowAsync());
    }

    [Fact]
    public async Task Closing_releases_what_is_idle_and_lends_no_more()
    {
        await using var server = TestAcceptor.Start();
        var requestor = To(server, 2);
        var lent = await requestor.BorrowAsync();
        await (await requestor.BorrowAsync()).DisposeAsync();
        await requestor.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => requestor.BorrowAsync());
        Assert.Equal(DimseStatus.Success, await new CEchoScu(lent.Association).SendAsync());
        await lent.DisposeAsync();
        Assert.True(SpinWait.SpinUntil(() => server.Acceptor.AssociationCount == 0, TimeSpan.FromSeconds(10)));
    }

    // The clock moves until the task is over; the wait between two requests is counted on it.
    private bool Passed(Task task)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return task.IsCompleted;
    }

    private AssociationRequestor To(TestAcceptor server, int max) => To(server.Port, max);

    private AssociationRequestor To(int port, int max) => new(
        new AssociationOptions
        {
            Host = "127.0.0.1",
            Port = port,
            CallingAe = AeTitle.Parse("MODALITY"),
            CalledAe = AeTitle.Parse("ARCHIVE"),
            Contexts = [CEchoScu.Context],
            Time = _time,
            // The tests move the clock by minutes.
            ConnectTimeout = TimeSpan.FromDays(1),
            AssociateTimeout = TimeSpan.FromDays(1),
        },
        max)
    {
        Rejected = (rejection, delay) => _rejections.Enqueue((rejection, delay)),
    };

    private static async Task<(AssociationLoan Loan, RawPeer Peer)> BorrowFromAsync(
        AssociationRequestor requestor, TcpListener listener)
    {
        var borrowing = Task.Run(() => requestor.BorrowAsync());
        var peer = RawPeer.Accept(listener);
        peer.ReadPdu();
        peer.Send(AssociateEncoder.Encode(new AssociateAccept
        {
            CalledAe = AeTitle.Parse("ARCHIVE"),
            CallingAe = AeTitle.Parse("MODALITY"),
            Contexts = [new PresentationContextAnswer(
                1, PresentationContextResult.Acceptance, TransferSyntax.ImplicitVRLittleEndian.Uid)],
            User = new UserInformation { MaximumLength = 16384, ImplementationClassUid = Uid.Parse("1.2.3") },
        }));
        return (await borrowing, peer);
    }
}
