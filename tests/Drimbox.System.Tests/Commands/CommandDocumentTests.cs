using System.CommandLine;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Gateway.Commands.Hl7;

namespace Drimbox.Tests.Commands;

/// <summary>The document of the commands names every option that they have.</summary>
public sealed class CommandDocumentTests
{
    [Fact]
    public void Every_option_of_every_DICOM_and_HL7_command_is_in_the_document()
    {
        var document = File.ReadAllText(Path.Combine(Root(), "docs", "operations", "commands.md"));
        Command[] commands =
        [
            EchoCommand.Create(), StoreCommand.Create(), FindCommand.Create(), MoveCommand.Create(),
            GetCommand.Create(), ReceiveCommand.Create(), DumpCommand.Create(),
            .. Hl7Command.Create().Subcommands,
        ];
        Assert.Empty(
            from command in commands
            from option in command.Options
            where !document.Contains($"`{option.Name}", StringComparison.Ordinal)
            select $"{command.Name} {option.Name}");
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Drimbox.sln"))) folder = folder.Parent;
        return folder.FullName;
    }
}
