using System.Runtime.InteropServices;

namespace Drimbox.Receivers;

/// <summary>SIGTERM as a task, so that what was started is ended in order.</summary>
internal sealed class Termination : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration _registration;

    public Termination() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
    {
        context.Cancel = true;
        _ended.TrySetResult();
    });

    public Task Signalled => _ended.Task;

    public void Dispose() => _registration.Dispose();
}
