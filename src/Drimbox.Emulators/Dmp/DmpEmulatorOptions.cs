using System.Security.Cryptography.X509Certificates;
using Drimbox.Core.Identity;

namespace Drimbox.Emulators.Dmp;

/// <summary>A structure that the emulated DMP knows, with the certificate that its VIHF must be signed with.</summary>
public sealed record AllowedStructure(Organization Organization, X509Certificate2 SigningCertificate);

/// <summary>How the emulated DMP behaves when nobody told it to misbehave.</summary>
public sealed record DmpEmulatorOptions
{
    /// <summary>The emulator's own SQLite file; made if absent.</summary>
    public required string DatabasePath { get; init; }

    /// <summary>TCP port on 127.0.0.1; 0 (default) takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Who may use the DMP at the start; more by <see cref="DmpEmulator.AllowStructure"/>.</summary>
    public IReadOnlyList<AllowedStructure> Structures { get; init; } = [];

    /// <summary>True: every INS has an open DMP unless it was closed. Default false: patients are opened
    /// first.</summary>
    public bool AcceptUnknownPatients { get; init; }

    /// <summary>Default true: a request without a valid VIHF gets a SOAP fault.</summary>
    public bool RequireVihf { get; init; } = true;

    /// <summary>Default true: ITI-41 needs a signature document that verifies and covers every other
    /// document.</summary>
    public bool RequireSignature { get; init; } = true;

    /// <summary>Default true, as the DMP: signatures with SHA-1 are taken.</summary>
    public bool AcceptSha1 { get; init; } = true;

    /// <summary>Default false, as IHE: a document may be registered again with the same unique id and the same
    /// bytes. True refuses it with XDSDuplicateUniqueIdInRegistry; what the real DMP does is not documented.</summary>
    public bool RefuseRepeatedDocuments { get; init; }

    /// <summary>RepositoryUniqueId; default that of the DMP test platform.</summary>
    public string RepositoryUniqueId { get; init; } = "1.2.250.1.213.4.1.1.1.2";

    /// <summary>Seed of the faults that come by probability; default 0.</summary>
    public int Seed { get; init; }
}
