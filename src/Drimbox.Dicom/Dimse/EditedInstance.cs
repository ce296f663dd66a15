using Drimbox.Dicom.Pixels;

namespace Drimbox.Dicom.Dimse;

/// <summary>An instance whose header is changed on its way out, in each of its renditions: it keeps its SOP Instance
/// UID and its transfer syntax, and long values stay in their file until they are sent.</summary>
public sealed class EditedInstance : InstanceSource
{
    private readonly InstanceSource _instance;
    private readonly Action<DataSet> _edit;

    private EditedInstance(InstanceSource instance, Action<DataSet> edit)
        : base(instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntaxUid) =>
        (_instance, _edit) = (instance, edit);

    /// <param name="edit">Called for each data set that is opened.</param>
    public static InstanceSource Of(InstanceSource instance, Action<DataSet> edit) => new EditedInstance(instance, edit)
    {
        Renditions = [.. instance.Renditions.Select(rendition => new EditedInstance(rendition, edit))],
    };

    /// <exception cref="InvalidDataException">It is not a data set that can be written again.</exception>
    public override InstanceContent Open()
    {
        if (!TransferSyntax.TryFind(TransferSyntaxUid, out var syntax) || syntax.IsDeflated)
            throw new InvalidDataException("The transfer syntax is not one that is written.");
        var reader = Read(syntax);
        if (reader.Status != ReadStatus.Done) throw new InvalidDataException(reader.Error.ToRefusal().Detail);
        var parts = new ContentParts();
        DataSetWriter.Write(reader.DataSet, syntax, parts);
        return parts.ToContent();
    }

    internal override DataSetReader Read(TransferSyntax syntax)
    {
        var reader = _instance.Read(syntax);
        if (reader.Status == ReadStatus.Done) _edit(reader.DataSet);
        return reader;
    }
}
