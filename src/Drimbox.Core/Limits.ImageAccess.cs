namespace Drimbox.Core;

// Image access for other DRIMboxes: DB.SO.32 to 41.
public static partial class Limits
{
    /// <summary>32 requests for images at once by default: DB.SO.35 asks for 1 % of the examinations of a day, and for 5 at
    /// least; 3,200 examinations a day are a large hospital.</summary>
    public const int ImageRequestsDefault = 32;

    /// <summary>5 requests at once at least (DB.SO.35).</summary>
    public const int ImageRequestsMin = 5;

    /// <summary>200 requests at once at most, as <see cref="WebConnectionsMax"/>.</summary>
    public const int ImageRequestsMax = 200;

    /// <summary>30 s without a byte of an image from a PACS that was asked for some: then 504. A viewer waits as long at most.
    /// </summary>
    public static readonly TimeSpan ImageArrivalTimeout = TimeSpan.FromSeconds(30);

    /// <summary>2 s for the answer to the A-RELEASE-RQ after a C-MOVE: whoever asked for the images waits for it.</summary>
    public static readonly TimeSpan ImageReleaseTimeout = TimeSpan.FromSeconds(2);

    /// <summary>1,024: message id of the first C-MOVE of a process. A PACS that states one of its own in place of that of the
    /// C-MOVE counts from 1 on each association, and does not come so far.</summary>
    public const ushort ImageMoveIdFirst = 1024;

    /// <summary>64 KiB of an image that are held until it has said what series it is of: that stands within the first two or
    /// three, but behind what an image was made from, which may be long.</summary>
    public const int ImageHeldBytesMax = 64 * 1024;

    /// <summary>1 MiB of an image that comes to memory whole to be sent on, as those of CT and MR do: 200 requests hold 200
    /// MiB. Of a larger one only the header does.</summary>
    public const int ImageInMemoryBytesMax = 1024 * 1024;

    /// <summary>4 MiB of the national white list: one of 17 entries has 14 KB, and there are some 4,000 imaging sites.</summary>
    public const int WhiteListBytesMax = 4 * 1024 * 1024;

    /// <summary>One day between two looks at the white list (facts 1.7).</summary>
    public static readonly TimeSpan WhiteListInterval = TimeSpan.FromDays(1);

    /// <summary>10 min until a white list that could not be had is asked for again.</summary>
    public static readonly TimeSpan WhiteListRetryInterval = TimeSpan.FromMinutes(10);

    /// <summary>10 s for one answer of Pro Santé Connect: a viewer waits for it.</summary>
    public static readonly TimeSpan TokenCheckTimeout = TimeSpan.FromSeconds(10);

    /// <summary>10 min of one connection to Pro Santé Connect: its certificates are looked at that often.</summary>
    public static readonly TimeSpan TokenConnectionLifetime = TimeSpan.FromMinutes(10);

    /// <summary>64 KiB of one answer of Pro Santé Connect: the user information of a professional with ten situations has
    /// 15.</summary>
    public const int TokenAnswerBytesMax = 64 * 1024;

    /// <summary>8 KiB of a bearer token: what fits into a header field of common servers.</summary>
    public const int BearerTokenLengthMax = 8 * 1024;
}
