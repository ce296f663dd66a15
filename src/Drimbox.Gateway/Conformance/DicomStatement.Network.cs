using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Gateway.Doctor;

namespace Drimbox.Gateway.Conformance;

/// <content>Associations, ports and security: sections 7 and 8 of the template.</content>
internal sealed partial class DicomStatement
{
    private StatementSection Communication() => new("7", "Network and media communication details")
    {
        Sections = _entities.Count == 0 ? [] : Applying(
            new("7.1", "General association parameters")
            {
                Tables = [AssociationPolicy.Identification, AssociationPolicy.LimitsTable, AssociationPolicy.Rejections],
                Text = ["User Identity is not asked for. AE titles are compared exactly, without leading and trailing spaces."],
            },
            new("7.2", "Specifications") { Sections = [.. _entities.Select(Entity)] },
            new("7.3", "Status codes") { Tables = Answers() }),
    };

    private static StatementSection Entity(ApplicationEntity entity, int index)
    {
        var number = $"7.2.{index + 1}";
        return new StatementSection(number, $"{entity.Title} ({entity.Role})")
        {
            Sections = Applying(
                new($"{number}.1", "Association parameters") { Tables = [AssociationPolicy.Of(entity.Acceptor)] },
                new($"{number}.2", "Association initiation") { Tables = Proposed(entity) },
                new($"{number}.3", "Association acceptance") { Tables = Accepted(entity) }),
        };
    }

    private static List<StatementTable> Proposed(ApplicationEntity entity) => Table(
        "Proposed presentation contexts", ["Purpose", "Remote AE", "SOP Class", "UID", "Transfer syntaxes", "Role"],
        from request in entity.Requests
        from row in request.Contexts.Count == 0
            ? [[request.Purpose, $"{request.Peer.AeTitle}", "of the instance", "", "that of the instance", "SCU"]]
            : request.Contexts.Select(context => (string[])
            [
                request.Purpose, $"{request.Peer.AeTitle}", UidRegistry.NameOf(context.AbstractSyntax),
                $"{context.AbstractSyntax}", Syntaxes(context.TransferSyntaxes), context.AsScp ? "SCP" : "SCU",
            ])
        select row);

    // The storage classes are those of table 1-1; all are accepted alike, which is looked at here and not assumed.
    private static List<StatementTable> Accepted(ApplicationEntity entity)
    {
        var alike = entity.Contexts.Where(context => context.IsStorage)
            .GroupBy(context => (Syntaxes: Syntaxes(context.TransferSyntaxes), Roles: Roles(context))).ToList();
        var rows = entity.Contexts.Where(context => !context.IsStorage).Select(context => (string[])
        [
            UidRegistry.NameOf(context.SopClass), $"{context.SopClass}", Syntaxes(context.TransferSyntaxes), Roles(context),
            context.Options == QueryOptions.None ? "" : $"{context.Options}",
        ]).Concat(alike.Select(group => (string[])
        [
            alike.Count == 1 ? "Storage SOP classes of section 1.1" : List(group.Select(c => UidRegistry.NameOf(c.SopClass))),
            alike.Count == 1 ? "" : List(group.Select(context => $"{context.SopClass}")), group.Key.Syntaxes, group.Key.Roles, "",
        ]));
        return Table(
            "Accepted presentation contexts",
            ["SOP Class", "UID", "Transfer syntaxes", "Roles of the caller", "Extended negotiation"], rows);
    }

    private static string Roles(AcceptedContext context) => (context.MayBeScu, context.MayBeScp) switch
    {
        (true, true) => "SCU, SCP",
        (false, true) => "SCP",
        _ => "SCU",
    };

    /// <summary>A name, with its UID for a program.</summary>
    private static string Syntaxes(IEnumerable<Uid> syntaxes) =>
        List(syntaxes.Select(syntax => $"{UidRegistry.NameOf(syntax).Split(':')[0]} ({syntax})"));

    private StatementSection Security() => new("8", "Security")
    {
        Sections = Applying(
            new("8.3", "TCP port configuration")
            {
                Tables = Table(
                    "What listens", ["Section of the configuration", "Address", "Port"],
                    ConfiguredThings.Of(_configuration).Doors.Select(door => (string[])
                        [door.Key, door.Address, door.Port.ToString(CultureInfo.InvariantCulture)])),
            },
            new("8.4.2", "Secure transport connection profiles") { Tables = Profiles() },
            new("8.5", "User identity negotiation")
            {
                Text = _entities.Count == 0 ? [] : ["Neither asked for nor shown."],
            }),
    };

    private List<StatementTable> Profiles()
    {
        var used = (from entity in _entities
                    from profile in entity.Requests.Select(request => request.Peer.Tls?.Profile).Prepend(entity.Acceptor.Tls?.Profile)
                    where profile is not null
                    select profile.Name).ToHashSet(StringComparer.Ordinal);
        return Table(
            "", ["Profile", "PS3.15", "Cipher suites"],
            TlsProfile.All.Where(profile => used.Contains(profile.Name))
                .Select(profile => (string[])[profile.Name, profile.Section, string.Join(", ", profile.CipherSuites)]));
    }
}
