using System.Reflection;
using System.Runtime.CompilerServices;
using Drimbox.Hl7.Dictionary;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7.Tools;

/// <summary>The page of the profiles is the declarations.</summary>
public sealed class ProfilePageTests
{
    [Fact]
    public void The_page_is_what_the_declarations_say()
    {
        var page = File.ReadAllText(Path.Combine(Root(), "docs", "conformance", "hl7-profiles.md"));

        Assert.True(
            ProfilePage.Write(MessageCatalog.All) == page,
            "docs/conformance/hl7-profiles.md differs from the declarations. Write it anew: "
            + "drimbox hl7 profile > docs/conformance/hl7-profiles.md");
    }

    /// <summary>A profile that is declared and not in the catalogue would be in no tool and on no page.</summary>
    [Fact]
    public void Every_profile_that_is_declared_is_in_the_catalogue()
    {
        var declared = typeof(MessageProfile).Assembly.GetTypes()
            .SelectMany(t => t.GetProperties(BindingFlags.Static | BindingFlags.Public))
            .Where(p => p.PropertyType == typeof(MessageProfile))
            .Select(p => ((MessageProfile)p.GetValue(null)!).Id);

        Assert.Empty(declared.Except(MessageCatalog.All.Select(p => p.Id)));
    }

    /// <summary>A line that names a field which HL7 has not could never be kept.</summary>
    [Fact]
    public void Every_line_of_every_profile_names_an_element_of_HL7()
    {
        var unknown =
            from profile in MessageCatalog.All
            from rule in profile.Header.Concat(profile.Fields)
            where rule.Path.Segment[0] != 'Z' && !IsKnown(rule.Path)
            select $"{profile.Id} {rule.Path}";

        Assert.Empty(unknown);
    }

    [Fact]
    public void Every_segment_of_a_structure_that_a_line_speaks_of_has_a_name() => Assert.Empty(
        from profile in MessageCatalog.All
        from segment in profile.Fields.Select(f => f.Path.Segment).Distinct()
        where (segment[0] != 'Z' && Hl7Dictionary.SegmentName(segment) is null)
            || !profile.Structure.Names.Contains(segment)
        select $"{profile.Id} {segment}");

    private static bool IsKnown(Er7Path path)
    {
        if (Hl7Dictionary.Field(path.Segment, path.Field) is not { } field) return false;
        if (path.Component == 0) return true;
        if (Hl7Dictionary.Component(field.DataType, path.Component) is not { } component) return false;
        return path.Subcomponent == 0 || Hl7Dictionary.Component(component.DataType, path.Subcomponent) is not null;
    }

    private static string Root([CallerFilePath] string here = "")
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(here)!);
        while (!File.Exists(Path.Combine(folder!.FullName, "Drimbox.sln"))) folder = folder.Parent;
        return folder.FullName;
    }
}
