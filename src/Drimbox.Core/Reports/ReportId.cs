using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Reports;

/// <summary>Our identifier of a report through all its versions; a table of aliases leads from the ids of the
/// documents to it (docs/adr/0005).</summary>
[JsonConverter(typeof(ParsableJsonConverter<ReportId>))]
public readonly record struct ReportId : IParsable<ReportId>
{
    private readonly string? _value;

    private ReportId(string value) => _value = value;

    public bool IsEmpty => _value is null;

    public static ReportId New(IIdSource ids) => new(ids.NewUuid());

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ReportId result)
    {
        result = default;
        if (!Guid.TryParseExact(s, "D", out _)) return false;
        result = new ReportId(s!);
        return true;
    }

    public static ReportId Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("Not a report id.");

    public override string ToString() => _value ?? "";
}
