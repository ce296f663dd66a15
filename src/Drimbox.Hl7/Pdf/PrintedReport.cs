namespace Drimbox.Hl7.Pdf;

/// <summary>A titled part of a report: indication, technique, results, conclusion.</summary>
/// <param name="Text">May hold line breaks; a section without text is not printed.</param>
public sealed record PrintedSection(string Heading, string Text);

/// <summary>Where images of a report are shown.</summary>
/// <param name="Label">Which images they are: printed where there are several addresses.</param>
public sealed record ViewerLink(string Url, string Label);

/// <summary>What the PDF of a report shows.</summary>
/// <param name="Title">Of the document and, as its metadata, of the file.</param>
/// <param name="Organization">Who issues the report; printed above the title.</param>
/// <param name="PatientLines">Identity of the patient; the first line is repeated on every page.</param>
/// <param name="StudyLines">The examination: date, modality, requester, accession number.</param>
/// <param name="SignedBy">Who answers for the report; also the author of the file.</param>
/// <param name="Viewers">Where the images are shown: a QR code with a link each.</param>
/// <param name="LanguageCode">RFC 3066, for readers that speak.</param>
/// <param name="CreatedAt">The creation date of the file.</param>
public sealed record PrintedReport(
    string Title,
    string Organization,
    IReadOnlyList<string> PatientLines,
    IReadOnlyList<string> StudyLines,
    IReadOnlyList<PrintedSection> Sections,
    string SignedBy,
    IReadOnlyList<ViewerLink> Viewers,
    string LanguageCode,
    DateTimeOffset CreatedAt);
