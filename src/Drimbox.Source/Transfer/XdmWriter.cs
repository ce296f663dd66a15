using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Dmp.Registry;
using Drimbox.Grains.Studies;
using Drimbox.Source.Publications;
using Drimbox.Storage;

namespace Drimbox.Source.Transfer;

/// <summary>The layout of the national proof of concept: a folder for each month of submission, in which each manifest
/// of the DMP has one with its request, its signature, its KOS and the reports behind it. Source: facts 2.2.</summary>
internal sealed class XdmWriter(ExportTarget target, ObjectStore objects)
{
    public const string Metadata = "METADATA.XML";
    public const string Reports = "CR.TXT";

    private readonly Dictionary<string, int> _months = target.LastFiles
        .Where(f => f.Key.StartsWith("KA", StringComparison.Ordinal))
        .ToDictionary(f => f.Key, f => NumberOf(f.Value), StringComparer.Ordinal);

    /// <returns>False: nothing of the study is in the DMP.</returns>
    public async Task<bool> TryWriteAsync(
        StudyHistory history, StudyState state, TransferCount count, CancellationToken cancellationToken)
    {
        // The newest submission that brought what is Approved; a change of its visibility came without the document.
        var approved = state.Publication.Approved.ToHashSet();
        var (decided, ended) = history.Kept().LastOrDefault(k => k.Decided.Step is
        {
            Kind: SubmissionKind.Publish or SubmissionKind.Replace, Document: { } document,
        } && approved.Contains(document));
        if (decided is null) return false;
        var version = history.Manifests.Single(m => m.UniqueId == decided.Step.Document);
        var month = $"KA{decided.DecidedAt.UtcDateTime.ToString("yyyyMM", CultureInfo.InvariantCulture)}";
        var number = _months[month] = _months.GetValueOrDefault(month) + 1;
        var folder = string.Create(CultureInfo.InvariantCulture, $"{month}/IHE_XDM/SS{number:000000}/");
        var (kos, signature) = ($"KOS_{number}_1.DCM", $"SIGN_{number}.XML");
        var request = await ReadAsync(ended.Kept!, cancellationToken);
        if (await VisibilityAsync(history, version, cancellationToken) is { } update) SetVisibility(request, update);
        await WriteAsync(kos, await objects.ReadAsync(version.File, Limits.KosBytesMax, cancellationToken));
        if (ended.Kept!.Signature is { } signed)
            await WriteAsync(signature, await objects.ReadAsync(signed, Limits.KosBytesMax, cancellationToken));
        await WriteAsync(Reports, Encoding.UTF8.GetBytes(ReportsOf(history.Study, state)));
        await WriteAsync(Metadata, RequestOf(request, kos, signature));
        return true;

        async Task WriteAsync(string name, byte[] bytes)
        {
            await target.WriteAsync(folder + name, bytes, cancellationToken);
            count.File(bytes.Length);
        }
    }

    /// <summary>What each month has beside its folders.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        foreach (var (month, sets) in _months.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            var rows = Enumerable.Range(1, sets).Select(n => string.Create(
                CultureInfo.InvariantCulture,
                $"<li><a href=\"IHE_XDM/SS{n:000000}/METADATA.XML\">SS{n:000000}</a></li>\n"));
            await target.WriteAsync(month + "/INDEX.HTM", Encoding.UTF8.GetBytes($"""
                <?xml version="1.0" encoding="UTF-8"?>
                <!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.0//EN"
                    "http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd">
                <html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr">
                <head><title>{month}</title></head>
                <body>
                <h1>{month}</h1>
                <ul>
                {string.Concat(rows)}</ul>
                <p><a href="README.TXT">README.TXT</a></p>
                </body>
                </html>

                """), cancellationToken);
            await target.WriteAsync(month + "/README.TXT", Encoding.UTF8.GetBytes(string.Join("\r\n",
                "Archive des documents de reference d'objets d'imagerie (KOS) d'une DRIMbox source",
                "",
                $"Logiciel : Drimbox {typeof(XdmWriter).Assembly.GetName().Version?.ToString(3)}",
                "",
                "IHE_XDM/SSnnnnnn/METADATA.XML : requete ITI-41 du lot de soumission",
                "IHE_XDM/SSnnnnnn/KOS_n_1.DCM  : KOS",
                "IHE_XDM/SSnnnnnn/SIGN_n.XML   : signature XAdES du lot",
                "IHE_XDM/SSnnnnnn/CR.TXT       : comptes-rendus (racine;extension;INS;OID;IPP;OID)",
                "")), cancellationToken);
        }
    }

    /// <summary>The newest request that changed who may see the manifest, or null.</summary>
    private async Task<XElement?> VisibilityAsync(
        StudyHistory history, ManifestVersion version, CancellationToken cancellationToken)
    {
        var (_, changed) = history.Kept().LastOrDefault(k =>
            k.Decided.Step.Kind == SubmissionKind.ChangeVisibility && k.Decided.Step.Document == version.UniqueId);
        return changed is null ? null : await ReadAsync(changed.Kept!, cancellationToken);
    }

    // What was taken over in this layout has an envelope around it, and the files of that time.
    private async Task<XElement> ReadAsync(KeptSubmission kept, CancellationToken cancellationToken)
    {
        var xml = XElement.Parse(Encoding.UTF8.GetString(
            await objects.ReadAsync(kept.Metadata, Limits.KosBytesMax, cancellationToken)));
        var request = new XElement(xml.DescendantsAndSelf(XdsNames.Lcm + "SubmitObjectsRequest").First());
        request.Descendants(XdsNames.Rim + "Slot").Where(slot => (string?)slot.Attribute("name") == "URI").Remove();
        return request;
    }

    // Who takes it over must not show what was hidden since.
    private static void SetVisibility(XElement request, XElement update)
    {
        var shown = CodesOf(request);
        shown[0].AddBeforeSelf(CodesOf(update));
        shown.Remove();

        static List<XElement> CodesOf(XElement message) =>
        [
            .. message.Descendants(XdsNames.Rim + "ExtrinsicObject")
                .First(e => (string?)e.Attribute("id") != SignatureEntry.SymbolicId)
                .Elements(XdsNames.Rim + "Classification")
                .Where(c => (string?)c.Attribute("classificationScheme") == ClassificationScheme.ConfidentialityCode),
        ];
    }

    // cdaRoot;cdaExtension;INS;INS-OID;IPP;IPP-OID, a line for each report, the newest first.
    private static string ReportsOf(Uid study, StudyState state) => string.Concat(state.ActiveReports(study).Reverse()
        .Select(report => string.Join(
            ';', report.DocumentId.Root, report.DocumentId.Extension, report.Patient.Ins?.Extension,
            report.Patient.Ins?.Root, report.Patient.LocalId?.Value, report.Patient.LocalId?.IssuerOid) + "\r\n"));

    // The request as it was sent, but for the assertion, which was made for one attempt, and the documents, which are
    // the files beside it.
    private static byte[] RequestOf(XElement metadata, string kos, string signature)
    {
        foreach (var entry in metadata.Descendants(XdsNames.Rim + "ExtrinsicObject"))
        {
            var file = (string?)entry.Attribute("id") == SignatureEntry.SymbolicId ? signature : kos;
            entry.Elements(XdsNames.Rim + "Slot").Last().AddAfterSelf(new XElement(
                XdsNames.Rim + "Slot", new XAttribute("name", "URI"),
                new XElement(XdsNames.Rim + "ValueList", new XElement(XdsNames.Rim + "Value", file))));
        }

        return KeptSubmissions.BytesOf(new XElement(
            XdsNames.Soap12 + "Envelope",
            new XAttribute(XNamespace.Xmlns + "soap", XdsNames.Soap12),
            new XAttribute(XNamespace.Xmlns + "wsa", XdsNames.Addressing),
            new XElement(
                XdsNames.Soap12 + "Header",
                new XElement(XdsNames.Addressing + "Action", XdsAction.ProvideAndRegisterDocumentSet)),
            new XElement(
                XdsNames.Soap12 + "Body",
                new XElement(
                    XdsNames.Xds + "ProvideAndRegisterDocumentSetRequest",
                    new XAttribute(XNamespace.Xmlns + "xds", XdsNames.Xds), metadata))));
    }

    // KA202611/IHE_XDM/SS000004/…
    private static int NumberOf(string name) =>
        name.Split('/') is [_, _, ['S', 'S', .. var digits], ..]
            && int.TryParse(digits, CultureInfo.InvariantCulture, out var n)
            ? n
            : 0;
}
