using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Drimbox.Gateway.Administration;

/// <summary>The answer of the running process.</summary>
internal sealed record AdministrationAnswer(bool Succeeded, JsonElement Body);

/// <summary>Talks to the running process through its administration socket: the commands never open a store.</summary>
internal sealed class AdministrationClient : IDisposable
{
    private readonly HttpClient _http;

    public AdministrationClient(string socketPath)
    {
        SocketPath = socketPath;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        {
            BaseAddress = new Uri("http://drimbox"),
            Timeout = TimeSpan.FromMinutes(2),
        };
    }

    public string SocketPath { get; }

    public async Task<AdministrationAnswer> GetAsync(string path, CancellationToken cancellation)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        return await AnswerAsync(response, cancellation);
    }

    public async Task<AdministrationAnswer> PostAsync(string path, object? body, CancellationToken cancellation)
    {
        using var response = await _http.PostAsJsonAsync(
            new Uri(path, UriKind.Relative), body, AdministrationJson.Options, cancellation);
        return await AnswerAsync(response, cancellation);
    }

    /// <summary>A document, byte for byte.</summary>
    /// <exception cref="HttpRequestException">The process refused it.</exception>
    public Task<byte[]> GetBytesAsync(string path, CancellationToken cancellation) =>
        _http.GetByteArrayAsync(new Uri(path, UriKind.Relative), cancellation);

    /// <summary>Opens a document of any length; null where the process refuses it.</summary>
    public async Task<Stream?> TryOpenAsync(string path, CancellationToken cancellation)
    {
        var response = await _http.GetAsync(
            new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.IsSuccessStatusCode) return await response.Content.ReadAsStreamAsync(cancellation);
        response.Dispose();
        return null;
    }

    public void Dispose() => _http.Dispose();

    private static async Task<AdministrationAnswer> AnswerAsync(
        HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var document = await JsonDocument.ParseAsync(stream, cancellationToken: cancellation);
        return new AdministrationAnswer(response.IsSuccessStatusCode, document.RootElement.Clone());
    }
}
