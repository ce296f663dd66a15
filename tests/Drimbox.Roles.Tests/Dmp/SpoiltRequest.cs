using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Tests.Dmp;

/// <summary>A request of our own client, spoilt on its way, and the errors that it gets.</summary>
internal static class SpoiltRequest
{
    /// <summary>Sends ITI-41 after <paramref name="spoil"/> and gives each error as <c>code | codeContext</c>.</summary>
    public static async Task<List<string>> ProvideAsync(
        DmpFixture dmp, SealedSubmission submission, TargetEntry? target, Action<XElement> spoil)
    {
        var document = submission.Submission.Document!;
        var signature = Encoding.UTF8.GetBytes(submission.Signature!);
        static XElement Part(string id) => new(Xds + "Document", new XAttribute("id", id),
            new XElement(Xop + "Include", new XAttribute("href", $"cid:{id}")));
        var request = new XElement(Xds + "ProvideAndRegisterDocumentSetRequest",
            SubmitObjects.ForProvideAndRegister(submission, target),
            Part("Document01"), Part(SignatureEntry.SymbolicId));
        spoil(request);

        var envelope = SoapEnvelope.WriteRequest(
            XdsAction.ProvideAndRegisterDocumentSet, "urn:uuid:1", dmp.Emulator.Target.Repository,
            dmp.Vihf.Issue(new(submission.Submission.Author, submission.Submission.PatientId)), request);
        var package = new MtomPackage("b", XdsAction.ProvideAndRegisterDocumentSet, envelope,
        [
            new MtomPart("Document01", "text/xml", document.Object.Length, () => dmp.Open(document.Object)),
            new MtomPart(SignatureEntry.SymbolicId, "text/xml", signature.Length, () => new MemoryStream(signature)),
        ]);
        using var body = new MemoryStream();
        await package.WriteAsync(body, DmpFixture.Token);
        Assert.Equal(package.Length, body.Length);
        return await PostAsync(dmp, "repository", package.ContentType, body.ToArray());
    }

    /// <summary>Sends ITI-57 after <paramref name="spoil"/>.</summary>
    public static Task<List<string>> UpdateAsync(
        DmpFixture dmp, Submission submission, TargetEntry target, Action<XElement> spoil)
    {
        var request = SubmitObjects.ForUpdate(new SealedSubmission(submission, null), target);
        spoil(request);
        var envelope = SoapEnvelope.WriteRequest(
            XdsAction.UpdateDocumentSet, "urn:uuid:1", dmp.Emulator.Target.Registry,
            dmp.Vihf.Issue(new(submission.Author, submission.PatientId)), request);
        return PostAsync(dmp, "registry", "application/soap+xml; charset=utf-8", envelope);
    }

    public static XElement List(XElement request) =>
        request.DescendantsAndSelf(Rim + "RegistryObjectList").Single();

    public static XElement Set(XElement request) => List(request).Elements(Rim + "RegistryPackage").First();

    public static XElement Entry(XElement request) => List(request).Elements(Rim + "ExtrinsicObject").First();

    public static XElement Association(XElement request, string id) =>
        List(request).Elements(Rim + "Association").Single(a => (string?)a.Attribute("id") == id);

    public static XElement NewAssociation(string type, string source, string target) =>
        new(Rim + "Association", new XAttribute("id", "a9"), new XAttribute("associationType", type),
            new XAttribute("sourceObject", source), new XAttribute("targetObject", target));

    public static XElement Slot(XElement owner, string name) =>
        owner.Elements(Rim + "Slot").Single(slot => (string?)slot.Attribute("name") == name);

    public static void Value(XElement owner, string slot, string value) =>
        Slot(owner, slot).Descendants(Rim + "Value").First().Value = value;

    public static XElement Code(XElement owner, string scheme) =>
        owner.Elements(Rim + "Classification").First(c => (string?)c.Attribute("classificationScheme") == scheme);

    public static XElement Id(XElement owner, string scheme) => owner.Elements(Rim + "ExternalIdentifier")
        .First(e => (string?)e.Attribute("identificationScheme") == scheme);

    private static async Task<List<string>> PostAsync(DmpFixture dmp, string service, string type, byte[] body)
    {
        var (status, message) = await dmp.PostAsync(service, type, body);
        Assert.Equal(200, status);
        var response = RegistryResponse.TryRead(message.Body)!;
        Assert.Equal(response.Errors.Count == 0, response.Status == RegistryStatus.Success);
        return response.Errors.Select(error => $"{error.Code} | {error.Context}").ToList();
    }
}
