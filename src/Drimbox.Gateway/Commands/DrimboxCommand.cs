using System.CommandLine;
using System.CommandLine.Invocation;
using Drimbox.Core;
using Drimbox.Gateway.Commands.Archive;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Gateway.Commands.Hl7;
using Drimbox.Gateway.Commands.Load;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox</c>: all of its commands.</summary>
internal static class DrimboxCommand
{
    /// <summary>Runs what a command line asks for.</summary>
    /// <returns>The exit code of the process.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken = default)
    {
        // An argument that begins with @ is not the name of a file to read arguments from.
        var parsed = Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        // SIGINT and SIGTERM cancel the token of a command; one that is not done after this time is ended.
        var invocation = new InvocationConfiguration { ProcessTerminationTimeout = Limits.DrainTimeout + Limits.ProcessEndGrace };
        if (parsed.Action is not ParseErrorAction wrong) return await parsed.InvokeAsync(invocation, cancellationToken);

        // What is wrong, and not the whole help after it, unless nothing was asked for.
        wrong.ShowHelp = arguments.Count == 0;
        await parsed.InvokeAsync(cancellationToken: cancellationToken);
        return (int)ExitCode.Usage;
    }

    /// <summary>Made once: options that several commands share know all of their parents.</summary>
    public static RootCommand Root { get; } = new("""
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
        ConformanceCommand.Create(),
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
        MigrateCommand.Create(),
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
}
