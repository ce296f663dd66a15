using Drimbox.FoDicomReceiver;
using FellowOakDicom.Network;

// fodicom-receiver PORT FOLDER
if (args is not [var portText, var folder] || !int.TryParse(portText, out var port))
{
    Console.Error.WriteLine("fodicom-receiver PORT FOLDER");
    return 2;
}

Directory.CreateDirectory(folder);
using var server = DicomServerFactory.Create<PlainReceiver>(port, userState: folder);
if (server.Exception is { } fault)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}

var stopped = new TaskCompletionSource();
using var onTerminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(
    System.Runtime.InteropServices.PosixSignal.SIGTERM,
    signal =>
    {
        signal.Cancel = true;
        stopped.TrySetResult();
    });
Console.WriteLine("ready");
await stopped.Task;
return 0;
