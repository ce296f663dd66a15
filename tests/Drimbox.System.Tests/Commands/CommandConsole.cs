using System.Text;

namespace Drimbox.Tests.Commands;

/// <summary>The console of commands that run in this process: what is printed by the call of one goes to its own texts, all
/// else where it went before.</summary>
internal sealed class CommandConsole
{
    private static readonly AsyncLocal<CommandConsole?> Current = new();

    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    static CommandConsole()
    {
        Console.SetOut(new Junction(Console.Out, console => console._output));
        Console.SetError(new Junction(Console.Error, console => console._errors));
    }

    /// <summary>What was printed until now.</summary>
    public string Output => TextOf(_output);

    public string Errors => TextOf(_errors);

    /// <summary>Everything that this call and what it starts prints goes to a console of its own. Its caller goes on with
    /// the one it had.</summary>
    public static async Task<(int ExitCode, CommandConsole Console)> RunAsync(Func<Task<int>> command)
    {
        var console = new CommandConsole();
        Current.Value = console;
        return (await command(), console);
    }

    private static string TextOf(StringBuilder text)
    {
        lock (text) return text.ToString();
    }

    private sealed class Junction(TextWriter other, Func<CommandConsole, StringBuilder> own) : TextWriter
    {
        public override Encoding Encoding => other.Encoding;

        public override void Write(char value) => Write(new ReadOnlySpan<char>(in value));

        public override void Write(string? value) => Write(value.AsSpan());

        public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

        public override void WriteLine(string? value)
        {
            Write(value.AsSpan());
            Write(CoreNewLine.AsSpan());
        }

        public override void Flush() => other.Flush();

        public override void Write(ReadOnlySpan<char> buffer)
        {
            if (Current.Value is not { } console)
            {
                other.Write(buffer);
                return;
            }

            var text = own(console);
            // A thread that outlives its command may still print.
            lock (text) text.Append(buffer);
        }
    }
}
