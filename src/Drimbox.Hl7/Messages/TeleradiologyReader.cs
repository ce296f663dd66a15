using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Messages;

/// <summary>The messages of the teleradiology volet as values, one for each ORDER of the message. Takes messages that
/// passed their profile.</summary>
public static class TeleradiologyReader
{
    /// <summary>Flux 1.</summary>
    public static IReadOnlyList<ImagingRequest>? TryReadRequests(MessageReading reading, out Refusal? refusal) =>
        Each(reading, Request, out refusal);

    /// <summary>Flux 2.</summary>
    public static IReadOnlyList<RequestCancellation>? TryReadCancellations(
        MessageReading reading, out Refusal? refusal) => Each(reading, Cancellation, out refusal);

    /// <summary>Flux 3.</summary>
    public static IReadOnlyList<RequestResponse>? TryReadResponses(MessageReading reading, out Refusal? refusal) =>
        Each(reading, Response, out refusal);

    /// <summary>Flux 4.</summary>
    public static IReadOnlyList<PostExamination>? TryReadPostExaminations(
        MessageReading reading, out Refusal? refusal) => Each(reading, Examination, out refusal);

    /// <summary>The notice of a PACS, one for each ORDER.</summary>
    public static IReadOnlyList<StudyChangeNotice>? TryReadStudyChanges(
        MessageReading reading, out Refusal? refusal) => Each(reading, StudyChange, out refusal);

    private static List<T>? Each<T>(
        MessageReading reading, Func<Er7Message, MatchedGroup, CompositeReader, T> one, out Refusal? refusal)
    {
        Invariant.Holds(reading is { Refusal: null, Root: not null, Profile: not null });
        var read = new CompositeReader();
        var values = reading.Root!.Occurrences(reading.Profile!.OrderGroup)
            .Select(order => one(reading.Message, order, read)).ToList();
        refusal = read.Refusal;
        return refusal is null ? values : null;
    }

    private static ImagingRequest Request(Er7Message message, MatchedGroup order, CompositeReader read)
    {
        var (orc, obr) = (Required(order, "ORC"), Required(order, "OBR"));
        var modality = Observation(order, "MODALITE_IMAGERIE")!;
        return new ImagingRequest(
            read.Ei(orc, 2),
            Patient(message, read),
            PatientSegments.ReadVisit(message.Find("PV1"))!,
            orc[9].Code,
            read.OptionalXcn(orc, 11),
            read.Xcn(orc, 12),
            Phone(orc[14]),
            read.Xon(orc, 21),
            obr[13].FreeText,
            Notes(order.Occurrences("ORDER_DETAIL").First(), "FINALITE_EXAMEN"),
            CompositeReader.Ce(Value(modality)),
            Notes(modality, "MODALITE_IMAGERIE"),
            Region(order)!,
            [.. Observations(order, "11322-5").Select(o => new MedicalHistory(
                Value(o).FreeText, CompositeReader.Optional(Obx(o)[8])))],
            Measure(Observation(order, "8302-2")),
            Measure(Observation(order, "29463-7")),
            Observation(order, "82810-3") is { } pregnancy ? Value(pregnancy).Component(1).Code == "Y" : null);
    }

    private static RequestCancellation Cancellation(Er7Message message, MatchedGroup order, CompositeReader read)
    {
        var orc = Required(order, "ORC");
        return new RequestCancellation(
            read.Ei(orc, 2),
            Patient(message, read),
            PatientSegments.ReadVisit(message.Find("PV1"))!,
            orc[9].Code,
            read.OptionalXcn(orc, 11),
            read.Xcn(orc, 12),
            Phone(orc[14]),
            read.Xon(orc, 21),
            CompositeReader.OptionalCe(orc[16]));
    }

    private static RequestResponse Response(Er7Message message, MatchedGroup order, CompositeReader read)
    {
        var orc = Required(order, "ORC");
        return new RequestResponse(
            read.Ei(orc, 2),
            Patient(message, read),
            orc[1].Code == "OK",
            read.Xcn(orc, 12),
            read.Xon(orc, 21),
            CompositeReader.OptionalCe(orc[16]),
            [.. Observations(order, "PROTOCOLE_IMAGERIE").Select(o => Protocol(message, Obx(o), read))]);
    }

    private static ImagingProtocol Protocol(Er7Message message, Er7Segment obx, CompositeReader read)
    {
        if (obx[2].Code == "FT") return new ImagingProtocol.PlainText(obx[5].FreeText);
        var content = Er7Base64.TryDecode(message, obx[5].Component(5), Limits.CdaBytesMax, out _);
        return new ImagingProtocol.Encapsulated(
            CompositeReader.Optional(obx[5].Component(3)), content ?? read.Fail(obx, 5, ReadOnlyMemory<byte>.Empty));
    }

    private static PostExamination Examination(Er7Message message, MatchedGroup order, CompositeReader read)
    {
        var (orc, tq1, ipc) = (Required(order, "ORC"), Required(order, "TQ1"), Required(order, "IPC"));
        return new PostExamination(
            read.Ei(orc, 2),
            Patient(message, read),
            PatientSegments.ReadVisit(message.Find("PV1"))!,
            tq1[7].Code,
            read.Count(tq1, 6),
            read.Ei(ipc, 1),
            Loinc(ipc[2]),
            read.StudyUid(ipc, 3),
            Loinc(ipc[4]),
            ViewerUrl(message, Obx(Observation(order, "URL_PARTIELLE_VIEWER")!), read),
            CompositeReader.Ce(Value(Observation(order, "CODE_ACTE_IMAGERIE")!)),
            Region(order),
            Observation(order, "MODALITE_IMAGERIE") is { } modality ? CompositeReader.Ce(Value(modality)) : null,
            Products(order),
            Devices(order));
    }

    private static StudyChangeNotice StudyChange(Er7Message message, MatchedGroup order, CompositeReader read)
    {
        var (orc, ipc) = (Required(order, "ORC"), Required(order, "IPC"));
        return new StudyChangeNotice(
            read.StudyUid(ipc, 3),
            Patient(message, read),
            read.OptionalEi(ipc, 1),
            read.OptionalEi(orc, 2),
            read.OptionalEi(orc, 3),
            CompositeReader.Optional(ipc[5].Component(1)),
            AeTitle.TryParse(ipc[9].Text, out var title) ? title : null);
    }

    // IPC-2 and IPC-4 are EI with the OID of LOINC as authority.
    private static Code Loinc(Er7Value ei) => new(ei.Component(1).Code, ei.Component(3).Code, "");

    private static string? ViewerUrl(Er7Message message, Er7Segment obx, CompositeReader read)
    {
        if (Er7Base64.TryDecode(message, obx[5].Component(5), Limits.ViewerUrlBytesMax, out _) is not { } bytes)
            return read.Fail<string?>(obx, 5);
        var text = Encoding.UTF8.GetString(bytes.Span).Trim();
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "https" or "http" ? text : null;
    }

    private static List<AdministeredProduct> Products(MatchedGroup order)
    {
        var parts = BySubId(order, "PRODUIT_ADMINISTRE");
        return [.. parts.Values.Where(p => p.ContainsKey(1)).Select(p => new AdministeredProduct(
            CompositeReader.Ce(Value(p[1])), Value(p[2]).FreeText, Measure(p.GetValueOrDefault(3))))];
    }

    private static List<ImagingDevice> Devices(MatchedGroup order) =>
        [.. BySubId(order, "APPAREIL_IMAGERIE").Values.Select(p => new ImagingDevice(
            p.TryGetValue(1, out var id) ? Value(id).FreeText : null,
            p.TryGetValue(2, out var model) ? Value(model).FreeText : null))];

    private static AnatomicRegion? Region(MatchedGroup order)
    {
        var parts = Observations(order, "REGION_ANATOMIQUE")
            .ToLookup(o => ObservationRules.SubId(Obx(o))?.Part);
        if (!parts[1].Any()) return null;
        return new AnatomicRegion(
            CompositeReader.Ce(Value(parts[1].First())),
            parts[2].Select(o => CompositeReader.Ce(Value(o))).FirstOrDefault());
    }

    private static SortedDictionary<int, Dictionary<int, MatchedGroup>> BySubId(MatchedGroup order, string code)
    {
        var parts = new SortedDictionary<int, Dictionary<int, MatchedGroup>>();
        foreach (var observation in Observations(order, code))
        {
            if (ObservationRules.SubId(Obx(observation)) is not { } id) continue;
            if (!parts.TryGetValue(id.Occurrence, out var of)) parts[id.Occurrence] = of = [];
            of.TryAdd(id.Part, observation);
        }

        return parts;
    }

    private static StatedPatient Patient(Er7Message message, CompositeReader read) =>
        PatientSegments.Read(message.Find("PID")!.Value, read);

    private static string? Phone(Er7Value xtn) =>
        CompositeReader.Optional(xtn.Component(12)) ?? CompositeReader.Optional(xtn.Component(1));

    private static Measurement? Measure(MatchedGroup? observation) => observation is null
        ? null
        : new Measurement(Value(observation).Code, Obx(observation)[6].Component(1).Code);

    private static List<string> Notes(MatchedGroup group, string type) =>
        [.. group.Segments.Where(s => s.Name == "NTE" && s[4].Component(1).Code == type).Select(s => s[3].FreeText)];

    private static IEnumerable<MatchedGroup> Observations(MatchedGroup order, string code) =>
        order.Occurrences("OBSERVATION").Where(o => Obx(o)[3].Component(1).Code == code);

    private static MatchedGroup? Observation(MatchedGroup order, string code) =>
        Observations(order, code).FirstOrDefault();

    private static Er7Segment Obx(MatchedGroup observation) => observation.Segments[0];

    private static Er7Value Value(MatchedGroup observation) => Obx(observation)[5];

    // The profile requires it, and the message has passed its profile.
    private static Er7Segment Required(MatchedGroup order, string segment)
    {
        var found = order.Find(segment);
        Invariant.Holds(found is not null);
        return found.Value;
    }
}
