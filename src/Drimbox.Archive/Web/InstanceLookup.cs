using Drimbox.Archive.Corrections;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Storage;
using Microsoft.AspNetCore.Http;
using A = Drimbox.Storage.ArchiveAttribute;

namespace Drimbox.Archive.Web;

/// <summary>The instances that the path of a request names. What rejection notes hid is not there, unless its caller is
/// shown it. Studies that are found are retrieved ones to retention.</summary>
internal sealed class InstanceLookup(
    ArchiveOptions options, ArchiveIndex index, InstanceFolders folders, ServedFiles files, StudyAccess access)
{
    private static readonly (string Name, A Attribute, FindLevel Level)[] Parts =
    [
        ("study", A.StudyInstanceUid, FindLevel.Study), ("series", A.SeriesInstanceUid, FindLevel.Series),
        ("instance", A.SopInstanceUid, FindLevel.Image),
    ];

    public string PathOf(ServedRendition rendition) => Path.GetFullPath(folders.PathOf(rendition.File.FileName));

    /// <summary>The file of a rendition, with the patient whom it is of.</summary>
    /// <exception cref="InvalidDataException">It is not what was stored.</exception>
    public DicomFile Read(ServedInstance instance, ServedRendition rendition)
    {
        if (!DicomFile.TryRead(PathOf(rendition), out var file, out _))
            throw new InvalidDataException("A file of the archive is not readable.");
        Correct(file!.DataSet, instance, rendition);
        return file;
    }

    /// <summary>The data set of a rendition to send, with the patient whom it is of.</summary>
    public InstanceSource SourceOf(ServedInstance instance, ServedRendition rendition)
    {
        var source = InstanceSource.FromPart10File(
            PathOf(rendition), rendition.SopClassUid, instance.SopInstanceUid, rendition.TransferSyntaxUid);
        return instance.Correction is null
            ? source
            : EditedInstance.Of(source, dataSet => Correct(dataSet, instance, rendition));
    }

    private void Correct(DataSet dataSet, ServedInstance instance, ServedRendition rendition)
    {
        if (instance.Correction is { } correction)
            CorrectedDataSet.Apply(dataSet, correction, options.AeTitle, rendition.File.SenderAe);
    }

    /// <summary>Study, series and instance of the path, as far as it names them.</summary>
    /// <param name="uids">The UIDs in that order.</param>
    /// <returns>False if one of them is no UID (attack A8): there is no such resource.</returns>
    public static bool TryReadUids(HttpContext context, out IReadOnlyList<Uid> uids)
    {
        var read = new List<Uid>();
        uids = read;
        foreach (var (name, _, _) in Parts)
        {
            if (context.Request.RouteValues[name] is not string text) break;
            if (!Uid.TryParse(text, out var uid)) return false;
            read.Add(uid);
        }

        return true;
    }

    /// <summary>All instances that the path names.</summary>
    /// <returns>Null after an answer: 404 or 413, or 500 if all of them are damaged.</returns>
    public async Task<List<ServedInstance>?> FindAsync(HttpContext context)
    {
        var instances = new List<ServedInstance>();
        if (TryReadUids(context, out var uids) && uids.Count > 0)
        {
            var matches = uids.Select((uid, i) => FindMatch.Single(Parts[i].Attribute, uid.ToString())).ToList();
            var query = new FindQuery(Parts[uids.Count - 1].Level, matches)
            {
                ShownReasons = ShownTo(context),
            };
            await foreach (var instance in index.InstancesOfAsync(query, context.RequestAborted))
            {
                if (instances.Count == Limits.WebInstancesMax)
                {
                    await WebAnswers.RefuseAsync(
                        context, StatusCodes.Status413PayloadTooLarge, "There are too many instances; ask by series.");
                    return null;
                }

                instances.Add(ServedInstance.Of(await files.CheckAsync(instance)));
            }
        }

        if (instances.Exists(instance => !instance.Damaged))
        {
            // They are of one study.
            var study = instances[0].StudyInstanceUid;
            await access.NoteAsync([study], CancellationToken.None);
            return await index.Corrections.FindAsync(study, context.RequestAborted) is { } correction
                ? instances.ConvertAll(instance => instance with { Correction = correction })
                : instances;
        }

        if (instances.Count > 0)
        {
            await WebAnswers.RefuseAsync(
                context, StatusCodes.Status500InternalServerError, "What is stored is damaged; the archive says so too.");
            return null;
        }

        await WebAnswers.RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such resource.");
        return null;
    }

    /// <summary>Codes of the rejection titles whose instances the caller of a request sees. A web user agent is known
    /// by the token or certificate that it showed, and has the name that the configuration gives to that; one that
    /// showed none sees nothing of it.</summary>
    private IReadOnlyList<string> ShownTo(HttpContext context) =>
        context.Features.Get<WebCaller>() is { IsIdentified: true } caller ? options.ShownReasons(caller.Name) : [];

    public static string UrlOf(HttpRequest request, ServedInstance instance) =>
        $"{WebAnswers.BaseUri(request)}/studies/{instance.StudyInstanceUid}/series/{instance.SeriesInstanceUid}" +
        $"/instances/{instance.SopInstanceUid}";
}
