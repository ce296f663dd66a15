using System.Diagnostics;
using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Queries;

/// <summary>Sends small instances of studies, over associations with a thread each.</summary>
internal static class Sending
{
    /// <param name="from">The number of the first study.</param>
    /// <param name="perStudy">Instances of each.</param>
    public static string Send(
        int port, string calledAe, Population population, long from, int studies, int perStudy, int associations)
    {
        using var start = new Barrier(associations + 1);
        var failures = new List<Exception>();
        var lanes = Enumerable.Range(0, associations).Select(lane => new Thread(() =>
        {
            try
            {
                using var wire = new Wire(
                    port, calledAe, SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid);
                var messages = new List<byte[]>();
                for (var study = from + lane; study < from + studies; study += associations)
                {
                    for (var i = 0; i < perStudy; i++) messages.Add(Message(wire, population.DataSet(study, i)));
                }

                start.SignalAndWait();
                foreach (var message in messages)
                {
                    wire.Send(message);
                    if (wire.NextStatus() is not 0 and var status)
                        throw new InvalidDataException($"An instance was answered {status:X4}.");
                }
            }
            catch (Exception e) when (e is IOException or InvalidDataException or System.Net.Sockets.SocketException)
            {
                lock (failures) failures.Add(e);
                start.RemoveParticipant();
            }
        })).ToArray();
        foreach (var lane in lanes) lane.Start();
        start.SignalAndWait();
        var clock = Stopwatch.StartNew();
        foreach (var lane in lanes) lane.Join();
        if (failures.Count > 0) throw new InvalidDataException(failures[0].Message, failures[0]);
        var instances = studies * perStudy;
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"instances":{{instances}},"rate":{{instances / clock.Elapsed.TotalSeconds:F0}}}""");
    }

    private static byte[] Message(Wire wire, DataSet image) => wire.Message(
        new CommandSet
        {
            CommandField = CommandField.CStoreRq,
            MessageId = 1,
            AffectedSopInstanceUid = Uid.Parse(image.GetString(Tag.SOPInstanceUID)!),
        },
        DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian));
}
