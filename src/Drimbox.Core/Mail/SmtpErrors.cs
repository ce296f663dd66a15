using Drimbox.Core.Reports;

namespace Drimbox.Core.Mail;

/// <summary>ERR-5 of ZAM^Z02. Source: CDA volet, page error-codes, table SMTPERRORCODE; the words are ours.</summary>
public static class SmtpErrors
{
    public const string Table = "SMTPERRORCODE";

    /// <summary>What stands for every permanent failure that has no code of its own.</summary>
    public const int Failed = 554;

    public const int BadAddress = 510;

    public const int TooLarge = 523;

    public const int Interrupted = 442;

    private static readonly Dictionary<int, string> Texts = new()
    {
        [101] = "Serveur injoignable",
        [111] = "Connexion refusée",
        [251] = "Destinataire non local, message relayé",
        [252] = "Destinataire non vérifié",
        [420] = "Délai de connexion dépassé",
        [421] = "Service indisponible",
        [422] = "Boîte aux lettres pleine",
        [431] = "Espace insuffisant sur le serveur",
        [432] = "Mot de passe de transition nécessaire",
        [441] = "Le serveur du destinataire ne répond pas",
        [442] = "Connexion interrompue pendant la transmission",
        [450] = "Boîte aux lettres momentanément indisponible",
        [451] = "Erreur de traitement",
        [452] = "Ressources système insuffisantes",
        [500] = "Commande non reconnue",
        [501] = "Erreur de syntaxe dans les paramètres",
        [502] = "Commande non implémentée",
        [503] = "Mauvaise séquence de commandes",
        [504] = "Paramètre non implémenté",
        [510] = "Mauvaise adresse",
        [512] = "Domaine du destinataire introuvable",
        [513] = "Type d'adresse incorrect",
        [523] = "Message trop volumineux",
        [530] = "Authentification requise",
        [541] = "Message rejeté par le destinataire",
        [550] = "Boîte aux lettres non disponible",
        [551] = "Destinataire non local",
        [552] = "Allocation de stockage dépassée",
        [553] = "Nom de boîte aux lettres non valide",
        [554] = "Échec définitif",
    };

    public static IReadOnlyCollection<int> Codes => Texts.Keys;

    /// <summary>The code of an SMTP reply, or the one that stands for its class.</summary>
    public static BusinessError Of(int reply)
    {
        var code = Texts.ContainsKey(reply) ? reply : reply is >= 400 and < 500 ? 451 : Failed;
        return new BusinessError(code.ToString(System.Globalization.CultureInfo.InvariantCulture), Texts[code], Table);
    }

    /// <summary>The code of an enhanced status (RFC 3463: class.subject.detail) that comes without an SMTP reply.
    /// </summary>
    public static BusinessError OfStatus(string? status) => Of(status?.Split('.') switch
    {
        [_, "1", "2"] => 512,
        [_, "1", "1" or "6"] => 550,
        [_, "1", _] => BadAddress,
        [_, "2", "2"] => 552,
        [_, "2", "3"] => TooLarge,
        [_, "2", _] => 550,
        [_, "3", "4"] => TooLarge,
        [_, "4", "1"] => 441,
        [_, "4", "2"] => 442,
        [_, "4", "4"] => 512,
        [_, "4", "7"] => 420,
        [_, "7", _] => 541,
        _ => Failed,
    });
}
