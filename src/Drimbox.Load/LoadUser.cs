using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Mllp;
using Drimbox.Load.Instances;
using Drimbox.Load.Messages;
using Drimbox.Load.Targets;

namespace Drimbox.Load;

/// <summary>What all users of a run share.</summary>
/// <param name="Instances">What is stored, or null.</param>
/// <param name="Messages">What is sent as HL7, or null.</param>
internal sealed record LoadMaterial(LoadOptions Options, InstanceSet? Instances, MessageTemplate? Messages)
{
    private long _lastStudy = -1;

    /// <summary>A study of which something has been stored in this run; before that the first that will be.</summary>
    public Uid StoredStudy(long index)
    {
        var last = Volatile.Read(ref _lastStudy);
        return Instances!.StudyUid(last <= 0 ? 0 : (long)(SeededNumbers.At(~index, Options.Seed) % (ulong)(last + 1)));
    }

    public void Stored(long study)
    {
        for (var last = Volatile.Read(ref _lastStudy); study > last;)
        {
            var seen = Interlocked.CompareExchange(ref _lastStudy, study, last);
            if (seen == last) return;
            last = seen;
        }
    }
}

/// <summary>Performs operations one after the other, as one modality, viewer or RIS does.</summary>
internal sealed class LoadUser(
    LoadMaterial material, AssociationLane? stores, AssociationLane? queries, MllpClient? messages)
{
    /// <summary>Performs one operation. What the peer does wrong is an outcome, not an exception.</summary>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    public async Task<OperationOutcome> PerformAsync(OperationKind kind, long index, CancellationToken cancellation)
    {
        if (kind == OperationKind.Mllp) return await SendMessageAsync(cancellation);
        var lane = kind is OperationKind.Find or OperationKind.Move ? queries! : stores!;
        OpenAssociation? open = null;
        var isBroken = true;
        try
        {
            open = await lane.EnterAsync(cancellation);
            var outcome = kind switch
            {
                OperationKind.Echo => Judge(await open.Echo.SendAsync(cancellation), warningIsDone: false),
                OperationKind.Store => await StoreAsync(open, cancellation),
                OperationKind.Find => await FindAsync(open, index, cancellation),
                OperationKind.Move => await MoveAsync(open, index, cancellation),
                _ => throw Invariant.Unreachable(kind),
            };
            isBroken = false;
            return outcome;
        }
        catch (AssociationRejectedException e)
        {
            return Failed($"association rejected {e.Rejection}");
        }
        catch (AssociationAbortedException e)
        {
            return Failed(e.Abort is { } abort ? $"association aborted {abort}" : "association lost");
        }
        catch (SocketException e)
        {
            return Failed($"no connection ({e.SocketErrorCode})");
        }
        catch (TimeoutException)
        {
            return Failed("no connection in time");
        }
        catch (IOException)
        {
            return Failed("the instance cannot be read");
        }
        finally
        {
            if (open is not null) lane.Leave(open, isBroken);
        }
    }

    private async Task<OperationOutcome> StoreAsync(OpenAssociation open, CancellationToken cancellation)
    {
        var instance = material.Instances!.Next(out var study, out var length);
        var status = material.Options.Window > 1
            ? await open.Stores.SendAsync(instance, cancellation)
            : await open.Store.SendAsync(instance, cancellation);
        if (status.IsSuccessOrWarning) material.Stored(study);
        return Judge(status, warningIsDone: true) with { Bytes = length };
    }

    private async Task<OperationOutcome> FindAsync(OpenAssociation open, long index, CancellationToken cancellation)
    {
        var identifier = IdentifierFor(index);
        identifier.SetEmpty(Tag.PatientID);
        identifier.SetEmpty(Tag.StudyDate);
        identifier.SetEmpty(Tag.AccessionNumber);
        AddKeys(identifier);
        try
        {
            var matches = 0;
            await foreach (var _ in open.Find.FindAsync(
                SopClass.StudyRootQueryRetrieveInformationModelFind, identifier, cancellation))
            {
                matches++;
            }

            return new OperationOutcome(matches == 0 ? "0000 (no match)" : "0000 (success)", false, 0);
        }
        catch (DimseFailureException e)
        {
            return Failed(e.Status.ToString());
        }
    }

    private async Task<OperationOutcome> MoveAsync(OpenAssociation open, long index, CancellationToken cancellation)
    {
        var identifier = IdentifierFor(index);
        AddKeys(identifier);
        var moving = open.Move.MoveAsync(
            SopClass.StudyRootQueryRetrieveInformationModelMove, identifier, material.Options.MoveDestination,
            cancellationToken: cancellation);
        try
        {
            return Judge((await moving.WaitAsync(cancellation)).Status, warningIsDone: false);
        }
        catch (OperationCanceledException)
        {
            // A peer that is silent in the middle of a retrieve would not hear a C-CANCEL either.
            await open.Association.AbortAsync();
            await ((Task)moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task<OperationOutcome> SendMessageAsync(CancellationToken cancellation)
    {
        var (message, controlId) = material.Messages!.Next();
        return await messages!.SendAsync(message, cancellation) switch
        {
            MllpExchange.Answered answered => AckReader.TryRead(answered.Ack, controlId, out _) is { } ack
                ? new OperationOutcome(ack.Code.ToString(), ack.Code != AckCode.AA, message.Length)
                : Failed("an answer that is no acknowledgement of the message"),
            MllpExchange.NoAnswer unanswered => Failed(unanswered.Why),
            MllpExchange.NotSent unsent => Failed(unsent.Why),
            var other => throw Invariant.Unreachable(other),
        };
    }

    private DataSet IdentifierFor(long index)
    {
        var identifier = new DataSet();
        identifier.SetString(Tag.QueryRetrieveLevel, "STUDY");
        identifier.SetString(
            Tag.StudyInstanceUID, material.Options.Keys.Count > 0 ? null : material.StoredStudy(index).ToString());
        return identifier;
    }

    private void AddKeys(DataSet identifier)
    {
        foreach (var (tag, value) in material.Options.Keys) identifier.SetString(tag, value);
    }

    private static OperationOutcome Judge(DimseStatus status, bool warningIsDone) => new(
        status.ToString(),
        !(status.Category == StatusCategory.Success || (warningIsDone && status.IsSuccessOrWarning)), 0);

    private static OperationOutcome Failed(string status) => new(status, true, 0);
}
