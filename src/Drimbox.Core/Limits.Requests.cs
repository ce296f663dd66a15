namespace Drimbox.Core;

// Requests of the RIS, their examinations and documents.
public static partial class Limits
{
    /// <summary>43 characters of a root of Study Instance UIDs: with a dot and 19 digits a UID has 63, and DB/RIS.07
    /// wants less than 64. 19 digits are enough for a billion studies before the store finds the first pair.</summary>
    public const int StudyRootLengthMax = 43;

    /// <summary>100 requests placed at once: a request document asks for a handful.</summary>
    public const int RequestsPerFilingMax = 100;

    /// <summary>32 examinations of one request: a trauma work-up has ten.</summary>
    public const int ExaminationsPerRequestMax = 32;

    /// <summary>64 documents of one request: each is a message of its own to the platform.</summary>
    public const int DocumentsPerRequestMax = 64;

    /// <summary>22 MiB of a document of a request: in base64, as its message carries it, 29.4 MiB, and an MLLP frame
    /// has at most <see cref="MllpFrameBytesMax"/>.</summary>
    public const int RequestDocumentBytesMax = 22 * 1024 * 1024;

    /// <summary>31 MiB of an administration request with a document: <see cref="RequestDocumentBytesMax"/> in base64,
    /// and more than a mebibyte for the requests beside it.</summary>
    public const int RequestUploadBytesMax = 31 * 1024 * 1024;
}
