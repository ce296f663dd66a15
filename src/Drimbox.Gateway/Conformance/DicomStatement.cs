using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Gateway.Conformance;

/// <summary>The DICOM conformance statement of a configuration. Source: PS3.2 annex N, whose numbers the sections keep; what a
/// node does not do has no section.</summary>
internal sealed partial class DicomStatement
{
    // What is said without a table of the code is said once, there.
    private const string Details = "docs/conformance/dicom.md";
    private const string WebDetails = "docs/conformance/dicomweb.md";

    private readonly GatewayConfiguration _configuration;
    private readonly IReadOnlyList<ApplicationEntity> _entities;

    private DicomStatement(GatewayConfiguration configuration)
    {
        _configuration = configuration;
        _entities = ApplicationEntity.Of(configuration);
    }

    /// <summary>The version without the commit: the same program on another day says the same.</summary>
    public static string Product { get; } =
        $"Drimbox {typeof(DicomStatement).Assembly.GetName().Version!.ToString(2)} ({Implementation.VersionName})";

    public static Statement Of(GatewayConfiguration configuration) => new DicomStatement(configuration).Write();

    private Statement Write() => new(
        "DICOM conformance statement",
        $"""
        Product: {Product}. Made by `drimbox conformance dicom` from the configuration that runs and from the tables that answer
        callers. The sections have the numbers of PS3.2 annex N; those that do not apply are left out. Behaviour that is the same
        in every configuration is described in {Details}.
        """,
        [
            .. ((StatementSection[])
            [
                Overview(),
                new("4", "Implementation model")
                {
                    Sections = Applying(new StatementSection("4.1", "Application entities and data flow") { Tables = Entities() }),
                },
                new("5", "Service and interoperability description")
                {
                    Sections = Applying(
                        new("5.1", "Mapping of services to application entities") { Tables = Services() },
                        new("5.2", "DIMSE services") { Sections = DimseServices() },
                        new("5.3", "DICOM web services") { Sections = WebServices() },
                        new("5.4", "Media services") { Text = ["None: no DICOMDIR is written or read."] },
                        CharacterSets("5.7")),
                },
                new("6", "Configuration")
                {
                    Sections = Applying(new StatementSection("6.1", "General configuration parameters") { Tables = Remotes() }),
                },
                Communication(),
                Security(),
            ]).Where(section => section.Applies),
        ]);

    private StatementSection Overview() => new("1", "Overview")
    {
        Sections = Applying(
            new("1.1", "Content and transfer") { Tables = StorageClasses() },
            new("1.2", "DIMSE services") { Tables = Services() },
            CharacterSets("1.7")),
    };

    // Table 1-1 of the template: the classes once, and who receives them.
    private List<StatementTable> StorageClasses()
    {
        var receiving = _entities.Where(entity => entity.Stores).ToList();
        if (receiving.Count == 0) return [];
        var classes =
            from context in receiving.SelectMany(entity => entity.Contexts).Where(context => context.IsStorage)
                .DistinctBy(context => context.SopClass).OrderBy(context => context.SopClass)
            let receivers = receiving.Where(entity => entity.Accepts(context.SopClass)).Select(entity => entity.Title)
            select (string[])[UidRegistry.NameOf(context.SopClass), $"{context.SopClass}", string.Join(", ", receivers)];
        return [new("Storage SOP classes", ["SOP Class", "UID", "Received by"], [.. classes])];
    }

    private List<StatementTable> Entities() => Table(
        "", ["AE title", "Node", "Does", "Called by", "Calls"],
        _entities.Select(entity => (string[])
        [
            $"{entity.Title}", entity.Role, entity.Does,
            entity.Acceptor.Callers is { } callers ? List(callers.Select(caller => $"{caller.CallingAe}").Distinct()) : "anyone",
            List(entity.Requests.Select(request => $"{request.Peer.AeTitle}").Distinct()),
        ]));

    // Each service with the AEs that use it and those that provide it, as the accepted and proposed contexts have it.
    private List<StatementTable> Services()
    {
        var scp = from entity in _entities
                  from context in entity.Contexts
                  select (Service: ServiceOf(context.SopClass), entity.Title);
        var scu = from entity in _entities
                  from request in entity.Requests
                  from service in request.Contexts.Count == 0
                      ? ["Storage"]
                      : request.Contexts.Select(context => ServiceOf(context.AbstractSyntax))
                  select (Service: service, entity.Title);
        var (provided, used) = (scp.ToLookup(s => s.Service, s => s.Title), scu.ToLookup(s => s.Service, s => s.Title));
        return Table(
            "", ["Service", "SCU", "SCP"],
            provided.Select(group => group.Key).Union(used.Select(group => group.Key)).Order(StringComparer.Ordinal)
                .Select(service => (string[])
                [
                    service, List(used[service].Select(title => $"{title}").Distinct()),
                    List(provided[service].Select(title => $"{title}").Distinct()),
                ]));
    }

    private static string ServiceOf(Uid sopClass) =>
        UidRegistry.TryFind(sopClass, out var entry) && entry.IsStorage ? "Storage" : UidRegistry.NameOf(sopClass);

    private StatementSection CharacterSets(string number) => new(number, "Specific character sets")
    {
        Text = _entities.Count == 0 ? [] :
        [
            $"Read and searched: {CharacterSetList}.",
            "Without the attribute ISO 646 is read. Written: ISO 646, else ISO_IR 100, else ISO_IR 192.",
        ],
    };

    /// <summary>The defined terms that are read.</summary>
    public static string CharacterSetList { get; } = string.Join(", ", CharacterSet.DefinedTerms.Select(term => $"`{term}`"));

    // Who may call and whom we call, as the site has it: the addresses are those of the configuration.
    private List<StatementTable> Remotes()
    {
        var callers = Table(
            "Remote AEs that may call", ["Our AE title", "Caller", "From", "Certificate", "Services"],
            from entity in _entities
            from caller in entity.Acceptor.Callers ?? []
            select (string[])
            [
                $"{entity.Title}", $"{caller.CallingAe}",
                caller.Networks.Count == 0 ? "anywhere" : List(caller.Networks.Select(network => $"{network}")),
                caller.Certificate is { } binding ? $"{binding}" : "any or none",
                caller.Services == AllowedServices.All ? "all" : $"{caller.Services}",
            ]);
        var called = Table(
            "Remote AEs that are called", ["Our AE title", "Remote AE", "For", "TLS"],
            from entity in _entities
            from request in entity.Requests
            select (string[])
                [$"{entity.Title}", $"{request.Peer}", request.Purpose, request.Peer.Tls?.Profile.Name ?? "no"]);
        return [.. callers, .. called];
    }

    private static List<StatementTable> Table(
        string caption, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        List<IReadOnlyList<string>> all = [.. rows];
        return all.Count == 0 ? [] : [new StatementTable(caption, columns, all)];
    }

    private static string List(IEnumerable<string> items) => string.Join(", ", items) is { Length: > 0 } list ? list : "none";

    private static StatementSection[] Applying(params IEnumerable<StatementSection> sections) =>
        [.. sections.Where(section => section.Applies)];
}
