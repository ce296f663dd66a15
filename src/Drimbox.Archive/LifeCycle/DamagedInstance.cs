using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Archive;

/// <summary>An instance whose file is not what was received: it is counted among the sub-operations, and fails.</summary>
internal sealed class DamagedInstance(Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid)
    : InstanceSource(sopClassUid, sopInstanceUid, transferSyntaxUid)
{
    public override InstanceContent Open() => throw new InvalidDataException("The stored file is damaged.");
}
