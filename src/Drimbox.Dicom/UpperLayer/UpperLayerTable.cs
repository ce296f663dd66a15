using Drimbox.Core;
using static Drimbox.Dicom.UpperLayer.UpperLayerAction;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The state transition table of the upper layer as data. Source: PS3.8 table 9-10.</summary>
public static class UpperLayerTable
{
    public const int StateCount = 13;

    public const int EventCount = 19;

    private const UpperLayerAction Blank = None;

    // Rows: events 1..19; columns: Sta1..Sta13.
    private static readonly UpperLayerAction[] Actions =
    [
        AE1, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank,
        Blank, Blank, Blank, AE2, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank,
        Blank, AA1, AA8, Blank, AE3, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA6,
        Blank, AA1, AA8, Blank, AE4, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA6,
        AE5, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank,
        Blank, AE6, AA8, Blank, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA7,
        Blank, Blank, AE7, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank,
        Blank, Blank, AE8, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank,
        Blank, Blank, Blank, Blank, Blank, DT1, Blank, AR7, Blank, Blank, Blank, Blank, Blank,
        Blank, AA1, AA8, Blank, AA8, DT2, AR6, AA8, AA8, AA8, AA8, AA8, AA6,
        Blank, Blank, Blank, Blank, Blank, AR1, Blank, Blank, Blank, Blank, Blank, Blank, Blank,
        Blank, AA1, AA8, Blank, AA8, AR2, AR8, AA8, AA8, AA8, AA8, AA8, AA6,
        Blank, AA1, AA8, Blank, AA8, AA8, AR3, AA8, AA8, AR10, AR3, AA8, AA6,
        Blank, Blank, Blank, Blank, Blank, Blank, Blank, AR4, AR9, Blank, Blank, AR4, Blank,
        Blank, Blank, AA1, AA2, AA1, AA1, AA1, AA1, AA1, AA1, AA1, AA1, Blank,
        Blank, AA2, AA3, Blank, AA3, AA3, AA3, AA3, AA3, AA3, AA3, AA3, AA2,
        Blank, AA5, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AR5,
        Blank, AA2, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, Blank, AA2,
        Blank, AA1, AA8, Blank, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA7,
    ];

    /// <summary>The cell of <paramref name="happened"/> in <paramref name="state"/>.</summary>
    public static Transition Lookup(UpperLayerEvent happened, Sta state)
    {
        var action = Actions[(((int)happened - 1) * StateCount) + (int)state - 1];
        return action switch
        {
            AE6 => new Transition(action, Sta.Sta3, Sta.Sta13),
            AR8 => new Transition(action, Sta.Sta9, Sta.Sta10),
            _ => Single(action, NextOf(action, state)),
        };
    }

    private static Transition Single(UpperLayerAction action, Sta next) => new(action, next, next);

    // The next state belongs to the action (PS3.8 tables 9-6 to 9-9), whatever the state before was.
    private static Sta NextOf(UpperLayerAction action, Sta state) => action switch
    {
        None => state,
        AE1 => Sta.Sta4,
        AE2 => Sta.Sta5,
        AE3 or AE7 or DT1 or DT2 => Sta.Sta6,
        AE5 => Sta.Sta2,
        AE4 or AR3 or AR5 or AA2 or AA3 or AA4 or AA5 => Sta.Sta1,
        AE8 or AR4 or AA1 or AA6 or AA7 or AA8 => Sta.Sta13,
        AR1 or AR6 => Sta.Sta7,
        AR2 or AR7 => Sta.Sta8,
        AR9 => Sta.Sta11,
        AR10 => Sta.Sta12,
        _ => throw Invariant.Unreachable(action),
    };
}
