using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Tests;

/// <summary>Ids that are the same in every run.</summary>
public sealed class SequentialIds : IIdSource
{
    private int _next;

    public Uid NewUid() => Uid.Parse($"2.25.{Interlocked.Increment(ref _next)}");

    public string NewUuid() => new Guid(Interlocked.Increment(ref _next), 0, 0, new byte[8]).ToString("D");
}
