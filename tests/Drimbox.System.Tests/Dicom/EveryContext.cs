using System.Reflection;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom;

/// <summary>Asks a listening AE about every SOP class in every transfer syntax, each in a context of its own, so that nothing
/// is chosen by it.</summary>
internal static class EveryContext
{
    private static readonly List<Uid> Classes =
    [
        .. typeof(SopClass).GetProperties(BindingFlags.Public | BindingFlags.Static).Select(p => (Uid)p.GetValue(null)!)
            .Concat(UidRegistry.StorageSopClasses(withRetired: true).Select(e => e.Uid)).Distinct(),
    ];

    /// <returns>The transfer syntaxes that were accepted, by SOP class.</returns>
    public static async Task<SortedDictionary<Uid, List<Uid>>> AskAsync(int port, string callingAe, string calledAe)
    {
        var contexts = from sopClass in Classes
                       from syntax in TransferSyntax.All
                       select new ProposedContext(sopClass, syntax.Uid);
        var accepted = new SortedDictionary<Uid, List<Uid>>();
        foreach (var proposals in contexts.Chunk(Limits.PresentationContextsMax))
        {
            await using var association = await RequestAsync(port, callingAe, calledAe, proposals);
            foreach (var context in association.Contexts)
            {
                if (!accepted.TryGetValue(context.AbstractSyntax, out var syntaxes))
                    accepted[context.AbstractSyntax] = syntaxes = [];
                syntaxes.Add(context.TransferSyntax);
            }

            await association.ReleaseAsync(TestContext.Current.CancellationToken);
        }

        return accepted;
    }

    public static Task<Association> RequestAsync(
        int port, string callingAe, string calledAe, IReadOnlyList<ProposedContext> contexts) =>
        Association.RequestAsync(
            new AssociationOptions
            {
                Host = "127.0.0.1",
                Port = port,
                CallingAe = AeTitle.Parse(callingAe),
                CalledAe = AeTitle.Parse(calledAe),
                Contexts = contexts,
                Window = 0,
            },
            TestContext.Current.CancellationToken);
}
