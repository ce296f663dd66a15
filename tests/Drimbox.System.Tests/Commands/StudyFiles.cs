using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Load.Synthetic;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Commands;

/// <summary>A folder with a small study in <c>study</c>, and room for what a test writes.</summary>
internal sealed class StudyFiles : IDisposable
{
    public static readonly SyntheticStudyOrder Order = new(
        Uid.Parse("1.2.250.1.213.4.5.2.1.104"),
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"), null,
            "PAT-TROIS", "DOMINIQUE", "DOMINIQUE ZOÉ", "PAT-TROIS", "19790328", "F", "63220"),
        new DateTimeOffset(2026, 8, 22, 8, 31, 17, TimeSpan.FromHours(2)))
    {
        Instances = 6,
        Series = 2,
        Rows = 32,
        Columns = 48,
    };

    private readonly StoreFolder _folder = new();
    private readonly List<string> _paths = [];

    public StudyFiles()
    {
        Study = Directory.CreateDirectory(PathOf("study")).FullName;
        foreach (var bytes in SyntheticStudy.Files(Order))
        {
            // PS3.10 8.2: a name that a DICOMDIR may have.
            _paths.Add(Path.Combine(Study, $"IM{_paths.Count}"));
            File.WriteAllBytes(_paths[^1], bytes);
        }
    }

    public string Study { get; }

    public IReadOnlyList<string> Paths => _paths;

    public string PathOf(string name) => Path.Combine(_folder.Path, name);

    public string Folder(string name) => Directory.CreateDirectory(PathOf(name)).FullName;

    /// <summary>The data set bytes of the files of a folder, by SOP Instance UID.</summary>
    public static Dictionary<string, byte[]> DataSetsIn(string folder) =>
        Directory.GetFiles(folder).ToDictionary(
            path => Read(path).DataSet.GetString(Tag.SOPInstanceUID)!,
            path => File.ReadAllBytes(path)[(int)Read(path).DataSetOffset..]);

    public static DicomFile Read(string path)
    {
        Assert.True(DicomFile.TryRead(path, out var file, out var refusal), refusal?.Detail);
        return file!;
    }

    /// <summary>An acceptor of this process, titled PEER.</summary>
    public static DicomAcceptor Start(Func<AcceptorOptions, AcceptorOptions> configure)
    {
        var acceptor = new DicomAcceptor(
            configure(new AcceptorOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                AeTitles = [AeTitle.Parse("PEER")],
            }),
            NullLogger.Instance);
        acceptor.Start();
        return acceptor;
    }

    public static string AddressOf(DicomAcceptor acceptor) => $"PEER@127.0.0.1:{acceptor.EndPoint.Port}";

    public void Dispose() => _folder.Dispose();
}
