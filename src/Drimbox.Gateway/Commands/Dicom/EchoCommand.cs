using System.CommandLine;
using System.Diagnostics;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary><c>drimbox echo</c>: does the peer answer, and how fast?</summary>
internal static class EchoCommand
{
    public static Command Create() => new Command("echo", $"""
        Verify that a DICOM peer answers (C-ECHO).

        Examples:
          drimbox echo PACS@pacs.example:104
          drimbox echo PACS@pacs.example:104 --calling RIS --repeat 10 --json
          drimbox echo PACS@pacs.example:2762 --tls-ca hospital.pem --tls-cert node.pem --tls-key node.key

        {AssociationArguments.ExitCodes}
        """) { AssociationArguments.Repeat }.Calls(RunAsync);

    private static async Task<ExitCode> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var peer = parsed.GetValue(AssociationArguments.Peer)!;
        var start = Stopwatch.GetTimestamp();
        await using var association = await AssociationArguments.RequestAsync(
            parsed, [CEchoScu.Context], SopClass.Verification, cancellation);
        var opened = Stopwatch.GetElapsedTime(start);
        var user = association.Negotiated.User;
        var output = CommandOutput.Of(parsed);
        output.Line($"{peer} accepted the association in {Ms(opened)}: {user.ImplementationVersionName} "
            + $"({user.ImplementationClassUid}), PDUs up to {user.MaximumLength} bytes");

        var scu = new CEchoScu(association);
        var echoes = new List<(DimseStatus Status, TimeSpan Time)>();
        for (var i = 0; i < parsed.GetValue(AssociationArguments.Repeat); i++)
        {
            start = Stopwatch.GetTimestamp();
            var status = await scu.SendAsync(cancellation);
            echoes.Add((status, Stopwatch.GetElapsedTime(start)));
            output.Line($"C-ECHO {i + 1}: {status} in {Ms(echoes[^1].Time)}");
        }

        await association.ReleaseAsync(cancellation);
        var times = echoes.Select(e => e.Time).Order().ToList();
        if (times.Count > 1)
            output.Line($"{times.Count} echoes: fastest {Ms(times[0])}, median {Ms(times[times.Count / 2])}, slowest {Ms(times[^1])}");
        output.Json(new
        {
            peer = peer.ToString(),
            implementationVersionName = user.ImplementationVersionName,
            implementationClassUid = user.ImplementationClassUid.ToString(),
            maximumLength = user.MaximumLength,
            associationMilliseconds = Math.Round(opened.TotalMilliseconds, 3),
            echoes = echoes.Select(e => new
            {
                status = $"{e.Status.Code:X4}",
                meaning = e.Status.Meaning,
                milliseconds = Math.Round(e.Time.TotalMilliseconds, 3),
            }),
        });
        return echoes.TrueForAll(e => e.Status.IsSuccessOrWarning) ? ExitCode.Done : ExitCode.Failed;
    }

    private static string Ms(TimeSpan time) => $"{time.TotalMilliseconds:0.0} ms";
}
