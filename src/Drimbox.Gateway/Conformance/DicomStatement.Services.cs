using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Web;
using Drimbox.Ris;

namespace Drimbox.Gateway.Conformance;

/// <content>What each service does: section 5 of the template, and the status codes of 7.3.</content>
internal sealed partial class DicomStatement
{
    private StatementSection[] DimseServices()
    {
        var retrieves = Provides(SopClass.StudyRootQueryRetrieveInformationModelMove);
        return Applying(
            When(Provides(SopClass.ModalityWorklistInformationModelFind), new("5.2.1", "Basic worklist management service")
            {
                Text = [$"Matching of single values, lists of UIDs, wild cards, ranges and sequences: {Details}, 4.1."],
                Tables =
                [
                    Keys("Attributes of an item, matched and returned", RisDeclaration.WorklistKeys),
                    Keys("Attributes of the item of the Scheduled Procedure Step Sequence", RisDeclaration.WorklistStepKeys),
                ],
            }),
            When(Provides(SopClass.ModalityPerformedProcedureStep), new("5.2.2", "Modality performed procedure step service")
            {
                Text = [$"N-CREATE, N-SET, and N-GET of the retrieval class (PS3.4 F.7.2): {Details}, 4.2."],
            }),
            When(
                Provides(SopClass.InstanceAvailabilityNotification) || Asks(SopClass.InstanceAvailabilityNotification),
                new("5.2.4", "Instance availability notification service") { Text = [$"{Details}, 3.6."] }),
            When(_entities.Any(entity => entity.Stores), new("5.2.5", "Storage service")
            {
                Text =
                [
                    "Level 2 (full): every attribute is kept. 0000 is sent when the instance is safe from a power cut. Nothing is "
                        + $"transcoded on the way in, nothing is coerced on reception: {Details}, 3.2.",
                ],
            }),
            When(Provides(SopClass.StorageCommitmentPushModel), new("5.2.6", "Storage commitment service")
            {
                Text = [$"Push model; the report survives a restart: {Details}, 3.5."],
            }),
            When(retrieves, new("5.2.7", "Query/retrieve service")
            {
                Text =
                [
                    $"Matching: {Details}, 3.3. Retrieval by unique keys, in the transfer syntax in which an instance is stored, "
                        + $"else in an uncompressed one that needs no codec: {Details}, 3.4.",
                ],
                Tables = [.. ArchiveDeclaration.QueryKeys.Select(level => Keys($"Keys of the level {level.Level.ToString().ToUpperInvariant()}", level.Keys))],
            }));
    }

    private StatementSection[] WebServices() => Applying(
        new StatementSection("5.3.2", "Studies service")
        {
            Tables =
            [
                .. _configuration.Archive?.Web is null ? [] : (StatementTable[])
                [
                    new(
                        "Origin server: the archive, base URI `/dicom-web`",
                        ["Resource", "Method", "Transaction", "Gives", "Takes", "Status codes"],
                        [.. ArchiveDeclaration.WebResources.SelectMany(resource => Resources("", resource))]),
                ],
                .. _configuration.Source?.ImageAccess is null ? [] : (StatementTable[])
                [
                    new(
                        "Origin server: images for other DRIMboxes", ["Resource", "Method", "Transaction"],
                        ["/studies/{study}/series/{series}", "GET", "Retrieve (with the headers of the DRIM-M flow)"]),
                ],
                .. _configuration.Teleradiology?.WebArchive is not { } archive ? [] : (StatementTable[])
                [
                    new(
                        $"User agent: the platform, of `{archive.Address}`", ["Resource", "Method", "Transaction"],
                        ["/studies/{study}", "GET", "Retrieve"], ["/studies?StudyInstanceUID={study}", "GET", "Search"]),
                ],
            ],
            Text = _configuration.Archive?.Web is null && _configuration.Teleradiology?.WebArchive is null
                && _configuration.Source?.ImageAccess is null ? [] : [$"Parameters and media types: {WebDetails}."],
        });

    private static IEnumerable<string[]> Resources(string above, CapabilityResource resource)
    {
        var path = $"{above}/{resource.Path}";
        var methods = resource.Methods.Select(method => (string[])
        [
            path, method.Name, method.Id, string.Join(", ", method.Accepts), string.Join(", ", method.Takes), method.Statuses,
        ]);
        return methods.Concat(resource.Resources.SelectMany(inner => Resources(path, inner)));
    }

    private List<StatementTable> Answers()
    {
        List<StatementTable> tables =
            [DimseAnswers.Table("Any operation", DimseService.Normalized, DimseAnswers.AnyOperation)];
        foreach (var entity in _entities.Where(entity => entity.Stores))
        {
            tables.Add(DimseAnswers.Table(
                $"C-STORE, {entity.Title}", DimseService.Storage,
                entity.Role switch
                {
                    "Archive" => DimseAnswers.Store,
                    "Source" => DimseAnswers.StoreOfNotes,
                    _ => DimseAnswers.StoreOfStudies,
                }));
        }

        Add(SopClass.StudyRootQueryRetrieveInformationModelFind, "C-FIND", DimseService.Find, DimseAnswers.Find);
        Add(SopClass.StudyRootQueryRetrieveInformationModelMove, "C-MOVE, C-GET", DimseService.Move, DimseAnswers.Retrieve);
        Add(SopClass.ModalityWorklistInformationModelFind, "C-FIND of the worklist", DimseService.Worklist, DimseAnswers.Worklist);
        Add(SopClass.StorageCommitmentPushModel, "N-ACTION", DimseService.StorageCommitment, DimseAnswers.Commitment);
        Add(
            SopClass.StorageCommitmentPushModel, "Failure Reason (0008,1197)", DimseService.StorageCommitment,
            DimseAnswers.CommitmentFailures);
        return tables;

        void Add(Uid sopClass, string operation, DimseService service, IReadOnlyList<DimseAnswer> answers)
        {
            foreach (var entity in _entities.Where(entity => entity.Accepts(sopClass)))
                tables.Add(DimseAnswers.Table($"{operation}, {entity.Title}", service, answers));
        }
    }

    private bool Provides(Uid sopClass) => _entities.Any(entity => entity.Accepts(sopClass));

    private bool Asks(Uid sopClass) => _entities.Any(entity =>
        entity.Requests.Any(request => request.Contexts.Any(context => context.AbstractSyntax == sopClass)));

    private static StatementSection When(bool condition, StatementSection section) =>
        condition ? section : new StatementSection(section.Number, section.Title);

    private static StatementTable Keys(string caption, IEnumerable<Tag> tags) => new(
        caption, ["Attribute", "Tag"], [.. tags.Select(tag => (string[])[DataDictionary.KeywordOf(tag), $"{tag}"])]);
}
