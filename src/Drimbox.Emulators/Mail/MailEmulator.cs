using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Emulators.Mail;

/// <summary>An operator of MSSanté on the wire: takes mail by SMTP for any mailbox, shows the mailbox of its account
/// by IMAP, sends delivery status notifications, and misbehaves by script. It listens on 127.0.0.1 only.</summary>
public sealed class MailEmulator : IAsyncDisposable
{
    private readonly MailEmulatorOptions _options;
    private readonly IIdSource _ids;
    private readonly TimeProvider _time;
    private readonly TcpListener _smtp;
    private readonly TcpListener _imap;
    private readonly MailStore _store = new();
    private readonly Signals<ReceivedMail> _received = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _sessions = [];
    private readonly Lock _gate = new();
    private readonly Task _accepting;
    private int _count;

    private MailEmulator(MailEmulatorOptions options, IIdSource ids, TimeProvider time)
    {
        (_options, _ids, _time) = (options, ids, time);
        _smtp = Listen(options.SmtpPort);
        _imap = Listen(options.ImapPort);
        _accepting = Task.WhenAll(
            AcceptAsync(_smtp, lines => new SmtpSession(lines, options, Faults, TakeAsync).RunAsync(_stop.Token)),
            AcceptAsync(_imap, lines => new ImapSession(lines, options, _store).RunAsync(_stop.Token)));
    }

    public int SmtpPort => ((IPEndPoint)_smtp.LocalEndpoint).Port;

    public int ImapPort => ((IPEndPoint)_imap.LocalEndpoint).Port;

    public MailFaults Faults { get; } = new();

    /// <summary>What was taken, in order.</summary>
    public IReadOnlyList<ReceivedMail> Received => _received.Seen;

    public static MailEmulator Start(MailEmulatorOptions options, IIdSource ids, TimeProvider time) =>
        new(options, ids, time);

    /// <summary>Completes at the first mail, past or to come, that is wanted.</summary>
    public Task<ReceivedMail> WhenReceivedAsync(Func<ReceivedMail, bool> wanted, CancellationToken cancellation) =>
        _received.WhenAsync(wanted, cancellation);

    /// <summary>Tells the sender of a mail what became of it (RFC 3464).</summary>
    /// <param name="action">delivered, failed, delayed or relayed.</param>
    /// <param name="diagnostic">An SMTP reply, or null.</param>
    public void NotifyDelivery(ReceivedMail mail, string action, string status, string? diagnostic = null) =>
        Put(mail.Sender, Notifications.Delivery(mail, _ids.NewUuid(), _time.GetUtcNow(), action, status, diagnostic));

    /// <summary>Tells the sender of a mail how its reader treated it (RFC 8098).</summary>
    /// <param name="disposition">As <c>manual-action/MDN-sent-manually; displayed</c>.</param>
    public void NotifyDisposition(ReceivedMail mail, string disposition, string? error = null) =>
        Put(mail.Sender, Notifications.Disposition(mail, _ids.NewUuid(), _time.GetUtcNow(), disposition, error));

    /// <summary>Puts any mail into a mailbox.</summary>
    public void Put(string address, string content) => _store.Put(address, System.Text.Encoding.UTF8.GetBytes(content));

    /// <summary>How many mails of the account's mailbox were never marked as seen.</summary>
    public int Unseen => _store.Mailbox(_options.Account!.Address).Count(m => !m.IsSeen);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _smtp.Stop();
        _imap.Stop();
        await _accepting;
        Task[] sessions;
        lock (_gate) sessions = [.. _sessions];
        await Task.WhenAll(sessions);
        _stop.Dispose();
    }

    private Task TakeAsync(ReceivedMail mail)
    {
        mail = mail with { Number = Interlocked.Increment(ref _count) };
        _store.Put(mail.Recipient, mail.Content);
        var wantsStatus = mail.Notify?.Contains("SUCCESS", StringComparison.OrdinalIgnoreCase) == true;
        if (wantsStatus && _options.SendsDeliveryStatus) NotifyDelivery(mail, "delivered", "2.0.0");
        _received.Publish(mail);
        return Task.CompletedTask;
    }

    private async Task AcceptAsync(TcpListener listener, Func<MailLines, Task> serve)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(_stop.Token);
                var session = ServeAsync(client, serve);
                lock (_gate)
                {
                    _sessions.RemoveAll(s => s.IsCompleted);
                    _sessions.Add(session);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client, Func<MailLines, Task> serve)
    {
        using (client)
        {
            client.NoDelay = true;
            await using var lines = new MailLines(client.GetStream());
            try
            {
                await serve(lines);
            }
            catch (Exception e) when (e is IOException or SocketException or InvalidDataException or FormatException
                or OperationCanceledException or InvalidOperationException)
            {
                // A peer that broke off, or broke the protocol.
            }
        }
    }

    private static TcpListener Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        return listener;
    }
}
