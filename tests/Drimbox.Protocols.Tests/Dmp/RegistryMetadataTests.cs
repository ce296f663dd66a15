using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;

namespace Drimbox.Tests.Dmp;

/// <summary>DocumentEntry ↔ ExtrinsicObject and SubmissionSet ↔ RegistryPackage.</summary>
public sealed class RegistryMetadataTests
{
    private static readonly XNamespace Rim = XdsNames.Rim;
    private static readonly InstanceIdentifier PatientId = InstanceIdentifier.Create("1.2.250.1.213.1.4.10", "279035121518989");

    private static readonly Author Author = new(
        new Professional(InstanceIdentifier.Create("1.2.250.1.71.4.2.1", "899700000042"), "O^NEIL&", "Ann|e\\~"),
        new Organization(InstanceIdentifier.Create("1.2.250.1.71.4.2.2", "1750712184"), "HÔPITAL\\F\\1", "FINEG"),
        "Médecin", new Code("G15_10/SM44", "1.2.250.1.213.1.1.4.5", "Médecin - Radio-diagnostic (SM)"));

    private static readonly DocumentEntry Manifest = new(
        "DocumentKOS", InstanceIdentifier.Create("1.2.250.1.999.7.1", null), "application/dicom",
        new Code("31", "1.2.250.1.213.1.1.4.1", "Imagerie médicale"),
        new Code("IMG-KOS", "1.2.250.1.213.1.1.4.12", "Reference d'objets d'un examen d'imagerie"),
        new Code("1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1", "Document de Références"),
        new Code("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel"),
        new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
        [new Code("CT", "1.2.250.1.213.1.1.5.618", "Scanner")], [Author, Author with { Role = null, Specialty = null }],
        Author.Person, PatientId,
        new Patient(PatientId, new LocalPatientId("IPP^101", "1.2.250.1.999.2", ""), "PAT-TROIS", "DOMINIQUE", "", "TROIS", "19790328", "F", ""),
        "20260105083000", "20260105080000", null, "fr-FR", "Reference d'Objets", new string('a', 40), 1234,
        Visibility.MaskedFromProfessionals | Visibility.InvisibleToLegalRepresentatives,
        [
            new ReferenceId(ReferenceIdType.Accession, InstanceIdentifier.Create("1.2.250.1.999.3", "A&1")),
            new ReferenceId(ReferenceIdType.StudyInstanceUid, InstanceIdentifier.Create("1.2.250.1.999.5.1", null)),
        ]);

    [Fact]
    public void An_entry_is_read_as_it_was_written_separators_in_names_included()
    {
        var problems = new List<string>();

        var read = DocumentEntryCodec.TryRead(DocumentEntryCodec.Write(Manifest), stored: true, problems);

        Assert.Empty(problems);
        Assert.Equivalent(Manifest, read!.Entry, strict: true);
        Assert.Equal(["N", "MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX"], read.ConfidentialityCodes.Select(c => c.Value));
    }

    [Fact]
    public void The_order_of_slots_and_classifications_is_free()
    {
        var written = DocumentEntryCodec.Write(Manifest);
        var reversed = new XElement(written.Name, written.Attributes(), written.Elements().Reverse());

        var read = DocumentEntryCodec.TryRead(reversed, stored: true, []);

        Assert.Equal(Manifest.UniqueId, read!.Entry.UniqueId);
        Assert.Equal(Manifest.TypeCode, read.Entry.TypeCode);
    }

    [Fact]
    public void The_text_forms_are_those_of_the_national_documents()
    {
        var xml = DocumentEntryCodec.Write(Manifest with
        {
            Authors = [Author with { Person = new Professional(Author.Person.Id, "MAX", "LIBRE") }],
        });

        string[] Values(string slot) => xml.Descendants(Rim + "Slot").Where(s => (string?)s.Attribute("name") == slot)
            .Descendants(Rim + "Value").Select(v => v.Value).ToArray();
        Assert.Equal(["899700000042^MAX^LIBRE^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"], Values("authorPerson"));
        Assert.Equal([@"HÔPITAL\E\F\E\1^^^^^&1.2.250.1.71.4.2.2&ISO^FINEG^^^1750712184"], Values("authorInstitution"));
        Assert.Equal(
            [
                @"A\T\1^^^&1.2.250.1.999.3&ISO^urn:ihe:iti:xds:2013:accession",
                "1.2.250.1.999.5.1^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
            ],
            Values("urn:ihe:iti:xds:2013:referenceIdList"));
        Assert.Equal(
            ["PID-5|PAT-TROIS^DOMINIQUE^^^^^L", "PID-5|TROIS^DOMINIQUE^^^^^D", "PID-7|19790328", "PID-8|F"],
            Values("sourcePatientInfo"));
        var patientId = xml.Elements(Rim + "ExternalIdentifier").First();
        Assert.Equal("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH", (string?)patientId.Attribute("value"));
    }

    [Fact]
    public void A_patient_without_local_identifier_is_named_by_the_INS()
    {
        var xml = DocumentEntryCodec.Write(Manifest with { SourcePatient = Manifest.SourcePatient with { LocalId = null } });

        var slot = xml.Elements(Rim + "Slot").Single(s => (string?)s.Attribute("name") == "sourcePatientId");
        Assert.Equal("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH", slot.Value);
        Assert.Null(DocumentEntryCodec.TryRead(xml, stored: true, [])!.Entry.SourcePatient.LocalId);
    }

    [Fact]
    public void Hash_and_size_are_required_of_a_registry_and_not_of_a_source()
    {
        var xml = DocumentEntryCodec.Write(Manifest);
        xml.Elements(Rim + "Slot").Where(s => (string?)s.Attribute("name") is "hash" or "size").Remove();

        Assert.Equal(("", -1L), (DocumentEntryCodec.TryRead(xml, false, [])!.Entry is var e ? (e.Hash, e.Size) : default));
        Assert.Null(DocumentEntryCodec.TryRead(xml, true, []));
    }

    [Theory]
    [InlineData("PON42^^^&1.2.3.4&ISO^urn:ihe:iti:xds:2013:order", true)]
    [InlineData("1.2.3^^^&1.2.4&ISO^urn:ihe:iti:xds:2016:studyInstanceUID", true)]
    [InlineData("1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID", true)]
    [InlineData("PON42^^^^urn:ihe:iti:xds:2013:order", false)]
    [InlineData("^^^&1.2.3.4&ISO^urn:ihe:iti:xds:2013:order", false)]
    [InlineData("PON42", false)]
    [InlineData("", false)]
    public void Reference_ids_are_read_strictly(string text, bool accepted)
    {
        var xml = DocumentEntryCodec.Write(Manifest with { ReferenceIds = [Manifest.ReferenceIds[0]] });
        xml.Elements(Rim + "Slot").Single(s => ((string?)s.Attribute("name"))!.EndsWith("referenceIdList", StringComparison.Ordinal))
            .Descendants(Rim + "Value").Single().Value = text;

        Assert.Equal(accepted, DocumentEntryCodec.TryRead(xml, true, []) is not null);
    }

    [Fact]
    public void No_input_makes_the_reader_throw()
    {
        var random = new Random(6);
        var text = DocumentEntryCodec.Write(Manifest).ToString(SaveOptions.DisableFormatting);
        for (var i = 0; i < 2000; i++)
        {
            // Any attribute value or text shortened, doubled or replaced.
            var xml = XElement.Parse(text);
            var values = xml.DescendantsAndSelf().Attributes().Where(a => !a.IsNamespaceDeclaration).ToList();
            var leaves = xml.Descendants().Where(e => !e.HasElements).ToList();
            string[] spoils = ["", "^", "&", "^^^^^^^^^^^^^", "^^^&&^", "\\", "\\E", "x\\T\\", new string('9', 300), "^^^&1.2&ISO", "0", "-1"];
            if (random.Next(2) == 0) values[random.Next(values.Count)].Value = spoils[random.Next(spoils.Length)];
            else leaves[random.Next(leaves.Count)].Value = spoils[random.Next(spoils.Length)];
            if (random.Next(4) == 0) xml.Elements().ElementAt(random.Next(xml.Elements().Count())).Remove();

            var problems = new List<string>();
            var read = DocumentEntryCodec.TryRead(xml, stored: true, problems);

            Assert.Equal(read is null, problems.Count > 0);
            Assert.DoesNotContain(problems, problem => problem.Contains("DOMINIQUE", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_submission_set_is_read_as_it_was_written()
    {
        var submission = Submission(SubmissionKind.Publish, new SubmittedDocument(Manifest, default));

        var set = SubmissionSetCodec.TryRead(SubmissionSetCodec.Write(submission), [])!;

        Assert.Equal(submission.SubmissionSetUniqueId, set.UniqueId);
        Assert.Equal(submission.SourceId, set.SourceId);
        Assert.Equal("20260105074500", set.SubmissionTime);
        Assert.Equal(submission.ContentType, set.ContentType);
        Assert.Equal(PatientId, set.PatientId);
        Assert.Equivalent(Author, set.Author);
    }

    [Fact]
    public void Deletion_and_visibility_change_have_the_shape_of_ITI_57()
    {
        var target = new TargetEntry("urn:uuid:new", "urn:uuid:old", 2, AvailabilityStatus.Archived);
        var delete = SubmitObjects.ForUpdate(new SealedSubmission(Submission(SubmissionKind.Delete, null), null), target);
        var change = SubmitObjects.ForUpdate(
            new SealedSubmission(Submission(SubmissionKind.ChangeVisibility, new SubmittedDocument(Manifest, default)), null), target);

        var status = Assert.Single(SubmitObjects.ReadAssociations(delete.Elements().Single(), []));
        Assert.Equal(
            (AssociationType.UpdateAvailabilityStatus, "SubmissionSet01", "urn:uuid:new", XdsStatus.Archived, XdsStatus.Deleted),
            (status.Type, status.Source, status.Target, status.OriginalStatus, status.NewStatus));
        var entry = change.Descendants(Rim + "ExtrinsicObject").Single();
        Assert.Equal("urn:uuid:old", (string?)entry.Attribute("lid"));
        Assert.Equal("3", (string?)entry.Element(Rim + "VersionInfo")!.Attribute("versionName"));
        var member = Assert.Single(SubmitObjects.ReadAssociations(change.Elements().Single(), []));
        Assert.Equal(
            (AssociationType.HasMember, "DocumentKOS", "Original", "2"),
            (member.Type, member.Target, member.SubmissionSetStatus, member.PreviousVersion));
    }

    [Fact]
    public void The_signature_document_has_a_unique_id_frozen_with_the_submission_set()
    {
        var long64 = Uid.Parse("2.25." + string.Join('.', Enumerable.Repeat("12345678", 6)) + ".12345");
        foreach (var uid in new[] { Uid.Parse("2.25.1"), long64 })
        {
            var submission = Submission(SubmissionKind.Publish, new SubmittedDocument(Manifest, default), uid);
            var first = SignatureEntry.UniqueIdOf(submission);
            Assert.Equal(first, SignatureEntry.UniqueIdOf(submission));
            Assert.NotEqual(uid, first);
        }

        var entry = SignatureEntry.For(
            Submission(SubmissionKind.Publish, new SubmittedDocument(Manifest, default)), Encoding.UTF8.GetBytes("<s/>"));
        Assert.Equal(4, entry.Size);
        Assert.Equal("art", entry.LanguageCode);
        Assert.Equal(Visibility.MaskedFromProfessionals | Visibility.InvisibleToPatient, entry.Visibility);
    }

    [Theory]
    [InlineData("'a'", "a")]
    [InlineData("('a','b')", "a|b")]
    [InlineData("( 'a' , 'b' )", "a|b")]
    [InlineData("('it''s')", "it's")]
    [InlineData("20260105", "20260105")]
    [InlineData("(1,2)", "1|2")]
    [InlineData("'a", null)]
    [InlineData("('a'", null)]
    [InlineData("('a',)", null)]
    [InlineData("('a' 'b')", null)]
    [InlineData("a", null)]
    [InlineData("", null)]
    [InlineData("()", null)]
    [InlineData(")", null)]
    public void Query_values_are_read_with_their_quotes(string text, string? expected)
    {
        var request = StoredQuery.GetDocuments([InstanceIdentifier.Create("1.2", "x")]).Write();
        request.Descendants(Rim + "Value").Single().Value = text;

        var query = StoredQuery.TryRead(request, out var error);

        Assert.Equal(expected, query is null ? null : string.Join('|', query.Parameters[0].Values));
        Assert.Equal(expected is null, error is not null);
    }

    [Fact]
    public void Queries_are_read_as_they_were_written()
    {
        var query = StoredQuery.FindDocumentsByReferenceId(
            PatientId, Manifest.ReferenceIds, [AvailabilityStatus.Approved, AvailabilityStatus.Deprecated], QueryReturnType.ObjectRef);

        Assert.Equivalent(query, StoredQuery.TryRead(query.Write(), out _), strict: true);
        Assert.Contains(
            "<rim:Value>'279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH'</rim:Value>", query.Write().ToString(),
            StringComparison.Ordinal);
    }

    private static Submission Submission(SubmissionKind kind, SubmittedDocument? document, Uid? uid = null) =>
        new(
            kind, uid ?? Uid.Parse("2.25.77"), DateTimeOffset.Parse("2026-01-05T08:45:00+01:00", CultureInfo.InvariantCulture),
            Uid.Parse("1.2.250.1.999.9"), Author, new Code("03", "1.2.250.1.213.2.2", "Hospitalisation"), PatientId,
            document, null);
}
