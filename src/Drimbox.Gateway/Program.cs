using System.CommandLine;
using System.CommandLine.Invocation;
using Drimbox.Core;
using Drimbox.Gateway.Commands;
using Drimbox.Gateway.Commands.Archive;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Gateway.Commands.Hl7;
using Drimbox.Gateway.Commands.Load;

var root = new RootCommand("""
    Drimbox: an on-premises DICOM imaging gateway that plays the nodes of the French DRIM-M flow.

    Try it:      drimbox demo --once
    Run it:      drimbox run --config drimbox.json
    Look at it:  drimbox reports list
    DICOM:       drimbox echo PACS@pacs.example:104
    HL7:         drimbox hl7 validate report.hl7
    """)
{
    DemoCommand.Create(),
    RunCommand.Create(),
    ConfigurationCommand.Create(),
    DoctorCommand.Create(),
    SupportBundleCommand.Create(),
    ReportsCommand.Create(),
    RequestsCommand.Create(),
    PlatformCommand.Create(),
    StudiesCommand.Create(),
    ResyncCommand.Create(),
    ManifestsCommand.Create(),
    StatisticsCommand.Create(),
    SpeedTestCommand.Create(),
    StudyCommand.Create(),
    PatientCommand.Create(),
    ScrubCommand.Create(),
    BackupCommand.Create(),
    RestoreCommand.Create(),
    CopyCommand.Create(),
    StatusCommand.Create(),
    AccountCommand.Create(),
    SessionCommand.Create(),
    QueueCommand.Create(),
    PublicationsCommand.Create(),
    AuditCommand.Create(),
    QuarantineCommand.Create(),
    VersionsCommand.Create(),
    IndexCommand.Create(),
    EchoCommand.Create(),
    StoreCommand.Create(),
    FindCommand.Create(),
    MoveCommand.Create(),
    GetCommand.Create(),
    ReceiveCommand.Create(),
    DumpCommand.Create(),
    Hl7Command.Create(),
    LoadCommand.Create(),
};
// An argument that begins with @ is not the name of a file to read arguments from.
var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
// SIGINT and SIGTERM cancel the token of a command; one that is not done after this time is ended.
var invocation = new InvocationConfiguration { ProcessTerminationTimeout = Limits.DrainTimeout + Limits.ProcessEndGrace };
if (parsed.Action is not ParseErrorAction wrong) return await parsed.InvokeAsync(invocation);

// What is wrong, and not the whole help after it, unless nothing was asked for.
wrong.ShowHelp = args.Length == 0;
await parsed.InvokeAsync();
return (int)ExitCode.Usage;
