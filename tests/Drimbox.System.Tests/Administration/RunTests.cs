using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Drimbox.Emulators;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Demo;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Administration;

/// <summary><c>drimbox run</c>: what its configuration may say, and who may talk to the running process.</summary>
public sealed class RunTests : IDisposable
{
    private const string Platform = """
        "Teleradiology": {
          "Hl7": { "Application": "TLR", "Facility": "LEVANT" }, "Dicom": { "AeTitle": "TELERADIO" },
          "Structure": { "Id": "300017986", "Name": "TELERADIOLOGIE DU LEVANT" },
          "Ris": { "Host": "127.0.0.1", "Port": 2575, "Application": "RIS", "Facility": "TILLEULS" },
          "Archive": { "AeTitle": "DRIMBOX", "Host": "127.0.0.1", "Port": 11112 },
          "DocumentRoot": "1.2.250.1.999.10.4",
          "Radiologist": { "Id": "801234564895", "FamilyName": "ERIC", "GivenName": "THOMAS" }
        }
        """;

    private const string Dmp = """
        "Dmp": { "Registry": "http://127.0.0.1:9/registry", "Repository": "http://127.0.0.1:9/repository", "Certificates": "." }
        """;

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_platform_alone_starts_and_has_no_publication_table()
    {
        await using var process = DrimboxProcess.Start("run", "--config", Write(Platform));
        await ReadyAsync(process);
        var database = Assert.Single(Directory.GetFiles(_folder.Path, "flow.db", SearchOption.AllDirectories));
        var schema = Encoding.Latin1.GetString([.. await SharedBytesAsync(database), .. await SharedBytesAsync(database + "-wal")]);
        Assert.Contains("CREATE TABLE outbox", schema, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("publication", schema, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Stores_are_brought_up_to_date_while_no_process_has_them()
    {
        var file = Write(Platform);
        Assert.Equal(["NoStore", "NoStore"], await MigrateAsync(file));
        Assert.Empty(Directory.GetDirectories(_folder.Path));
        await using (var process = DrimboxProcess.Start("run", "--config", file))
        {
            await ReadyAsync(process);
            var busy = await CommandRun.OfAsync("migrate", "--config", file);
            Assert.Equal(3, busy.ExitCode);
            Assert.Contains("Teleradiology:Database: ", busy.Errors, StringComparison.Ordinal);
            Assert.Contains("Administration:Database: ", busy.Errors, StringComparison.Ordinal);
        }

        Assert.Equal(["Current", "Current"], await MigrateAsync(file));
    }

    private static async Task<IEnumerable<string?>> MigrateAsync(string file)
    {
        var run = await CommandRun.SucceedAsync("migrate", "--config", file, "--json");
        return [.. JsonDocument.Parse(run.Output).RootElement.EnumerateArray()
            .Select(one => one.GetProperty("outcome").GetString())];
    }

    [Fact]
    public async Task A_platform_alone_refuses_to_start_with_a_DMP_section()
    {
        await using var process = DrimboxProcess.Start("run", "--config", Write($"{Platform},{Dmp}"));
        var (exitCode, lines) = await process.EndAsync();
        Assert.Equal(2, exitCode);
        Assert.Empty(lines);
        Assert.StartsWith("Dmp", process.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(_folder.Path));
    }

    [Theory]
    [InlineData("\"Radiolgist\": 1", "Radiolgist")]
    [InlineData("\"LogLevel\": \"Loud\"", "LogLevel")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A TITLE OF MORE THAN SIXTEEN\" } }", "Archive:Dicom:AeTitle")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\", \"Port\": 65536 } }", "Archive:Dicom:Port")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\", \"Address\": \"999.1.1.1\" } }", "Archive:Dicom:Address")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Callers\": [\"A\\\\B\"] }", "Archive:Callers:0:AeTitle")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Callers\": [\"B\", { \"AeTitle\": \"C\", \"Networks\": [\"10.0.0.1/99\"] }] }", "Archive:Callers:1:Networks")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Callers\": [{ \"AeTitle\": \"C\", \"Certificate\": \"sha256:12\" }] }", "Archive:Callers:0:Certificate")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\", \"Tls\": { \"Certificate\": \"a.pem\" } } }", "Archive:Dicom:Tls:Authorities")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\", \"Tls\": { \"Certificate\": \"a.pem\", \"Profile\": \"ssl3\", \"RequireClientCertificate\": false } } }", "Archive:Dicom:Tls:Profile")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Database\": { \"ConnectionString\": \"Host=a;Database=b;Password=c\" } }", "Archive:Database:ConnectionString")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Database\": { \"ConnectionString\": \"Host=a;Database=b\", \"PasswordFile\": \"/nowhere\" } }", "Archive:Database:PasswordFile")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Duplicates\": \"newest\" }", "Archive:Duplicates")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Sites\": [{ \"Name\": \"x\", \"Modalities\": [\"B\\\\C\"] }] }", "Archive:Sites:0:Modalities")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Sites\": [{ \"Name\": \"x\", \"Modalities\": [\"B\"] }, { \"Name\": \"y\", \"Pacs\": \"B\" }] }", "Archive:Sites")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Destinations\": [{ \"AeTitle\": \"B\", \"Host\": \"b\", \"Tls\": { } }] }", "Archive:Destinations:0:Tls:Authorities")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Web\": { \"Address\": \"0.0.0.0\" } }", "Archive:Web:Address")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Web\": { \"Callers\": [{ \"Name\": \"B\" }] } }", "Archive:Web:Callers:0:Name")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Web\": { \"StoreBytesMax\": 5 } }", "Archive:Web:StoreBytesMax")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Destinations\": [{ \"AeTitle\": \"B\", \"Host\": \"b\", \"Associations\": 9 }] }", "Archive:Destinations:0:Associations")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Commitment\": { \"RetryDelays\": [\"00:00:00\"] } }", "Archive:Commitment:RetryDelays")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Completeness\": { \"QuietTime\": \"02:00:00\" } }", "Archive:Completeness:QuietTime")]
    [InlineData("\"Archive\": { \"Dicom\": { \"AeTitle\": \"A\" }, \"Completeness\": { \"LongQuietTime\": \"00:00:30\" } }", "Archive:Completeness:LongQuietTime")]
    [InlineData("\"Ris\": { \"Dicom\": { \"AeTitle\": \"A\", \"Stations\": [{ \"AeTitle\": \"B\" }] } }", "Ris:Dicom:Stations:0:Modality")]
    [InlineData("\"Ris\": { \"SourceId\": \"1.2\", \"Structures\": [{ \"Id\": \"1\", \"Name\": \"a\" }], \"OrderAuthority\": \"1.02\" }", "Ris:OrderAuthority")]
    [InlineData("\"Ris\": { \"SourceId\": \"1.2.250.1.999.1234567890.1234567890.12345678\", \"Structures\": [{ \"Id\": \"1\", \"Name\": \"a\" }] }", "Ris:StudyRoot")]
    [InlineData("\"Source\": { \"Manifest\": { \"Profile\": \"MADO\" } }", "Source:Manifest:Profile: 'MADO' is none of drim-m, mado")]
    [InlineData("\"Administration\": { \"SocketGroup\": \"root\" }", "Administration:Socket:")]
    [InlineData("\"Administration\": { \"SocketGroup\": \"no-such-group\", \"Socket\": \"/x/s\" }", "Administration:SocketGroup: no such group")]
    [InlineData("\"Administration\": { \"Https\": { \"Address\": \"0.0.0.0\" } }", "Administration:Https:Tls")]
    [InlineData("\"Administration\": { \"Https\": { \"IdleTimeout\": \"00:00:10\", \"Tls\": { \"Certificate\": \"a.pem\" } } }", "Administration:Https:IdleTimeout")]
    [InlineData("\"Administration\": { \"Passwords\": { \"FailuresMax\": 11 } }", "Administration:Passwords:FailuresMax")]
    public async Task A_wrong_key_is_named(string section, string key)
    {
        await using var process = DrimboxProcess.Start("config", "check", Write(section));
        var (exitCode, _) = await process.EndAsync();
        Assert.Equal(2, exitCode);
        Assert.Contains(key, process.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", process.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_that_are_not_there_are_named_and_nothing_starts()
    {
        const string ris = """
            "Ris": {
              "Hl7": { "Application": "RIS", "Facility": "TILLEULS", "Port": 0 }, "SourceId": "1.2.250.1.999.10.3",
              "Structures": [ { "Id": "300017985", "Name": "CENTRE D'IMAGERIE DES TILLEULS" } ]
            }
            """;
        await using var process = DrimboxProcess.Start("run", "--config", Write($"{ris},{Dmp}"));
        var (exitCode, lines) = await process.EndAsync();
        Assert.Equal(2, exitCode);
        Assert.Empty(lines);
        Assert.StartsWith("Dmp:Certificates: ", process.Errors, StringComparison.Ordinal);
        Assert.Contains("300017985", process.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = taken.LocalEndpoint.ToString()!;
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var process = DrimboxProcess.Start(
            "run", "--config", Write(Platform.Replace(
                "\"AeTitle\": \"TELERADIO\"", $"\"AeTitle\": \"TELERADIO\", \"Address\": \"127.0.0.1\", \"Port\": {port}",
                StringComparison.Ordinal)));
        var (exitCode, _) = await process.EndAsync();
        Assert.Equal(3, exitCode);
        Assert.Contains(address, process.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_owner_passes_the_socket_and_HTTP_only_reads()
    {
        var port = LoopbackPorts.Take();
        await using var process = DrimboxProcess.Start(
            "run", "--config", Write($"{Platform}, \"Administration\": {{ \"HttpPort\": {port} }}"));
        await ReadyAsync(process);
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Path.Combine(_folder.Path, "data", "drimbox.sock")));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.Combine(_folder.Path, "data")));

        using var http = new HttpClient(new HeardAnswers(new SocketsHttpHandler())) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var path = "/api/teleradiology/requests";
        var cancellation = TestContext.Current.CancellationToken;
        using var read = await http.GetAsync(path, cancellation);
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        using var write = await http.PostAsync(path + "/1.2/accept", null, cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, write.StatusCode);
        // A page of another site must not read through the browser of the administrator (DNS rebinding).
        using var foreign = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = "evil.example" } };
        using var refused = await http.SendAsync(foreign, cancellation);
        Assert.False(refused.IsSuccessStatusCode);
    }

    [Fact]
    public async Task The_archive_tells_which_studies_are_complete_and_which_commitments_wait()
    {
        var (http, dicom) = (LoopbackPorts.Take(), LoopbackPorts.Take());
        using var study = new SampleStudy();
        await using var process = DrimboxProcess.Start("run", "--config", Write($$"""
            "Archive": {
              "Dicom": { "AeTitle": "ARCHIVE", "Port": {{dicom}} }, "Callers": ["DRIMBOX"],
              "Completeness": { "QuietTime": "01:00:00", "LongQuietTime": "01:00:00" }
            },
            "Administration": { "HttpPort": {{http}} }
            """));
        await ReadyAsync(process);
        await using var store = DrimboxProcess.Start("store", $"ARCHIVE@127.0.0.1:{dicom}", study.Paths[0]);
        Assert.Equal(0, (await store.EndAsync()).ExitCode);
        using var client = new HttpClient(new HeardAnswers(new SocketsHttpHandler())) { BaseAddress = new Uri($"http://127.0.0.1:{http}") };
        var cancellation = TestContext.Current.CancellationToken;
        var receiving = await client.GetStringAsync("/api/archive/completeness?complete=false", cancellation);
        Assert.Contains($"{SampleStudy.Order.StudyInstanceUid}", receiving, StringComparison.Ordinal);
        Assert.Equal("[]", await client.GetStringAsync("/api/archive/completeness?complete=true", cancellation));
        Assert.Equal("[]", await client.GetStringAsync("/api/archive/commitments", cancellation));
    }

    [Fact]
    public async Task A_second_process_on_the_same_stores_says_that_they_are_in_use()
    {
        var file = Write(Platform);
        await using var first = DrimboxProcess.Start("run", "--config", file);
        await ReadyAsync(first);
        await using var second = DrimboxProcess.Start("run", "--config", file);
        var (exitCode, _) = await second.EndAsync();
        Assert.Equal(3, exitCode);
        Assert.Contains("another process uses this store", second.Errors, StringComparison.Ordinal);
    }

    private static async Task ReadyAsync(DrimboxProcess process)
    {
        var lines = await process.ReadUntilAsync(l => l == "ready");
        Assert.True(lines is [.., "ready"], string.Join('\n', lines) + process.Errors);
    }

    private static async Task<byte[]> SharedBytesAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes, TestContext.Current.CancellationToken);
        return bytes;
    }

    private string Write(string sections)
    {
        var file = Path.Combine(_folder.Path, "drimbox.json");
        File.WriteAllText(file, $$"""{ "DataFolder": "{{Path.Combine(_folder.Path, "data")}}", {{sections}} }""");
        return file;
    }
}
