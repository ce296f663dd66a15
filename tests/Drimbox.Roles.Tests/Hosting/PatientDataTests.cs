using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Hosting;

/// <summary>The search for patient data finds it: in what a node logs within the test, and in what a process says.</summary>
public sealed class PatientDataTests
{
    [Theory]
    [InlineData("Patient PAT-TROIS^DOMINIQUE taken", "PAT-TROIS")]
    [InlineData("value 'pat-deux'", "pat-deux")]
    [InlineData("INS 279035121518989 is not qualified", "279035121518989")]
    [InlineData("[3001] refused: born 19790328", "19790328")]
    public void What_is_of_a_patient_is_found(string text, string found) => Assert.Equal(found, PatientData.FindIn(text));

    [Theory]
    [InlineData("2026-03-14T10:16:00.123Z info: Drimbox.Ris[3001] Message BAD-TYPE refused: UnsupportedType at MSH^1^9")]
    [InlineData("Study 8f2c01d4: the PACS shows 12 instances")]
    [InlineData("2.25.279035121518989")]
    [InlineData("279035121518990")]
    [InlineData("PATIENT level, dispatch.pat")]
    public void What_is_not_is_not(string text) => Assert.Null(PatientData.FindIn(text));

    [Fact]
    public void What_a_node_logs_is_heard_and_fails_the_test()
    {
        Log(LogLevel.Debug, "a report of PAT-TROIS");
        Assert.Throws<Xunit.Sdk.TrueException>(PatientData.AssertNoneHeard);
        Log(LogLevel.Error, "failed", new IOException("279035121518989"));
        Assert.Contains("279035121518989", Assert.Single(PatientData.Take()), StringComparison.Ordinal);
        Assert.Empty(PatientData.Take());
    }

    [Fact]
    public void What_a_process_says_is_heard_line_by_line()
    {
        var output = "[3000] started\n[3001] PAT-";
        PatientData.Watch(() => output);
        Assert.Empty(PatientData.Take());
        output += "TROIS refused\n";
        Assert.Contains("[3001] PAT-TROIS refused", Assert.Single(PatientData.Take()), StringComparison.Ordinal);
        Assert.Empty(PatientData.Take());
    }

    [Fact]
    public async Task What_a_node_answers_of_an_error_is_heard_and_what_it_gives_out_is_not()
    {
        using var client = new HttpClient(new HeardAnswers(new Answers()));
        var token = TestContext.Current.CancellationToken;
        Assert.Equal("PAT-TROIS", await client.GetStringAsync(new Uri("http://node/200"), token));
        Assert.Empty(PatientData.Take());
        using var refused = await client.GetAsync(
            new Uri("http://node/400"), HttpCompletionOption.ResponseHeadersRead, token);
        Assert.Contains("PAT-TROIS in: HTTP 400", Assert.Single(PatientData.Take()), StringComparison.Ordinal);
        // The test itself reads it all the same.
        Assert.Equal("PAT-TROIS", await refused.Content.ReadAsStringAsync(token));
    }

    private sealed class Answers : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage((HttpStatusCode)int.Parse(request.RequestUri!.AbsolutePath[1..], CultureInfo.InvariantCulture))
            {
                Content = new StringContent("PAT-TROIS"),
            });
    }

    private static void Log(LogLevel level, string text, Exception? exception = null) =>
        WatchedLog.Instance.CreateLogger("").Log(level, new EventId(1), text, exception, static (said, _) => said);
}
