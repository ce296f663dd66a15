using System.CommandLine;
using Drimbox.Dicom.Tls;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>TLS of the commands, as caller and as listener. Files are PEM.</summary>
internal static class TlsArguments
{
    public static readonly Option<FileInfo?> Trust = File(
        "--tls-ca", "Authorities (or single certificates) that the other side is trusted by; those of the machine count for nothing.");

    public static readonly Option<FileInfo?> Certificate = File(
        "--tls-cert", "Our certificate, then the intermediate ones.");

    public static readonly Option<FileInfo?> Key = File(
        "--tls-key", "Its private key, not encrypted. Default: in the file of --tls-cert.");

    public static readonly Option<TlsProfile> Profile = ProfileOption();

    private static readonly Option<bool> Tls = new("--tls")
    {
        Description = "Use TLS; needs --tls-ca, which alone is enough to ask for it.",
    };

    private static readonly Option<bool> NoHostCheck = new("--tls-no-host-check")
    {
        Description = "Accept a certificate of a trusted authority that does not name the host.",
    };

    private static readonly Option<string?> HostName = new("--tls-host")
    {
        Description = "Name that the peer's certificate must have. Default: the host that is called.",
        HelpName = "NAME",
    };

    private static readonly Option<ClientCertificateRule> Client = new("--tls-client")
    {
        Description = "Whether callers must show a certificate: required, optional, none.",
        HelpName = "RULE",
    };

    public static IEnumerable<Option> OfCaller { get; } =
        [Tls, Trust, Certificate, Key, Profile, HostName, NoHostCheck];

    public static IEnumerable<Option> OfListener { get; } = [Certificate, Key, Trust, Client, Profile];

    /// <summary>Null: no TLS.</summary>
    /// <exception cref="CommandException">The options do not go together.</exception>
    public static TlsClientOptions? CallerOptions(ParseResult parsed)
    {
        var isWanted = OfCaller.Any(option => parsed.GetResult(option) is { Implicit: false });
        if (!isWanted) return null;
        if (parsed.GetValue(Trust) is not { } trust)
            throw new CommandException(ExitCode.Usage, "TLS needs --tls-ca FILE: whom to trust.");
        if (parsed.GetValue(Key) is not null && parsed.GetValue(Certificate) is null)
            throw new CommandException(ExitCode.Usage, "--tls-key needs the certificate that it belongs to: --tls-cert FILE.");
        return new TlsClientOptions
        {
            TrustFile = trust.FullName,
            CertificateFile = parsed.GetValue(Certificate)?.FullName,
            KeyFile = parsed.GetValue(Key)?.FullName,
            Profile = parsed.GetValue(Profile)!,
            VerifyHostName = !parsed.GetValue(NoHostCheck),
            HostName = parsed.GetValue(HostName),
        };
    }

    /// <summary>Null: no TLS.</summary>
    /// <exception cref="CommandException">The options do not go together.</exception>
    public static TlsServerOptions? ListenerOptions(ParseResult parsed)
    {
        var isWanted = OfListener.Any(option => parsed.GetResult(option) is { Implicit: false });
        if (!isWanted) return null;
        if (parsed.GetValue(Certificate) is not { } certificate)
            throw new CommandException(ExitCode.Usage, "TLS needs --tls-cert FILE: the certificate to show.");
        if (parsed.GetValue(Trust) is null && parsed.GetValue(Client) != ClientCertificateRule.None)
        {
            throw new CommandException(
                ExitCode.Usage, "TLS needs --tls-ca FILE: whom to trust; or --tls-client none, to let anyone in.");
        }

        return new TlsServerOptions
        {
            CertificateFile = certificate.FullName,
            KeyFile = parsed.GetValue(Key)?.FullName,
            TrustFile = parsed.GetValue(Trust)?.FullName,
            ClientCertificate = parsed.GetValue(Client),
            Profile = parsed.GetValue(Profile)!,
        };
    }

    private static Option<FileInfo?> File(string name, string description)
    {
        var option = new Option<FileInfo?>(name) { Description = description, HelpName = "FILE" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<FileInfo?>() is { Exists: false } file)
                result.AddError($"{name} {file}: there is no such file.");
        });
        return option;
    }

    private static Option<TlsProfile> ProfileOption() => new("--tls-profile")
    {
        Description = "TLS Secure Transport Connection Profile of PS3.15: "
            + $"{string.Join(", ", TlsProfile.All.Select(p => $"{p.Name} ({p.Section})"))}. Default: the first.",
        HelpName = "PROFILE",
        DefaultValueFactory = static _ => TlsProfile.Bcp195Rfc9325,
        CustomParser = static result =>
        {
            if (TlsProfile.TryFind(result.Tokens[0].Value, out var profile)) return profile;
            result.AddError(
                $"'{result.Tokens[0].Value}' is no profile: {string.Join(", ", TlsProfile.All.Select(p => p.Name))}.");
            return null;
        },
    };
}
