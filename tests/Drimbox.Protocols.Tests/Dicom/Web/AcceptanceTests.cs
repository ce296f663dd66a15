using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.Web;

namespace Drimbox.Tests.Dicom.Web;

/// <summary>Media types and their negotiation: RFC 9110 8.3.1 and 12.5.1, PS3.18 8.7.</summary>
public sealed class AcceptanceTests
{
    [Theory]
    [InlineData("application/dicom", "application/dicom", null, null)]
    [InlineData("Application/DICOM; Transfer-Syntax=1.2", "application/dicom", "1.2", null)]
    [InlineData("multipart/related; type=\"application/dicom\"; transfer-syntax=*", "multipart/related", "*", "application/dicom")]
    [InlineData("multipart/related;type=application/dicom;transfer-syntax=1.2", "multipart/related", "1.2", "application/dicom")]
    [InlineData("multipart/related; type=\"a/b; c=\\\"d,e\\\"\" ;transfer-syntax=1.2;", "multipart/related", "1.2", "a/b; c=\"d,e\"")]
    public void A_media_type_is_read(string text, string essence, string? syntax, string? type)
    {
        Assert.True(MediaType.TryParse(text, out var read));
        Assert.Equal(essence, read.Essence);
        Assert.Equal(syntax, read["transfer-syntax"]);
        Assert.Equal(type, read["type"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("application")]
    [InlineData("application/")]
    [InlineData("/dicom")]
    [InlineData("application/di com")]
    [InlineData("application/dicom; =x")]
    [InlineData("application/dicom; x")]
    public void What_is_no_media_type_is_not_read(string? text) => Assert.False(MediaType.TryParse(text, out _));

    [Fact]
    public void A_list_is_bounded_and_passes_over_what_it_does_not_know()
    {
        Assert.Equal(
            ["a/b", "c/d"],
            MediaType.ParseList("a/b;x=\"1,2\", nonsense, ,c/d;q=0.5").Select(m => m.Essence));
        Assert.Empty(MediaType.ParseList(new string('a', Limits.AcceptLengthMax) + "/b"));
        Assert.False(MediaType.TryParse("a/" + new string('b', Limits.MediaTypeLengthMax), out _));
    }

    [Theory]
    // PS3.18 table 8.7.8-1.
    [InlineData("text/html", 0.4)]
    [InlineData("text/plain", 0.5)]
    [InlineData("text/x-latex", 0.5)]
    [InlineData("image/png", 1)]
    [InlineData("image/gif", 0.4)]
    public void The_most_specific_range_gives_the_weight(string type, double weight)
    {
        var accepted = Acceptance.Parse("text/*; q=0.5, text/html; q=0.4, image/png, */*; q=0.4");
        // Two offers: the one asked about wins against another of less weight only.
        foreach (var (rival, rivalWeight) in ((string, double)[])[("text/html", 0.4), ("text/plain", 0.5)])
        {
            if (rival == type || Math.Abs(weight - rivalWeight) < 0.01) continue;
            var best = accepted.Choose([new OfferedMedia(rival, false), new OfferedMedia(type, false)]);
            Assert.Equal(weight > rivalWeight ? type : rival, best!.Type);
        }
    }

    [Theory]
    [InlineData("*/*", true, "1.2.840.10008.1.2.1")]
    [InlineData("multipart/*", true, "1.2.840.10008.1.2.1")]
    [InlineData("multipart/related", true, "1.2.840.10008.1.2.1")]
    [InlineData("application/dicom", false, "1.2.840.10008.1.2.1")]
    [InlineData("application/*", false, "1.2.840.10008.1.2.1")]
    [InlineData("application/dicom; transfer-syntax=*", false, "1.2.840.10008.1.2.5")]
    [InlineData("multipart/related; type=\"application/dicom; transfer-syntax=*\"", true, "1.2.840.10008.1.2.5")]
    [InlineData("application/dicom; q=0, */*", true, "1.2.840.10008.1.2.1")]
    public void What_is_stored_goes_before_what_has_to_be_made(string accept, bool isMultipart, string syntax)
    {
        var offers = WebMediaTypes.OfInstance(TransferSyntax.RLELossless, true, TransferSyntaxConverter.CanConvert)
            .Concat(WebMediaTypes.OfInstance(TransferSyntax.RLELossless, false, TransferSyntaxConverter.CanConvert));
        var chosen = Acceptance.Parse(accept).Choose(offers)!;
        Assert.Equal((isMultipart, syntax), (chosen.IsMultipart, chosen.TransferSyntax.ToString()));
    }

    [Fact]
    public void Every_transfer_syntax_with_compressed_frames_has_a_media_type_or_none_at_all()
    {
        // PS3.18 table 8.7.3-5: one family, one media type.
        Assert.Equal("image/jpeg", WebMediaTypes.OfFrames(TransferSyntax.JPEGBaseline8Bit));
        Assert.Equal("image/jls", WebMediaTypes.OfFrames(TransferSyntax.JPEGLSNearLossless));
        Assert.Equal("image/jp2", WebMediaTypes.OfFrames(TransferSyntax.JPEG2000));
        Assert.Equal("image/jpx", WebMediaTypes.OfFrames(TransferSyntax.JPEG2000MC));
        Assert.Equal("image/jphc", WebMediaTypes.OfFrames(TransferSyntax.HTJ2K));
        Assert.Equal("video/mp4", WebMediaTypes.OfFrames(TransferSyntax.MPEG4HP41));
        Assert.All(
            TransferSyntax.All.Where(s => !s.IsEncapsulated), s => Assert.Null(WebMediaTypes.OfFrames(s)));
        Assert.All(
            TransferSyntax.All.Where(s => !WebMediaTypes.IsOfTheWeb(s)),
            s => Assert.DoesNotContain(
                WebMediaTypes.OfInstance(s, true, TransferSyntaxConverter.CanConvert),
                o => o.TransferSyntax == s.Uid));
    }

    [Fact]
    public void Lossy_pixels_stand_for_the_default_that_cannot_be_made_of_them()
    {
        var accepted = Acceptance.Parse("application/dicom");
        Uid? Given(TransferSyntax stored) => accepted.Choose(
            WebMediaTypes.OfInstance(stored, false, TransferSyntaxConverter.CanConvert))?.TransferSyntax;
        Assert.Equal(TransferSyntax.JPEGBaseline8Bit.Uid, Given(TransferSyntax.JPEGBaseline8Bit));
        Assert.Equal(TransferSyntax.ExplicitVRLittleEndian.Uid, Given(TransferSyntax.ImplicitVRLittleEndian));
        Assert.Null(Given(TransferSyntax.JPEGLSLossless));
    }
}
