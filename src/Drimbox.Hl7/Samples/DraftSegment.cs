using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Samples;

/// <summary>A segment that is being made up: its values by field, component and subcomponent, each from 1. One
/// repetition a field.</summary>
internal sealed class DraftSegment(string name)
{
    private readonly SortedDictionary<(int Field, int Component, int Subcomponent), string> _values = [];

    public string Name => name;

    /// <summary>The value at a path: a field or component alone is its first part.</summary>
    public string this[Er7Path path]
    {
        get => _values.GetValueOrDefault(KeyOf(path), "");
        set => _values[KeyOf(path)] = value;
    }

    public bool Has(int field) => _values.Keys.Any(k => k.Field == field);

    /// <summary>Sets a field from its text, <c>A^B&amp;C</c>.</summary>
    public void Set(int field, string text)
    {
        Clear(field);
        var components = text.Split('^');
        for (var c = 0; c < components.Length; c++)
        {
            var parts = components[c].Split('&');
            for (var s = 0; s < parts.Length; s++)
            {
                if (parts[s].Length > 0) _values[(field, c + 1, s + 1)] = parts[s];
            }
        }
    }

    /// <summary>Takes a field over from another segment.</summary>
    public void Copy(int field, DraftSegment from, int fromField)
    {
        Clear(field);
        foreach (var (key, value) in from._values.Where(v => v.Key.Field == fromField).ToList())
            _values[(field, key.Component, key.Subcomponent)] = value;
    }

    public void Write(Er7Writer writer)
    {
        writer.Segment(name);
        foreach (var field in _values.GroupBy(v => v.Key.Field))
        {
            var parts = new Er7Part[field.Max(v => v.Key.Component)];
            foreach (var component in field.GroupBy(v => v.Key.Component))
            {
                var subcomponents = new string?[component.Max(v => v.Key.Subcomponent)];
                foreach (var (key, value) in component) subcomponents[key.Subcomponent - 1] = value;
                parts[component.Key - 1] = Er7Part.Of(subcomponents);
            }

            writer.Set(field.Key, parts);
        }
    }

    private static (int, int, int) KeyOf(Er7Path path) =>
        (path.Field, Math.Max(1, path.Component), Math.Max(1, path.Subcomponent));

    private void Clear(int field)
    {
        foreach (var key in _values.Keys.Where(k => k.Field == field).ToList()) _values.Remove(key);
    }
}
