using Drimbox.Dicom;
using Drimbox.Dicom.Kos;

namespace Drimbox.Tests.Dicom.Fuzz;

/// <summary>A good data set in one transfer syntax, with the places at which its structure can be hit.</summary>
internal sealed class DataSetSample
{
    private static readonly string[] Vrs =
    [
        "AE", "AT", "DS", "FD", "IS", "LO", "OB", "OD", "OV", "OW", "PN", "SQ", "SV", "UC", "UI", "UL", "UN", "US", "UT",
        "ZZ",
    ];

    // An item, its delimiter and that of a sequence, little endian, without and with a length.
    private static readonly byte[][] Structure =
    [
        Convert.FromHexString("FEFF00E000000000"), Convert.FromHexString("FEFF00E0FFFFFFFF"),
        Convert.FromHexString("FEFF0DE000000000"), Convert.FromHexString("FEFFDDE000000000"),
        Convert.FromHexString("FEFFDDE004000000"), Convert.FromHexString("080015115351" + "0000FFFFFFFF"),
        Convert.FromHexString("09000110554E" + "0000FFFFFFFF"), Convert.FromHexString("080005004353" + "0600"),
        Convert.FromHexString("E07F10004F42" + "0000FFFFFFFF"),
    ];

    private readonly List<int> _headers = [];

    public DataSetSample(byte[] bytes, TransferSyntax syntax)
    {
        Bytes = bytes;
        Syntax = syntax;
        var tokenizer = new DataSetTokenizer();
        tokenizer.Reset(syntax, bytes.Length);
        var index = 0;
        while (tokenizer.Next(bytes, ref index) is not (DataSetToken.NeedMore or DataSetToken.Error))
        {
            var offset = (int)tokenizer.HeaderOffset;
            if (_headers.Count == 0 || _headers[^1] != offset) _headers.Add(offset);
        }

        Assert.True(tokenizer.TryComplete(), $"{syntax}: {tokenizer.Error}");
    }

    public byte[] Bytes { get; }

    public TransferSyntax Syntax { get; }

    /// <summary>One to three damages, most of them to a header.</summary>
    public void Mutate(Mutant mutant, Random random, DataSetSample other)
    {
        mutant.Set(Bytes);
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            // The places hold for the first damage; after it they are as good as any.
            var header = _headers[random.Next(_headers.Count)];
            if (random.Next(3) == 0 || header + 12 > mutant.Length)
            {
                mutant.Damage(random);
                continue;
            }

            switch (random.Next(8))
            {
                case 0 or 1:
                    mutant.PutLength(random, header + (random.Next(3) == 0 ? 8 : 4), Syntax.IsBigEndian);
                    break;
                case 2:
                    var vr = Vrs[random.Next(Vrs.Length)];
                    (mutant.Span[header + 4], mutant.Span[header + 5]) = ((byte)vr[0], (byte)vr[1]);
                    break;
                case 3:
                    mutant.Insert(header, Structure[random.Next(Structure.Length)]);
                    break;
                case 4:
                    // An element again, later or earlier than its place.
                    var from = _headers[random.Next(_headers.Count)];
                    if (from >= mutant.Length) break;
                    mutant.Insert(header, mutant.Copy(from, Math.Min(random.Next(8, 200), mutant.Length - from)));
                    break;
                case 5:
                    mutant.Insert(header, Part(other, random));
                    break;
                case 6:
                    mutant.Insert(header, HostileDataSetTests.Nested(random.Next(1, 80)));
                    break;
                default:
                    mutant.Truncate(header + random.Next(12));
                    break;
            }
        }
    }

    private static ReadOnlySpan<byte> Part(DataSetSample other, Random random)
    {
        var at = other._headers[random.Next(other._headers.Count)];
        return other.Bytes.AsSpan(at, Math.Min(random.Next(8, 300), other.Bytes.Length - at));
    }
}

/// <summary>Good data sets of every sort that the readers know.</summary>
internal static class DataSetCorpus
{
    public static List<DataSetSample> Create()
    {
        List<DataSetSample> samples =
        [
            new(ReadAndWriteTests.Explicit, TransferSyntax.ExplicitVRLittleEndian),
            new(HostileDataSetTests.Nested(10), TransferSyntax.ExplicitVRLittleEndian),
            new(HostileDataSetTests.Nested(64), TransferSyntax.ExplicitVRLittleEndian),
            new(
                DataSetWriter.ToBytes(Encapsulated(), TransferSyntax.JPEGBaseline8Bit),
                TransferSyntax.JPEGBaseline8Bit),
        ];
        var image = SampleImage.Create();
        image.SetBytes(Tag.PixelData, Vr.OW, new byte[64]);
        foreach (var dataSet in new[]
            {
                image, KosDataSet.Encode(KosDataSetTests.Sample), KosDataSet.Encode(MadoDataSetTests.Sample), Texts(),
            })
        {
            foreach (var syntax in new[]
            {
                TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian,
                TransferSyntax.ExplicitVRBigEndian,
            })
                samples.Add(new DataSetSample(DataSetWriter.ToBytes(dataSet, syntax), syntax));
        }

        return samples;
    }

    public static DataSet Encapsulated()
    {
        var image = SampleImage.Create();
        var fragments = new EncapsulatedFragments();
        // PS3.5 A.4: the offset table of two frames, then two fragments of a frame and one of the other.
        fragments.Add([0, 0, 0, 0, 24, 0, 0, 0]);
        fragments.Add([0xFF, 0xD8, 1, 2]);
        fragments.Add([3, 4, 0xFF, 0xD9]);
        fragments.Add([0xFF, 0xD8, 5, 6, 7, 8, 0xFF, 0xD9]);
        image.Set(new DataElement(Tag.PixelData, Vr.OB, fragments));
        return image;
    }

    // Text in several character sets, one of them with escapes inside of a value.
    private static DataSet Texts()
    {
        var dataSet = new DataSet();
        dataSet.Set(new DataElement(
            Tag.SpecificCharacterSet, Vr.CS, "\\ISO 2022 IR 87\\ISO 2022 IR 100 "u8.ToArray()));
        dataSet.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        dataSet.SetUid(Tag.SOPInstanceUID, SampleImage.SopInstanceUid);
        dataSet.SetString(Tag.StudyDate, "20260822");
        dataSet.SetString(Tag.StudyTime, "083117.25");
        // PS3.5 H.3.1, with the name of no one.
        dataSet.Set(new DataElement(
            Tag.PatientName, Vr.PN,
            [.. "Yamada^Tarou="u8, 0x1B, 0x24, 0x42, 0x3B, 0x33, 0x45, 0x44, 0x1B, 0x28, 0x42, .. "^A"u8]));
        dataSet.SetString(Tag.PatientID, "IPP101");
        dataSet.Set(new DataElement(Tag.PatientComments, Vr.LT, [0x1B, 0x2D, 0x41, 0xE9, 0x1B, 0x28, 0x42, 0x20]));
        var item = new DataSet(dataSet);
        item.Set(new DataElement(Tag.SpecificCharacterSet, Vr.CS, "GB18030 "u8.ToArray()));
        item.Set(new DataElement(Tag.CodeMeaning, Vr.LO, [0xC4, 0xE3, 0xBA, 0xC3, 0x81, 0x30, 0x89, 0x38]));
        dataSet.SetSequence(Tag.ProcedureCodeSequence, item);
        dataSet.SetUid(Tag.StudyInstanceUID, Drimbox.Core.Identity.Uid.Parse("1.2.3"));
        dataSet.SetInt(Tag.PixelRepresentation, 1);
        dataSet.SetInt(Tag.SmallestImagePixelValue, -4);
        return dataSet;
    }
}
