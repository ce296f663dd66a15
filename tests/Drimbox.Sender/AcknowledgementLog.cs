using System.Collections.Concurrent;

namespace Drimbox.Sender;

/// <summary>What a sender knows, in a folder of its own that no receiver touches: <c>sent.log</c> names every instance
/// that may have left (written before its first byte), <c>acknowledged.log</c> those that were answered 0000. A line
/// is the SOP Instance UID and the SHA-256 of the data set; an acknowledgement counts once its line is
/// fsynced.</summary>
internal sealed class AcknowledgementLog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, bool> _sent = new(StringComparer.Ordinal);
    private readonly FileStream _sentLog;
    private readonly FileStream _acknowledgedLog;

    public AcknowledgementLog(string folder)
    {
        Directory.CreateDirectory(folder);
        _sentLog = Open("sent.log");
        _acknowledgedLog = Open("acknowledged.log");

        // What lies there is of an earlier run, and stays.
        FileStream Open(string name) => new(
            Path.Combine(folder, name), FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    public int SentCount => _sent.Count;

    public int AcknowledgedCount { get; private set; }

    public void Sending(string uid, string sha256)
    {
        _sent[uid] = true;
        lock (_gate) Append(_sentLog, uid, sha256);
    }

    public void Acknowledged(string uid, string sha256)
    {
        lock (_gate)
        {
            Append(_acknowledgedLog, uid, sha256);
            _acknowledgedLog.Flush(flushToDisk: true);
            AcknowledgedCount++;
        }
    }

    public bool WasSent(string uid) => _sent.ContainsKey(uid);

    public void Dispose()
    {
        _sentLog.Dispose();
        _acknowledgedLog.Dispose();
    }

    private static void Append(FileStream log, string uid, string sha256) =>
        log.Write(System.Text.Encoding.ASCII.GetBytes($"{uid} {sha256}\n"));
}
