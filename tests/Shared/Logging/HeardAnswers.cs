using System.Text;

namespace Drimbox.Tests;

/// <summary>Between a client of a test and a node: what the node says of an error has nothing of a patient
/// (<see cref="PatientData"/>), whatever the request was about.</summary>
internal sealed class HeardAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        if (answer.IsSuccessStatusCode) return answer;
        PatientData.Hear($"HTTP {(int)answer.StatusCode} {answer.ReasonPhrase} {answer.Headers}".ReplaceLineEndings(" "));
        // The test may read it again.
        await answer.Content.LoadIntoBufferAsync(cancellationToken);
        PatientData.Hear(
            $"HTTP {(int)answer.StatusCode}: " + Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync(cancellationToken)));
        return answer;
    }
}
