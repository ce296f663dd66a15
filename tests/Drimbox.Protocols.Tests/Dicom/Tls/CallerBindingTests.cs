using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Tls;

/// <summary>Attack A12: called title × calling title × network × certificate.</summary>
public sealed class CallerBindingTests : IDisposable
{
    private static readonly IPNetwork Here = IPNetwork.Parse("127.0.0.0/8");
    private static readonly IPNetwork Elsewhere = IPNetwork.Parse("10.0.0.0/8");

    private readonly TlsFixture _tls = new();

    public void Dispose() => _tls.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_combination_gets_its_answer(bool isHere)
    {
        // CT1 is bound to ARCHIVE, to a network and to a certificate at once.
        await using var server = _tls.Start(o => o with
        {
            AeTitles = [AeTitle.Parse("ARCHIVE"), AeTitle.Parse("WORKLIST")],
            Callers =
            [
                new CallerRule(AeTitle.Parse("CT1"))
                {
                    CalledAe = AeTitle.Parse("ARCHIVE"),
                    Networks = [isHere ? Here : Elsewhere],
                    Certificate = CertificateBinding.Parse("CN=modality"),
                },
            ],
            Tls = _tls.Server with { ClientCertificate = ClientCertificateRule.Optional },
        });
        (string Name, TlsClientOptions Tls)[] certificates =
        [
            ("modality", _tls.Client),
            ("workstation", _tls.ClientAs(_tls.Authority.Certify("workstation"))),
            ("none", _tls.ClientAs(null)),
        ];
        foreach (var called in (string[])["ARCHIVE", "WORKLIST", "OTHER"])
        foreach (var calling in (string[])["CT1", "ct1", "CT2"])
        foreach (var (name, tls) in certificates)
        {
            var expected = (called, calling, isHere, name) switch
            {
                ("OTHER", _, _, _) => "1/1/7",
                ("ARCHIVE", "CT1", true, "modality") => "accepted",
                // Known, but for another title of ours.
                ("WORKLIST", "CT1", true, "modality") => "1/1/7",
                _ => "1/1/3",
            };
            var actual = await AnswerAsync(server, tls, calling, called);
            Assert.True(expected == actual, $"{calling} with {name} to {called}: {actual} in place of {expected}");
        }
    }

    [Fact]
    public async Task A_rule_with_a_certificate_is_never_met_without_tls()
    {
        await using var server = TestAcceptor.Start(o => o with
        {
            Callers =
            [
                new CallerRule(AeTitle.Parse("CT1")) { Certificate = CertificateBinding.Parse("CN=modality") },
            ],
        });
        Assert.Equal("1/1/3", await AnswerAsync(server, null, "CT1", "ARCHIVE"));
    }

    [Fact]
    public async Task The_services_of_several_rules_add_up()
    {
        await using var server = _tls.Start(o => o with
        {
            Store = new MemoryStore(),
            Callers =
            [
                new CallerRule(AeTitle.Parse("CT1")) { Services = AllowedServices.Echo },
                new CallerRule(AeTitle.Parse("CT1"))
                {
                    Certificate = CertificateBinding.Parse("name:modality"),
                    Services = AllowedServices.Store,
                },
            ],
        });
        var contexts = CStoreScu.ContextsFor([Instances.Ct(1)]).Append(CEchoScu.Context).ToList();
        var known = server.Request(contexts) with { CallingAe = AeTitle.Parse("CT1"), Tls = _tls.Client };
        await using var both = await Association.RequestAsync(known);
        Assert.Equal(2, both.Contexts.Count);
        var stranger = _tls.Authority.Certify("stranger");
        await using var echoOnly = await Association.RequestAsync(known with { Tls = _tls.ClientAs(stranger) });
        Assert.Single(echoOnly.Contexts);
    }

    [Fact]
    public void A_certificate_is_named_in_four_ways()
    {
        using var certificate = _tls.Modality.Certificate;
        var shown = PeerCertificate.Of(certificate);
        var spaced = string.Join(':', shown.Fingerprint.Chunk(2).Select(pair => new string(pair)));
        Assert.True(Matches("CN=modality"));
        Assert.True(Matches("name:modality"));
        Assert.True(Matches("name:LOCALHOST"));
        Assert.True(Matches($"sha256:{shown.Fingerprint}"));
        Assert.True(Matches($"sha256:{spaced.ToUpperInvariant()}"));
        Assert.True(Matches($"pin-sha256:{shown.PublicKeyPin}"));
        Assert.False(Matches("CN=modalit"));
        Assert.False(Matches("name:modalit"));
        Assert.False(Matches($"sha256:{shown.PublicKeyPin}"));
        Assert.False(Matches($"pin-sha256:{shown.Fingerprint}"));
        Assert.False(CertificateBinding.Parse("CN=modality").Matches(null));

        bool Matches(string text) => CertificateBinding.Parse(text).Matches(shown);
    }

    [Theory]
    [InlineData("")]
    [InlineData("modality")]
    [InlineData("name:")]
    [InlineData("sha256:00")]
    [InlineData("pin-sha256:zz")]
    public void What_names_no_certificate_is_refused(string text) =>
        Assert.False(CertificateBinding.TryParse(text, out _));

    private static async Task<string> AnswerAsync(
        TestAcceptor server, TlsClientOptions? tls, string calling, string called)
    {
        try
        {
            await using var association = await TlsFixture.RequestAsync(server, tls, calling, called);
            Assert.Equal(DimseStatus.Success, await new CEchoScu(association).SendAsync());
            await association.ReleaseAsync();
            return "accepted";
        }
        catch (AssociationRejectedException e)
        {
            return e.Rejection.ToString();
        }
    }
}
