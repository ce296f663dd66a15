using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Emulators.Dmp;

/// <summary>ITI-18 on the server's side. Source: ITI TF-2 3.18.4.1.2 and .3. Deleted entries are never returned;
/// masked ones only to the structure that published them.</summary>
internal sealed class StoredQueries(DmpContext context)
{
    // ITI TF-2 3.18.4.1.2.3.7: parameters that filter on a code, and the classification each looks at.
    private static readonly (string Parameter, string Scheme)[] CodeFilters =
    [
        ("$XDSDocumentEntryClassCode", ClassificationScheme.ClassCode),
        (StoredQuery.TypeCodeParameter, ClassificationScheme.TypeCode),
        ("$XDSDocumentEntryFormatCode", ClassificationScheme.FormatCode),
        ("$XDSDocumentEntryPracticeSettingCode", ClassificationScheme.PracticeSettingCode),
        ("$XDSDocumentEntryHealthcareFacilityTypeCode", ClassificationScheme.HealthcareFacilityTypeCode),
        ("$XDSDocumentEntryConfidentialityCode", ClassificationScheme.ConfidentialityCode),
        ("$XDSDocumentEntryEventCodeList", ClassificationScheme.EventCodeList),
    ];

    // Lower bound inclusive, upper bound exclusive; DTM texts compare as text.
    private static readonly (string Parameter, string Slot, bool IsLower)[] TimeFilters =
    [
        ("$XDSDocumentEntryCreationTimeFrom", "creationTime", true),
        ("$XDSDocumentEntryCreationTimeTo", "creationTime", false),
        ("$XDSDocumentEntryServiceStartTimeFrom", "serviceStartTime", true),
        ("$XDSDocumentEntryServiceStartTimeTo", "serviceStartTime", false),
        ("$XDSDocumentEntryServiceStopTimeFrom", "serviceStopTime", true),
        ("$XDSDocumentEntryServiceStopTimeTo", "serviceStopTime", false),
    ];

    public XElement Execute(SoapMessage message, DmpStore store)
    {
        var query = StoredQuery.TryRead(message.Body, out var unreadable);
        if (query is null) return Failure(unreadable!);
        var errors = new List<RegistryError>();
        var objects = query.Id switch
        {
            StoredQueryId.FindDocuments => FindDocuments(query, store, errors),
            StoredQueryId.FindDocumentsByReferenceId => FindByReference(query, store, errors),
            StoredQueryId.GetDocuments => GetDocuments(query, store, errors),
            StoredQueryId.GetAssociations => GetAssociations(query, store, errors),
            StoredQueryId.FindSubmissionSets => FindSubmissionSets(query, store, errors),
            _ => Unknown(errors),
        };
        return errors.Count > 0 ? Failure([.. errors]) : Success(query, objects);
    }

    private IEnumerable<XElement> FindDocuments(StoredQuery query, DmpStore store, List<RegistryError> errors)
    {
        var patient = Patient(query, StoredQuery.PatientIdParameter, store, errors);
        Required(query, StoredQuery.StatusParameter, errors);
        return patient is null || errors.Count > 0
            ? []
            : Filter(query, store.EntriesOfPatient(patient.Value.ToString())).Select(entry => entry.ToLeafClass());
    }

    private IEnumerable<XElement> FindByReference(StoredQuery query, DmpStore store, List<RegistryError> errors)
    {
        var patient = Patient(query, StoredQuery.PatientIdParameter, store, errors);
        Required(query, StoredQuery.StatusParameter, errors);
        Required(query, StoredQuery.ReferenceIdListParameter, errors);
        if (patient is null || errors.Count > 0) return [];
        var wanted = query.ValuesOf(StoredQuery.ReferenceIdListParameter).ToList();
        return Filter(query, store.EntriesOfPatient(patient.Value.ToString()))
            .Where(entry =>
            {
                var has = store.ReferencesOf(entry.EntryUuid);
                return wanted.TrueForAll(alternatives => alternatives.Any(value => has.Contains(value)));
            })
            .Select(entry => entry.ToLeafClass());
    }

    private IEnumerable<XElement> GetDocuments(StoredQuery query, DmpStore store, List<RegistryError> errors)
    {
        var uuids = query.ValuesOf(StoredQuery.EntryUuidParameter).SelectMany(values => values).ToList();
        var uniqueIds = query.ValuesOf(StoredQuery.UniqueIdParameter).SelectMany(values => values).ToList();

        // ITI TF-2 3.18.4.1.2.3.7.5: one of the two, not both.
        if ((uuids.Count == 0) == (uniqueIds.Count == 0))
        {
            errors.Add(new RegistryError(
                uuids.Count == 0 ? "XDSStoredQueryMissingParam" : "XDSStoredQueryParamNumber",
                "Either entryUUIDs or uniqueIds"));
            return [];
        }

        var found = uuids.Count > 0
            ? uuids.Select(store.EntryByUuid).OfType<StoredEntry>()
            : uniqueIds.SelectMany(store.EntriesByUniqueId);
        var visible = found.Where(IsVisible).ToList();
        CheckPatient(visible, errors);
        return visible.Select(entry => entry.ToLeafClass());
    }

    private IEnumerable<XElement> GetAssociations(StoredQuery query, DmpStore store, List<RegistryError> errors)
    {
        if (!Required(query, StoredQuery.UuidParameter, errors)) return [];
        var entries = query.ValuesOf(StoredQuery.UuidParameter).SelectMany(values => values)
            .Select(store.EntryByUuid).OfType<StoredEntry>().Where(IsVisible).ToList();
        CheckPatient(entries, errors);
        return entries.SelectMany(entry => store.AssociationsOf(entry.EntryUuid))
            .DistinctBy(association => (string?)association.Attribute("id"));
    }

    private IEnumerable<XElement> FindSubmissionSets(StoredQuery query, DmpStore store, List<RegistryError> errors)
    {
        var patient = Patient(query, StoredQuery.SubmissionSetPatientIdParameter, store, errors);
        Required(query, StoredQuery.SubmissionSetStatusParameter, errors);
        return patient is null || errors.Count > 0 ? [] : store.Submissions(patient).Select(row => row.Xml);
    }

    private void CheckPatient(List<StoredEntry> entries, List<RegistryError> errors)
    {
        foreach (var patient in entries.Select(entry => entry.Patient).Distinct())
            context.CheckVihfPatient(InstanceIdentifier.Parse(patient), errors);
    }

    private static IEnumerable<XElement> Unknown(List<RegistryError> errors)
    {
        errors.Add(new RegistryError("XDSUnknownStoredQuery", "AdhocQuery/@id"));
        return [];
    }

    private IEnumerable<StoredEntry> Filter(StoredQuery query, IEnumerable<StoredEntry> entries)
    {
        var statuses = query.ValuesOf(StoredQuery.StatusParameter).SelectMany(values => values).ToList();
        return entries.Where(entry => IsVisible(entry)
            && statuses.Contains(XdsStatus.Format(entry.Status))
            && CodeFilters.All(filter => query.ValuesOf(filter.Parameter).All(
                alternatives => CodesOf(entry.Xml, filter.Scheme).Any(code => alternatives.Contains(code))))
            && TimeFilters.All(filter => query.ValuesOf(filter.Parameter).All(
                values => values is [var bound] && IsWithin(entry.Xml, filter.Slot, bound, filter.IsLower))));
    }

    private bool IsVisible(StoredEntry entry)
    {
        if (entry.Status == AvailabilityStatus.Deleted) return false;
        var masked = entry.Read().Entry.Visibility.HasFlag(Visibility.MaskedFromProfessionals);
        return !masked || context.Caller is null || context.Caller.Structure == entry.Owner;
    }

    // ITI TF-2 3.18.4.1.2.3.4: a code is asked for as code^^scheme.
    private static IEnumerable<string> CodesOf(XElement xml, string scheme) =>
        xml.Elements(Rim + "Classification").Where(c => (string?)c.Attribute("classificationScheme") == scheme)
            .Select(c => $"{(string?)c.Attribute("nodeRepresentation")}^^"
                + c.Elements(Rim + "Slot").Elements(Rim + "ValueList").Elements(Rim + "Value").First().Value.Trim());

    private static bool IsWithin(XElement xml, string slot, string bound, bool isLower)
    {
        var value = xml.Elements(Rim + "Slot").Where(s => (string?)s.Attribute("name") == slot)
            .Elements(Rim + "ValueList").Elements(Rim + "Value").FirstOrDefault()?.Value.Trim();
        if (value is null) return false;
        var order = string.CompareOrdinal(value.PadRight(14, '0'), bound.PadRight(14, '0'));
        return isLower ? order >= 0 : order < 0;
    }

    private InstanceIdentifier? Patient(
        StoredQuery query, string parameter, DmpStore store, List<RegistryError> errors)
    {
        if (!Required(query, parameter, errors)) return null;
        var values = query.ValuesOf(parameter).SelectMany(value => value).ToList();
        if (values is not [var text] || PatientText.TryParse(text) is not { } patient)
        {
            errors.Add(new RegistryError("XDSStoredQueryParamNumber", $"{parameter}: one CX"));
            return null;
        }

        // ITI TF-3 table 4.2.4.1-2: XDSUnknownPatientId is not used here. Who has no open DMP has nothing in it.
        context.CheckVihfPatient(patient, errors);
        return context.ExistenceOf(patient, store) == DmpExistence.Open ? patient : null;
    }

    private static bool Required(StoredQuery query, string parameter, List<RegistryError> errors)
    {
        if (query.ValuesOf(parameter).Any()) return true;
        errors.Add(new RegistryError("XDSStoredQueryMissingParam", parameter));
        return false;
    }

    private static XElement Success(StoredQuery query, IEnumerable<XElement> objects)
    {
        var response = RegistryResponse.Success.Write(Query + "AdhocQueryResponse");
        response.Add(new XElement(Rim + "RegistryObjectList",
            query.ReturnType == QueryReturnType.LeafClass
                ? objects
                : objects.Select(o => new XElement(
                    Rim + "ObjectRef", new XAttribute("id", (string)o.Attribute("id")!)))));
        return response;
    }

    private static XElement Failure(params RegistryError[] errors)
    {
        var response = RegistryResponse.Failure(errors).Write(Query + "AdhocQueryResponse");
        response.Add(new XElement(Rim + "RegistryObjectList"));
        return response;
    }
}
