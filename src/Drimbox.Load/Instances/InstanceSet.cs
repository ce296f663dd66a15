using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Load.Synthetic;

namespace Drimbox.Load.Instances;

/// <summary>The instances of a run: an endless row, each with UIDs of its own. Safe for concurrent use.</summary>
public sealed class InstanceSet
{
    // So that a receiver that compresses or deduplicates meets more than one picture.
    private const int Variants = 4;

    private readonly Uid _root;
    private readonly IReadOnlyList<Stream> _streams;
    private readonly int _studiesPerRound;
    private readonly int _seriesPerRound;
    private readonly long? _perStudy;
    private long _next = -1;

    private InstanceSet(
        Uid root, IReadOnlyList<Stream> streams, int studiesPerRound, int seriesPerRound, long? perStudy)
    {
        _root = root;
        _streams = streams;
        _studiesPerRound = studiesPerRound;
        _seriesPerRound = seriesPerRound;
        _perStudy = perStudy;
        Kinds = streams.SelectMany(s => s.Templates)
            .Select(t => (t.SopClassUid, t.TransferSyntax.Uid)).Distinct().ToList();
        MeanLength = streams.Average(s => s.Templates.Average(t => t.Length));
    }

    /// <summary>The SOP classes and transfer syntaxes of the instances.</summary>
    public IReadOnlyList<(Uid SopClassUid, Uid TransferSyntaxUid)> Kinds { get; }

    /// <summary>Mean bytes of a data set.</summary>
    public double MeanLength { get; }

    /// <summary>Synthetic instances.</summary>
    /// <param name="specifications">They take turns; each fills studies of its own.</param>
    /// <param name="root">A UID that no run before had.</param>
    /// <param name="perStudy">Instances of a study, all in one series.</param>
    /// <param name="performedAt">When the examinations took place.</param>
    /// <param name="seed">The same seed gives the same bytes, UIDs apart.</param>
    public static InstanceSet Synthetic(
        IReadOnlyList<InstanceSpecification> specifications,
        Uid root,
        int perStudy,
        DateTimeOffset performedAt,
        int seed)
    {
        var streams = specifications.Select(specification => new Stream(
            [.. SyntheticInstances.Of(specification, root, performedAt, seed, Variants)], 0, 0)).ToList();
        return new InstanceSet(root, streams, 0, 0, perStudy);
    }

    /// <summary>The DICOM files of a folder, over and over, every time under new UIDs: studies and series stay
    /// together.</summary>
    /// <param name="set">The set.</param>
    /// <param name="refusal">Why there is none.</param>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static bool TryOpenFolder(string folder, Uid root, out InstanceSet? set, out Refusal? refusal)
    {
        set = null;
        var studies = new Dictionary<Uid, int>();
        var series = new Dictionary<Uid, int>();
        var streams = new List<Stream>();
        long inMemory = 0;
        string? firstFault = null;
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order())
        {
            if (FileTemplate.TryRead(path, root, ref inMemory, out var fault) is not { } template)
            {
                firstFault ??= $"{path}: {fault}";
                continue;
            }

            streams.Add(new Stream(
                [template.Template], NumberOf(studies, template.StudyUid), NumberOf(series, template.SeriesUid)));
        }

        refusal = streams.Count > 0 ? null : new Refusal(
            RefusalReason.RequiredFieldMissing,
            firstFault is null ? $"{folder} is empty." : $"{folder} has no DICOM file that can be sent. {firstFault}");
        if (refusal is not null) return false;
        set = new InstanceSet(root, streams, studies.Count, series.Count, null);
        return true;
    }

    /// <summary>The next instance.</summary>
    /// <param name="study">The number of its study, for <see cref="StudyUid"/>.</param>
    /// <param name="length">Bytes of its data set.</param>
    public InstanceSource Next(out long study, out long length)
    {
        var number = Interlocked.Increment(ref _next);
        var (round, place) = Math.DivRem(number, _streams.Count);
        var stream = _streams[(int)place];
        var numbers = _perStudy is { } perStudy
            ? StudyOfOneKind(number, round, place, perStudy)
            : new InstanceNumbers(
                (round * _studiesPerRound) + stream.Study, (round * _seriesPerRound) + stream.Series, number, 0);
        study = numbers.Study;
        var template = stream.Templates[(int)(round % stream.Templates.Count)];
        length = template.Length;
        return template.Instance(numbers);
    }

    public Uid StudyUid(long study) => InstanceTemplate.StudyUid(_root, study);

    private InstanceNumbers StudyOfOneKind(long number, long round, long place, long perStudy)
    {
        var study = (round / perStudy * _streams.Count) + place;
        return new InstanceNumbers(study, study, number, (round % perStudy) + 1);
    }

    private static int NumberOf(Dictionary<Uid, int> numbers, Uid uid)
    {
        if (!numbers.TryGetValue(uid, out var number)) numbers[uid] = number = numbers.Count;
        return number;
    }

    /// <summary>Instances that follow each other in studies of their own.</summary>
    /// <param name="Templates">Of the same kind, in turns.</param>
    private sealed record Stream(IReadOnlyList<InstanceTemplate> Templates, int Study, int Series);
}
