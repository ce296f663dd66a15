using System.Globalization;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Gateway.Conformance;

/// <summary>What holds for the associations of every AE.</summary>
internal static class AssociationPolicy
{
    public static StatementTable Identification { get; } = new(
        "", ["Item", "Value"],
        ["Application Context Name", $"{ApplicationContextName.Dicom}"],
        ["Implementation Class UID", $"{Implementation.ClassUid}"],
        ["Implementation Version Name", Implementation.VersionName],
        ["Maximum Length Received", $"{Limits.PduLengthOffered}"],
        ["Operations invoked, if the peer asks for no limit", $"{Limits.AsyncOperationsMax}"],
        ["Operations performed", $"{Limits.AsyncOperationsMax}"]);

    public static StatementTable LimitsTable { get; } = new(
        "", ["Limit", "Meaning"],
        [Number(Limits.AssociationsMax), "associations at once; the next is refused 2/3/2 (default)"],
        [Number(Limits.AssociationsPerPeerMax), "associations at once from one address; the next is refused 2/3/2 (default)"],
        [Number(Limits.PduLengthOffered), "bytes, Maximum Length Received that is offered"],
        [Number(Limits.PduLengthSendMax), "bytes, longest PDU that is sent, whatever a peer allows"],
        [Number(Limits.AsyncOperationsMax), "operations that a peer may have outstanding; asked for by the peer"],
        [Seconds(Limits.ArtimTimeout), "ARTIM timer (PS3.8 9.1.5)"],
        [Seconds(Limits.AssociationIdleTimeout), "silence of a peer, then A-ABORT (default)"],
        [Seconds(Limits.DimseResponseTimeout), "wait for a response, as the requestor (default)"],
        [Seconds(Limits.ConnectTimeout), "wait for a connection, as the requestor (default)"],
        [Number(Limits.FindResultsMax), "matches of a C-FIND, then A700"],
        [Number(Limits.IdentifierBytesMax), "bytes of an identifier, then A700"],
        [Number(Limits.SequenceDepthMax), "levels of nested sequences, then C000"]);

    public static StatementTable Rejections { get; } = new(
        "", ["Refused", "Result, source, reason"],
        ["the called AE title is not ours", "1, 1, 7"],
        ["the calling AE title, with its network and certificate, is not in the configuration", "1, 1, 3"],
        ["the application context is not that of DICOM", "1, 1, 2"],
        ["protocol version 1 is not among those proposed", "1, 2, 2"],
        ["the node is starting or stopping", "2, 3, 1"],
        ["nothing can be stored now, and nothing else was proposed", "2, 3, 1"],
        ["too many associations, in all or from this address", "2, 3, 2"]);

    /// <summary>The associations that one AE accepts.</summary>
    public static StatementTable Of(AcceptorOptions options) => new(
        "Association parameters", ["Parameter", "Value"],
        ["Associations at once", Number(options.AssociationsMax)],
        ["Associations at once from one address", Number(options.AssociationsPerPeerMax)],
        ["Operations outstanding", Number(options.WindowMax)],
        ["Silence of the caller", Seconds(options.IdleTimeout)]);

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Seconds(TimeSpan time) => $"{time.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s";
}
