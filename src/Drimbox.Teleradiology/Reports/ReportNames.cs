using Drimbox.Core.Identity;
using Drimbox.Core.Requests;

namespace Drimbox.Teleradiology.Reports;

/// <summary>How a report names what has a code.</summary>
internal static class ReportNames
{
    public static string Of(Code code) => code.Display.Length > 0 ? code.Display : code.Value;

    public static string Of(AdministeredProduct product) => $"{Of(product.Type)}, lot {product.LotNumber}"
        + (product.Quantity is { } quantity ? $", {quantity.Value} {quantity.Unit}" : "");
}
