namespace Drimbox.Tests.Telemetry;

/// <summary>What is exported is looked through where the tests receive it.</summary>
public sealed class OtlpCollectorTests
{
    [Theory]
    [InlineData("metrics")]
    [InlineData("traces")]
    public async Task A_patient_in_what_is_exported_is_heard(string what)
    {
        var token = TestContext.Current.CancellationToken;
        await using var collector = await OtlpCollector.StartAsync(token);
        using var client = new HttpClient();
        // Field 15, which no reader of ours looks at: a text of 9 characters.
        using var body = new ByteArrayContent([0x7A, 9, .. "PAT-TROIS"u8]);
        body.Headers.ContentType = new("application/x-protobuf");
        using var answer = await client.PostAsync(new Uri($"{collector.Address}/v1/{what}"), body, token);
        Assert.True(answer.IsSuccessStatusCode);
        Assert.StartsWith("PAT-TROIS in: OTLP", Assert.Single(PatientData.Take()), StringComparison.Ordinal);
    }
}
