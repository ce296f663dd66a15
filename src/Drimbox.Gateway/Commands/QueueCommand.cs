using System.CommandLine;
using Drimbox.Storage;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox queue</c>: what waits, what is late, and why.</summary>
internal static class QueueCommand
{
    public static Command Create()
    {
        var node = new Argument<string>("role") { Description = "ris, teleradiology or source." };
        node.AcceptOnlyFromAmong("ris", "teleradiology", "source");
        var state = new Option<OutboxState?>("--state") { Description = "Pending, Done, Stale, Quarantined, Discarded." };
        var code = new Option<string?>("--ack") { Description = "Only messages answered so: AA or AE." };
        return new Command("queue", """
            What waits in a node, what is late, and why.

            Examples:
              drimbox queue out ris --state Pending
              drimbox queue in source --ack AE
            """)
        {
            new Command("out", "Messages and publications that leave.") { node, state }.Calls(
                (client, parsed, cancellation) => client.GetAsync(
                    $"/api/{parsed.GetValue(node)}/outbox"
                    + (parsed.GetValue(state) is { } s ? $"?state={s}" : ""), cancellation)),
            new Command("in", "Messages that came, with their answer.") { node, code }.Calls(
                (client, parsed, cancellation) => client.GetAsync(
                    $"/api/{parsed.GetValue(node)}/inbox"
                    + (parsed.GetValue(code) is { } c ? $"?ackCode={c}" : ""), cancellation)),
        };
    }
}
