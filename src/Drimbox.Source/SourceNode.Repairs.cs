using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Source.Manifests;
using Drimbox.Source.Studies;

namespace Drimbox.Source;

/// <content>What keeps manifests from the DMP, and the look at one study on demand.</content>
public sealed partial class SourceNode
{
    /// <summary>What keeps manifests from the DMP and how it can be mended (DB.SO.21); names identifiers of patients.
    /// Every study is looked at for it.</summary>
    public Task<IReadOnlyList<StudyRepair>> ListRepairsAsync(
        int max = Limits.StudiesListedMax, CancellationToken cancellationToken = default) =>
        _desk.ListRepairsAsync(max, cancellationToken);

    /// <summary>Looks at a study now: asks the PACS, and lets the manifest follow.</summary>
    /// <returns>Null: no report of the study is known.</returns>
    public async Task<StudyLook?> ReevaluateAsync(Uid study, CancellationToken cancellationToken = default) =>
        (await _register.GetAsync(study, cancellationToken)).Reports.IsEmpty
            ? null
            : await _evaluation.LookAsync(study, null, attempts: 1, cancellationToken);
}
