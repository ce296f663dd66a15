namespace Drimbox.Tests.Campaigns;

/// <summary>The longest of the waits of some senders.</summary>
internal sealed class LongestWait
{
    private readonly Lock _gate = new();

    public TimeSpan Time { get; private set; }

    private string Answers { get; set; } = "";

    public void Add(TimeSpan time, IEnumerable<string> answers)
    {
        lock (_gate)
        {
            if (time > Time) (Time, Answers) = (time, string.Join(' ', answers));
        }
    }

    public override string ToString() => $"{Time.TotalSeconds:F1} s ({Answers})";
}
