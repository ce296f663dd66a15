using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Load.Synthetic;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Teleradiology;

/// <summary>A PACS that answers C-MOVE with the instances it was given.</summary>
internal sealed class FakePacs : IRetrieveScp, IAsyncDisposable
{
    private readonly Dictionary<Uid, IReadOnlyList<InstanceSource>> _studies = [];
    private readonly DicomAcceptor _acceptor;

    public FakePacs()
    {
        _acceptor = new DicomAcceptor(
            new AcceptorOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                AeTitles = [AeTitle.Parse("PACS")],
                Retrieve = [this],
                MoveDestination = ae => (ae == AeTitle.Parse("TLR") ? Destination
                    : ae == AeTitle.Parse("TLR2") ? Second : null) is { } at
                    ? new DicomPeer(ae, "127.0.0.1", at.Port)
                    : null,
            },
            NullLogger.Instance);
        _acceptor.Start();
    }

    public int Port => _acceptor.EndPoint.Port;

    /// <summary>Where the platform takes images; null: the PACS does not know the AE title.</summary>
    public IPEndPoint? Destination { get; set; }

    /// <summary>Where a second process of the platform takes them, TLR2.</summary>
    public IPEndPoint? Second { get; set; }

    /// <summary>What is sent instead of what was asked for.</summary>
    public IReadOnlyList<InstanceSource>? Instead { get; set; }

    public IReadOnlyCollection<Uid> SopClasses { get; } = [SopClass.StudyRootQueryRetrieveInformationModelMove];

    public void Hold(Uid study, int instances)
    {
        lock (_studies) _studies[study] = Instances(study, instances);
    }

    public ValueTask<RetrieveAnswer> RetrieveAsync(RetrieveRequest request, CancellationToken cancellationToken)
    {
        Assert.Equal("STUDY", request.Level);
        lock (_studies)
        {
            var study = request.Identifier.GetUid(Tag.StudyInstanceUID);
            return ValueTask.FromResult(
                RetrieveAnswer.Found(Instead ?? _studies.GetValueOrDefault(study) ?? []));
        }
    }

    /// <summary>Sends instances that nobody asked for.</summary>
    public static async Task<DimseStatus> PushAsync(IPEndPoint to, string callingAe, InstanceSource instance)
    {
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = "127.0.0.1",
                Port = to.Port,
                CallingAe = AeTitle.Parse(callingAe),
                CalledAe = AeTitle.Parse("TLR"),
                Contexts = CStoreScu.ContextsFor([instance]),
            },
            TestContext.Current.CancellationToken);
        var status = await new CStoreScu(association).SendAsync(instance, TestContext.Current.CancellationToken);
        await association.ReleaseAsync(TestContext.Current.CancellationToken);
        return status;
    }

    /// <summary>A synthetic CT of so many small images.</summary>
    public static IReadOnlyList<InstanceSource> Instances(Uid study, int count) => SyntheticStudy
        .DataSets(new SyntheticStudyOrder(study, Samples.Patient.Identity, Samples.Now)
        {
            Instances = count,
            Rows = 32,
            Columns = 32,
        })
        .Select(d => InstanceSource.FromMemory(
            DataSetWriter.ToBytes(d, TransferSyntax.ExplicitVRLittleEndian),
            d.GetUid(Tag.SOPClassUID), d.GetUid(Tag.SOPInstanceUID), TransferSyntax.ExplicitVRLittleEndian.Uid))
        .ToList();

    public ValueTask DisposeAsync() => _acceptor.DisposeAsync();
}
