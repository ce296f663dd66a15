using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;

namespace Drimbox.Teleradiology.Reports;

/// <summary>What the radiologist writes: the four parts of an imaging report. At least results or conclusion.</summary>
/// <param name="Indication">Why the examination was asked for; empty takes the justification of the request.</param>
/// <param name="Technique">How it was made.</param>
/// <param name="Results">What the images show.</param>
/// <param name="Conclusion">What it means.</param>
public sealed record ReportText(string Indication, string Technique, string Results, string Conclusion)
{
    /// <summary>What the template asks for the publication.</summary>
    public PublicationChoices Publication { get; init; } = PublicationChoices.Default;

    /// <summary>In characters, all parts together.</summary>
    internal int Length => Indication.Length + Technique.Length + Results.Length + Conclusion.Length;
}

/// <summary>How the signing or withdrawal of a report ended: one of the two.</summary>
/// <param name="Refusal">Why nothing was sent.</param>
/// <param name="Document">The document whose message now leaves for the RIS.</param>
public sealed record ReportReply(Refusal? Refusal, PlatformDocument? Document);
