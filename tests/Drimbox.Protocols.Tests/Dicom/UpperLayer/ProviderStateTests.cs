using Drimbox.Core;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.UpperLayer;

/// <summary>The provider itself in each reachable cell of PS3.8 table 9-10: what the peer and the user get to
/// see.</summary>
public sealed class ProviderStateTests
{
    // What a peer may do, by the event's number in the table.
    private static readonly Dictionary<int, byte[]> Received = new()
    {
        [3] = AssociateEncoder.Encode(ProviderAt.Accept),
        [4] = Pdus.Reject(1, 1, 1),
        [6] = AssociateEncoder.Encode(ProviderAt.Request),
        [10] = ProviderAt.Data,
        [12] = FixedPdu.ReleaseRq(),
        [13] = FixedPdu.ReleaseRp(),
        [16] = Pdus.Abort(0, 0),
        [19] = [0x99, 0, 0, 0, 0, 4, 0, 0, 0, 0],
    };

    public static IEnumerable<TheoryDataRow<int, int>> ReceivedCells() =>
        from happened in Received.Keys.Append(17)
        from state in ProviderAt.Connected
        select new TheoryDataRow<int, int>(happened, (int)state);

    public static IEnumerable<TheoryDataRow<int, int>> LocalCells() =>
        from happened in (int[])[7, 8, 9, 11, 14, 15]
        from state in ProviderAt.Connected.Append(Sta.Sta4)
        select new TheoryDataRow<int, int>(happened, (int)state);

    public static IEnumerable<TheoryDataRow<int>> States() =>
        ProviderAt.Connected.Select(state => new TheoryDataRow<int>((int)state));

    [Theory, MemberData(nameof(ReceivedCells))]
    [Requirement("PS3.8 table 9-10")]
    public async Task What_a_peer_does_has_the_effect_of_its_cell(int happened, int state)
    {
        using var at = await ProviderAt.ReachAsync((Sta)state);
        var (action, next) = UpperLayerTableTests.Cell(happened, state);
        if (happened == 17) at.Peer.Dispose();
        else at.Peer.Send(Received[happened]);
        var reading = at.Provider.ReadAsync().AsTask();
        switch (action)
        {
            case "AA1" or "AA8":
                await ExpectAsync(IndicationKind.Violated);
                Assert.Equal(Pdus.Abort(2, happened == 19 ? (byte)1 : (byte)2), at.Peer.ReadPdu());
                break;
            case "AA2" or "AA3":
                await ExpectAsync(IndicationKind.Aborted);
                at.Peer.ExpectClosed();
                break;
            case "AA4" or "AA5" or "AR5":
                await ExpectAsync(IndicationKind.Closed);
                break;
            case "AA6":
                Assert.False(at.Peer.HasData(TimeSpan.FromMilliseconds(20)));
                await ExpectEndAsync();
                return;
            case "AA7":
                Assert.Equal(Pdus.Abort(2, 2), at.Peer.ReadPdu());
                await ExpectEndAsync();
                return;
            case "AE3":
                await ExpectAsync(IndicationKind.AssociateAccepted);
                break;
            case "AE4":
                await ExpectAsync(IndicationKind.AssociateRejected);
                at.Peer.ExpectClosed();
                break;
            case "AE6":
                await ExpectAsync(IndicationKind.AssociateRequested);
                break;
            case "DT2" or "AR6":
                await ExpectAsync(IndicationKind.Fragment);
                break;
            case "AR2" or "AR8":
                await ExpectAsync(IndicationKind.ReleaseRequested);
                break;
            case "AR3":
                await ExpectAsync(IndicationKind.ReleaseConfirmed);
                at.Peer.ExpectClosed();
                break;
            case "AR10":
                await ExpectAsync(IndicationKind.ReleaseConfirmed);
                break;
            default:
                Assert.Fail($"{action} is no answer to a peer.");
                break;
        }

        Assert.Contains((int)at.Provider.State, next);

        async Task ExpectAsync(IndicationKind expected) =>
            Assert.Equal(expected, (await reading.WaitAsync(TimeSpan.FromSeconds(10))).Kind);

        // Sta13 stays Sta13 until the peer closes.
        async Task ExpectEndAsync()
        {
            Assert.Equal(Sta.Sta13, at.Provider.State);
            at.Peer.Dispose();
            await ExpectAsync(IndicationKind.Closed);
        }
    }

    [Theory, MemberData(nameof(LocalCells))]
    [Requirement("PS3.8 table 9-10")]
    public async Task What_the_user_asks_for_has_the_effect_of_its_cell(int happened, int state)
    {
        using var at = await ProviderAt.ReachAsync((Sta)state);
        var (action, next) = UpperLayerTableTests.Cell(happened, state);
        var asking = AskAsync(at.Provider, happened);
        switch (action)
        {
            case ".":
                if (happened is 7 or 9 or 11)
                    await Assert.ThrowsAsync<AssociationAbortedException>(() => asking);
                else
                    await asking;
                // An abort where the association is over already (Sta2, Sta13) only closes.
                if (happened == 15) at.Peer.ExpectClosed();
                else Assert.False(at.Peer.HasData(TimeSpan.FromMilliseconds(20)));
                return;
            case "AE7":
                Assert.Equal(0x02, at.Peer.ReadPdu()[0]);
                break;
            case "AE8":
                Assert.Equal(Pdus.Reject(1, 1, 3), at.Peer.ReadPdu());
                break;
            case "DT1" or "AR7":
                Assert.Equal(ProviderAt.Data, at.Peer.ReadPdu());
                break;
            case "AR1":
                Assert.Equal(FixedPdu.ReleaseRq(), at.Peer.ReadPdu());
                break;
            case "AR4" or "AR9":
                Assert.Equal(FixedPdu.ReleaseRp(), at.Peer.ReadPdu());
                break;
            case "AA1":
                Assert.Equal(Pdus.Abort(0, 0), at.Peer.ReadPdu());
                break;
            case "AA2":
                at.Peer.ExpectClosed();
                break;
            default:
                Assert.Fail($"{action} is no request of a user.");
                break;
        }

        Assert.Contains((int)at.Provider.State, next);
        // AE-8 and AR-4 go on until the peer closes.
        at.Peer.Dispose();
        await asking.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Theory, MemberData(nameof(States))]
    [Requirement("PS3.8 table 9-10")]
    public async Task Artim_ends_Sta2_and_Sta13_and_nothing_else(int state)
    {
        using var at = await ProviderAt.ReachAsync((Sta)state);
        at.Time.Advance(Limits.ArtimTimeout - TimeSpan.FromSeconds(1));
        at.Provider.Watch();
        Assert.False(at.Peer.HasData(TimeSpan.FromMilliseconds(20)));
        at.Time.Advance(TimeSpan.FromSeconds(2));
        at.Provider.Watch();
        if (UpperLayerTableTests.Cell(18, state).Action == "AA2") at.Peer.ExpectClosed();
        else Assert.False(at.Peer.HasData(TimeSpan.FromMilliseconds(20)));
    }

    [Fact]
    public async Task What_is_left_of_a_message_after_an_abort_is_no_violation()
    {
        using var at = await ProviderAt.ReachAsync(Sta.Sta6);
        var data = Pdus.PData(1, true, true, new byte[1000]);
        at.Peer.Send(data.AsSpan(0, 500));
        Assert.Equal(IndicationKind.Fragment, (await at.Provider.ReadAsync()).Kind);
        await at.Provider.AbortAsync(AssociationAbort.ByUser);
        Assert.Equal(Pdus.Abort(0, 0), at.Peer.ReadPdu());
        var reading = at.Provider.ReadAsync().AsTask();
        at.Peer.Send(data.AsSpan(500));
        at.Peer.Send(data);
        Assert.False(at.Peer.HasData(TimeSpan.FromMilliseconds(20)));
        // In step all the same: an A-ABORT of the peer is understood (AA-2).
        at.Peer.Send(Pdus.Abort(0, 0));
        Assert.Equal(IndicationKind.Aborted, (await reading.WaitAsync(TimeSpan.FromSeconds(10))).Kind);
        at.Peer.ExpectClosed();
    }

    [Fact]
    public async Task A_peer_that_goes_on_violating_is_aborted_twice_and_no_more()
    {
        using var at = await ProviderAt.ReachAsync(Sta.Sta13);
        var reading = at.Provider.ReadAsync().AsTask();
        for (var i = 0; i < 5; i++) at.Peer.Send(Received[6]);
        Assert.Equal(Pdus.Abort(2, 2), at.Peer.ReadPdu());
        Assert.False(at.Peer.HasData(TimeSpan.FromMilliseconds(50)));
        at.Peer.Dispose();
        Assert.Equal(IndicationKind.Closed, (await reading.WaitAsync(TimeSpan.FromSeconds(10))).Kind);
    }

    [Fact]
    public async Task A_peer_that_does_not_close_sees_our_end_after_a_round_trip()
    {
        using var at = await ProviderAt.ReachAsync(Sta.Sta13);
        var reading = at.Provider.ReadAsync().AsTask();
        Assert.False(at.Peer.HasData(TimeSpan.FromMilliseconds(20)));
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                at.Time.Advance(TimeSpan.FromSeconds(1));
                return at.Peer.HasData(TimeSpan.FromMilliseconds(20));
            },
            TimeSpan.FromSeconds(10)));
        at.Peer.ExpectClosed();
        Assert.Equal(Sta.Sta13, at.Provider.State);
        at.Peer.Dispose();
        await reading.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static async Task AskAsync(UpperLayerProvider provider, int happened)
    {
        switch (happened)
        {
            case 7:
                await provider.SendAssociateAcceptAsync(ProviderAt.Accept);
                break;
            case 8:
                await provider.RejectAsync(AssociateRejection.CallingAeNotRecognized);
                break;
            case 9:
                await provider.SendPDataAsync(ProviderAt.Data);
                break;
            case 11:
                await provider.RequestReleaseAsync();
                break;
            case 14:
                await provider.RespondReleaseAsync();
                break;
            default:
                await provider.AbortAsync(AssociationAbort.ByUser);
                break;
        }
    }
}
