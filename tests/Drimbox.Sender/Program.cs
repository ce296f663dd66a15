using System.Globalization;
using System.Net.Sockets;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Sender;

// A modality of its own process, for the campaigns that harm an archive: it sends until the archive goes away or the
// bytes of its budget are sent, and keeps a log of what was acknowledged that no archive can touch.
//   sender PORT FOLDER SEED RUN ASSOCIATIONS BYTES_MIN BYTES_MAX BUDGET
// It writes "sending" once its associations stand, and counts at the end. It ends with 1 if a query showed an instance
// that was never sent or an answer was no success.
var port = Number(0);
var folder = args[1];
var (seed, run, lanes) = (Number(2), Number(3), Number(4));
var (bytesMin, bytesMax) = (Number(5), Number(6));
var budget = long.Parse(args[7], CultureInfo.InvariantCulture);
var queries = 0;
var complaints = new List<string>();
using var log = new AcknowledgementLog(folder);
using var sending = new CancellationTokenSource();

var contexts = new[] { new ProposedContext(SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid) };
var senders = new List<Association>();
for (var lane = 0; lane < lanes; lane++) senders.Add(await CallAsync(contexts));
var asker = await CallAsync(CFindScu.ContextFor(SopClass.StudyRootQueryRetrieveInformationModelFind));
Console.WriteLine("sending");

var asking = Task.Run(AskAsync);
await Task.WhenAll(senders.Select((association, lane) => Task.Run(() => SendAsync(association, lane))));
await sending.CancelAsync();
await asking;
foreach (var association in senders) await association.DisposeAsync();
await asker.DisposeAsync();
Console.WriteLine($"{log.SentCount} sent, {log.AcknowledgedCount} acknowledged, {queries} queries");
foreach (var complaint in complaints) Console.WriteLine(complaint);
return complaints.Count == 0 ? 0 : 1;

int Number(int argument) => int.Parse(args[argument], CultureInfo.InvariantCulture);

Task<Association> CallAsync(params IReadOnlyList<ProposedContext> proposed) => Association.RequestAsync(
    new AssociationOptions
    {
        Host = "127.0.0.1",
        Port = port,
        CallingAe = AeTitle.Parse("MODALITY"),
        CalledAe = AeTitle.Parse("ARCHIVE"),
        Contexts = proposed,
    });

async Task SendAsync(Association association, int lane)
{
    var random = new Random(unchecked((seed * 31) + (run * 7) + lane));
    var store = new CStoreScu(association);
    var left = budget / lanes;
    try
    {
        for (var number = 0; left > 0; number++)
        {
            var instance = SeededInstance.Create(run, lane, number, random, bytesMin, bytesMax);
            using (var content = instance.Source.Open()) left -= content.Length;
            log.Sending(instance.Uid, instance.Sha256);
            var status = await store.SendAsync(instance.Source);
            if (status == DimseStatus.Success) log.Acknowledged(instance.Uid, instance.Sha256);
            else Complain($"{instance.Uid} was answered {status}");
        }
    }
    catch (Exception e) when (e is IOException or SocketException)
    {
        // The archive is gone, as it was to be.
    }
}

// Queries beside the load: what is found was sent.
async Task AskAsync()
{
    var find = new CFindScu(asker);
    var random = new Random(seed);
    try
    {
        while (!sending.IsCancellationRequested)
        {
            var query = new DataSet();
            query.SetString(Tag.QueryRetrieveLevel, "IMAGE");
            var study = SeededInstance.StudyUid(run, random.Next(lanes));
            query.SetString(Tag.StudyInstanceUID, study);
            query.SetString(Tag.SeriesInstanceUID, $"{study}.1");
            query.SetEmpty(Tag.SOPInstanceUID);
            await foreach (var match in find.FindAsync(SopClass.StudyRootQueryRetrieveInformationModelFind, query))
            {
                if (match.GetString(Tag.SOPInstanceUID) is not { } uid || !log.WasSent(uid))
                    Complain("a query showed an instance that was never sent");
            }

            queries++;
        }
    }
    catch (Exception e) when (e is IOException or SocketException)
    {
        // As above.
    }
}

void Complain(string text)
{
    lock (complaints) complaints.Add(text);
}
