using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom;

/// <summary>The generated tables are those that their script makes of the facts beside it.</summary>
public sealed class GeneratedTablesTests
{
    [Fact]
    public async Task The_script_makes_the_tables_that_are_compiled_in()
    {
        var source = SourceFolder();
        using var folder = new PeerFolder();

        await Dcmtk.SucceedAsync("python3", Path.Combine(source, "generate.py"), folder.Folder);

        var made = Directory.GetFiles(folder.Folder);
        Assert.Equal(
            Directory.GetFiles(source, "*.g.cs").Select(Path.GetFileName).Order(),
            made.Select(Path.GetFileName).Order());
        foreach (var file in made)
        {
            Assert.True(
                await File.ReadAllTextAsync(file)
                    == await File.ReadAllTextAsync(Path.Combine(source, Path.GetFileName(file))),
                $"{Path.GetFileName(file)} is not what generate.py makes: run it.");
        }
    }

    [Fact]
    public void Each_fact_is_in_the_dictionary_and_nothing_else()
    {
        var facts = File.ReadLines(Path.Combine(SourceFolder(), "attributes.txt"))
            .Select(line => line.Split('|'))
            .Where(columns => !columns[0].Contains('x', StringComparison.Ordinal))
            .Select(columns => string.Join('|', columns).Replace("|NONE|", "||", StringComparison.Ordinal));

        Assert.Equal(
            facts,
            DataDictionary.All.Select(e =>
                $"{e.Tag.Value:X8}|{e.VrText}|{e.Vm}|{e.Keyword}|{(e.IsRetired ? "R" : "")}"));
    }

    private static string SourceFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var source = Path.Combine(folder.FullName, "src", "Drimbox.Dicom", "Generated");
            if (Directory.Exists(source)) return source;
        }

        Peer.Missing("the sources are not here");
        return "";
    }
}
