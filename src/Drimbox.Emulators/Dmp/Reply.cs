using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;

namespace Drimbox.Emulators.Dmp;

/// <summary>A SOAP answer, ready to be written.</summary>
/// <param name="Bytes">The envelope.</param>
/// <param name="Package">The MTOM package around it where the transaction is one, else null.</param>
internal sealed record Reply(string ContentType, byte[] Bytes, MtomPackage? Package, bool IsFault)
{
    private const string FaultAction = "http://www.w3.org/2005/08/addressing/soap/fault";

    /// <summary>ITI TF-2 table V.3.6: ITI-41 and 43 answer in MTOM, ITI-18 and 57 in plain SOAP.</summary>
    public static Reply Of(XElement body, SoapMessage request, IIdSource ids, IReadOnlyList<MtomPart>? parts = null)
    {
        var action = XdsAction.ResponseOf(request.Action ?? "");
        var envelope = SoapEnvelope.WriteResponse(action, "urn:uuid:" + ids.NewUuid(), request.MessageId, body);
        if (request.Action is not (XdsAction.ProvideAndRegisterDocumentSet or XdsAction.RetrieveDocumentSet))
            return new Reply(PlainType(action), envelope, null, IsFault: false);
        var package = new MtomPackage("uuid:" + ids.NewUuid(), action, envelope, parts ?? []);
        return new Reply(package.ContentType, envelope, package, IsFault: false);
    }

    public static Reply OfFault(SoapFault fault, SoapMessage? request, IIdSource ids) =>
        new(
            PlainType(FaultAction),
            SoapEnvelope.WriteResponse(
                FaultAction, "urn:uuid:" + ids.NewUuid(), request?.MessageId, fault.Write()),
            null,
            IsFault: true);

    private static string PlainType(string action) => $"application/soap+xml; charset=utf-8; action=\"{action}\"";
}
