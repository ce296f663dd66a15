using Drimbox.Core.Identity;
using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom;

/// <summary>Entries of PS3.6 written here by hand from the standard, against the generated tables.</summary>
public sealed class DataDictionaryTests
{
    [Theory]
    [InlineData(0x0000_0002u, "AffectedSOPClassUID", Vr.UI, "1")]
    [InlineData(0x0002_0010u, "TransferSyntaxUID", Vr.UI, "1")]
    [InlineData(0x0008_0005u, "SpecificCharacterSet", Vr.CS, "1-n")]
    [InlineData(0x0008_0018u, "SOPInstanceUID", Vr.UI, "1")]
    [InlineData(0x0008_1190u, "RetrieveURL", Vr.UR, "1")]
    [InlineData(0x0010_0010u, "PatientName", Vr.PN, "1")]
    [InlineData(0x0018_0050u, "SliceThickness", Vr.DS, "1")]
    [InlineData(0x0020_0037u, "ImageOrientationPatient", Vr.DS, "6")]
    [InlineData(0x0028_0008u, "NumberOfFrames", Vr.IS, "1")]
    [InlineData(0x0040_A730u, "ContentSequence", Vr.SQ, "1")]
    [InlineData(0x0040_A160u, "TextValue", Vr.UT, "1")]
    [InlineData(0x7FE0_0008u, "FloatPixelData", Vr.OF, "1")]
    [InlineData(0x7FE0_0001u, "ExtendedOffsetTable", Vr.OV, "1")]
    [InlineData(0xFFFC_FFFCu, "DataSetTrailingPadding", Vr.OB, "1")]
    [InlineData(0x6002_3000u, "OverlayData", Vr.OB, "1")]
    public void An_attribute_is_that_of_the_standard(uint value, string keyword, Vr vr, string vm)
    {
        Assert.True(DataDictionary.TryFind(new Tag(value), out var entry));
        Assert.Equal((keyword, vr, vm), (entry.Keyword, entry.Vr, entry.Vm));
    }

    [Theory]
    [InlineData(0x7FE0_0010u, Vr.OW)]
    [InlineData(0x6000_3000u, Vr.OW)]
    [InlineData(0x0028_0106u, Vr.US)]
    [InlineData(0x0028_3006u, Vr.OW)]
    [InlineData(0x0008_0000u, Vr.UL)]
    [InlineData(0x0009_0010u, Vr.LO)]
    [InlineData(0x0009_1010u, Vr.UN)]
    [InlineData(0x0010_9999u, Vr.UN)]
    [InlineData(0x6001_3000u, Vr.UN)]
    public void Without_a_VR_in_the_data_the_attribute_has_the_one_of_A1(uint tag, Vr vr) =>
        Assert.Equal(vr, DataDictionary.ImplicitVr(new Tag(tag)));

    [Fact]
    public void Every_keyword_leads_to_its_tag()
    {
        Assert.True(DataDictionary.Count > 5_000);
        foreach (var value in DictionaryTags())
        {
            Assert.True(DataDictionary.TryFind(value, out var entry));
            // Some retired repeating groups begin at a tag that a retired attribute has.
            if (entry.IsRetired) continue;
            Assert.True(DataDictionary.TryFindTag(entry.Keyword, out var tag), entry.Keyword);
            Assert.Equal(value, tag);
        }

        Assert.False(DataDictionary.TryFindTag("NoSuchKeyword", out _));
        Assert.True(DataDictionary.TryFindTag("OverlayData", out var overlay));
        Assert.Equal(new Tag(0x6000_3000), overlay);
    }

    [Theory]
    [InlineData("00100010")]
    [InlineData("0010,0010")]
    [InlineData("(0010,0010)")]
    [InlineData("PatientName")]
    public void A_tag_is_read_in_all_its_notations(string text)
    {
        Assert.True(Tag.TryParse(text, out var tag));
        Assert.Equal(Tag.PatientName, tag);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0010001")]
    [InlineData("0010;0010")]
    [InlineData("Patient Name")]
    [InlineData("patientname")]
    public void What_is_no_tag_is_not_read(string text) => Assert.False(Tag.TryParse(text, out _));

    [Theory]
    [InlineData("1.2.840.10008.5.1.4.1.1.2", "CT Image Storage", true)]
    [InlineData("1.2.840.10008.5.1.4.1.1.88.59", "Key Object Selection Document Storage", true)]
    [InlineData("1.2.840.10008.1.1", "Verification SOP Class", false)]
    [InlineData("1.2.840.10008.1.20.1", "Storage Commitment Push Model SOP Class", false)]
    [InlineData("1.2.840.10008.5.1.4.1.2.2.1", "Study Root Query/Retrieve Information Model - FIND", false)]
    [InlineData("1.2.840.10008.5.1.4.38.1", "Hanging Protocol Storage", true)]
    public void A_UID_has_its_name_and_says_whether_it_is_stored(string uid, string name, bool isStorage)
    {
        Assert.True(UidRegistry.TryFind(Uid.Parse(uid), out var entry));
        Assert.Equal((name, isStorage), (entry.Name, entry.IsStorage));
    }

    [Fact]
    public void An_unknown_UID_is_its_own_name()
    {
        var uid = Uid.Parse("1.2.3.4");
        Assert.False(UidRegistry.TryFind(uid, out _));
        Assert.Equal("1.2.3.4", UidRegistry.NameOf(uid));
        Assert.True(UidRegistry.StorageSopClasses().Count() > 150);
    }

    [Theory]
    // uid, implicit, big endian, deflated, encapsulated
    [InlineData("1.2.840.10008.1.2", true, false, false, false)]
    [InlineData("1.2.840.10008.1.2.1", false, false, false, false)]
    [InlineData("1.2.840.10008.1.2.1.99", false, false, true, false)]
    [InlineData("1.2.840.10008.1.2.2", false, true, false, false)]
    [InlineData("1.2.840.10008.1.2.4.50", false, false, false, true)]
    [InlineData("1.2.840.10008.1.2.4.90", false, false, false, true)]
    [InlineData("1.2.840.10008.1.2.4.94", false, false, false, false)]
    [InlineData("1.2.840.10008.1.2.4.202", false, false, false, true)]
    [InlineData("1.2.840.10008.1.2.5", false, false, false, true)]
    [InlineData("1.2.840.10008.1.2.1.98", false, false, false, true)]
    public void A_transfer_syntax_has_the_facts_of_annex_A(
        string uid, bool isImplicit, bool bigEndian, bool deflated, bool encapsulated)
    {
        Assert.True(TransferSyntax.TryFind(Uid.Parse(uid), out var syntax));
        Assert.Equal(
            (isImplicit, bigEndian, deflated, encapsulated),
            (syntax.IsImplicitVr, syntax.IsBigEndian, syntax.IsDeflated, syntax.IsEncapsulated));
    }

    private static IEnumerable<Tag> DictionaryTags()
    {
        // All groups that PS3.6 uses, found by asking: the table itself is internal.
        foreach (var group in new[] { 0x0, 0x2, 0x8, 0x10, 0x18, 0x20, 0x28, 0x40, 0x7FE0 })
        {
            for (var element = 0; element <= 0xFFFF; element++)
            {
                var tag = new Tag((ushort)group, (ushort)element);
                if (DataDictionary.TryFind(tag, out _)) yield return tag;
            }
        }
    }
}
