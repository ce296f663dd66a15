using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

/// <summary>
/// Loaded into the program by the runtime; with <c>DRIMBOX_KILL_AT</c> it kills it (campaign P2), else it
/// makes SQLite treat every COMMIT as <c>synchronous = NORMAL</c> does, whatever the program asks for: the negative
/// control of campaign D3. The runtime loads it into the program when <c>DOTNET_STARTUP_HOOKS</c> names this assembly;
/// the program itself has no setting for it. Name and signature are the runtime's
/// (docs/design/features/host-startup-hook.md of dotnet/runtime).
/// </summary>
[SuppressMessage("Design", "MA0047", Justification = "The runtime looks for it outside of any name space.")]
internal static class StartupHook
{
    private const int SqlitePragma = 19;
    private const int SqliteIgnore = 2;

    // SQLite keeps the addresses for as long as the process lives.
    private static readonly Extension OnOpen = LowerSynchronous;
    private static readonly Authorizer OnPragma = IgnoreSynchronous;

    private delegate int Extension(nint database, nint error, nint functions);

    private delegate int Authorizer(nint state, int action, nint first, nint second, nint schema, nint trigger);

    public static void Initialize()
    {
        // Campaign P2 has its own.
        if (Drimbox.Tests.Campaigns.KillAt.IsAsked)
        {
            Drimbox.Tests.Campaigns.KillAt.Install();
            return;
        }

        if (sqlite3_auto_extension(Marshal.GetFunctionPointerForDelegate(OnOpen)) != 0)
            throw new InvalidOperationException("SQLite takes no extension.");
    }

    private static int LowerSynchronous(nint database, nint error, nint functions)
    {
        var code = sqlite3_exec(database, Encoding.UTF8.GetBytes("PRAGMA synchronous = NORMAL\0"), 0, 0, 0);
        return code != 0 ? code : sqlite3_set_authorizer(database, Marshal.GetFunctionPointerForDelegate(OnPragma), 0);
    }

    // SQLITE_IGNORE leaves the pragma out, and the program is none the wiser.
    private static int IgnoreSynchronous(nint state, int action, nint first, nint second, nint schema, nint trigger) =>
        action == SqlitePragma && Marshal.PtrToStringUTF8(first) == "synchronous" && second != 0 ? SqliteIgnore : 0;

    [DllImport("e_sqlite3"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int sqlite3_auto_extension(nint entry);

    [DllImport("e_sqlite3"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int sqlite3_exec(nint database, byte[] sql, nint callback, nint argument, nint error);

    [DllImport("e_sqlite3"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int sqlite3_set_authorizer(nint database, nint authorizer, nint state);
}
