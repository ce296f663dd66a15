using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;

namespace Drimbox.Tests.Archive;

/// <summary>Which corrections of patients are recorded (docs/adr/0019).</summary>
public sealed class CorrectionRulesTests
{
    private static readonly PatientIdentity _one = new("IPP1", "SITE", "1.2.3", "ISO", "PAT-UN^ALIX", "19790328", "F");
    private static readonly PatientIdentity _two = _one with { PatientId = "IPP2", Name = "PAT-DEUX^ALIX" };

    [Fact]
    public void What_a_change_does_not_name_stays()
    {
        Assert.Equal(_one with { Name = "PAT-DIX^ALIX" }, new PatientChange(Name: "PAT-DIX^ALIX").ApplyTo(_one));
        Assert.Equal(_one, new PatientChange().ApplyTo(_one));
        Assert.Equal(_two, PatientChange.To(_two).ApplyTo(_one));
        // Empty is a value: it was not known after all.
        Assert.Equal("", new PatientChange(BirthDate: "").ApplyTo(_one).BirthDate);
    }

    [Fact]
    public void A_correction_of_someone_who_is_not_there_is_refused_unless_it_may_be_early()
    {
        var order = Order(CorrectionKind.Merge, PatientChange.To(_two));
        Assert.Equal(RefusalReason.UnknownTarget, CorrectionRules.Refuse(order, [])?.Reason);
        Assert.Null(CorrectionRules.Refuse(order with { EvenIfUnknown = true }, []));
        // A study that is not there cannot be moved, now or later.
        var move = Order(CorrectionKind.Move, PatientChange.To(_two)) with { EvenIfUnknown = true };
        Assert.Equal(RefusalReason.UnknownTarget, CorrectionRules.Refuse(move, [])?.Reason);
    }

    [Fact]
    public void What_changes_nothing_or_would_leave_no_patient_is_refused()
    {
        Assert.Null(CorrectionRules.Refuse(Order(CorrectionKind.Merge, PatientChange.To(_two)), [_one]));
        Assert.NotNull(CorrectionRules.Refuse(Order(CorrectionKind.Merge, PatientChange.To(_one)), [_one]));
        Assert.NotNull(CorrectionRules.Refuse(Order(CorrectionKind.Correct, new PatientChange(Sex: "F")), [_one]));
        Assert.NotNull(CorrectionRules.Refuse(Order(CorrectionKind.Correct, new PatientChange(PatientId: "")), [_one]));
        // Of two studies one has the name already.
        var named = new PatientChange(Name: _one.Name);
        Assert.Null(CorrectionRules.Refuse(
            Order(CorrectionKind.Correct, named), [_one, _one with { Name = "PAT-NU^ALIX" }]));
    }

    private static CorrectionOrder Order(CorrectionKind kind, PatientChange to) =>
        new(kind, _one.Key, kind == CorrectionKind.Move ? Uid.Parse("1.2.3") : default, to, "root", "");
}
