using Drimbox.Tests.Commands;
using Drimbox.Tests.Demo;

namespace Drimbox.Tests.Flow;

/// <summary>The program with the flow of a platform in PostgreSQL.</summary>
public sealed class PostgresFlowTests(PostgresCluster postgres) : IDisposable
{
    private readonly StoreFolder _folder = new();

    private string Data => Path.Combine(_folder.Path, "data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_node_stays_with_its_database_and_a_backup_says_what_it_does_not_cover()
    {
        var configuration = Write(await postgres.CreateDatabaseAsync());
        await using (var process = DrimboxProcess.Start("run", "--config", configuration))
        {
            await ReadyAsync(process);
            Assert.Empty(Directory.GetFiles(Data, "flow.db*", SearchOption.AllDirectories));
            Assert.Single(Directory.GetFiles(Data, "flow.postgres", SearchOption.AllDirectories));
            var backup = await CommandRun.OfAsync(
                "backup", "--to", Path.Combine(_folder.Path, "backup"), "--socket", Path.Combine(Data, "drimbox.sock"));
            Assert.NotEqual(0, backup.ExitCode);
            Assert.Contains("'teleradiology_flow' with pg_dump", backup.Errors, StringComparison.Ordinal);
            process.Interrupt();
            Assert.Equal(0, (await process.EndAsync()).ExitCode);
        }

        var restore = await CommandRun.OfAsync("restore", "--from", _folder.Path, "--config", configuration);
        Assert.Equal(2, restore.ExitCode);
        Assert.Contains("Teleradiology:Database: restore 'teleradiology_flow'", restore.Errors, StringComparison.Ordinal);

        await using (var file = DrimboxProcess.Start("run", "--config", Write(null)))
        {
            Assert.Equal(3, (await file.EndAsync()).ExitCode);
            Assert.Contains("put Database into the configuration of the node", file.Errors, StringComparison.Ordinal);
        }

        await using var again = DrimboxProcess.Start("run", "--config", Write(await postgres.CreateDatabaseAsync()));
        Assert.Equal(3, (await again.EndAsync()).ExitCode);
        Assert.Contains("configure the database that has it", again.Errors, StringComparison.Ordinal);
    }

    private static async Task ReadyAsync(DrimboxProcess process)
    {
        var lines = await process.ReadUntilAsync(l => l == "ready");
        Assert.True(lines is [.., "ready"], string.Join('\n', lines) + process.Errors);
    }

    private string Write(string? database)
    {
        var file = Path.Combine(_folder.Path, "drimbox.json");
        var section = database is null ? "" : $"\"Database\": {{ \"ConnectionString\": \"{database}\" }},";
        File.WriteAllText(file, $$"""
            {
              "DataFolder": "{{Data}}",
              "Teleradiology": {
                {{section}}
                "Hl7": { "Application": "TLR", "Facility": "LEVANT", "Port": 0 },
                "Dicom": { "AeTitle": "TELERADIO", "Port": 0 },
                "Structure": { "Id": "300017986", "Name": "TELERADIOLOGIE DU LEVANT" },
                "Ris": { "Host": "127.0.0.1", "Port": 2575, "Application": "RIS", "Facility": "TILLEULS" },
                "Archive": { "AeTitle": "DRIMBOX", "Host": "127.0.0.1", "Port": 11112 },
                "DocumentRoot": "1.2.250.1.999.10.4",
                "Radiologist": { "Id": "801234564895", "FamilyName": "ERIC", "GivenName": "THOMAS" }
              }
            }
            """);
        return file;
    }
}
