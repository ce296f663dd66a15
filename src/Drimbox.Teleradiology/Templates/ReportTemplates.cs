using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Teleradiology.Reports;

namespace Drimbox.Teleradiology.Templates;

/// <summary>The templates of a platform: the files of a folder, and one of ours that is always there.</summary>
public sealed partial class ReportTemplates
{
    private static readonly JsonSerializerOptions Json = new()
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        PropertyNameCaseInsensitive = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly SortedDictionary<string, ReportTemplate> _templates = new(StringComparer.Ordinal)
    {
        [ReportTemplate.Default.Name] = ReportTemplate.Default,
    };

    /// <summary>In the order of their names.</summary>
    public IReadOnlyCollection<ReportTemplate> All => _templates.Values;

    /// <summary>Reads <c>NAME.json</c> of a folder: <c>{ "Modalities": ["CT"], "Regions": ["774007"], "Indication":
    /// "…", "Technique": "…", "Results": "…", "Conclusion": "…", "Publication": ["Withhold"] }</c>, all optional. A
    /// file named default.json takes the place of ours.</summary>
    /// <param name="folder">Null for ours alone.</param>
    /// <exception cref="FormatException">A file is no template: its name and what is wrong are in the message.
    /// </exception>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static ReportTemplates Load(string? folder)
    {
        var templates = new ReportTemplates();
        if (folder is null) return templates;
        if (!Directory.Exists(folder)) throw new FormatException($"there is no folder {folder}.");
        var files = Directory.GetFiles(folder, "*.json");
        if (files.Length > Limits.ReportTemplatesMax)
            throw new FormatException($"{folder}: more than {Limits.ReportTemplatesMax} templates.");
        foreach (var file in files)
        {
            var template = Read(file);
            templates._templates[template.Name] = template;
        }

        return templates;
    }

    public ReportTemplate? Find(string name) => _templates.GetValueOrDefault(name);

    /// <summary>The one that is made for most of what the examination is; of equals, the first by name. Never one that
    /// restricts the publication: then a setting could take the reports of all examinations out of the DMP.</summary>
    public ReportTemplate BestFor(string modality, string region) =>
        _templates.Values
            .Where(template => template.Publication.Count == 0 && template.FitFor(modality, region) is not null)
            .OrderByDescending(template => template.FitFor(modality, region))
            .FirstOrDefault() ?? ReportTemplate.Default;

    private static ReportTemplate Read(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        if (!NamePattern().IsMatch(name))
            throw new FormatException($"{file}: a template is named with lower case letters, digits and hyphens.");
        if (new FileInfo(file).Length > Limits.ReportTemplateBytesMax)
            throw new FormatException($"{file}: more than {Limits.ReportTemplateBytesMax} bytes.");
        TemplateFile? read;
        try
        {
            read = JsonSerializer.Deserialize<TemplateFile>(File.ReadAllText(file), Json);
        }
        catch (JsonException e)
        {
            throw new FormatException($"{file}: {e.Message}", e);
        }

        if (read is null) throw new FormatException($"{file}: empty.");
        foreach (var part in (string[])[read.Indication, read.Technique, read.Results, read.Conclusion])
        {
            if (TemplateWords.UnknownIn(part) is { } word)
                throw new FormatException($"{file}: {{{word}}} is no word that can be filled.");
        }

        if (!read.Publication.All(PublicationDefaults.IsRestriction))
            throw new FormatException($"{file}: Publication {new RestrictionsAttribute().FormatErrorMessage("")}.");
        if (name == ReportTemplate.Default.Name && read.Publication.Count > 0)
        {
            throw new FormatException(
                $"{file}: the default of all reports has no Publication; give it to a template of its own.");
        }

        // A text without a blank and without a radiologist would be a finding that nobody made.
        if (Concludes(read.Results) || Concludes(read.Conclusion))
            throw new FormatException($"{file}: Results and Conclusion are empty or have a blank, as [[Conclusion]].");
        return new ReportTemplate(
            name, read.Modalities, read.Regions,
            new ReportText(read.Indication, read.Technique, read.Results, read.Conclusion)
            {
                Publication = PublicationDefaults.Restrict(PublicationChoices.Default, read.Publication),
            })
        {
            Publication = read.Publication,
        };
    }

    private static bool Concludes(string part) =>
        !string.IsNullOrWhiteSpace(part)
        && ReportTemplate.BlankIn(new ReportText("", "", part, "")) is null;

    [GeneratedRegex(@"^[a-z0-9][a-z0-9-]{0,63}$")]
    private static partial Regex NamePattern();

    private sealed record TemplateFile
    {
        public IReadOnlyList<string> Modalities { get; init; } = [];

        public IReadOnlyList<string> Regions { get; init; } = [];

        public string Indication { get; init; } = ReportTemplate.Default.Text.Indication;

        public string Technique { get; init; } = ReportTemplate.Default.Text.Technique;

        public string Results { get; init; } = ReportTemplate.Default.Text.Results;

        public string Conclusion { get; init; } = ReportTemplate.Default.Text.Conclusion;

        public IReadOnlyList<PublicationDecision> Publication { get; init; } = [];
    }
}
