namespace Drimbox.Tests.Dicom.Scp;

/// <summary>The end of a listening node.</summary>
public sealed class StopTests
{
    // The accept loop may be anywhere when the stop comes: between two accepts, or just entering one.
    [Fact]
    public async Task A_stop_may_follow_a_start_or_a_connection_at_any_moment()
    {
        for (var i = 0; i < 300; i++)
        {
            var server = TestAcceptor.Start(o => o);
            if (i % 2 == 0) RawPeer.Connect(server.EndPoint).Dispose();
            await server.DisposeAsync();
        }
    }
}
