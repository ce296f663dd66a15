using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Grains.Reports;
using static Drimbox.Tests.Reports.ReportFixture;

namespace Drimbox.Tests.Reports;

/// <summary>One report in a register that holds the reports of many histories: documents A, B and C, which replace one
/// another, the deletion of one of them, and what people decide meanwhile. What was decided is part of the history; the
/// end is asserted from it and from nothing else.</summary>
/// <param name="number">Which history it is: its documents and its patient have that number.</param>
/// <param name="deleted">The document that the deletion names.</param>
internal sealed class DecisionHistory(ReportHistory ris, int number, string deleted)
{
    private static readonly Professional Doctor = new(
        InstanceIdentifier.Create(NationalAuthorities.Persons, "801234567897"), "ADAM", "HODA");

    private readonly Patient _patient = ReportFixture.Patient with
    {
        Ins = InstanceIdentifier.Create(NationalAuthorities.InsNirTest, $"2790351{number:00000000}"),
        LocalId = ReportFixture.Patient.LocalId! with { Value = $"IPP{number}" },
    };

    private readonly List<string> _known = [];
    private readonly List<PublicationDecision> _taken = [];
    private bool _opposed;

    /// <summary>The steps of the history, for who reads of a failure.</summary>
    public List<string> Steps { get; } = [];

    /// <summary>Message 0 to 2: the document A, B or C; 3: the deletion.</summary>
    public async Task ReceiveAsync(int message)
    {
        var name = message == 3 ? deleted : "ABC"[message].ToString();
        Steps.Add(message == 3 ? $"delete {name}" : name);
        var command = message switch
        {
            0 => Initial(Name("A")),
            1 => Replace(Name("B"), Name("A")),
            2 => Replace(Name("C"), Name("B")),
            _ => Delete(Name(deleted)),
        };
        command = command with
        {
            Message = command.Message with
            {
                Patient = _patient,
                Cda = command.Message.Cda is { } header
                    ? header with { Patient = _patient, PatientIds = [_patient.Ins!.Value] }
                    : null,
            },
        };
        Assert.Null((await ris.ReceiveAsync(command)).Refusal);
        if (message < 3 && !_known.Contains(name)) _known.Add(name);
    }

    /// <summary>A professional decides about the report that holds a document; before there is one, or while it is
    /// withdrawn, that is refused and the end is as if nobody had decided.</summary>
    /// <param name="of">Which of the documents that are known; they may be of two reports still.</param>
    public async Task DecideAsync(PublicationDecision decision, int of)
    {
        if (_known.Count == 0) return;
        var document = Document(Name(_known[of % _known.Count]));
        var report = await ris.Register.FindAsync(document, CancellationToken.None);
        var reply = await ris.Register.ExecuteAsync(
            report!.Value, new DecidePublication(decision, Doctor, "alice"), null, CancellationToken.None);
        Steps.Add($"{decision} of {document.Extension}{(reply.Refusal is null ? "" : " refused")}");
        if (reply.Refusal is null) _taken.Add(decision);
        else Assert.Equal(RefusalReason.WrongState, reply.Refusal.Reason);
    }

    public async Task OpposeAsync()
    {
        Steps.Add("opposed");
        _opposed = true;
        var reply = await ris.Patients.StateAsync(
            new PatientStatement(
                _patient, ["VALI"], DmpFeeding.Opposed, DmpConsultation.NotCollected, "20261102110000"),
            null, CancellationToken.None);
        Assert.Null(reply.Refusal);
    }

    /// <summary>Sends what waits; the reports ask first what the patient says now.</summary>
    public async Task PublishAsync()
    {
        Steps.Add("publish");
        foreach (var name in _opposed ? _known : [])
        {
            var report = await ris.Register.FindAsync(Document(Name(name)), CancellationToken.None);
            await ris.Register.ExecuteAsync(report!.Value, new ReviewOpposition(null), null, CancellationToken.None);
        }

        await ris.PublishAllAsync();
    }

    /// <summary>All messages have come: the end that they lead to in every order.</summary>
    public async Task AssertEndAsync()
    {
        var because = string.Join("; ", Steps);
        var state = await ris.StateOfAsync(Name("C"));
        Assert.True(state.Versions.Count == 3, because);
        Assert.True(state.Head == Document(Name("C")), because);
        Assert.True(state.HeadIsWithdrawn == (deleted == "C"), because);
        var visibility = PublicationDefaults.Restrict(
            PublicationChoices.Default, _taken.Where(d => d != PublicationDecision.Withhold)).Visibility;
        Assert.True(state.Visibility == visibility, because);
        Assert.True(state.ToDmp == !(_opposed || _taken.Contains(PublicationDecision.Withhold)), because);

        var approved = new[] { "A", "B", "C" }.Select(n => Document(Name(n)))
            .Where(document => ris.Registry.IsApproved(document)).ToList();
        InstanceIdentifier[] expected = deleted != "C" && state.ToDmp ? [Document(Name("C"))] : [];
        Assert.True(expected.SequenceEqual(approved), $"{because}: {string.Join(", ", approved)}");
        if (expected.Length > 0)
            Assert.True(ris.Registry.VisibilityOf(expected[0]) == visibility, because);
    }

    /// <summary>What the DRIMbox was told last is what holds.</summary>
    /// <param name="copies">Those of this history, in the order in which they leave.</param>
    public async Task AssertToldAsync(IEnumerable<ReportCopyPayload> copies)
    {
        var state = await ris.StateOfAsync(Name("C"));
        var last = copies.LastOrDefault();
        var because = string.Join("; ", Steps);
        if (deleted == "C")
        {
            // A report that was withdrawn before it was known is not told at all.
            Assert.True(last is null or { Action: ReportAction.Delete }, because);
            return;
        }

        Assert.True(last is not null && last.DocumentId == Document(Name("C")), because);
        Assert.True(
            (last.Choices.Visibility, last.Choices.ToDmp) == (state.Visibility, state.ToDmp), because);
    }

    private string Name(string document) => $"{document}{number}";
}
