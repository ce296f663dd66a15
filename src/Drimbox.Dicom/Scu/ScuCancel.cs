using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>Sends C-CANCEL-RQ at the moment at which a token is cancelled, also while a response is awaited: a peer that
/// searches for a minute must hear it. Source: PS3.7 9.3.2.3.</summary>
internal sealed class ScuCancel : IAsyncDisposable
{
    private readonly Association _association;
    private readonly PresentationContext _context;
    private readonly CommandSet _cancel;
    private readonly CancellationTokenRegistration _registration;
    private Task? _sending;

    /// <param name="request">The operation to cancel; it has been sent.</param>
    public ScuCancel(
        Association association, PresentationContext context, CommandSet request, CancellationToken cancellationToken)
    {
        _association = association;
        _context = context;
        _cancel = new CommandSet
        {
            CommandField = CommandField.CCancelRq,
            MessageIdBeingRespondedTo = request.MessageId,
        };
        _registration = cancellationToken.UnsafeRegister(static state => ((ScuCancel)state!).Begin(), this);
    }

    /// <summary>Sends it now, unless the token has done so.</summary>
    public async ValueTask SendAsync()
    {
        await _registration.DisposeAsync();
        Begin();
        await _sending!;
    }

    /// <summary>The operation is over: no cancel after this.</summary>
    public async ValueTask DisposeAsync()
    {
        await _registration.DisposeAsync();
        if (_sending is null) return;
        try
        {
            await _sending;
        }
        catch (AssociationAbortedException)
        {
            // The task that reads the responses sees the same end, and tells of it.
        }
    }

    private void Begin() => _sending ??= _association.Channel.SendAsync(_context, _cancel).AsTask();
}
