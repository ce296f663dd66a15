using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Dicom.Scp;
using Drimbox.Dmp;
using Drimbox.Emulators;
using Drimbox.Gateway.Configuration;
using Drimbox.Ris;
using Drimbox.Source;
using Drimbox.Teleradiology;

namespace Drimbox.Gateway.Demo;

/// <summary>The configuration of the demo: what a site would write into its file.</summary>
internal static class DemoConfiguration
{
    public const string ArchiveAe = "DRIMBOX";
    public const string PlatformAe = "TELERADIO";
    public const string SourceAe = "DRIMSOURCE";
    public const string ModalityAe = "MODALITY";

    /// <summary>The default AE titles of the DCMTK tools, so that they work against the demo as they are.</summary>
    private static readonly string[] ToolAes = ["ECHOSCU", "STORESCU", "FINDSCU", "MOVESCU", "GETSCU"];

    public static GatewayConfiguration Create(
        string folder, XdsTarget dmp, string certificates, DemoOptions options)
    {
        int[] ports = [.. Enumerable.Range(0, 6).Select(_ => LoopbackPorts.Take())];
        const string host = "127.0.0.1";
        var archive = new DicomPeerOptions { AeTitle = ArchiveAe, Host = host, Port = ports[0] };
        var source = new DicomPeerOptions { AeTitle = SourceAe, Host = host, Port = ports[4] };
        return new GatewayConfiguration
        {
            DataFolder = folder,
            LogLevel = options.LogLevel,
            Dmp = new DmpOptions { Registry = dmp.Registry, Repository = dmp.Repository, Certificates = certificates },
            Archive = new ArchiveSection
            {
                Dicom = new DicomNodeOptions { AeTitle = ArchiveAe, Port = ports[0] },
                Callers =
                [
                    .. ((string[])[ModalityAe, PlatformAe, SourceAe, .. ToolAes, .. options.Peers.Select(p => p.AeTitle)])
                        .Select(ae => new CallerSection { AeTitle = ae }),
                ],
                Destinations =
                [
                    new DicomPeerOptions { AeTitle = PlatformAe, Host = host, Port = ports[1] },
                    .. options.Peers,
                ],
                IocmListeners = [source],
                // A demo is no reason to tidy up a disk.
                Disk = DiskSpaceOptions.NoMark,
            },
            Ris = new RisOptions
            {
                Hl7 = new Hl7NodeOptions { Application = "RIS", Facility = "TILLEULS", Port = ports[2] },
                Structures = [DemoIdentities.Site],
                SourceId = DemoIdentities.RisRoot,
                Teleradiology = new Hl7PeerOptions
                {
                    Host = host, Port = ports[3], Application = "TLR", Facility = "LEVANT",
                },
                Source = new Hl7PeerOptions
                {
                    Host = host, Port = ports[5], Application = "DRIMBOX", Facility = "TILLEULS",
                },
                ViewerHost = "drimbox.example",
            },
            Teleradiology = new TeleradiologyOptions
            {
                Hl7 = new Hl7NodeOptions { Application = "TLR", Facility = "LEVANT", Port = ports[3] },
                Dicom = new DicomNodeOptions { AeTitle = PlatformAe, Port = ports[1] },
                Structure = DemoIdentities.Platform,
                Ris = new Hl7PeerOptions { Host = host, Port = ports[2], Application = "RIS", Facility = "TILLEULS" },
                Archive = archive,
                DocumentRoot = DemoIdentities.PlatformRoot,
                Radiologist = new RadiologistOptions
                {
                    Id = DemoIdentities.Radiologist.Id.Extension!,
                    FamilyName = DemoIdentities.Radiologist.FamilyName,
                    GivenName = DemoIdentities.Radiologist.GivenName,
                },
            },
            Source = new SourceOptions
            {
                Hl7 = new Hl7NodeOptions { Application = "DRIMBOX", Facility = "TILLEULS", Port = ports[5] },
                Dicom = new DicomNodeOptions { AeTitle = SourceAe, Port = ports[4] },
                Pacs = archive,
                Structures = [DemoIdentities.Site],
                SourceId = DemoIdentities.SourceRoot,
                RetrieveHost = "drimbox.example",
                QuietTime = TimeSpan.FromMilliseconds(200),
            },
        };
    }
}
