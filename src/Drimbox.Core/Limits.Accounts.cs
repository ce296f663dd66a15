namespace Drimbox.Core;

// Accounts, and who may call the administration interface over a network.
public static partial class Limits
{
    /// <summary>10,000 accounts: a university hospital group has a few thousand users of its imaging.</summary>
    public const int AccountsMax = 10_000;

    /// <summary>256 characters of a name, an identifier or a reason: PS3.5 gives each group of a person name
    /// 64.</summary>
    public const int AccountTextMax = 256;

    /// <summary>1,000 events of accounts in one answer.</summary>
    public const int AccountEventsListedMax = 1_000;

    /// <summary>600,000 iterations of PBKDF2 with HMAC-SHA-256: OWASP, Password Storage Cheat Sheet (2026). A quarter
    /// of a second of one core.</summary>
    public const int PasswordIterations = 600_000;

    /// <summary>16 bytes: NIST SP 800-132 5.1 asks for 128 bits.</summary>
    public const int PasswordSaltBytes = 16;

    /// <summary>32 bytes, one block of HMAC-SHA-256: more would cost us twice and a guesser nothing.</summary>
    public const int PasswordHashBytes = 32;

    /// <summary>128 characters: OWASP asks to take 64 at least, and no more than costs nothing.</summary>
    public const int PasswordCharactersMax = 128;

    /// <summary>24 former passwords are compared with a new one, each for the price of a sign-in.</summary>
    public const int PasswordsRememberedMax = 24;

    /// <summary>10 failures in a row: SSI/IAM.92 allows no more before an account is locked.</summary>
    public const int SignInFailuresMax = 10;

    /// <summary>15 min that an account stays locked: 5 guesses in that time are 480 a day.</summary>
    public static readonly TimeSpan AccountLockTime = TimeSpan.FromMinutes(15);

    /// <summary>8 sign-ins wait for their turn, one is computed at a time: guessing takes one core at most, and who
    /// waits waits two seconds.</summary>
    public const int SignInsWaitingMax = 8;

    /// <summary>10 min in which a certificate is written down once: a monitor that calls every second does not fill the
    /// disk.</summary>
    public static readonly TimeSpan CertificateAccessInterval = TimeSpan.FromMinutes(10);

    /// <summary>1,000 sessions at once; the one that was idle longest ends for a new one.</summary>
    public const int SessionsMax = 1_000;

    /// <summary>16 sessions of one account: a person works in a few windows of a few machines.</summary>
    public const int SessionsPerAccountMax = 16;

    /// <summary>12 h: a session ends after a shift, however busy.</summary>
    public static readonly TimeSpan SessionTime = TimeSpan.FromHours(12);

    /// <summary>32 bytes of a session token: 256 bits cannot be guessed.</summary>
    public const int SessionTokenBytes = 32;

    /// <summary>10 s for one answer of an OpenID Connect provider: a person waits for it.</summary>
    public static readonly TimeSpan OpenIdTimeout = TimeSpan.FromSeconds(10);

    /// <summary>256 KiB of an answer of a provider: a set of ten keys with certificates is a tenth of it.</summary>
    public const int OpenIdAnswerBytesMax = 256 * 1024;

    /// <summary>1 h: how long the metadata of a provider are believed.</summary>
    public static readonly TimeSpan OpenIdMetadataTime = TimeSpan.FromHours(1);

    /// <summary>1 min between two requests for the keys of a provider: a token with an unknown key is no way to flood
    /// it.</summary>
    public static readonly TimeSpan OpenIdKeysInterval = TimeSpan.FromMinutes(1);

    /// <summary>1 min that the clocks of a provider and of this machine may differ.</summary>
    public static readonly TimeSpan OpenIdClockSkew = TimeSpan.FromMinutes(1);

    /// <summary>1 MiB of a request: a report and its protocols as PDF.</summary>
    public const int AdministrationRequestBytesMax = 1024 * 1024;

    /// <summary>64 connections to the administration over HTTPS: those of the socket are not counted.</summary>
    public const int AdministrationConnectionsMax = 64;
}
