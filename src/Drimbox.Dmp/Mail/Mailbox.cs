using System.Net.Sockets;
using Drimbox.Core;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using MailKit.Security;

namespace Drimbox.Dmp.Mail;

/// <summary>A look into the mailbox failed; the next one may not.</summary>
public sealed class MailboxFaultException(string message, Exception inner) : Exception(message, inner);

/// <summary>Finds notifications in the mailbox of the sender (IMAP4rev1). What is no notification is left as it is, for
/// people.</summary>
public sealed class Mailbox(MailServer server, TimeProvider time)
{
    // Mails that were looked at and are no notifications, by validity and uid; lost at a restart, which costs one look.
    private readonly HashSet<(uint Validity, uint Uid)> _others = [];

    /// <summary>Takes the unseen notifications, in the order of their arrival.</summary>
    /// <param name="take">Records what a mail notifies; after it the mail is marked as seen.</param>
    /// <returns>How many notifications there were.</returns>
    /// <exception cref="MailboxFaultException">The server cannot be used.</exception>
    public async Task<int> TakeAsync(
        Func<IReadOnlyList<MailNotification>, CancellationToken, Task> take, CancellationToken cancellation)
    {
        try
        {
            using var client = new ImapClient();
            await MailConnection.OpenAsync(client, server, time, cancellation);
            var inbox = client.Inbox ?? throw new ImapProtocolException("No INBOX.");
            await inbox.OpenAsync(FolderAccess.ReadWrite, cancellation);
            var taken = await TakeAsync(inbox, take, cancellation);
            await client.DisconnectAsync(quit: true, cancellation);
            return taken;
        }
        catch (Exception e) when (e is ProtocolException or CommandException or AuthenticationException
            or SslHandshakeException or NotSupportedException or IOException or SocketException or TimeoutException
            or ServiceNotConnectedException)
        {
            throw new MailboxFaultException($"The mailbox cannot be read: {e.GetType().Name}.", e);
        }
    }

    private async Task<int> TakeAsync(
        IMailFolder inbox, Func<IReadOnlyList<MailNotification>, CancellationToken, Task> take,
        CancellationToken cancellation)
    {
        var validity = inbox.UidValidity;
        var unseen = (await inbox.SearchAsync(SearchQuery.NotSeen, cancellation))
            .Where(uid => !_others.Contains((validity, uid.Id))).Take(Limits.NotificationsPerLookMax).ToList();
        if (unseen.Count == 0) return 0;
        var taken = 0;
        foreach (var summary in await inbox.FetchAsync(
                     unseen, MessageSummaryItems.UniqueId | MessageSummaryItems.Size, cancellation))
        {
            var uid = summary.UniqueId;
            var notifications = summary.Size > Limits.NotificationBytesMax
                ? []
                : await ReadAsync(inbox, uid, cancellation);
            if (notifications.Count == 0)
            {
                _others.Add((validity, uid.Id));
                continue;
            }

            await take(notifications, cancellation);
            await inbox.AddFlagsAsync(uid, MessageFlags.Seen, silent: true, cancellation);
            taken++;
        }

        return taken;
    }

    private static async Task<IReadOnlyList<MailNotification>> ReadAsync(
        IMailFolder inbox, UniqueId uid, CancellationToken cancellation)
    {
        try
        {
            using var message = await inbox.GetMessageAsync(uid, cancellation);
            return NotificationReader.Read(message);
        }
        catch (FormatException)
        {
            // Bytes that are no mail at all.
            return [];
        }
    }
}
