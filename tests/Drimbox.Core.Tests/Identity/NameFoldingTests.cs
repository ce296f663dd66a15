using System.Diagnostics;
using Drimbox.Core.Identity;

namespace Drimbox.Tests.Identity;

public sealed class NameFoldingTests
{
    [Theory]
    [InlineData("DUPONT^JEAN", "DUPONT^JEAN")]
    [InlineData("dupont^jean", "DUPONT^JEAN")]
    [InlineData("Éléonore d’Ångström", "ELEONORE D'ANGSTROM")]
    [InlineData("Lecœur", "LECOEUR")]
    [InlineData("Weiß", "WEISS")]
    [InlineData("Sørensen", "SORENSEN")]
    [InlineData("Łukasz Đorđević", "LUKASZ DORDEVIC")]
    [InlineData("Nguyễn", "NGUYEN")]
    [InlineData("Ὀδυσσεύς", "ΟΔΥΣΣΕΥΣ")]
    [InlineData("Йосиф", "ИОСИФ")]
    [InlineData("Ｙａｍａｄａ", "YAMADA")]
    [InlineData("山田^太郎", "山田^太郎")]
    [InlineData("e\u0301", "E")] // a combining accent
    [InlineData("A*?%_", "A*?%_")]
    [InlineData("", "")]
    public void Case_and_accents_do_not_count(string text, string folded)
    {
        Assert.Equal(folded, NameFolding.Fold(text));
        Assert.Equal(folded, NameFolding.Fold(folded));
    }

    [Theory]
    [InlineData("Dupont^Zoé^^^", "DUPONT^ZOE", "", "")]
    [InlineData(" Dupont ^ Zoé ", "DUPONT^ZOE", "", "")]
    [InlineData("Yamada^Tarou=山田^太郎=やまだ^たろう", "YAMADA^TAROU", "山田^太郎", "やまだ^たろう")]
    [InlineData("=山田", "", "山田", "")]
    [InlineData("a=b=c=d", "A", "B", "C=D")]
    [InlineData("", "", "", "")]
    public void A_person_name_has_three_groups(string name, string alphabetic, string ideographic, string phonetic) =>
        Assert.Equal((alphabetic, ideographic, phonetic), NameFolding.FoldPersonName(name));

    [Fact]
    public void The_table_is_what_its_generator_writes()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Drimbox.sln"))) folder = Path.GetDirectoryName(folder)!;
        folder = Path.Combine(folder, "src", "Drimbox.Core", "Identity", "Generated");
        var start = new ProcessStartInfo(Peer.Require("python3"), [Path.Combine(folder, "name-folding.py")])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        using var python = Process.Start(start)!;
        var written = python.StandardOutput.ReadToEnd();
        python.WaitForExit();
        Assert.Equal(File.ReadAllText(Path.Combine(folder, "NameFoldingTable.cs")), written);
    }
}
