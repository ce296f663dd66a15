using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

/// <summary>DICOMweb and DIMSE are two doors of one archive: random questions have the same answer at both.</summary>
public sealed class AgreementTests
{
    private const int Questions = 150;

    private static readonly string[] Names = ["MÜLLER^ZOÉ", "MULLER^ZOE", "DUPONT^JEAN", "DUPOND", "PAT-TROIS^DOMINIQUE"];

    private static readonly (Tag Tag, string[] Values)[] Keys =
    [
        (Tag.PatientID, ["IPP1", "IPP2", "IPP*", "ipp1", "IPP?", "*", "IPP9"]),
        (Tag.PatientName, ["muller*", "DUPON?*", "dupont^jean", "*zoe", "M*^Z*", "DUPOND"]),
        (Tag.StudyDate, ["20260801", "20260802-", "-20260803", "20260802-20260804", "20260931"]),
        (Tag.StudyTime, ["083117", "0800-0900", "-0700"]),
        (Tag.AccessionNumber, ["ACN1", "ACN*", "*3", "' OR 1=1--", "%", "_"]),
        (Tag.StudyDescription, ["TDM*", "tdm thorax", "TDM THORAX"]),
        (Tag.ModalitiesInStudy, ["CT", "MR"]),
        (Tag.Modality, ["CT", "MR"]),
        (Tag.SeriesNumber, ["1", "2", "3"]),
        (Tag.InstanceNumber, ["1", "2"]),
        (Tag.StudyInstanceUID, ["1.2.1", "1.2.3", "1.2.99"]),
        (Tag.SOPClassUID, ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"]),
    ];

    [Fact]
    public async Task Random_searches_find_the_same_as_c_find()
    {
        var random = new Random(Seed.Get());
        await using var archive = await FillAsync(random);
        using var client = new WebClient(archive.Node);
        await using var association = await archive.CallRelationalAsync(Find);
        var scu = new CFindScu(association);
        var matched = 0;
        for (var question = 0; question < Questions; question++)
        {
            var level = random.Next(3);
            var keys = Keys.Where(_ => random.Next(5) == 0).Take(3)
                .Select(key => (key.Tag, Value: key.Values[random.Next(key.Values.Length)])).ToList();
            var unique = ((Tag[])[Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.SOPInstanceUID])[level];
            var identifier = Query(((string[])["STUDY", "SERIES", "IMAGE"])[level], [.. keys]);
            var byDimse = await scu.FindAsync(Find, identifier).Select(m => m.GetString(unique)).ToListAsync();
            var query = string.Join('&', keys.Select(key =>
                $"{(random.Next(2) == 0 ? DataDictionary.KeywordOf(key.Tag) : $"{key.Tag.Value:X8}")}="
                + Uri.EscapeDataString(key.Value)));
            var path = $"{((string[])["studies", "series", "instances"])[level]}?{query}";
            var byWeb = (await client.SearchAsync(path)).Select(m => m.GetString(unique)).ToList();
            Assert.True(
                byDimse.Order(StringComparer.Ordinal).SequenceEqual(byWeb.Order(StringComparer.Ordinal)),
                $"{path}: C-FIND {string.Join(' ', byDimse)}; QIDO-RS {string.Join(' ', byWeb)}");
            matched += byWeb.Count;
        }

        // The questions are of some use.
        Assert.True(matched > Questions);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task Random_retrievals_bring_the_same_data_sets_as_c_get()
    {
        var random = new Random(Seed.Get());
        await using var archive = await FillAsync(random);
        using var client = new WebClient(archive.Node);
        var get = SopClass.StudyRootQueryRetrieveInformationModelGet;
        for (var study = 1; study <= 5; study++)
        {
            await using var target = new Receiver("UNUSED");
            await using var association = await archive.CallAsync(
                CFindScu.ContextFor(get),
                new ProposedContext(SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)
                {
                    AsScp = true,
                });
            await new CGetScu(association).GetAsync(
                get, Query("STUDY", (Tag.StudyInstanceUID, $"1.2.{study}")), target);
            using var response = await client.GetAsync($"studies/1.2.{study}", WebClient.AsStored);
            var parts = (int)response.StatusCode == 404 ? [] : await WebClient.PartsAsync(response);
            var byWeb = parts.Select(part => (File: WebClient.Parse(part.Bytes), part.Bytes)).ToDictionary(
                p => p.File.DataSet.GetString(Tag.SOPInstanceUID)!, p => p.Bytes[(int)p.File.DataSetOffset..]);
            Assert.Equal(target.Stored.Keys.Order(), byWeb.Keys.Order());
            foreach (var (uid, bytes) in target.Stored) Assert.Equal(bytes, byWeb[uid]);
        }
    }

    // Five studies of up to three series of up to three instances, some of which are rejected.
    private static async Task<ArchiveFixture> FillAsync(Random random)
    {
        var archive = await StartAsync(WebClient.OnLoopback());
        for (var study = 1; study <= 5; study++)
        {
            var name = Names[random.Next(Names.Length)];
            var series = random.Next(1, 4);
            for (var s = 1; s <= series; s++)
            {
                for (var i = random.Next(1, 4); i > 0; i--)
                {
                    Assert.Equal(
                        DimseStatus.Success, await archive.StoreAsync(Ct(study, s, i, name, (byte)random.Next(256))));
                }
            }

            if (random.Next(2) == 0) await archive.StoreAsync(Note(RejectionReason.Quality, study, (1, 1)));
        }

        return archive;
    }
}
