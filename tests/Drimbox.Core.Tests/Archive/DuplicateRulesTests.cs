using Drimbox.Core.Archive;
using Drimbox.Core.Identity;

namespace Drimbox.Tests.Archive;

/// <summary>Every combination of what stands, what arrives, who sends it and what the site wants (docs/adr/0017).
/// </summary>
public sealed class DuplicateRulesTests
{
    private static readonly Uid Explicit = Uid.Parse("1.2.840.10008.1.2.1");
    private static readonly Uid Jpeg2000 = Uid.Parse("1.2.840.10008.1.2.4.90");
    private static readonly Uid JpegLs = Uid.Parse("1.2.840.10008.1.2.4.80");
    private static readonly PatientKey Patient = new("IPP1", "SITE", "1.2.250.1.999.1");
    private static readonly Uid Study = Uid.Parse("1.2.3");
    private static readonly InstanceSender Ct = new(AeTitle.Parse("CT1"), "north", IsPacs: false);
    private static readonly InstanceSender Pacs = new(AeTitle.Parse("PACS"), "north", IsPacs: true);
    private static readonly InstanceSender Stranger = new(AeTitle.Parse("MR9"), "south", IsPacs: false);
    private static readonly InstanceSender OtherPacs = new(AeTitle.Parse("PACS9"), "south", IsPacs: true);

    // What stands came from the group north: explicit "a", and in some rows JPEG 2000 "b" beside it.
    private static readonly Rendition[] One = [new(Explicit, "a")];
    private static readonly Rendition[] Two = [new(Explicit, "a"), new(Jpeg2000, "b")];

    [Theory]
    // The same bytes in the same transfer syntax: whoever sends them, whatever the policy.
    [InlineData("one", "explicit a", "same", "modality", "SameBytes SameBytes SameBytes")]
    [InlineData("one", "explicit a", "same", "pacs", "SameBytes SameBytes SameBytes")]
    [InlineData("one", "explicit a", "same", "stranger", "SameBytes SameBytes SameBytes")]
    [InlineData("one", "explicit a", "same", "other pacs", "SameBytes SameBytes SameBytes")]
    [InlineData("two", "jpeg2000 b", "same", "stranger", "SameBytes SameBytes SameBytes")]
    // Corrected: the same group replaces if patient and study are the same.
    [InlineData("one", "explicit c", "same", "modality", "Replace KeepFirst Replace")]
    [InlineData("one", "explicit c", "same", "pacs", "Replace KeepFirst Replace")]
    [InlineData("two", "jpeg2000 c", "same", "modality", "Replace KeepFirst Replace")]
    // The bytes of one syntax under the name of another are not the same bytes.
    [InlineData("two", "jpeg2000 a", "same", "modality", "Replace KeepFirst Replace")]
    // Patient or study corrected: the PACS of the group alone.
    [InlineData("one", "explicit c", "patient id", "modality", "OtherPatient KeepFirst Replace")]
    [InlineData("one", "explicit c", "issuer", "modality", "OtherPatient KeepFirst Replace")]
    [InlineData("one", "explicit c", "issuer entity", "modality", "OtherPatient KeepFirst Replace")]
    [InlineData("one", "explicit c", "study", "modality", "OtherStudy KeepFirst Replace")]
    [InlineData("one", "explicit c", "patient id", "pacs", "Replace KeepFirst Replace")]
    [InlineData("one", "explicit c", "issuer", "pacs", "Replace KeepFirst Replace")]
    [InlineData("one", "explicit c", "issuer entity", "pacs", "Replace KeepFirst Replace")]
    [InlineData("one", "explicit c", "study", "pacs", "Replace KeepFirst Replace")]
    // Another transfer syntax from the same group is a further rendition.
    [InlineData("one", "jpeg2000 c", "same", "modality", "SecondRendition KeepFirst SecondRendition")]
    [InlineData("one", "jpeg2000 c", "same", "pacs", "SecondRendition KeepFirst SecondRendition")]
    [InlineData("two", "jpegls c", "same", "modality", "SecondRendition KeepFirst SecondRendition")]
    // … unless it says another patient or study: then it is not the same instance encoded otherwise.
    [InlineData("one", "jpeg2000 c", "patient id", "modality", "OtherPatient KeepFirst Replace")]
    [InlineData("one", "jpeg2000 c", "study", "modality", "OtherStudy KeepFirst Replace")]
    [InlineData("one", "jpeg2000 c", "patient id", "pacs", "Replace KeepFirst Replace")]
    [InlineData("one", "jpeg2000 c", "study", "pacs", "Replace KeepFirst Replace")]
    // Anyone else, the PACS of another site too.
    [InlineData("one", "explicit c", "same", "stranger", "OtherSender KeepFirst Replace")]
    [InlineData("one", "explicit c", "patient id", "stranger", "OtherSender KeepFirst Replace")]
    [InlineData("one", "explicit c", "same", "other pacs", "OtherSender KeepFirst Replace")]
    [InlineData("one", "explicit c", "study", "other pacs", "OtherSender KeepFirst Replace")]
    [InlineData("one", "jpeg2000 c", "same", "stranger", "OtherSender KeepFirst Replace")]
    [InlineData("one", "jpeg2000 c", "same", "other pacs", "OtherSender KeepFirst Replace")]
    public void What_arrives_under_a_known_uid_is(
        string standing, string arriving, string identity, string sender, string byPolicy)
    {
        var expected = byPolicy.Split(' ');
        Assert.Equal(
            expected,
            new[] { DuplicatePolicy.Replace, DuplicatePolicy.KeepFirst, DuplicatePolicy.AlwaysReplace }.Select(policy =>
            {
                var decision = DuplicateRules.Decide(
                    Standing(standing == "one" ? One : Two), Arriving(arriving, identity), SenderOf(sender), policy);
                Assert.Equal(decision.Outcome == DuplicateOutcome.Quarantine, decision.Reason != QuarantineReason.None);
                return decision.Outcome == DuplicateOutcome.Quarantine
                    ? decision.Reason.ToString()
                    : decision.Outcome.ToString();
            }));
    }

    [Fact]
    public void What_nothing_stands_in_the_way_of_is_taken_in_under_every_policy() =>
        Assert.All(Enum.GetValues<DuplicatePolicy>(), policy => Assert.Equal(
            new DuplicateDecision(DuplicateOutcome.Keep),
            DuplicateRules.Decide(null, Arriving("explicit a", "same"), Stranger, policy)));

    /// <summary>All combinations, against the sentences of the record and not against the code.</summary>
    [Fact]
    public void Every_combination_keeps_the_rules()
    {
        var seen = new HashSet<DuplicateOutcome>();
        foreach (var standing in new[] { One, Two })
        foreach (var bytes in from syntax in (string[])["explicit", "jpeg2000", "jpegls"] from hash in "abc" select $"{syntax} {hash}")
        foreach (var identity in (string[])["same", "patient id", "issuer", "issuer entity", "study"])
        foreach (var sender in (InstanceSender[])[Ct, Pacs, Stranger, OtherPacs])
        foreach (var policy in Enum.GetValues<DuplicatePolicy>())
        {
            var arriving = Arriving(bytes, identity);
            var outcome = DuplicateRules.Decide(Standing(standing), arriving, sender, policy).Outcome;
            seen.Add(outcome);
            Assert.Equal(standing.Contains(arriving.Rendition), outcome == DuplicateOutcome.SameBytes);
            // Nobody outside of the group changes what stands, nobody but its PACS whose it is.
            if (outcome == DuplicateOutcome.Replace && policy == DuplicatePolicy.Replace)
            {
                Assert.Equal("north", sender.Group);
                Assert.True(identity == "same" || sender.IsPacs);
            }

            if (outcome == DuplicateOutcome.SecondRendition)
            {
                Assert.Equal(("north", "same"), (sender.Group, identity));
                Assert.DoesNotContain(standing, r => r.TransferSyntaxUid == arriving.Rendition.TransferSyntaxUid);
            }

            if (policy == DuplicatePolicy.KeepFirst)
                Assert.Contains(outcome, new[] { DuplicateOutcome.SameBytes, DuplicateOutcome.Quarantine });
            if (policy == DuplicatePolicy.AlwaysReplace) Assert.NotEqual(DuplicateOutcome.Quarantine, outcome);
            // A known UID is never taken for a new one.
            Assert.NotEqual(DuplicateOutcome.Keep, outcome);
        }

        Assert.Equal(4, seen.Count);
    }

    private static StandingVersion Standing(Rendition[] renditions) => new(Patient, Study, "north", renditions);

    private static ArrivingInstance Arriving(string bytes, string identity)
    {
        var parts = bytes.Split(' ');
        var syntax = parts[0] switch { "explicit" => Explicit, "jpeg2000" => Jpeg2000, _ => JpegLs };
        return new ArrivingInstance(
            identity switch
            {
                "patient id" => Patient with { PatientId = "IPP2" },
                "issuer" => Patient with { Issuer = "" },
                "issuer entity" => Patient with { IssuerEntity = "1.2.250.1.999.2" },
                _ => Patient,
            },
            identity == "study" ? Uid.Parse("1.2.4") : Study,
            new Rendition(syntax, parts[1]));
    }

    private static InstanceSender SenderOf(string name) => name switch
    {
        "modality" => Ct,
        "pacs" => Pacs,
        "stranger" => Stranger,
        _ => OtherPacs,
    };
}
