using System.Xml.Linq;

namespace Drimbox.Tests.Tidy;

/// <summary>The working tree, found upward from the test assembly.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> Files(string folder, string pattern) => Directory
        .EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
        .Where(f => !Relative(f).Split('/').Any(part => part is "bin" or "obj" or "node_modules" or ".git"));

    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    /// <summary>Project name (without "Drimbox.") → names of the projects it references.</summary>
    public static IReadOnlyDictionary<string, IReadOnlySet<string>> References(string folder) =>
        Files(folder, "*.csproj").ToDictionary(
            Name,
            f => (IReadOnlySet<string>)XDocument.Load(f).Descendants("ProjectReference")
                .Select(r => Name((string)r.Attribute("Include")!)).ToHashSet());

    private static string Name(string csproj) =>
        Path.GetFileNameWithoutExtension(csproj.Replace('\\', '/'))["Drimbox.".Length..];

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Drimbox.sln"))) return at.FullName;
        }

        throw new InvalidOperationException("The tests run from a build inside the repository.");
    }
}
