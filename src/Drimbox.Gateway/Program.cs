using System.CommandLine;
using Drimbox.Gateway.Commands;
using Drimbox.Gateway.Commands.Load;

var root = new RootCommand("""
    Drimbox: an on-premises DICOM imaging gateway that plays the nodes of the French DRIM-M flow.

    Try it:      drimbox demo --once
    Run it:      drimbox run --config drimbox.json
    Look at it:  drimbox reports list
    """)
{
    DemoCommand.Create(),
    RunCommand.Create(),
    ConfigurationCommand.Create(),
    ReportsCommand.Create(),
    RequestsCommand.Create(),
    PlatformCommand.Create(),
    StudiesCommand.Create(),
    QueueCommand.Create(),
    LoadCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
