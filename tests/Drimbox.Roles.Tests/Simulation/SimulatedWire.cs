using Drimbox.Core.Identity;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;

namespace Drimbox.Tests.Simulation;

/// <summary>A call: after <see cref="Milliseconds"/> the caller has its answer.</summary>
internal sealed class SimulatedCall(int milliseconds)
{
    public int Milliseconds { get; } = milliseconds;

    public XdsAnswer Answer { get; set; } = new XdsAnswer.SentUnknown("No answer.");

    public IReadOnlyList<SimulatedEntry> Entries { get; set; } = [];
}

/// <summary>The way to the registry and back, with everything that may happen on it: nothing arrives, it arrives late,
/// the answer is lost, something between answers in place of the registry. A request that is on its way arrives whatever
/// becomes of who sent it.</summary>
internal sealed class SimulatedWire(SimulatedRegistry registry, Random random, Action<int, Action> after)
{
    private const int CallTimeout = 60_000;

    /// <summary>Share of calls that go wrong, in percent.</summary>
    public int FaultPercent { get; set; }

    public SimulatedCall Send(SentSubmission sent)
    {
        var there = random.Next(2, 500);
        if (random.Next(100) >= FaultPercent) return Answered(there, sent);
        switch (random.Next(10))
        {
            case 0:
                return new SimulatedCall(random.Next(1, 15_000)) { Answer = new XdsAnswer.NotSent("refused") };
            case 1:
                return new SimulatedCall(random.Next(2) == 0 ? CallTimeout : there);
            case 2:
                // A reset does not stop the registry, which may go on for seconds.
                after(there + random.Next(0, 5_000), () => registry.Execute(sent));
                return new SimulatedCall(random.Next(3) == 0 ? CallTimeout : there);
            case 3:
                // Slower than the caller has patience, now and then.
                return Answered(random.Next(20_000, 100_000), sent);
            case 4:
                return new SimulatedCall(there) { Answer = new XdsAnswer.HttpRefused(503) };
            case 5:
                if (random.Next(2) == 0) after(there, () => registry.Execute(sent));
                return new SimulatedCall(there + 1) { Answer = new XdsAnswer.HttpRefused(502) };
            case 6:
                return Failed(there, "XDSRepositoryBusy");
            case 7:
                return Failed(there, "XDSRegistryError");
            case 8:
                if (random.Next(2) == 0) after(there, () => registry.Execute(sent));
                return new SimulatedCall(there + 1)
                {
                    Answer = new XdsAnswer.Faulted(new SoapFault("Receiver", null, ""), 500),
                };
            default:
                return Failed(there, "XDSRegistryNotAvailable");
        }
    }

    /// <summary>What a query shows was so when it was answered, and not any more when it arrives.</summary>
    public SimulatedCall Query(InstanceIdentifier document)
    {
        var there = random.Next(2, 200);
        if (random.Next(100) < FaultPercent)
        {
            return random.Next(3) switch
            {
                0 => new SimulatedCall(random.Next(1, 15_000)) { Answer = new XdsAnswer.NotSent("refused") },
                1 => new SimulatedCall(CallTimeout),
                _ => Failed(there, "XDSRegistryBusy"),
            };
        }

        var call = new SimulatedCall(there + random.Next(1, 2_000));
        after(there, () =>
        {
            call.Entries = registry.Find(document);
            call.Answer = new XdsAnswer.Answered(RegistryResponse.Success);
        });
        return call;
    }

    private SimulatedCall Answered(int there, SentSubmission sent)
    {
        var back = there + random.Next(1, 200);
        var call = new SimulatedCall(Math.Min(back, CallTimeout));
        after(there, () =>
        {
            var answer = registry.Execute(sent);
            if (back < CallTimeout) call.Answer = answer;
        });
        return call;
    }

    private static SimulatedCall Failed(int there, string code) => new(there)
    {
        Answer = new XdsAnswer.Answered(RegistryResponse.Failure(new RegistryError(code, ""))),
    };
}
