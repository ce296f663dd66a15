namespace Drimbox.Core;

// Objects in a bucket (docs/adr/0042).
public static partial class Limits
{
    /// <summary>16 calls to the service at once, and what they have in memory: as many as there are turns that wait for an
    /// object in a busy minute, and a third of the connections that a client opens by default.</summary>
    public const int BucketCallsMax = 16;

    /// <summary>10 s for an answer: whoever sent the message waits for it, and repeats it after some 30 s.</summary>
    public static readonly TimeSpan BucketAnswerMax = TimeSpan.FromSeconds(10);

    /// <summary>2 times more a call is tried that was not answered, or with 5xx: then the sender repeats.</summary>
    public const int BucketRetries = 2;
}
