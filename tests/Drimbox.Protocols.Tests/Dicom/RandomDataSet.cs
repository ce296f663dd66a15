using Drimbox.Core.Identity;
using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom;

/// <summary>Data sets with every VR, several and empty values, private blocks and nested items, from a seed.</summary>
internal static class RandomDataSet
{
    // One attribute of PS3.6 for each VR that an attribute has.
    private static readonly Tag[] Attributes =
    [
        Tag.RetrieveAETitle, Tag.PatientAge, Tag.FrameIncrementPointer, Tag.ImageType, Tag.StudyDate,
        Tag.ImagePositionPatient, Tag.AcquisitionDateTime, Tag.RealWorldValueSlope, Tag.ExaminedBodyThickness,
        Tag.ReferencedFrameNumber, Tag.PatientID, Tag.PatientComments, Tag.ICCProfile, Tag.DoubleFloatPixelData,
        Tag.FloatPixelData, Tag.TrackPointIndexList, Tag.ExtendedOffsetTable, Tag.PatientName, Tag.OtherPatientNames,
        Tag.AccessionNumber, Tag.DisplayedAreaTopLeftHandCorner, Tag.ContentSequence, Tag.ProcedureCodeSequence,
        Tag.TagAngleSecondAxis, Tag.InstitutionAddress, Tag.StudyTime, Tag.LongCodeValue, Tag.SOPClassesInStudy,
        Tag.RegionFlags, Tag.Rows, Tag.TextValue, Tag.RetrieveURL, Tag.PixelPaddingValue,
    ];

    private static readonly Vr[] PrivateVrs =
    [
        Vr.SV, Vr.UV, Vr.UN, Vr.FD, Vr.FL, Vr.SL, Vr.UC, Vr.OW, Vr.LT, Vr.SS, Vr.AT,
    ];

    private static readonly string[] Texts =
        ["", "A", "DUPONT", "Zoë", "a b", "Épreuve à l'effort", "山田", "x'y\"z", "<&>", "été"];

    internal static DataSet Create(Random random, int depth = 0, DataSet? parent = null)
    {
        var dataSet = parent is null ? new DataSet() : new DataSet(parent);
        if (parent is null) dataSet.SetCharacterSet(CharacterSet.Utf8);
        foreach (var tag in random.GetItems(Attributes, random.Next(1, 12)).Distinct())
        {
            DataDictionary.TryFind(tag, out var entry);
            if (entry.Vr != Vr.SQ) SetValue(dataSet, tag, entry.Vr, random);
            else if (depth < 4) dataSet.SetSequence(tag, Items(random, depth, dataSet));
        }

        if (random.Next(3) > 0) return dataSet;
        dataSet.SetBytes(new Tag(0x0009_0010), Vr.LO, "DRIMBOX "u8.ToArray());
        foreach (var vr in random.GetItems(PrivateVrs, 3))
            SetValue(dataSet, new Tag(0x0009_1000 | (uint)vr % 256), vr, random);
        return dataSet;
    }

    private static List<DataSet> Items(Random random, int depth, DataSet parent)
    {
        var items = new List<DataSet>();
        for (var i = random.Next(4); i > 0; i--)
            items.Add(random.Next(5) == 0 ? new DataSet(parent) : Create(random, depth + 1, parent));
        return items;
    }

    private static void SetValue(DataSet dataSet, Tag tag, Vr vr, Random random)
    {
        if (!vr.IsText())
        {
            var bytes = new byte[random.Next(4) * Math.Max(2, vr.WordSize())];
            random.NextBytes(bytes);
            dataSet.SetBytes(tag, vr, bytes);
            return;
        }

        var values = new string[vr.IsSingleText() ? 1 : random.Next(1, 4)];
        for (var i = 0; i < values.Length; i++) values[i] = Text(vr, random);
        var text = dataSet.CharacterSet.Encode(string.Join('\\', values), vr);
        if (text.Length % 2 == 1) text = [.. text, vr.Padding()];
        dataSet.SetBytes(tag, vr, text);
    }

    private static string Text(Vr vr, Random random)
    {
        if (random.Next(6) == 0) return "";
        return vr switch
        {
            Vr.AE => "DRIMBOX",
            Vr.AS => "047Y",
            Vr.CS => "ORIGINAL",
            Vr.DA => "20261122",
            Vr.TM => "083117.658",
            Vr.DT => "20261122083117+0100",
            Vr.IS => random.Next(-9_999, 99_999).ToString(),
            Vr.DS => random.GetItems(["1.50", "-0.125", "3", "1E-7", "100"], 1)[0],
            Vr.UI => Uid.Parse("1.2." + random.Next(1, 99_999)).ToString(),
            Vr.UR => "https://drimbox.example/a?b=c&d",
            Vr.PN => random.GetItems(["PAT-TROIS^DOMINIQUE", "A^B=山田^太郎=やまだ", "==x", "ZOÉ"], 1)[0],
            _ => random.GetItems(Texts, 1)[0],
        };
    }
}
