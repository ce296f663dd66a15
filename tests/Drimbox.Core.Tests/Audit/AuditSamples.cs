using Drimbox.Core.Audit;
using Drimbox.Core.Identity;

namespace Drimbox.Tests.Audit;

/// <summary>What the tests of audit messages are about: one node, one moment, one synthetic patient.</summary>
internal static class AuditSamples
{
    public static readonly DateTimeOffset At = new(2026, 11, 29, 9, 30, 0, 250, TimeSpan.FromHours(1));

    public static readonly AuditNode Node = new(
        "source@drimbox.example", "1.2.250.1.999.10.5", "drimbox-1", 4711, AeTitle.Parse("DRIMSOURCE"));

    public static readonly Uid Study = Uid.Parse("1.2.250.1.999.9.1");

    public static readonly InstanceIdentifier Ins =
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989");

    public static readonly Professional Doctor = new(
        InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), "ERIC", "THOMAS");

    public static readonly ImageCaller Caller = new(
        "17 SITE DIX-SEPT", "192.0.2.7", "899700218896",
        "https://drimbox.example/studies/1.2.250.1.999.9.1/series/1.2.3");

    public static readonly ImageSubject Subject = new(Study, Uid.Parse("2.25.77"), Ins);

    /// <summary>The message of an event, and what is expected of it: as it is written by hand, in lines.</summary>
    public static void IsWritten(string expected, AuditEvent e)
    {
        var text = new System.Text.StringBuilder();
        foreach (var line in expected.Split('\n').Select(line => line.Trim()))
        {
            if (text.Length > 0 && text[^1] != '>') text.Append(' ');
            text.Append(line);
        }

        Assert.Equal(
            """<?xml version="1.0" encoding="UTF-8"?>""" + text,
            AuditXml.Write(e, Node.Source));
    }

    /// <summary>The end of every message of the node.</summary>
    public const string Source = """
        <AuditSourceIdentification AuditEnterpriseSiteID="1.2.250.1.999.10.5" AuditSourceID="source@drimbox.example">
        <AuditSourceTypeCode csd-code="4" /></AuditSourceIdentification>
        """;
}
