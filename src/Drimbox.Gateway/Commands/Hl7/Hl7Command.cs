using System.CommandLine;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary><c>drimbox hl7</c>: HL7 v2 messages as files, and a peer that takes them.</summary>
internal static class Hl7Command
{
    public const string ExitCodes = """
        Exit codes: 0 done; 2 wrong usage, or a file that is no HL7 message; 4 findings.
        """;

    public static Command Create() => new("hl7", """
        HL7 v2 messages of the CI-SIS volets: check them, explain them, make them, send them. Files hold one message or
        several, with or without MLLP frames, with CR or LF between segments.

        Examples:
          drimbox hl7 validate report.hl7
          drimbox hl7 explain request.hl7
          drimbox hl7 sample TLR-1 --output request.hl7
          drimbox hl7 send ris.example:2575 report.hl7
          drimbox hl7 profile TLR-1
        """)
    {
        ValidateCommand.Create(),
        ExplainCommand.Create(),
        SendCommand.Create(),
        SampleCommand.Create(),
        ProfileCommand.Create(),
    };
}
