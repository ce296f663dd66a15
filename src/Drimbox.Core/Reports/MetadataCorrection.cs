using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>What a person sets right in the metadata of a document that the DMP refused: values that come from the
/// settings of a site or that the DMP reads otherwise than the author. The document itself stays as it is; its identifiers,
/// its patient, its hash and its author cannot be changed.</summary>
/// <param name="Title">DocumentEntry.title, 1 to 128 characters (ITI TF-3 4.2.3.2.26).</param>
/// <param name="LanguageCode">As in RFC 5646: <c>fr-FR</c>.</param>
/// <param name="ServiceStartTime">UTC, yyyyMMddHHmmss or shorter.</param>
/// <param name="ServiceStopTime">UTC, yyyyMMddHHmmss or shorter.</param>
public sealed record MetadataCorrection(
    string? Title = null,
    Code? HealthcareFacilityType = null,
    Code? PracticeSetting = null,
    string? LanguageCode = null,
    string? ServiceStartTime = null,
    string? ServiceStopTime = null)
{
    private const int TitleLengthMax = 128;

    public DocumentEntry ApplyTo(DocumentEntry entry) => entry with
    {
        Title = Title ?? entry.Title,
        HealthcareFacilityType = HealthcareFacilityType ?? entry.HealthcareFacilityType,
        PracticeSetting = PracticeSetting ?? entry.PracticeSetting,
        LanguageCode = LanguageCode ?? entry.LanguageCode,
        ServiceStartTime = ServiceStartTime ?? entry.ServiceStartTime,
        ServiceStopTime = ServiceStopTime ?? entry.ServiceStopTime,
    };

    /// <summary>Why it cannot be applied, or null.</summary>
    public Refusal? Check()
    {
        if (this == new MetadataCorrection())
            return new Refusal(RefusalReason.RequiredFieldMissing, "The correction changes nothing.");
        if (Title is { Length: 0 or > TitleLengthMax })
            return new Refusal(RefusalReason.OverLimit, $"A title has 1 to {TitleLengthMax} characters.");
        if (LanguageCode is { Length: 0 }) return new Refusal(RefusalReason.DataType, "The language code is empty.");
        foreach (var code in (Code?[])[HealthcareFacilityType, PracticeSetting])
        {
            if (code is not null && (code.Value.Length == 0 || code.System.Length == 0 || code.Display.Length == 0))
                return new Refusal(RefusalReason.DataType, "A code is value, coding scheme and display name.");
        }

        foreach (var time in (string?[])[ServiceStartTime, ServiceStopTime])
        {
            // ITI TF-3 4.2.3.1.7: DTM in UTC, from the year to the second.
            if (time is not null && (time.Length is not (4 or 6 or 8 or 10 or 12 or 14) || !time.All(char.IsAsciiDigit)))
                return new Refusal(RefusalReason.DataType, "A time is yyyyMMddHHmmss in UTC, or shorter.");
        }

        return null;
    }
}

/// <summary>A person sets the metadata of a refused publication right and sends it again.</summary>
public sealed record CorrectMetadata(MetadataCorrection Correction, string Actor) : ReportCommand;

/// <summary>The metadata of a document are to be published otherwise than its header and the settings say.</summary>
public sealed record MetadataCorrected(
    InstanceIdentifier DocumentId, MetadataCorrection Correction, string Actor, DateTimeOffset RecordedAt)
    : ReportEvent;
