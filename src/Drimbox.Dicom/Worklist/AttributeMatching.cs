using Drimbox.Core;

namespace Drimbox.Dicom.Worklist;

/// <summary>Matches an identifier against data sets in memory. Source: PS3.4 C.2.2.2.</summary>
public static class AttributeMatching
{
    /// <summary>Keys that say how to answer, and are not matched.</summary>
    private static bool IsControl(Tag tag) => tag.IsGroupLength || tag == Tag.SpecificCharacterSet
        || tag == Tag.QueryRetrieveLevel || tag == Tag.TimezoneOffsetFromUTC;

    /// <summary>True if <paramref name="candidate"/> matches every key.</summary>
    public static bool IsMatch(DataSet identifier, DataSet candidate)
    {
        var isPeriod = IsPeriod(identifier);
        foreach (var key in identifier.Elements)
        {
            if (IsControl(key.Tag) || (isPeriod && IsMoment(key.Tag))) continue;
            if (!IsMatch(identifier, key, candidate)) return false;
        }

        return !isPeriod || IsWithinPeriod(identifier, candidate);
    }

    /// <summary>What is returned of a match: the attributes that were asked for, empty where the candidate has none
    /// (PS3.4 K.2.2.2, C.2.2.1).</summary>
    public static DataSet Project(DataSet identifier, DataSet candidate)
    {
        var match = new DataSet();
        if (candidate.TryGet(Tag.SpecificCharacterSet, out var characterSet)) match.Set(characterSet);
        foreach (var key in identifier.Elements)
        {
            if (IsControl(key.Tag)) continue;
            if (!candidate.TryGet(key.Tag, out var element))
            {
                match.Set(key.Sequence is null
                    ? new DataElement(key.Tag, key.Vr, Array.Empty<byte>())
                    : new DataElement(key.Tag, new Sequence(), Vr.SQ));
            }
            else if (key.Sequence is [var wanted, ..] && element.Sequence is { } items)
            {
                var projected = new List<DataSet>();
                foreach (var item in items)
                {
                    if (!IsMatch(wanted, item)) continue;
                    // No key in the item asks for all of it.
                    projected.Add(wanted.Count == 0 ? item : Project(wanted, item));
                }

                match.SetSequence(key.Tag, projected);
            }
            else
            {
                match.Set(element);
            }
        }

        return match;
    }

    private static bool IsMatch(DataSet identifier, in DataElement key, DataSet candidate)
    {
        if (key.Sequence is { } sequence)
        {
            // C.2.2.2.6: some item of the candidate matches all keys of the one item; an empty item matches all.
            if (sequence.Count == 0 || sequence[0].Count == 0) return true;
            var wanted = sequence[0];
            var items = candidate.GetItems(key.Tag);
            return items.Count == 0 ? IsUniversal(wanted) : items.Any(item => IsMatch(wanted, item));
        }

        var values = identifier.GetStrings(key.Tag);
        // C.2.2.2.3: universal; a lone asterisk is meant so in every VR.
        if (values.All(value => value.Length == 0 || value.All(c => c == '*'))) return true;
        var vr = key.Vr;
        return candidate.GetStrings(key.Tag).Any(stored => values.Any(value => IsMatch(vr, value, stored)));
    }

    private static bool IsMoment(Tag tag) =>
        tag == Tag.ScheduledProcedureStepStartDate || tag == Tag.ScheduledProcedureStepStartTime;

    // PS3.4 table K.6-1, (0040,0003): a range of dates with one of times is one period, from the first time of the
    // first day to the last time of the last.
    private static bool IsPeriod(DataSet identifier) =>
        identifier.GetString(Tag.ScheduledProcedureStepStartDate)?.Contains('-', StringComparison.Ordinal) == true
        && identifier.GetString(Tag.ScheduledProcedureStepStartTime)?.Contains('-', StringComparison.Ordinal) == true;

    private static bool IsWithinPeriod(DataSet identifier, DataSet candidate)
    {
        var days = Ends(identifier.GetString(Tag.ScheduledProcedureStepStartDate)!);
        var times = Ends(identifier.GetString(Tag.ScheduledProcedureStepStartTime)!);
        var day = candidate.GetString(Tag.ScheduledProcedureStepStartDate)?.Trim() ?? "";
        var time = candidate.GetString(Tag.ScheduledProcedureStepStartTime)?.Trim() ?? "";
        if (!IsWithin(days.From, days.To, day)) return false;
        return (day != days.From || times.From.Length == 0 || IsWithin(times.From, "", time))
            && (day != days.To || times.To.Length == 0 || IsWithin("", times.To, time));

        static (string From, string To) Ends(string range)
        {
            var hyphen = range.IndexOf('-', StringComparison.Ordinal);
            return (range[..hyphen].Trim(), range[(hyphen + 1)..].Trim());
        }
    }

    private static bool IsUniversal(DataSet keys)
    {
        foreach (var key in keys.Elements)
        {
            if (key.Length > 0 || key.Sequence is { Count: > 0 }) return false;
        }

        return true;
    }

    private static bool IsMatch(Vr vr, string wanted, string stored)
    {
        wanted = wanted.Trim(' ', '\0');
        stored = stored.Trim(' ', '\0');
        switch (vr)
        {
            // C.2.2.2.5: a range is closed, and one end may be open. A time is compared as far as both go.
            case Vr.DA or Vr.TM or Vr.DT when wanted.IndexOf('-', StringComparison.Ordinal) is var hyphen and >= 0:
                return IsWithin(wanted[..hyphen].Trim(), wanted[(hyphen + 1)..].Trim(), stored);
            case Vr.UI or Vr.DA or Vr.TM or Vr.DT or Vr.IS or Vr.DS or Vr.US or Vr.UL:
                return string.Equals(wanted, stored, StringComparison.Ordinal);
            // C.2.2.2.1: names without regard to case; an administrator's AE titles and codes are exact.
            case Vr.PN:
                return IsLike(wanted, stored, StringComparison.OrdinalIgnoreCase);
            default:
                return IsLike(wanted, stored, StringComparison.Ordinal);
        }
    }

    private static bool IsWithin(string from, string to, string stored)
    {
        if (stored.Length == 0) return false;
        return (from.Length == 0 || Compare(stored, from) >= 0) && (to.Length == 0 || Compare(stored, to) <= 0);

        // 0830 as an end of a range holds 083059.
        static int Compare(string value, string bound)
        {
            var length = Math.Min(value.Length, bound.Length);
            return string.CompareOrdinal(value, 0, bound, 0, length);
        }
    }

    /// <summary>C.2.2.2.4: <c>*</c> for any characters, <c>?</c> for one. Linear in the product of the lengths, which
    /// are bounded.</summary>
    private static bool IsLike(string pattern, string text, StringComparison comparison)
    {
        if (pattern.Length > Limits.MatchValueLengthMax) return false;
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = t;
            }
            else if (p < pattern.Length && (pattern[p] == '?'
                || string.Compare(pattern, p, text, t, 1, comparison) == 0))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
