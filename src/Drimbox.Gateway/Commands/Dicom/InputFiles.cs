using Drimbox.Core;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>The files that were named on the command line, folders with all that is in them.</summary>
internal sealed class InputFiles
{
    /// <summary>64 levels of folders: a link that leads back to its own folder ends somewhere.</summary>
    private static readonly EnumerationOptions Recursively = new()
    {
        RecurseSubdirectories = true,
        MaxRecursionDepth = 64,
        AttributesToSkip = FileAttributes.None,
        IgnoreInaccessible = false,
    };

    private readonly List<SendableFile> _sendable = [];
    private readonly List<string> _notDicom = [];
    private readonly List<(string Path, string Why)> _damaged = [];

    /// <summary>In the order in which they are sent: by path, so that the images of a series come together.</summary>
    public IReadOnlyList<SendableFile> Sendable => _sendable;

    public IReadOnlyList<string> NotDicom => _notDicom;

    /// <summary>DICOM files that cannot be sent: cut short, or without UIDs.</summary>
    public IReadOnlyList<(string Path, string Why)> Damaged => _damaged;

    /// <summary>Files, each once, with the files of folders in the order of their paths.</summary>
    /// <exception cref="CommandException">One does not exist.</exception>
    public static IEnumerable<string> PathsOf(IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            if (Directory.Exists(path))
            {
                foreach (var file in Directory.EnumerateFiles(path, "*", Recursively).Order(StringComparer.Ordinal))
                    yield return file;
            }
            else if (File.Exists(path))
            {
                yield return path;
            }
            else
            {
                throw new CommandException(ExitCode.Usage, $"{path}: there is no such file or folder.");
            }
        }
    }

    /// <summary>Reads the headers of all.</summary>
    public static InputFiles Read(IEnumerable<string> paths, Action<string> reading, CancellationToken cancellation)
    {
        var input = new InputFiles();
        foreach (var path in PathsOf(paths))
        {
            cancellation.ThrowIfCancellationRequested();
            reading(path);
            input.Add(path);
        }

        return input;
    }

    private void Add(string path)
    {
        SendableFile? file;
        Refusal? refusal;
        bool isDicom;
        try
        {
            SendableFile.Read(path, out file, out refusal, out isDicom);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _damaged.Add((path, e.Message));
            return;
        }

        if (file is not null) _sendable.Add(file);
        else if (!isDicom) _notDicom.Add(path);
        else if (refusal is not null) _damaged.Add((path, refusal.Detail));
    }
}
