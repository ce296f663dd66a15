using Drimbox.Core;

namespace Drimbox.Tests;

/// <summary>How the bounds relate: a change of one that breaks another is found here and not by a peer.</summary>
public sealed class LimitsTests
{
    private const long MiB = 1024 * 1024;

    // PDU header and PDV header, PS3.8 9.3.5.
    private const int Headers = 12;

    [Fact]
    public void What_arrives_fits_into_what_receives_it()
    {
        // A PDU of the length that we offer, in one receive.
        Assert.True(Limits.ReceiveBufferBytes >= Limits.PduLengthOffered + Headers);
        Assert.True(Limits.PduLengthOffered >= Limits.PduLengthMin);
        Assert.True(Limits.PduLengthSendMax >= Limits.PduLengthMin);
        Assert.True(Limits.CommandSetBytesMax < Limits.PduLengthOffered);
        // 68 bytes of fixed fields, then 128 contexts with one abstract and four transfer syntaxes of 64 characters.
        Assert.True(Limits.AssociateRequestBytesMax >= 68 + (Limits.PresentationContextsMax * (8 + (5 * (4 + Limits.UidLengthMax)))));
    }

    [Fact]
    public void A_turn_in_another_process_ends_before_the_lease_of_the_row_that_led_to_it() =>
        Assert.True(Limits.GrainCallTimeout < Limits.OutboxLease);

    [Fact]
    public void A_file_that_is_swept_has_long_been_too_old_for_a_row() =>
        Assert.True(Limits.SharedArrivalAgeMax + TimeSpan.FromHours(12) <= Limits.SharedSweepAge);

    [Fact]
    public void The_longest_query_that_is_understood_can_be_sent()
    {
        var uidList = Limits.UidListMax * (Limits.UidLengthMax + 1);
        Assert.True(Limits.IdentifierBytesMax >= 4 * uidList);
        Assert.True(Limits.DataSetBytesGranted >= uidList);
        // A few of the longest at once, whatever others do.
        Assert.True(Limits.DataSetBytesHeldMax >= 4 * Limits.IdentifierBytesMax);
        // PS3.5 6.2: a PN is three groups of 64 characters, of at most four bytes each.
        Assert.True(Limits.ScannedValueBytesMax >= 3 * 64 * 4);
        Assert.True(Limits.MatchValueLengthMax >= 3 * 64);
    }

    [Fact]
    public void All_that_peers_can_make_us_hold_is_less_than_a_campaign_allows()
    {
        Assert.InRange(Limits.AssociationsMax * (long)Limits.ReceiveBufferBytes, 0, 96 * MiB);
        // Requests that grow as they arrive, of connections that are not associations.
        Assert.InRange(Limits.ConnectionsPendingMax * (long)Limits.AssociateRequestBytesMax, 0, 128 * MiB);
        // Identifiers: what each association may collect, and all that are under way as objects.
        Assert.InRange(Limits.AssociationsMax * (long)Limits.DataSetBytesGranted, 0, 16 * MiB);
        Assert.InRange(12L * Limits.DataSetBytesHeldMax, 0, 96 * MiB);
    }

    [Fact]
    public void What_web_callers_can_make_us_hold_is_less_than_a_campaign_allows()
    {
        Assert.True(Limits.WebRequestLineBytesMax >= Limits.UidListMax * (Limits.UidLengthMax + 1));
        Assert.True(Limits.WebRequestBufferBytes >= Limits.WebRequestLineBytesMax + Limits.WebHeadersBytesMax);
        Assert.True(Limits.WebResponseBufferBytes >= 2 * Limits.WebFileReadBytes);
        Assert.True(Limits.MultipartBufferBytes > 2 * Limits.MultipartHeadersBytesMax);
        Assert.InRange(Limits.WebConnectionsMax * (long)Limits.WebResponseBufferBytes, 0, 128 * MiB);
        Assert.InRange(
            Limits.WebConnectionsMax * ((long)Limits.WebRequestBufferBytes + Limits.MultipartBufferBytes), 0, 96 * MiB);
    }

    [Fact]
    public void One_peer_cannot_take_everything()
    {
        Assert.True(Limits.WebConnectionsPerPeerMax * 2 <= Limits.WebConnectionsMax);
        Assert.True(Limits.AssociationsPerPeerMax * 2 <= Limits.AssociationsMax);
        Assert.True(Limits.MllpConnectionsPerPeerMax * 2 <= Limits.MllpConnectionsMax);
        Assert.True(Limits.AsyncOperationsMax * Limits.AssociationsPerPeerMax < 1_024);
    }

    [Fact]
    public void Timers_end_in_the_order_in_which_they_are_meant()
    {
        Assert.True(Limits.FarewellTimeout < Limits.ArtimTimeout);
        Assert.True(Limits.ConnectTimeout < Limits.ArtimTimeout);
        Assert.True(Limits.ArtimTimeout < Limits.AssociationIdleTimeout);
        Assert.True(Limits.DrainTimeout < Limits.AssociationIdleTimeout);
        Assert.True(Limits.DrainIdleTime + (Limits.DrainSweepInterval * 2) < Limits.DrainPatience);
        Assert.True(Limits.DrainPatience < Limits.DrainTimeout);
        Assert.Equal(Limits.XdsCallTimeout + TimeSpan.FromSeconds(30), Limits.OutboxLease);
        Assert.InRange(Limits.DispatchAttemptDeadline, Limits.XdsCallTimeout, Limits.OutboxLease);
        Assert.True(Limits.PacsQueryTimeout + Limits.KeyImageNotesTimeout < Limits.DispatchAttemptDeadline);
        Assert.True(Limits.StudyFetchDeadline < Limits.StudyFetchLease);
        Assert.True(Limits.RetryDelayMin < Limits.RetryDelayMax);
        Assert.True(Limits.CircuitPauseMin < Limits.CircuitPauseMax);
        Assert.True(Limits.CircuitPauseMax < Limits.RetryDelayMax);
        Assert.True(Limits.PublicationAgeMax > Limits.RetryDelayMax * Limits.PublicationAttemptsMax);
        Assert.True(Limits.ManifestQuietTime < Limits.ManifestDelayMax);
    }

    [Fact]
    public void A_slow_but_living_line_is_faster_than_the_least_that_we_ask_for() =>
        // 64 kbit/s.
        Assert.True(Limits.ThroughputBytesPerSecondMin * 8 <= 64_000 / 8 * 8);

    [Fact]
    public void A_mail_server_is_given_up_before_its_attempt_ends_and_a_notification_may_hold_a_whole_mail()
    {
        Assert.True(Limits.MailReplyTimeout < Limits.DispatchAttemptDeadline);
        Assert.True(Limits.NotificationBytesMax > Limits.MailBytesMax);
    }
}
