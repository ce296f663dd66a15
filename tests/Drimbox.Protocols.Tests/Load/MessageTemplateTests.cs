using System.Text;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;
using Drimbox.Load.Messages;

namespace Drimbox.Tests.Load;

public sealed class MessageTemplateTests
{
    private static readonly DateTimeOffset Now = new(2026, 8, 22, 8, 31, 17, TimeSpan.FromHours(2));

    [Fact]
    public void Every_synthetic_report_is_accepted_and_of_a_document_of_its_own()
    {
        var template = SyntheticReport.Template(new SequentialIds(), Now);
        var documents = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            var (bytes, controlId) = template.Next();
            var reading = MessageValidator.Read(bytes, [CdaProfiles.Mdm21])!;
            Assert.Null(reading.Refusal);
            var message = reading.Message;
            Assert.Equal(controlId, message.Find("MSH")!.Value[10].Text);
            Assert.Equal(20, controlId.Length);
            var report = ReportMessageReader.TryRead(message, out var refusal);
            Assert.Null(refusal);
            Assert.Equal(ReportAction.Initial, report!.Message.Action);
            Assert.Equal(report.Message.DocumentId, report.Message.Cda!.DocumentId);
            Assert.True(documents.Add(report.Message.DocumentId.ToString()));
        }
    }

    [Fact]
    public void A_message_of_the_user_goes_out_as_it_is_but_for_its_control_id()
    {
        using var folder = new StoreFolder();
        var path = Path.Combine(folder.Path, "adt.hl7");
        File.WriteAllText(path, "MSH|^~\\&|A|B|C|D|20260822||ADT^A04|OLD1|P|2.5\nPID|||OLD1\n");
        var template = MessageTemplate.TryRead(path, new SequentialIds(), out var refusal);
        Assert.Null(refusal);
        var first = template!.Next();
        var second = template.Next();
        Assert.NotEqual(first.ControlId, second.ControlId);
        Assert.Equal(
            $"MSH|^~\\&|A|B|C|D|20260822||ADT^A04|{second.ControlId}|P|2.5\rPID|||OLD1\r",
            Encoding.UTF8.GetString(second.Message));
    }

    [Fact]
    public void A_mark_in_a_message_of_the_user_becomes_the_control_id()
    {
        using var folder = new StoreFolder();
        var path = Path.Combine(folder.Path, "adt.hl7");
        File.WriteAllText(path, "MSH|^~\\&|A|B|C|D|20260822||ADT^A04|OLD1|P|2.5\nPID|||{id}^^^SITE\n");
        var (message, controlId) = MessageTemplate.TryRead(path, new SequentialIds(), out _)!.Next();
        Assert.EndsWith($"PID|||{controlId}^^^SITE\r", Encoding.UTF8.GetString(message), StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_is_as_long_as_it_was_asked_for_and_still_one()
    {
        var (message, _) = SyntheticReport.Template(new SequentialIds(), Now, bytes: 300 * 1024).Next();
        Assert.InRange(message.Length, 299 * 1024, 301 * 1024);
        Assert.Null(MessageValidator.Read(message, [CdaProfiles.Mdm21])!.Refusal);
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("MSH|^~\\&|A")]
    public void What_is_no_message_is_refused_with_its_name(string text)
    {
        using var folder = new StoreFolder();
        var path = Path.Combine(folder.Path, "adt.hl7");
        File.WriteAllText(path, text);
        Assert.Null(MessageTemplate.TryRead(path, new SequentialIds(), out var refusal));
        Assert.Contains("adt.hl7", refusal!.Detail, StringComparison.Ordinal);
    }
}
