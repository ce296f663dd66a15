using System.Collections.Frozen;

namespace Drimbox.Core.Manifests;

/// <summary>The ten regions that manifests are searched by: IHE RAD MADO Rev. 1.1 table 6.X.6.4-1 (pages 60 and 61),
/// which the European extension allows no others beside (HL7 Europe imaging-manifest 0.2.1, manifest-dicom-kos).</summary>
public static class AnatomicRegions
{
    private static readonly CodedEntry LowerTrunk = Region("63337009", "Lower trunk");
    private static readonly CodedEntry EntireBody = Region("38266002", "Entire body");
    private static readonly CodedEntry UpperLimb = Region("53120007", "Upper limb");
    private static readonly CodedEntry LowerLimb = Region("61685007", "Lower limb");
    private static readonly CodedEntry UpperTrunk = Region("67734004", "Upper trunk");
    private static readonly CodedEntry HeadAndNeck = Region("774007", "Head and neck");
    private static readonly CodedEntry Vessels = Region("113257007", "Cardiovascular system");
    private static readonly CodedEntry Heart = Region("80891009", "Heart");
    private static readonly CodedEntry Breast = Region("76752008", "Breast");
    private static readonly CodedEntry Spine = Region("1141981001", "Vertebral Column");

    /// <summary>By the SNOMED CT code that French reports have. JDV_RegionAnatomique (1.2.250.1.213.1.1.5.695) is the
    /// same list but for the spine; head, neck and mouth are in documents of the proof of concept.</summary>
    private static readonly FrozenDictionary<string, CodedEntry> ByCode =
        new[] { LowerTrunk, EntireBody, UpperLimb, LowerLimb, UpperTrunk, HeadAndNeck, Vessels, Heart, Breast, Spine }
            .Select(region => (region.Value, region))
            .Concat(
            [
                ("737561001", Spine), ("421060004", Spine), ("69536005", HeadAndNeck), ("45048000", HeadAndNeck),
                ("786880003", HeadAndNeck),
            ])
            .ToFrozenDictionary(pair => pair.Item1, pair => pair.Item2);

    /// <summary>By Body Part Examined (0018,0015): the column of the table, and of the defined terms of PS3.16 Annex L
    /// those that lie within one region, or are named after several.</summary>
    private static readonly FrozenDictionary<string, CodedEntry[]> ByBodyPart = Terms(
        ("LOWERTRUNK ABDOMEN PELVIS ABDOMENPELVIS LIVER PANCREAS SPLEEN GALLBLADDER KIDNEY BLADDER PROSTATE UTERUS COLON "
            + "RECTUM STOMACH", [LowerTrunk]),
        ("WHOLEBODY", [EntireBody]),
        ("UPPERLIMB SHOULDER ARM HUMERUS ELBOW FOREARM WRIST HAND THUMB FINGER", [UpperLimb]),
        ("LOWERLIMB HIP THIGH FEMUR KNEE LEG ANKLE FOOT TOE CALCANEUS", [LowerLimb]),
        ("UPPERTRUNK CHEST LUNG RIB STERNUM MEDIASTINUM", [UpperTrunk]),
        ("HEADNECK HEAD NECK SKULL BRAIN FACE ORBIT EYE EAR NOSE SINUS JAW MANDIBLE MAXILLA TMJ THYROID LARYNX PHARYNX",
            [HeadAndNeck]),
        ("CARDIOVASCSYS", [Vessels]),
        ("HEART", [Heart]),
        ("BREAST", [Breast]),
        ("SPINE CSPINE TSPINE LSPINE SSPINE CTSPINE TLSPINE LSSPINE COCCYX", [Spine]),
        ("CHESTABDOMEN CHESTABDPELVIS", [UpperTrunk, LowerTrunk]),
        ("NECKCHEST", [HeadAndNeck, UpperTrunk]),
        ("NECKCHESTABDOMEN NECKCHESTABDPELV", [HeadAndNeck, UpperTrunk, LowerTrunk]));

    /// <summary>The region of a report's code, whatever scheme it names: documents disagree on that of SNOMED CT. Null
    /// where the list has none for it.</summary>
    public static CodedEntry? Of(Identity.Code region) => ByCode.GetValueOrDefault(region.Value);

    /// <summary>The regions of a body part; none where the term is not known.</summary>
    public static IReadOnlyList<CodedEntry> OfBodyPart(string bodyPartExamined) =>
        ByBodyPart.GetValueOrDefault(bodyPartExamined.ToUpperInvariant(), []);

    private static CodedEntry Region(string code, string meaning) => new(code, "SCT", meaning);

    private static FrozenDictionary<string, CodedEntry[]> Terms(params (string Terms, CodedEntry[] Regions)[] rows) =>
        rows.SelectMany(row => row.Terms.Split(' ').Select(term => (Term: term, row.Regions)))
            .ToFrozenDictionary(pair => pair.Term, pair => pair.Regions);
}
