using Drimbox.Core;
using Drimbox.Core.Publications;

namespace Drimbox.Tests.Publications;

public sealed class CircuitTests
{
    private static readonly DateTimeOffset _now = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_opens_after_five_failures_in_a_row_and_not_after_five_with_an_answer_between()
    {
        var circuit = Fail(Circuit.Closed, Limits.CircuitFailuresMax - 1);
        Assert.Equal(8, circuit.Admits(8, _now));
        circuit = Fail(circuit.Ended(reached: true, wasProbe: false, _now), Limits.CircuitFailuresMax - 1);
        Assert.False(circuit.IsOpen);

        circuit = circuit.Ended(reached: false, wasProbe: false, _now);

        Assert.Equal(0, circuit.Admits(8, _now));
        Assert.Equal(0, circuit.Admits(8, _now + Limits.CircuitPauseMin - TimeSpan.FromTicks(1)));
        Assert.Equal(1, circuit.Admits(8, _now + Limits.CircuitPauseMin));
        Assert.Equal(0, circuit.Admits(0, _now + Limits.CircuitPauseMin));
    }

    [Fact]
    public void One_probe_at_a_time_and_the_pause_doubles_to_its_cap()
    {
        var circuit = Fail(Circuit.Closed, Limits.CircuitFailuresMax);
        var (now, pause) = (_now, Limits.CircuitPauseMin);
        for (var probe = 0; probe < 6; probe++)
        {
            now += pause;
            circuit = circuit.Began();
            Assert.Equal(0, circuit.Admits(8, now));
            circuit = circuit.Ended(reached: false, wasProbe: true, now);
            pause = pause * 2 < Limits.CircuitPauseMax ? pause * 2 : Limits.CircuitPauseMax;
            Assert.Equal(0, circuit.Admits(8, now + pause - TimeSpan.FromTicks(1)));
            Assert.Equal(1, circuit.Admits(8, now + pause));
        }

        Assert.Equal(Limits.CircuitPauseMax, pause);
        Assert.Equal(8, circuit.Began().Ended(reached: true, wasProbe: true, now).Admits(8, now));
    }

    [Fact]
    public void What_began_before_it_opened_neither_prolongs_it_nor_ends_the_probe()
    {
        var open = Fail(Circuit.Closed, Limits.CircuitFailuresMax);
        Assert.Equal(open, open.Ended(reached: false, wasProbe: false, _now.AddSeconds(60)));
        var probing = open.Began();
        Assert.Equal(probing, probing.Ended(reached: false, wasProbe: false, _now.AddSeconds(60)));
        // An answer is an answer.
        Assert.False(probing.Ended(reached: true, wasProbe: false, _now).IsOpen);
    }

    [Fact]
    public void A_probe_that_failed_by_our_own_fault_is_followed_by_another()
    {
        var probing = Fail(Circuit.Closed, Limits.CircuitFailuresMax).Began();
        Assert.Equal(1, probing.Withdrawn(wasProbe: true).Admits(8, _now + Limits.CircuitPauseMin));
        Assert.Equal(0, probing.Withdrawn(wasProbe: false).Admits(8, _now + Limits.CircuitPauseMin));
    }

    private static Circuit Fail(Circuit circuit, int times)
    {
        for (var i = 0; i < times; i++) circuit = circuit.Ended(reached: false, wasProbe: false, _now);
        return circuit;
    }
}
