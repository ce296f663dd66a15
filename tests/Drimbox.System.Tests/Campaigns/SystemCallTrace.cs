using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Drimbox.Tests.Campaigns;

/// <summary>One system call that strace saw: its arguments as written, and between which lines of the log it
/// ran.</summary>
internal sealed record SystemCall(int Start, int End, string Name, string[] Arguments, long Result)
{
    /// <summary>The path that strace (-y) writes behind a descriptor; "" for none.</summary>
    public static string PathOf(string argument)
    {
        var from = argument.IndexOf('<', StringComparison.Ordinal);
        return from < 0 || !argument.EndsWith('>') ? "" : argument[(from + 1)..^1];
    }

    /// <summary>The bytes of a string as strace writes it: C escapes, numbers in octal.</summary>
    public static byte[] BytesOf(string argument)
    {
        var bytes = new List<byte>(argument.Length);
        for (var i = 1; i < argument.Length - 1; i++)
        {
            if (argument[i] != '\\')
            {
                bytes.Add((byte)argument[i]);
                continue;
            }

            i++;
            var escape = "nrtvf".IndexOf(argument[i], StringComparison.Ordinal);
            if (escape >= 0) bytes.Add((byte)"\n\r\t\v\f"[escape]);
            else if (argument[i] is >= '0' and <= '7')
            {
                var value = 0;
                var digits = 0;
                for (; digits < 3 && argument[i + digits] is >= '0' and <= '7'; digits++)
                    value = (value * 8) + (argument[i + digits] - '0');
                i += digits - 1;
                bytes.Add((byte)value);
            }
            else bytes.Add((byte)argument[i]);
        }

        return [.. bytes];
    }
}

/// <summary>The log of <c>strace -f -y -o</c>.</summary>
internal static class SystemCallTrace
{
    private const string Unfinished = " <unfinished ...>";

    /// <summary>Those calls that succeeded, in the order of their end.</summary>
    public static List<SystemCall> Read(string path)
    {
        var calls = new List<SystemCall>();
        var pending = new Dictionary<string, (int Start, string Text)>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in File.ReadLines(path, Encoding.Latin1))
        {
            number++;
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0) continue;
            var (thread, text, start) = (line[..space], line[space..].TrimStart(), number);
            if (text.EndsWith(Unfinished, StringComparison.Ordinal))
            {
                pending[thread] = (number, text[..^Unfinished.Length]);
                continue;
            }

            if (text.StartsWith("<... ", StringComparison.Ordinal))
            {
                if (!pending.Remove(thread, out var begun)) continue;
                var rest = text.IndexOf(" resumed>", StringComparison.Ordinal) + " resumed>".Length;
                (start, text) = (begun.Start, begun.Text + text[rest..]);
            }

            if (Parse(text, start, number) is { } call) calls.Add(call);
        }

        return calls;
    }

    private static SystemCall? Parse(string text, int start, int end)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var equals = text.LastIndexOf(" = ", StringComparison.Ordinal);
        if (open <= 0 || equals < 0) return null;
        var result = text[(equals + 3)..].Split(' ', '<')[0];
        if (!long.TryParse(result, CultureInfo.InvariantCulture, out var value) || value < 0) return null;
        var close = text.LastIndexOf(')', equals);
        return close < open
            ? null
            : new SystemCall(start, end, text[..open], Split(text[(open + 1)..close]), value);
    }

    private static string[] Split(string arguments)
    {
        var parts = new List<string>();
        var (from, depth, isQuoted) = (0, 0, false);
        for (var i = 0; i < arguments.Length; i++)
        {
            var c = arguments[i];
            if (isQuoted)
            {
                if (c == '\\') i++;
                else if (c == '"') isQuoted = false;
            }
            else if (c == '"') isQuoted = true;
            else if (c is '[' or '{' or '<') depth++;
            else if (c is ']' or '}' or '>') depth--;
            else if (c == ',' && depth == 0)
            {
                parts.Add(arguments[from..i].Trim());
                from = i + 1;
            }
        }

        parts.Add(arguments[from..].Trim());
        return [.. parts];
    }
}

/// <summary>strace, attached to a process that runs until it is told to let go.</summary>
internal sealed class Tracer : IAsyncDisposable
{
    private readonly Process _strace;

    private Tracer(Process strace) => _strace = strace;

    public static async Task<Tracer> AttachAsync(int process, params string[] arguments)
    {
        var strace = Process.Start(new ProcessStartInfo(
            Peer.Require("strace"), ["-f", "-p", $"{process}", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
        while (await strace.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Contains(" attached", StringComparison.Ordinal)) break;
        }

        Assert.False(strace.HasExited, "strace could not attach");
        return new Tracer(strace);
    }

    /// <summary>Lets go: its log is whole then, and the process runs on.</summary>
    public async ValueTask DisposeAsync()
    {
        using var signal = Process.Start("kill", ["-INT", $"{_strace.Id}"]);
        await signal.WaitForExitAsync(CancellationToken.None);
        // What it still says must not fill its pipe.
        await _strace.StandardError.ReadToEndAsync(CancellationToken.None);
        await _strace.WaitForExitAsync(CancellationToken.None);
        _strace.Dispose();
    }
}
