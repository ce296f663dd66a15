using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Accounts;

/// <summary>In whose name a decision about a publication is made (docs/adr/0020): the holder's of the account that
/// calls. Only the local administrator of a process without accounts names somebody.</summary>
internal static class DecidingProfessional
{
    /// <param name="refusal">Where the result is null.</param>
    public static Professional? Of(Caller caller, PublicationChoice choice, out Refusal? refusal)
    {
        refusal = null;
        if (caller.Account is not { } account) return Named(choice, out refusal);
        if (account.Holder.ToProfessional() is not { } holder)
        {
            refusal = new Refusal(
                RefusalReason.AuthorNotAllowed,
                $"The account {account.Name} has no national identifier (PS_IdNat): who decides is named by it.");
            return null;
        }

        if (choice.ProfessionalId is { } named && named != account.Holder.NationalId)
        {
            refusal = new Refusal(
                RefusalReason.AuthorNotAllowed,
                $"The decision is made in the name of the holder of the account {account.Name}, and of nobody else.");
            return null;
        }

        return holder;
    }

    private static Professional? Named(PublicationChoice choice, out Refusal? refusal)
    {
        refusal = null;
        if (choice.ProfessionalId is { } named
            && InstanceIdentifier.TryCreate(NationalAuthorities.Persons, named, out var person)
            && !string.IsNullOrWhiteSpace(choice.FamilyName))
        {
            return new Professional(person, choice.FamilyName, choice.GivenName ?? "");
        }

        refusal = new Refusal(
            RefusalReason.RequiredFieldMissing,
            "Who decides is named by the national identifier (PS_IdNat) and the family name; an account names its "
            + "holder by itself.");
        return null;
    }
}
