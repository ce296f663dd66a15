using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Drimbox.Core;

namespace Drimbox.Storage.Bucket;

/// <summary>The calls to the service, so many at once, each of which ends in time and by a <see cref="StorageFaultException"/>
/// if it fails. The service takes whole what it answers for, and shows it to all from then on.</summary>
internal sealed class BucketService : IDisposable
{
    private readonly BucketOptions _options;
    private readonly AmazonS3Client _client;
    private readonly SemaphoreSlim _calls = new(Limits.BucketCallsMax);

    /// <exception cref="StorageFaultException">The file of the keys cannot be read.</exception>
    public BucketService(BucketOptions options)
    {
        _options = options;
        _client = new AmazonS3Client(ReadKeys(options.KeyFile), new AmazonS3Config
        {
            ServiceURL = options.Service!.ToString(),
            AuthenticationRegion = options.Region,
            // A bucket in the name of the host needs a name server and a certificate for it.
            ForcePathStyle = true,
            Timeout = Limits.BucketAnswerMax,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = Limits.BucketRetries,
            // Objects have a hash of their own; what else newer clients add, older services refuse.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });
    }

    /// <summary>Stores bytes under a name, in place of what is there.</summary>
    /// <param name="sha256">That the service compares what came with.</param>
    public Task PutAsync(string name, Stream content, byte[] sha256, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            content.Position = 0;
            var request = new PutObjectRequest
            {
                BucketName = _options.Name, Key = _options.Prefix + name, InputStream = content, AutoCloseStream = false,
                ChecksumSHA256 = Convert.ToBase64String(sha256), UseChunkEncoding = false,
            };
            return await _client.PutObjectAsync(request, cancellationToken);
        },
        cancellationToken);

    /// <summary>Reads what a name has.</summary>
    /// <param name="read">Is given the bytes, and how many they are.</param>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.Absent"/>: the name has none.</exception>
    public Task<T> GetAsync<T>(string name, Func<Stream, long, Task<T>> read, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var request = new GetObjectRequest { BucketName = _options.Name, Key = _options.Prefix + name };
            using var response = await _client.GetObjectAsync(request, cancellationToken);
            // The limit of the client ends with the header.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Limits.BucketAnswerMax);
            return await read(response.ResponseStream, response.ContentLength).WaitAsync(patience.Token);
        },
        cancellationToken);

    public void Dispose()
    {
        _client.Dispose();
        _calls.Dispose();
    }

    private async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        await _calls.WaitAsync(cancellationToken);
        try
        {
            return await call();
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode == "NoSuchKey")
        {
            throw new StorageFaultException(StorageFault.Absent, "Bucket: there is no such object.", e);
        }
        catch (AmazonServiceException e)
        {
            // Of its own text only the code: the rest may repeat the request.
            throw new StorageFaultException(StorageFault.Io, $"Bucket: answered {(int)e.StatusCode} {CodeOf(e)}.", e);
        }
        catch (Exception e) when (e is AmazonClientException or HttpRequestException or TimeoutException
            || (e is IOException and not StorageFaultException)
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new StorageFaultException(StorageFault.Io, "Bucket: the service did not answer.", e);
        }
        finally
        {
            _calls.Release();
        }
    }

    private static string CodeOf(AmazonServiceException e) =>
        e.ErrorCode is { Length: > 0 and <= 64 } code && code.All(char.IsAsciiLetterOrDigit) ? code : "without a code";

    private static BasicAWSCredentials ReadKeys(string file)
    {
        try
        {
            using var lines = new StreamReader(file);
            if (lines.ReadLine()?.Trim() is { Length: > 0 } id && lines.ReadLine()?.Trim() is { Length: > 0 } secret)
                return new BasicAWSCredentials(id, secret);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageFaultException(StorageFault.Absent, $"The key file '{file}' cannot be read.", e);
        }

        throw new StorageFaultException(StorageFault.Absent, $"The key file '{file}' must have two lines: key id and secret.");
    }
}
