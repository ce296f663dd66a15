using Drimbox.Core.Reports;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Ris;
using Drimbox.Tests.Ris.Mail;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris;

/// <summary>The peers of a RIS change while it runs.</summary>
public sealed class RisReloadTests
{
    private static readonly PublicationChoices Segur = PublicationChoices.Default;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_modality_comes_and_another_goes_while_an_association_goes_on()
    {
        await using var ris = await RisFixture.StartAsync();
        await using var standing = await ris.CallAsync("CT1", CEchoScu.Context);
        await RefusedAsync(ris, "NEWCT");

        ris.Reload(dicom => dicom with { Callers = [new CallerSection { AeTitle = "NEWCT" }] });

        Assert.Equal(DimseStatus.Success, await new CEchoScu(standing).SendAsync(Token));
        await using var added = await ris.CallAsync("NEWCT", CEchoScu.Context);
        Assert.Equal(DimseStatus.Success, await new CEchoScu(added).SendAsync(Token));
        await RefusedAsync(ris, "CT1");
    }

    [Fact]
    public async Task An_address_that_changes_is_used_for_the_next_report_and_so_is_the_delay()
    {
        using var folder = new StoreFolder();
        var book = Path.Combine(folder.Path, "address-book");
        // Samples.Request is by this professional.
        await File.WriteAllTextAsync(book, $"801234567897 {MailingRis.Physician}\n", Token);
        await using var ris = await MailingRis.StartAsync(
            mail => mail with { AddressBook = book, Delay = TimeSpan.FromHours(1) });
        Assert.Null((await ris.Node.PlaceRequestAsync(Samples.Request("OPN101"), Token)).Refusal);

        // The same name: the book is read again.
        await File.WriteAllTextAsync(book, $"801234567897 {MailingRis.Colleague}\n", Token);
        ris.Reload(mail => mail with { AddressBook = book, Delay = TimeSpan.Zero });
        await ris.ReportAsync("A", to: [], choices: Segur);

        await ris.MailAsync(MailingRis.Colleague);
        Assert.Empty(ris.MailsTo(MailingRis.Physician));
    }

    [Fact]
    public async Task A_book_that_cannot_be_read_changes_nothing()
    {
        using var folder = new StoreFolder();
        var book = Path.Combine(folder.Path, "address-book");
        await File.WriteAllTextAsync(book, $"801234567897 {MailingRis.Physician}\n", Token);
        await using var ris = await MailingRis.StartAsync(mail => mail with { AddressBook = book });
        Assert.Null((await ris.Node.PlaceRequestAsync(Samples.Request("OPN101"), Token)).Refusal);

        await File.WriteAllTextAsync(book, "801234567897\n", Token);
        Assert.Throws<FormatException>(() => ris.Reload(mail => mail with { AddressBook = book }));
        await ris.ReportAsync("A", to: [], choices: Segur);

        await ris.MailAsync(MailingRis.Physician);
    }

    private static async Task RefusedAsync(RisFixture ris, string title)
    {
        var refused = await Assert.ThrowsAsync<AssociationRejectedException>(() => ris.CallAsync(title, CEchoScu.Context));
        Assert.Equal(AssociateRejection.CallingAeNotRecognized, refused.Rejection);
    }
}
