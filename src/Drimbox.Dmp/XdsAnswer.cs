using Drimbox.Core.Identity;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;

namespace Drimbox.Dmp;

/// <summary>How one XDS transaction ended, as a value: what comes next is <see cref="XdsOutcomes"/>'
/// decision.</summary>
public abstract record XdsAnswer
{
    private XdsAnswer()
    {
    }

    /// <summary>The registry or repository answered in the terms of ebRS.</summary>
    public sealed record Answered(RegistryResponse Response) : XdsAnswer;

    /// <summary>A SOAP fault.</summary>
    public sealed record Faulted(SoapFault Fault, int HttpStatus) : XdsAnswer;

    /// <summary>An HTTP error without a SOAP message: a proxy, or a server in trouble.</summary>
    public sealed record HttpRefused(int HttpStatus) : XdsAnswer;

    /// <summary>No byte of the body left: name resolution, connect or TLS failed, or the time ran out before.</summary>
    /// <param name="Reason">For the operator; without patient data.</param>
    public sealed record NotSent(string Reason) : XdsAnswer;

    /// <summary>The body was started and no readable answer came: unknown whether it took effect.</summary>
    /// <param name="Reason">For the operator; without patient data.</param>
    public sealed record SentUnknown(string Reason) : XdsAnswer;

    /// <summary>True for a success, with or without warnings.</summary>
    public bool IsSuccess => this is Answered { Response.Status: RegistryStatus.Success };
}

/// <summary>The end of ITI-18.</summary>
/// <param name="ObjectRefs">entryUUIDs of all results, also of those that could not be read.</param>
/// <param name="Entries">The DocumentEntries of LeafClass that could be read.</param>
/// <param name="SubmissionSets">The SubmissionSets of LeafClass that could be read.</param>
/// <param name="Associations">The Associations of LeafClass.</param>
public sealed record QueryAnswer(
    XdsAnswer Answer,
    IReadOnlyList<string> ObjectRefs,
    IReadOnlyList<RegistryEntry> Entries,
    IReadOnlyList<SubmissionSetEntry> SubmissionSets,
    IReadOnlyList<RegistryAssociation> Associations)
{
    internal static QueryAnswer Failed(XdsAnswer failure) => new(failure, [], [], [], []);
}

/// <summary>A document of ITI-43.</summary>
public sealed record RetrievedDocument(
    string RepositoryUniqueId, InstanceIdentifier UniqueId, string MimeType, ReadOnlyMemory<byte> Bytes);

/// <summary>The end of ITI-43.</summary>
public sealed record RetrieveAnswer(XdsAnswer Answer, IReadOnlyList<RetrievedDocument> Documents);
