using System.Security.Cryptography;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using Drimbox.Core;
using Drimbox.Dmp.Trust;

namespace Drimbox.Tests.Dmp;

/// <summary>Canonical XML of a document that is read once, against the transform of the framework, which holds it.</summary>
public sealed class CanonicalTests
{
    public static TheoryData<string> Documents =>
    [
        "<a/>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- before -->\r\n<?p i?><a/><!-- after --><?q?>\r\n",
        "<a b='2' a=\"1\" xmlns='urn:x'><c xmlns='urn:x'/><c xmlns=''><d/></c><e xmlns:p='urn:p' p:a='1' a='0'/></a>",
        "<p:a xmlns:p='urn:p' xmlns:q='urn:q'><q:b xmlns:q='urn:q' p:z='1' q:y='2' x='3'/><p:c xmlns:p='urn:r'/><p:d/></p:a>",
        "<a xml:space='preserve' xml:lang='fr'>  <b/>  </a>",
        "<p:a xmlns:p='urn:1' xmlns:q='urn:1' q:x='1'><q:b p:y='2'/></p:a>",
        "<a x='&lt;&amp;&quot;&apos;&gt;&#x9;&#xA;&#xD; \t\n y'>&lt;&gt;&amp;\"'&#xD;&#x9;\r\nline</a>",
        "<a><![CDATA[<b>&]]>text<![CDATA[]]></a>",
        "<a>\r\n  <b>  é œ 😀 </b>\r<c/>\n</a>",
        "<é œ='ü'/>",
        "<a><!-- - in < & > --><?pi  two  spaces ?><b><!----></b></a>",
        "<a:b xmlns:a='urn:1'><a:b xmlns:a='urn:2'><a:b xmlns:a='urn:1'/></a:b></a:b>",
        "<a xmlns=''><b xmlns='urn:b'><c xmlns=''><d xmlns='urn:b'/></c></b></a>",
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void A_document_has_the_digest_of_the_framework_s_form(string xml) => Same(Encoding.UTF8.GetBytes(xml));

    [Fact]
    public void Other_encodings_are_read_by_their_declaration()
    {
        Same([.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("<?xml version='1.0' encoding='utf-16'?><a>é</a>")]);
        Same(Encoding.Latin1.GetBytes("<?xml version='1.0' encoding='iso-8859-1'?><a b='è'>é</a>"));
    }

    [Theory]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void Texts_longer_than_any_buffer_are_whole(int length)
    {
        var text = string.Concat(Enumerable.Range(0, length).Select(i => i % 97 == 0 ? "😀" : i % 89 == 0 ? "&amp;" : "x"));

        Same(Encoding.UTF8.GetBytes($"<a b='{text}'>{text}<!--{text.Replace("&amp;", "&")}--><![CDATA[{text}]]></a>"));
    }

    [Fact]
    public void Random_documents_have_the_digest_of_the_framework_s_form()
    {
        var random = new Random(Seed.Get());
        for (var i = 0; i < 500; i++)
        {
            var xml = new StringBuilder();
            Element(random, xml, 0, new Dictionary<string, string> { [""] = "" });
            Same(Encoding.UTF8.GetBytes(xml.ToString()));
        }
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>")]
    [InlineData("<a>")]
    [InlineData("")]
    public void What_is_no_acceptable_XML_has_no_digest(string xml) =>
        Assert.Null(Canonical.DigestOfDocument(HardenedXml.AsStream(Encoding.UTF8.GetBytes(xml)), SignatureHash.Sha256));

    private static void Same(byte[] xml)
    {
        // Not by way of an XDocument, which forgets which of two prefixes of one namespace a name had.
        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        using (var reader = XmlReader.Create(HardenedXml.AsStream(xml))) document.Load(reader);
        var transform = new XmlDsigC14NWithCommentsTransform();
        transform.LoadInput(document);
        using var form = (MemoryStream)transform.GetOutput(typeof(Stream));
        var expected = form.ToArray();

        // The text first: a difference is seen, and the digest is that of this text.
        using var written = new MemoryStream();
        using (var text = new StreamWriter(written, new UTF8Encoding(false), leaveOpen: true))
        {
            Assert.True(HardenedXml.TryRead(
                HardenedXml.AsStream(xml), Limits.CdaBytesMax, new CanonicalWriter(text).Write, out _));
        }

        Assert.Equal(Encoding.UTF8.GetString(expected), Encoding.UTF8.GetString(written.ToArray()));
        Assert.Equal(
            SHA256.HashData(expected), Canonical.DigestOfDocument(HardenedXml.AsStream(xml), SignatureHash.Sha256));
        Assert.Equal(
            SHA1.HashData(expected), Canonical.DigestOfDocument(HardenedXml.AsStream(xml), SignatureHash.Sha1));
    }

    private static void Element(Random random, StringBuilder xml, int depth, Dictionary<string, string> inScope)
    {
        string[] prefixes = ["", "p", "q"];
        string[] uris = ["urn:1", "urn:2"];
        inScope = new Dictionary<string, string>(inScope);
        var declared = new StringBuilder();
        foreach (var prefix in prefixes)
        {
            if (random.Next(3) != 0) continue;
            var uri = prefix.Length == 0 && random.Next(3) == 0 ? "" : uris[random.Next(2)];
            inScope[prefix] = uri;
            declared.Append(prefix.Length == 0 ? $" xmlns='{uri}'" : $" xmlns:{prefix}='{uri}'");
        }

        var known = inScope.Keys.Where(prefix => prefix.Length == 0 || inScope[prefix].Length > 0).ToList();
        var mine = known[random.Next(known.Count)];
        var name = (mine.Length == 0 ? "" : mine + ":") + "abc"[random.Next(3)];
        xml.Append('<').Append(name).Append(declared);
        var used = new HashSet<string>();
        for (var i = random.Next(4); i > 0; i--)
        {
            var prefix = known[random.Next(known.Count)];
            var local = "xyz"[random.Next(3)];
            var expanded = (prefix.Length == 0 ? "" : inScope[prefix]) + "|" + local;
            if (!used.Add(expanded)) continue;
            xml.Append(' ').Append(prefix.Length == 0 ? "" : prefix + ":").Append(local).Append("=\"")
                .Append(Text(random)).Append('"');
        }

        if (random.Next(4) == 0)
        {
            xml.Append("/>");
            return;
        }

        xml.Append('>');
        for (var i = random.Next(depth > 4 ? 1 : 5); i > 0; i--)
        {
            switch (random.Next(5))
            {
                case 0: xml.Append("<!--").Append("c d").Append("-->"); break;
                case 1: xml.Append("<?i j k?>"); break;
                case 2: xml.Append(Text(random)); break;
                default: Element(random, xml, depth + 1, inScope); break;
            }
        }

        xml.Append("</").Append(name).Append('>');
    }

    private static string Text(Random random)
    {
        string[] pieces = ["a", " ", "\n", "\r\n", "\t", "&amp;", "&lt;", "&gt;", "&quot;", "&#xD;", "&#xA;", "é", "😀"];
        return string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => pieces[random.Next(pieces.Length)]));
    }
}
