using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Load;
using Drimbox.Load.Instances;
using Drimbox.Load.Pacing;
using Drimbox.Load.Targets;

namespace Drimbox.Gateway.Commands.Load;

/// <summary>The arguments of <c>drimbox load</c> and what they mean.</summary>
internal sealed class LoadArguments
{
    private static readonly TimeSpan DurationDefault = TimeSpan.FromSeconds(10);

    private readonly Argument<string?> _target = new("target")
    {
        Description = "AET@HOST:PORT of the DICOM peer; not needed for messages alone.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _query = new("--query-target")
    {
        Description = "AET@HOST:PORT for C-FIND and C-MOVE; default: the target.",
    };
    private readonly Option<string?> _mllp = new("--mllp") { Description = "HOST:PORT of the HL7 peer." };
    private readonly Option<string> _mix = new("--mix")
    {
        Description = "Operations and their weights: echo, store, find, move, mllp.",
        DefaultValueFactory = _ => "store",
    };
    private readonly Option<string?> _duration = new("--duration", "-d")
    {
        Description = "Time of the run after the warm-up, as 30s, 5m, 1h. Default: 10s, or none with --count.",
    };
    private readonly Option<long?> _count = new("--count", "-n") { Description = "Operations in all." };
    private readonly Option<string> _warmUp = new("--warm-up")
    {
        Description = "Time at the beginning that is not counted.",
        DefaultValueFactory = _ => "0s",
    };
    private readonly Option<double?> _rate = new("--rate") { Description = "Operations a second: an open loop." };
    private readonly Option<int> _associations = new("--associations", "-a")
    {
        Description = "Associations at once, and HL7 connections.",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<int> _window = new("--window")
    {
        Description = "Operations outstanding on one association, if the peer agrees.",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<int?> _perAssociation = new("--per-association")
    {
        Description = "Operations before an association is released and opened again.",
    };
    private readonly Option<int> _pdu = new("--pdu")
    {
        Description = "Longest P-DATA-TF, in bytes.",
        DefaultValueFactory = _ => Limits.PduLengthOffered,
    };
    private readonly Option<string> _timeout = new("--timeout")
    {
        Description = "Longest wait for an answer.",
        DefaultValueFactory = _ => "60s",
    };
    private readonly Option<string> _calling = new("--calling")
    {
        Description = "Our AE title.",
        DefaultValueFactory = _ => "DRIMBOXLOAD",
    };
    private readonly Option<string> _instances = new("--instances")
    {
        Description = "What to store: MODALITY:SIZE:SYNTAX, comma-separated, in turns. CT, MR, CR, US, KO; explicit, "
            + "implicit, jpeg, jpeg-lossless, jpeg-ls, jpeg2000, htj2k, rle or a UID.",
        DefaultValueFactory = _ => "CT:512KiB:explicit",
    };
    private readonly Option<string?> _data = new("--data")
    {
        Description = "Folder of DICOM files to store instead, under new UIDs.",
    };
    private readonly Option<int> _perStudy = new("--per-study")
    {
        Description = "Synthetic instances of one study.",
        DefaultValueFactory = _ => 100,
    };
    private readonly Option<string?> _moveTo = new("--move-to") { Description = "AE title that C-MOVE sends to." };
    private readonly Option<string[]> _keys = new("--key", "-k")
    {
        Description = "KEYWORD=VALUE to ask for, as PatientID=42. Default: a study stored by this run. Repeatable.",
    };
    private readonly Option<string?> _message = new("--message")
    {
        Description = "File with the HL7 message to send, under a new MSH-10; {id} in it becomes the same. Default: a report.",
    };
    private readonly Option<string?> _reportSize = new("--report-size")
    {
        Description = "About how long the report is, as 300KiB. Default: with a PDF of one page, 37 KiB.",
    };
    private readonly Option<int> _seed = new("--seed")
    {
        Description = "The same seed gives the same data and order.",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<int?> _pid = new("--pid")
    {
        Description = "Process of the peer, to record its CPU and memory. Default: found by its port.",
    };

    public void AddTo(Command command)
    {
        command.Arguments.Add(_target);
        Option[] options =
        [
            _query, _mllp, _mix, _duration, _count, _warmUp, _rate, _associations, _window, _perAssociation, _pdu,
            _timeout, _calling, _instances, _data, _perStudy, _moveTo, _keys, _message, _reportSize, _seed, _pid,
        ];
        foreach (var option in options.Concat(TlsArguments.OfCaller)) command.Options.Add(option);
    }

    /// <param name="refusal">Which argument is wrong, and what it takes.</param>
    /// <exception cref="CommandException">The arguments of TLS do not go together.</exception>
    public bool TryRead(
        ParseResult parsed, [NotNullWhen(true)] out LoadOptions? options, [NotNullWhen(false)] out Refusal? refusal)
    {
        options = null;
        DicomPeer? target = null, query = null;
        HostPort mllp = default;
        AeTitle moveTo = default;
        if (!Optional(parsed.GetValue(_target), text => DicomPeer.TryParse(text, out target)))
            return Fail("The target is AET@HOST:PORT, as PACS@localhost:11112.", out refusal);
        if (!Optional(parsed.GetValue(_query), text => DicomPeer.TryParse(text, out query)))
            return Fail("--query-target takes AET@HOST:PORT.", out refusal);
        if (!Optional(parsed.GetValue(_mllp), text => HostPort.TryParse(text, out mllp)))
            return Fail("--mllp takes HOST:PORT.", out refusal);
        if (!Optional(parsed.GetValue(_moveTo), text => AeTitle.TryParse(text, out moveTo)))
            return Fail("--move-to takes an AE title of at most 16 characters.", out refusal);
        if (!AeTitle.TryParse(parsed.GetValue(_calling), out var calling))
            return Fail("--calling takes an AE title of at most 16 characters.", out refusal);
        if (!OperationMix.TryParse(parsed.GetValue(_mix)!, out var mix, out refusal)) return false;
        if (!TryReadSchedule(parsed, out var schedule, out refusal)) return false;
        if (!Durations.TryParse(parsed.GetValue(_timeout)!, out var timeout) || timeout <= TimeSpan.Zero)
            return Fail("--timeout takes a time, as 30s.", out refusal);
        if (!TryReadInstances(parsed.GetValue(_instances)!, out var instances, out refusal)) return false;
        long reportBytes = 0;
        if (!Optional(parsed.GetValue(_reportSize), text => Sizes.TryParse(text, out reportBytes)))
            return Fail("--report-size takes a number with B, KiB or MiB, as 300KiB.", out refusal);
        if (!TryReadKeys(parsed.GetValue(_keys) ?? [], out var keys, out refusal)) return false;
        var tls = TlsArguments.CallerOptions(parsed);
        options = new LoadOptions
        {
            Target = target is null ? null : target with { Tls = tls },
            QueryTarget = query is null ? null : query with { Tls = tls },
            Mllp = parsed.GetValue(_mllp) is null ? null : mllp,
            CallingAe = calling,
            Mix = mix,
            Schedule = schedule,
            Associations = parsed.GetValue(_associations),
            Window = parsed.GetValue(_window),
            PerAssociation = parsed.GetValue(_perAssociation),
            MaximumLength = parsed.GetValue(_pdu),
            ResponseTimeout = timeout,
            Seed = parsed.GetValue(_seed),
            Instances = instances,
            DataFolder = parsed.GetValue(_data),
            PerStudy = parsed.GetValue(_perStudy),
            MoveDestination = moveTo,
            Keys = keys,
            MessageFile = parsed.GetValue(_message),
            ReportBytes = parsed.GetValue(_reportSize) is null ? null : reportBytes,
            TargetPid = parsed.GetValue(_pid),
        };
        return true;
    }

    internal static bool TryReadInstances(
        string text, out IReadOnlyList<InstanceSpecification> instances, [NotNullWhen(false)] out Refusal? refusal)
    {
        var read = new List<InstanceSpecification>();
        instances = read;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!InstanceSpecification.TryParse(part, out var specification, out refusal)) return false;
            read.Add(specification);
        }

        return read.Count > 0 ? Succeed(out refusal) : Fail("--instances is empty.", out refusal);
    }

    private bool TryReadSchedule(
        ParseResult parsed,
        [NotNullWhen(true)] out ArrivalSchedule? schedule,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        schedule = null;
        var count = parsed.GetValue(_count);
        TimeSpan? duration = count is null ? DurationDefault : null;
        if (parsed.GetValue(_duration) is { } text)
        {
            if (!Durations.TryParse(text, out var given) || given <= TimeSpan.Zero)
                return Fail("--duration takes a time, as 30s, 5m or 1h.", out refusal);
            duration = given;
        }

        if (!Durations.TryParse(parsed.GetValue(_warmUp)!, out var warmUp) || warmUp < TimeSpan.Zero)
            return Fail("--warm-up takes a time, as 5s.", out refusal);
        schedule = new ArrivalSchedule(parsed.GetValue(_rate), warmUp, duration, count);
        return Succeed(out refusal);
    }

    private static bool TryReadKeys(
        IReadOnlyList<string> texts,
        out IReadOnlyList<(Tag Tag, string Value)> keys,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        var read = new List<(Tag Tag, string Value)>();
        keys = read;
        foreach (var text in texts)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || !DataDictionary.TryFindTag(text[..equals], out var tag)
                || !DataDictionary.TryFind(tag, out var entry) || !entry.Vr.IsText())
            {
                return Fail(
                    $"--key takes KEYWORD=VALUE with a keyword of PS3.6, as PatientID=42; '{text}' is none.", out refusal);
            }

            read.Add((tag, text[(equals + 1)..]));
        }

        return Succeed(out refusal);
    }

    private static bool Optional(string? text, Func<string, bool> parse) => text is null || parse(text);

    private static bool Succeed(out Refusal? refusal)
    {
        refusal = null;
        return true;
    }

    private static bool Fail(string why, [NotNull] out Refusal? refusal)
    {
        refusal = new Refusal(RefusalReason.TableValue, why);
        return false;
    }
}

/// <summary>Times as people write them.</summary>
internal static class Durations
{
    /// <param name="text">A number with ms, s, m or h; without a unit: seconds.</param>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var digits = text.TrimEnd("mshMSH".ToCharArray());
        var factor = text[digits.Length..].ToLowerInvariant() switch
        {
            "ms" => 0.001,
            "s" or "" => 1,
            "m" => 60,
            "h" => 3600,
            _ => 0,
        };
        if (factor == 0
            || !double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number * factor > TimeSpan.FromDays(30).TotalSeconds)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(number * factor);
        return true;
    }
}
