using System.Globalization;
using Drimbox.Dicom;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>Makes the identifier of a query from keys as they are typed.</summary>
internal sealed class IdentifierBuilder
{
    private readonly List<(Tag[] Path, string Value, string Key)> _keys = [];

    /// <summary>Adds <c>Keyword=value</c>, <c>GGGG,EEEE=value</c>, or either inside a sequence,
    /// <c>Sequence.Keyword=value</c>; one given later takes the place of one given before.</summary>
    /// <exception cref="CommandException">It is none of these.</exception>
    public void Add(string key)
    {
        var sign = key.IndexOf('=', StringComparison.Ordinal);
        var name = sign < 0 ? key : key[..sign];
        var path = PathOf(name);
        _keys.RemoveAll(k => k.Path.SequenceEqual(path));
        _keys.Add((path, sign < 0 ? "" : key[(sign + 1)..], name));
    }

    /// <summary>Asks for a key, unless it is there.</summary>
    public void AddReturn(string key)
    {
        var path = PathOf(key);
        if (!_keys.Exists(k => k.Path.SequenceEqual(path))) _keys.Add((path, "", key));
    }

    public bool HasValue(Tag tag) => _keys.Exists(k => k.Path.Length == 1 && k.Path[0] == tag && k.Value.Length > 0);

    /// <exception cref="CommandException">A value that its attribute cannot have.</exception>
    public DataSet Build()
    {
        var identifier = new DataSet();
        // Values are encoded when they are set, so the character set comes first.
        identifier.SetCharacterSet(CharacterSet.For(_keys.Select(k => k.Value)));
        foreach (var step in _keys.GroupBy(k => k.Path[0])) Set(identifier, step.Key, [.. step], depth: 0);
        return identifier;
    }

    private static void Set(DataSet dataSet, Tag tag, List<(Tag[] Path, string Value, string Key)> keys, int depth)
    {
        var inner = keys.FindAll(k => k.Path.Length > depth + 1);
        if (inner.Count == 0)
        {
            SetValue(dataSet, tag, keys[^1].Value, keys[^1].Key);
            return;
        }

        var item = new DataSet(dataSet);
        foreach (var step in inner.GroupBy(k => k.Path[depth + 1])) Set(item, step.Key, [.. step], depth + 1);
        dataSet.SetSequence(tag, item);
    }

    private static void SetValue(DataSet dataSet, Tag tag, string value, string key)
    {
        if (!DataDictionary.TryFind(tag, out var entry))
            throw Wrong(key, "it is not in the data dictionary (PS3.6), so its VR is not known");
        if (value.Length == 0)
        {
            dataSet.SetEmpty(tag);
            return;
        }

        try
        {
            if (entry.Vr.IsText()) dataSet.SetStrings(tag, value.Split('\\'));
            else if (entry.Vr is Vr.US or Vr.SS or Vr.UL or Vr.SL or Vr.SV or Vr.UV)
                dataSet.SetInt(tag, Array.ConvertAll(value.Split('\\'), v => long.Parse(v, CultureInfo.InvariantCulture)));
            else if (entry.Vr is Vr.FL or Vr.FD)
                dataSet.SetDouble(tag, Array.ConvertAll(value.Split('\\'), v => double.Parse(v, CultureInfo.InvariantCulture)));
            else if (entry.Vr == Vr.AT && Tag.TryParse(value, out var named)) dataSet.SetTags(tag, named);
            else throw Wrong(key, $"an attribute of VR {entry.VrText} cannot be matched; leave its value out");
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw Wrong(key, $"its value is not a number that fits VR {entry.VrText}");
        }
    }

    private static Tag[] PathOf(string name)
    {
        var steps = name.Split('.');
        var path = new Tag[steps.Length];
        for (var i = 0; i < steps.Length; i++)
        {
            if (!Tag.TryParse(steps[i].Trim(), out path[i]))
                throw Wrong(name, $"'{steps[i]}' is neither a keyword of PS3.6 nor a tag GGGG,EEEE");
            var isSequence = DataDictionary.TryFind(path[i], out var entry) && entry.Vr == Vr.SQ;
            if (i < steps.Length - 1 && !isSequence)
                throw Wrong(name, $"'{steps[i]}' is no sequence, so nothing can be in it");
        }

        return path;
    }

    private static CommandException Wrong(string key, string why) =>
        new(ExitCode.Usage, $"--key {key}: {why}.");
}
