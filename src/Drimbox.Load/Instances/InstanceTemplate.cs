using System.Globalization;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Load.Instances;

/// <summary>The identifiers of one instance among those of a run.</summary>
/// <param name="Study">Number of its study, from 0.</param>
/// <param name="Series">Number of its series, from 0.</param>
/// <param name="Instance">Its own number, from 0.</param>
/// <param name="InstanceNumber">(0020,0013), from 1.</param>
public readonly record struct InstanceNumbers(long Study, long Series, long Instance, long InstanceNumber);

/// <summary>
/// An encoded data set in which only the identifiers differ from one instance to the next. They all have ten digits, so
/// a new instance is a copy of the header with a few digits overwritten; what follows the header, the pixel data, is
/// shared by all.
/// </summary>
public sealed class InstanceTemplate
{
    private readonly byte[] _head;
    private readonly InstancePayload _payload;
    private readonly Uid _root;
    private readonly List<(int Offset, Part Part)> _places = [];

    private InstanceTemplate(Uid root, Uid sopClassUid, TransferSyntax syntax, byte[] head, InstancePayload payload)
    {
        _root = root;
        _head = head;
        _payload = payload;
        SopClassUid = sopClassUid;
        TransferSyntax = syntax;
        Mark(StudyUid(root, 0).ToString(), Part.Study);
        Mark(SeriesUid(root, 0).ToString(), Part.Series);
        Mark(InstanceUid(root, 0).ToString(), Part.Instance);
    }

    private enum Part
    {
        Study,
        Series,
        Instance,
        InstanceNumber,
    }

    // IS has 12 characters (PS3.5 6.2); a number that does not occur otherwise.
    private const string FirstInstanceNumber = "1000000001";
    private const long FirstNumber = 1_000_000_000;
    private const int Digits = 10;

    public Uid SopClassUid { get; }

    public TransferSyntax TransferSyntax { get; }

    /// <summary>Bytes of the data set.</summary>
    public long Length => _head.Length + _payload.Length;

    /// <summary>The Study Instance UID of a study of the run that has that root.</summary>
    public static Uid StudyUid(Uid root, long study) => Numbered(root, 1, study);

    public static Uid SeriesUid(Uid root, long series) => Numbered(root, 2, series);

    public static Uid InstanceUid(Uid root, long instance) => Numbered(root, 3, instance);

    /// <summary>LO, invented: every study is of a patient of its own.</summary>
    public static string PatientId(long study) => $"LOAD{FirstNumber + study}";

    /// <summary>SH: 16 characters at most (PS3.5 6.2).</summary>
    public static string AccessionNumber(long study) => $"LA{FirstNumber + study}";

    /// <summary>A template of a data set in memory: all identifiers are replaced.</summary>
    /// <param name="root">The UID of the run: the UIDs of its instances are below it. At most 51 characters.</param>
    public static InstanceTemplate FromSynthetic(DataSet dataSet, TransferSyntax syntax, Uid root)
    {
        dataSet.SetString(Tag.PatientID, PatientId(0));
        dataSet.SetString(Tag.AccessionNumber, AccessionNumber(0));
        dataSet.SetString(Tag.InstanceNumber, FirstInstanceNumber);
        var pixels = new DataSet();
        if (dataSet.TryGet(Tag.PixelData, out var pixelData))
        {
            dataSet.Remove(Tag.PixelData);
            pixels.Set(pixelData);
        }

        var template = FromHeader(
            dataSet, syntax, root, InstancePayload.InMemory(DataSetWriter.ToBytes(pixels, syntax)));
        template.Mark(PatientId(0), Part.Study);
        template.Mark(AccessionNumber(0), Part.Study);
        template.Mark(FirstInstanceNumber, Part.InstanceNumber);
        return template;
    }

    /// <summary>A template of a header and what follows it.</summary>
    /// <param name="header">The data set up to Pixel Data; its study, series and instance UIDs are replaced.</param>
    public static InstanceTemplate FromHeader(DataSet header, TransferSyntax syntax, Uid root, InstancePayload payload)
    {
        header.SetUid(Tag.StudyInstanceUID, StudyUid(root, 0));
        header.SetUid(Tag.SeriesInstanceUID, SeriesUid(root, 0));
        header.SetUid(Tag.SOPInstanceUID, InstanceUid(root, 0));
        return new InstanceTemplate(
            root, header.GetUid(Tag.SOPClassUID), syntax, DataSetWriter.ToBytes(header, syntax), payload);
    }

    /// <summary>A new instance. Nothing is copied until it is opened, and then only the header.</summary>
    public InstanceSource Instance(InstanceNumbers numbers) => new Filled(this, numbers);

    private static Uid Numbered(Uid root, int branch, long number)
    {
        // Ten digits without a leading zero (PS3.5 9.1) for 9 thousand million instances.
        Invariant.Holds(number is >= 0 and < 9 * FirstNumber);
        return Uid.Parse($"{root}.{branch}.{FirstNumber + number}");
    }

    private void Mark(string text, Part part)
    {
        var sought = Encoding.ASCII.GetBytes(text);
        for (var at = 0; _head.AsSpan(at).IndexOf(sought) is var found and >= 0; at += found + sought.Length)
            _places.Add((at + found + sought.Length - Digits, part));
    }

    private void Fill(Span<byte> head, in InstanceNumbers numbers)
    {
        _head.CopyTo(head);
        foreach (var (offset, part) in _places)
        {
            var number = part switch
            {
                Part.Study => FirstNumber + numbers.Study,
                Part.Series => FirstNumber + numbers.Series,
                Part.Instance => FirstNumber + numbers.Instance,
                _ => numbers.InstanceNumber,
            };
            number.TryFormat(head.Slice(offset, Digits), out _, "D10", CultureInfo.InvariantCulture);
        }
    }

    private sealed class Filled(InstanceTemplate template, InstanceNumbers numbers) : InstanceSource(
        template.SopClassUid, InstanceUid(template._root, numbers.Instance), template.TransferSyntax.Uid)
    {
        public override InstanceContent Open()
        {
            var head = new byte[template._head.Length];
            template.Fill(head, numbers);
            return new Content(head, template._payload.Open(), template.Length);
        }
    }

    private sealed class Content : InstanceContent
    {
        private readonly InstanceContent _payload;
        private ReadOnlyMemory<byte> _head;

        public Content(byte[] head, InstanceContent payload, long length)
        {
            _head = head;
            _payload = payload;
            Length = length;
        }

        public override int Read(Span<byte> destination)
        {
            if (_head.IsEmpty) return _payload.Read(destination);
            var count = Math.Min(destination.Length, _head.Length);
            _head.Span[..count].CopyTo(destination);
            _head = _head[count..];
            return count;
        }

        public override ReadOnlyMemory<byte> Take(int count)
        {
            if (_head.IsEmpty) return _payload.Take(count);
            var taken = _head[..Math.Min(count, _head.Length)];
            _head = _head[taken.Length..];
            return taken;
        }

        public override void Dispose() => _payload.Dispose();
    }
}
