using System.CommandLine;
using Drimbox.Gateway.Commands.Archive;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Gateway.Commands.Hl7;
using Drimbox.Gateway.Commands.Load;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox</c>: all of its commands.</summary>
internal static class DrimboxCommand
{
    public static RootCommand Create() => new("""
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
