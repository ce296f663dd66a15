using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Receivers;

/// <summary>A series of one study over DICOMweb: stored by STOW-RS, then read by WADO-RS with a reader that counts and
/// forgets.</summary>
internal static class WebSeries
{
    private const string Study = "1.2.840.99999.1";
    private const string Series = "1.2.840.99999.1.1";

    /// <summary>Stores instances under JPEG-LS whose fragment is noise: nothing decodes it.</summary>
    /// <param name="root">For example http://127.0.0.1:8042/dicom-web.</param>
    /// <param name="bytes">Of the fragment of each.</param>
    public static async Task StoreAsync(Uri root, int instances, int bytes)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(10) };
        for (var first = 0; first < instances; first += 100)
        {
            using var body = new MultipartContent("related", "series");
            for (var i = first; i < Math.Min(instances, first + 100); i++)
            {
                var part = new ByteArrayContent(File(i + 1, bytes));
                part.Headers.ContentType = new MediaTypeHeaderValue("application/dicom");
                body.Add(part);
            }

            body.Headers.ContentType!.Parameters.Add(new NameValueHeaderValue("type", "\"application/dicom\""));
            using var answer = await http.PostAsync(new Uri($"{root}/studies"), body);
            if ((int)answer.StatusCode != 200) throw new InvalidOperationException($"STOW-RS: {answer.StatusCode}");
        }
    }

    /// <summary>Reads the series a number of times, each over a connection of its own.</summary>
    /// <returns>A line for each: milliseconds to the first byte, bytes, Gbit/s.</returns>
    public static IEnumerable<string> Get(Uri root, int runs)
    {
        var request = Encoding.ASCII.GetBytes(
            $"GET {root.AbsolutePath}/studies/{Study}/series/{Series} HTTP/1.1\r\nHost: {root.Authority}\r\n"
            + "Accept: multipart/related; type=\"application/dicom\"; transfer-syntax=*\r\nConnection: close\r\n\r\n");
        var buffer = GC.AllocateUninitializedArray<byte>(1024 * 1024, pinned: true);
        for (var run = 0; run < runs; run++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.NoDelay = true;
            socket.Connect(IPAddress.Parse(root.Host), root.Port);
            var began = Stopwatch.GetTimestamp();
            socket.Send(request);
            var count = socket.Receive(buffer);
            var first = Stopwatch.GetElapsedTime(began);
            var status = Encoding.ASCII.GetString(buffer, 0, Math.Min(count, 15));
            if (!status.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
                throw new InvalidOperationException(status);
            long total = 0;
            for (; count > 0; count = socket.Receive(buffer)) total += count;
            var all = Stopwatch.GetElapsedTime(began);
            var rate = total * 8 / all.TotalSeconds / 1e9;
            yield return FormattableString.Invariant(
                $"first byte {first.TotalMilliseconds:F1} ms, {total} bytes, {rate:F2} Gbit/s");
        }
    }

    private static byte[] File(int number, int bytes)
    {
        var noise = new byte[bytes & ~1];
        new Random(number).NextBytes(noise);
        var fragments = new EncapsulatedFragments();
        fragments.Add([]);
        fragments.Add(noise);
        var ct = new DataSet();
        ct.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        ct.SetString(Tag.SOPInstanceUID, $"{Series}.{number}");
        ct.SetString(Tag.StudyDate, "20260822");
        ct.SetString(Tag.Modality, "CT");
        ct.SetString(Tag.PatientID, "IPP101");
        ct.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        ct.SetString(Tag.StudyInstanceUID, Study);
        ct.SetString(Tag.SeriesInstanceUID, Series);
        ct.SetInt(Tag.InstanceNumber, number);
        ct.SetInt(Tag.Rows, 512);
        ct.SetInt(Tag.Columns, 512);
        ct.Set(new DataElement(Tag.PixelData, Vr.OB, fragments));
        return Part10Writer.ToBytes(ct, TransferSyntax.JPEGLSLossless, AeTitle.Parse("CT1"));
    }
}
