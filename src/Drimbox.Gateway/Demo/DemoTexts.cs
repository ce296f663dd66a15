namespace Drimbox.Gateway.Demo;

/// <summary>What the radiologist of the demo dictates.</summary>
internal static class DemoTexts
{
    public const string Amendment =
        "Pas d'embolie pulmonaire. Relecture en réunion : condensation du lobe moyen confirmée, contrôle à six semaines.";

    public static object First { get; } = new
    {
        indications = "Douleur thoracique, recherche d'embolie pulmonaire.",
        technique = "Angioscanner thoracique, 80 ml de produit de contraste iodé.",
        results = "Bonne opacification des artères pulmonaires. Pas de défaut d'opacification.",
        conclusion = "Pas d'embolie pulmonaire.",
    };

    public static object Correction { get; } = new
    {
        indications = "Douleur thoracique, recherche d'embolie pulmonaire.",
        technique = "Angioscanner thoracique, 80 ml de produit de contraste iodé.",
        results = "Bonne opacification des artères pulmonaires. Condensation du lobe moyen.",
        conclusion = "Pas d'embolie pulmonaire. Condensation du lobe moyen, à rapprocher du contexte infectieux.",
    };
}
