using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Registry;

/// <summary>What a stored query returns. Source: ITI TF-2 3.18.4.1.2.6.</summary>
public enum QueryReturnType
{
    ObjectRef,
    LeafClass,
}

/// <summary>One parameter: its values are alternatives; repeated parameters of one name must all be met
/// (ITI TF-2 3.18.4.1.2.3.5).</summary>
public sealed record QueryParameter(string Name, IReadOnlyList<string> Values);

/// <summary>ITI-18 request. Source: ITI TF-2 3.18.4.1.2.</summary>
public sealed record StoredQuery(string Id, QueryReturnType ReturnType, IReadOnlyList<QueryParameter> Parameters)
{
    public const string PatientIdParameter = "$XDSDocumentEntryPatientId";
    public const string StatusParameter = "$XDSDocumentEntryStatus";
    public const string TypeCodeParameter = "$XDSDocumentEntryTypeCode";
    public const string EntryUuidParameter = "$XDSDocumentEntryEntryUUID";
    public const string UniqueIdParameter = "$XDSDocumentEntryUniqueId";
    public const string ReferenceIdListParameter = "$XDSDocumentEntryReferenceIdList";
    public const string UuidParameter = "$uuid";
    public const string SubmissionSetPatientIdParameter = "$XDSSubmissionSetPatientId";
    public const string SubmissionSetStatusParameter = "$XDSSubmissionSetStatus";

    /// <summary>Every entry of a patient in one of <paramref name="statuses"/> (TD3.1).</summary>
    public static StoredQuery FindDocuments(
        InstanceIdentifier patientId,
        IEnumerable<AvailabilityStatus> statuses,
        QueryReturnType returnType = QueryReturnType.LeafClass,
        params IReadOnlyList<Code> typeCodes) =>
        new(StoredQueryId.FindDocuments, returnType,
        [
            new(PatientIdParameter, [HealthText.FormatCx(patientId, "NH")]),
            new(StatusParameter, statuses.Select(XdsStatus.Format).ToList()),
            .. typeCodes.Count == 0
                ? Array.Empty<QueryParameter>()
                : [new(TypeCodeParameter, typeCodes.Select(code => $"{code.Value}^^{code.System}").ToList())],
        ]);

    /// <summary>Every version of the documents with one of these unique ids (TD3.1b).</summary>
    public static StoredQuery GetDocuments(
        IEnumerable<InstanceIdentifier> uniqueIds, QueryReturnType returnType = QueryReturnType.LeafClass) =>
        new(StoredQueryId.GetDocuments, returnType,
            [new(UniqueIdParameter, uniqueIds.Select(id => id.ToString()).ToList())]);

    public static StoredQuery GetDocumentsByEntryUuid(
        IEnumerable<string> entryUuids, QueryReturnType returnType = QueryReturnType.LeafClass) =>
        new(StoredQueryId.GetDocuments, returnType, [new(EntryUuidParameter, entryUuids.ToList())]);

    /// <summary>The entries that carry one of <paramref name="references"/>: report and manifest of a study alike.
    /// Source: ITI TF-2 3.18.4.1.2.3.7.14.</summary>
    public static StoredQuery FindDocumentsByReferenceId(
        InstanceIdentifier patientId,
        IEnumerable<ReferenceId> references,
        IEnumerable<AvailabilityStatus> statuses,
        QueryReturnType returnType = QueryReturnType.LeafClass) =>
        new(StoredQueryId.FindDocumentsByReferenceId, returnType,
        [
            new(PatientIdParameter, [HealthText.FormatCx(patientId, "NH")]),
            new(ReferenceIdListParameter, references.Select(HealthText.FormatReferenceId).ToList()),
            new(StatusParameter, statuses.Select(XdsStatus.Format).ToList()),
        ]);

    public static StoredQuery FindSubmissionSets(
        InstanceIdentifier patientId, QueryReturnType returnType = QueryReturnType.LeafClass) =>
        new(StoredQueryId.FindSubmissionSets, returnType,
        [
            new(SubmissionSetPatientIdParameter, [HealthText.FormatCx(patientId, "NH")]),
            new(SubmissionSetStatusParameter, [XdsStatus.Approved]),
        ]);

    /// <summary>The associations from or to one of these objects: what replaces, is appended to or signs what.
    /// Source: ITI TF-2 3.18.4.1.2.3.7.7.</summary>
    public static StoredQuery GetAssociations(
        IEnumerable<string> uuids, QueryReturnType returnType = QueryReturnType.LeafClass) =>
        new(StoredQueryId.GetAssociations, returnType, [new(UuidParameter, uuids.ToList())]);

    /// <summary>The values of every parameter of this name: one list a repetition.</summary>
    public IEnumerable<IReadOnlyList<string>> ValuesOf(string name) =>
        Parameters.Where(parameter => parameter.Name == name).Select(parameter => parameter.Values);

    public XElement Write() =>
        new(Query + "AdhocQueryRequest",
            new XAttribute(XNamespace.Xmlns + "query", Query),
            new XAttribute(XNamespace.Xmlns + "rim", Rim),
            new XElement(Query + "ResponseOption",
                new XAttribute("returnComposedObjects", "true"),
                new XAttribute("returnType", ReturnType.ToString())),
            new XElement(Rim + "AdhocQuery",
                new XAttribute("id", Id),
                Parameters.Select(parameter => EbRim.Slot(parameter.Name, FormatValues(parameter)))));

    /// <summary>Reads a request, or says with a code of ITI TF-3 why not.</summary>
    public static StoredQuery? TryRead(XElement request, out RegistryError? error)
    {
        error = null;
        var query = request.Element(Rim + "AdhocQuery");
        var id = (string?)query?.Attribute("id");
        var option = (string?)request.Element(Query + "ResponseOption")?.Attribute("returnType");
        if (query is null || id is null
            || !Enum.TryParse<QueryReturnType>(option, out var returnType) || !Enum.IsDefined(returnType))
        {
            error = new RegistryError("XDSRegistryError", "AdhocQuery/@id or ResponseOption/@returnType is missing");
            return null;
        }

        var parameters = new List<QueryParameter>();
        foreach (var slot in query.Elements(Rim + "Slot"))
        {
            var name = (string?)slot.Attribute("name") ?? "";
            var values = new List<string>();
            foreach (var text in slot.Elements(Rim + "ValueList").Elements(Rim + "Value"))
            {
                if (TryParseValues(text.Value.Trim(), values)) continue;
                error = new RegistryError("XDSRegistryError", $"{name} is not a value or a list of values");
                return null;
            }

            parameters.Add(new QueryParameter(name, values));
        }

        return new StoredQuery(id, returnType, parameters);
    }

    // ITI TF-2 3.18.4.1.2.3.5: 'a' for a parameter with one value, ('a','b') for one with several allowed.
    private static string FormatValues(QueryParameter parameter)
    {
        var quoted = parameter.Values.Select(value => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'");
        return parameter.Name is PatientIdParameter or SubmissionSetPatientIdParameter
            ? quoted.Single()
            : $"({string.Join(',', quoted)})";
    }

    private static bool TryParseValues(string text, List<string> values)
    {
        if (text.StartsWith('(') != text.EndsWith(')')) return false;
        if (text.StartsWith('(')) text = text[1..^1].Trim();
        for (var i = 0; i < text.Length;)
        {
            if (!TryParseValue(text, ref i, out var value)) return false;
            values.Add(value);
            while (i < text.Length && text[i] == ' ') i++;
            if (i == text.Length) return true;
            if (text[i++] != ',') return false;
            while (i < text.Length && text[i] == ' ') i++;
            if (i == text.Length) return false;
        }

        return false;
    }

    private static bool TryParseValue(string text, ref int i, out string value)
    {
        value = "";
        if (text[i] != '\'')
        {
            // A number stands without quotes.
            var start = i;
            while (i < text.Length && char.IsAsciiDigit(text[i])) i++;
            value = text[start..i];
            return i > start;
        }

        var builder = new StringBuilder();
        for (i++; i < text.Length; i++)
        {
            if (text[i] != '\'')
            {
                builder.Append(text[i]);
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '\'')
            {
                builder.Append('\'');
                i++;
                continue;
            }

            i++;
            value = builder.ToString();
            return true;
        }

        return false;
    }
}
