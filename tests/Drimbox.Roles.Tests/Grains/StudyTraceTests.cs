using Drimbox.Core.Identity;
using Drimbox.Grains.Tracing;

namespace Drimbox.Tests.Grains;

/// <summary>Spans of a study, without anybody who wants them.</summary>
public sealed class StudyTraceTests
{
    [Fact]
    public void What_nobody_listens_to_costs_no_byte()
    {
        var study = Uid.Parse("1.2.250.1.999.1");
        Record(study);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Record(study);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_study_has_one_trace_wherever_it_is_met_and_another_study_another()
    {
        var one = StudyTrace.ContextOf(Uid.Parse("1.2.250.1.999.1"));
        Assert.Equal(one, StudyTrace.ContextOf(Uid.Parse("1.2.250.1.999.1")));
        // Fixed for good: processes of different versions share a trace.
        Assert.Equal("5ab75faddc3597a6ee3aa83accd1c360", one.TraceId.ToHexString());
        Assert.NotEqual(one.TraceId, StudyTrace.ContextOf(Uid.Parse("1.2.250.1.999.2")).TraceId);
    }

    private static void Record(Uid study) =>
        StudyTrace.Record("archive.store", study, StudyTrace.Now, StudyTrace.Now, "stored", instances: 1);
}
