using System.CommandLine;
using System.CommandLine.Invocation;
using Drimbox.Core;
using Drimbox.Gateway.Commands;

// An argument that begins with @ is not the name of a file to read arguments from.
var parsed = DrimboxCommand.Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
// SIGINT and SIGTERM cancel the token of a command; one that is not done after this time is ended.
var invocation = new InvocationConfiguration { ProcessTerminationTimeout = Limits.DrainTimeout + Limits.ProcessEndGrace };
if (parsed.Action is not ParseErrorAction wrong) return await parsed.InvokeAsync(invocation);

// What is wrong, and not the whole help after it, unless nothing was asked for.
wrong.ShowHelp = args.Length == 0;
await parsed.InvokeAsync();
return (int)ExitCode.Usage;
