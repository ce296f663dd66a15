using Drimbox.Core.Identity;
using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

/// <summary>Instances of invented patients.</summary>
internal static class ArchiveFixture
{
    public static readonly DateTimeOffset Now = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);

    public static InstanceRecord Instance(
        int study, int series, int instance, string patientName = "PAT-TROIS^DOMINIQUE", string patientId = "IPP-1") =>
        new(
            new PatientAttributes(patientId, "SITE", patientName, "19900101", "F"),
            new StudyAttributes(
                Uid.Parse($"1.2.3.{study}"), "20260504", "101530.5", $"ACC{study}", $"S{study}", "Scanner thorax",
                "MÉDECIN^ANNE"),
            new SeriesAttributes(
                Uid.Parse($"1.2.3.{study}.{series}"), "CT", $"{series}", "Axial", "20260504", "1016"),
            new InstanceAttributes(
                Uid.Parse($"1.2.3.{study}.{series}.{instance}"), Uid.Parse("1.2.840.10008.5.1.4.1.1.2"),
                Uid.Parse("1.2.840.10008.1.2.1"), $"{instance}", 0, 512, 512),
            new InstanceFile(
                $"{study}-{series}-{instance}", 1000, new string('a', 64), Hash(study, series, instance), Now,
                AeTitle.Parse("CT1")));

    private static string Hash(params int[] parts) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(
            System.Text.Encoding.ASCII.GetBytes(string.Join('.', parts))));
}
