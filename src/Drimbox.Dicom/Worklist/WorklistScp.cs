using System.Runtime.CompilerServices;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;

namespace Drimbox.Dicom.Worklist;

/// <summary>Modality Worklist SCP over a list of scheduled procedure steps. Source: PS3.4 annex K.</summary>
/// <param name="items">The worklist as it is now: one data set for each scheduled procedure step, with its one item of
/// (0040,0100). Throws <see cref="IOException"/> if it cannot be read now.</param>
public sealed class WorklistScp(Func<CancellationToken, IAsyncEnumerable<DataSet>> items) : ICFindScp
{
    public static IReadOnlyCollection<Uid> Classes { get; } = [SopClass.ModalityWorklistInformationModelFind];

    public IReadOnlyCollection<Uid> SopClasses => Classes;

    public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken)
    {
        // PS3.4 C.2.2.2.6: a sequence key has at most one item.
        foreach (var key in request.Identifier.Elements)
        {
            if (key.Sequence is { Count: > 1 })
                return new(CFindAnswer.Refused(
                    DimseStatus.DataSetDoesNotMatchSopClass.With("A sequence key has more than one item.")));
        }

        return new(CFindAnswer.Found(MatchesAsync(request.Identifier, cancellationToken)));
    }

    private async IAsyncEnumerable<DataSet> MatchesAsync(
        DataSet identifier, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in items(cancellationToken).WithCancellation(cancellationToken))
        {
            if (AttributeMatching.IsMatch(identifier, item))
                yield return AttributeMatching.Project(identifier, item);
        }
    }
}
