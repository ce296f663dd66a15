using System.Collections;
using Drimbox.Core;
using Drimbox.Gateway.Configuration;
using Drimbox.Ris.Mail;

namespace Drimbox.Gateway.Doctor;

/// <summary>A place where the process listens.</summary>
internal sealed record Door(string Key, string Address, int Port);

/// <summary>A peer of a role.</summary>
/// <param name="Options">A <see cref="DicomPeerOptions"/>, an <see cref="Hl7PeerOptions"/> or a mail server.</param>
/// <param name="OwnAe">What the role calls itself.</param>
internal sealed record ConfiguredPeer(string Key, object Options, string OwnAe);

/// <summary>What a configuration names, wherever it stands in it: a section that is added is looked at without a word
/// here.</summary>
internal sealed class ConfiguredThings
{
    private const string SomeAe = "DRIMBOX";

    private readonly List<Door> _doors = [];
    private readonly List<ConfiguredPeer> _peers = [];
    private readonly List<(string, DicomTlsOptions)> _certificates = [];

    private ConfiguredThings()
    {
    }

    public IReadOnlyList<Door> Doors => _doors;

    public IReadOnlyList<ConfiguredPeer> Peers => _peers;

    /// <summary>The certificates of what listens with TLS.</summary>
    public IReadOnlyList<(string Key, DicomTlsOptions Tls)> Certificates => _certificates;

    public static ConfiguredThings Of(GatewayConfiguration configuration)
    {
        var things = new ConfiguredThings();
        things.Look("", configuration, SomeAe);
        return things;
    }

    private void Look(string key, object value, string ownAe)
    {
        switch (value)
        {
            case DicomPeerOptions or Hl7PeerOptions:
                _peers.Add(new ConfiguredPeer(key, value, ownAe));
                return;
            case RisMailOptions mail:
                _peers.Add(new ConfiguredPeer($"{key}:Smtp", mail.SmtpServer(), ownAe));
                if (mail.MailboxServer() is { } mailbox)
                    _peers.Add(new ConfiguredPeer($"{key}:Mailbox", mailbox, ownAe));
                return;
            case DicomTlsOptions tls:
                _certificates.Add((key, tls));
                return;
        }

        var properties = value.GetType().GetProperties().Where(p => p.GetIndexParameters().Length == 0).ToList();
        object? ValueOf(string name) => properties.Find(p => p.Name == name)?.GetValue(value);
        if (ValueOf("Address") is string address && ValueOf("Port") is int port and > 0) _doors.Add(new Door(key, address, port));
        if (ValueOf("Dicom") is { } dicom && dicom.GetType().GetProperty("AeTitle")?.GetValue(dicom) is string { Length: > 0 } ae)
            ownAe = ae;
        foreach (var property in properties)
        {
            if (property.PropertyType.IsValueType || property.PropertyType == typeof(string)) continue;
            var inner = property.GetValue(value);
            var innerKey = key.Length == 0 ? property.Name : $"{key}:{property.Name}";
            if (inner is IEnumerable items and not string)
            {
                var index = 0;
                foreach (var item in items)
                {
                    if (item is not null && IsSection(item.GetType())) Look($"{innerKey}:{index}", item, ownAe);
                    index++;
                }
            }
            else if (inner is not null && IsSection(inner.GetType()))
            {
                Look(innerKey, inner, ownAe);
            }
        }
    }

    private static bool IsSection(Type type) =>
        type is { IsClass: true, Namespace: { } space } && space.StartsWith("Drimbox", StringComparison.Ordinal);
}
