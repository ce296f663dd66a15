using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.UpperLayer;

/// <summary>Every cell of PS3.8 table 9-10, written down a second time: as action and next state in words.</summary>
public sealed class UpperLayerTableTests
{
    // Columns Sta1..Sta13, '.' for a blank cell. The number after the slash is the next state.
    private static readonly string[] Table =
    [
        /* 1  A-ASSOCIATE request  */ "AE1/4 . . . . . . . . . . . .",
        /* 2  transport confirmed  */ ". . . AE2/5 . . . . . . . . .",
        /* 3  A-ASSOCIATE-AC       */ ". AA1/13 AA8/13 . AE3/6 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13",
        /* 4  A-ASSOCIATE-RJ       */ ". AA1/13 AA8/13 . AE4/1 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13",
        /* 5  transport indicated  */ "AE5/2 . . . . . . . . . . . .",
        /* 6  A-ASSOCIATE-RQ       */ ". AE6/3|13 AA8/13 . AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA7/13",
        /* 7  accept               */ ". . AE7/6 . . . . . . . . . .",
        /* 8  reject               */ ". . AE8/13 . . . . . . . . . .",
        /* 9  P-DATA request       */ ". . . . . DT1/6 . AR7/8 . . . . .",
        /* 10 P-DATA-TF            */ ". AA1/13 AA8/13 . AA8/13 DT2/6 AR6/7 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13",
        /* 11 A-RELEASE request    */ ". . . . . AR1/7 . . . . . . .",
        /* 12 A-RELEASE-RQ         */ ". AA1/13 AA8/13 . AA8/13 AR2/8 AR8/9|10 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13",
        /* 13 A-RELEASE-RP         */ ". AA1/13 AA8/13 . AA8/13 AA8/13 AR3/1 AA8/13 AA8/13 AR10/12 AR3/1 AA8/13 AA6/13",
        /* 14 A-RELEASE response   */ ". . . . . . . AR4/13 AR9/11 . . AR4/13 .",
        /* 15 A-ABORT request      */ ". . AA1/13 AA2/1 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 .",
        /* 16 A-ABORT              */ ". AA2/1 AA3/1 . AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA2/1",
        /* 17 transport closed     */ ". AA5/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AR5/1",
        /* 18 ARTIM expired        */ ". AA2/1 . . . . . . . . . . AA2/1",
        /* 19 invalid PDU          */ ". AA1/13 AA8/13 . AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA7/13",
    ];

    public static IEnumerable<TheoryDataRow<int, int>> Cells() =>
        from row in Enumerable.Range(
            1, 19) from column in Enumerable.Range(1, 13) select new TheoryDataRow<int, int>(row, column);

    /// <summary>The action of a cell, '.' if it is blank, and its next states.</summary>
    internal static (string Action, int[] Next) Cell(int happened, int state)
    {
        var cell = Table[happened - 1].Split(' ')[state - 1].Split('/');
        return cell.Length == 1 ? (".", [state]) : (cell[0], [.. cell[1].Split('|').Select(int.Parse)]);
    }

    [Theory, MemberData(nameof(Cells))]
    [Requirement("PS3.8 table 9-10")]
    public void A_cell_is_that_of_the_standard(int happened, int state)
    {
        var expected = Table[happened - 1].Split(' ')[state - 1];
        var actual = UpperLayerTable.Lookup((UpperLayerEvent)happened, (Sta)state);
        Assert.Equal(expected, Text(actual, state));
    }

    [Fact]
    public void The_table_has_19_events_and_13_states()
    {
        Assert.Equal(UpperLayerTable.EventCount, Enum.GetValues<UpperLayerEvent>().Length);
        Assert.Equal(UpperLayerTable.StateCount, Enum.GetValues<Sta>().Length);
    }

    private static string Text(Transition transition, int state)
    {
        if (transition.IsBlank)
        {
            Assert.Equal((Sta)state, transition.Next);
            return ".";
        }

        var next = $"{(int)transition.Next}";
        return transition.Next == transition.Otherwise
            ? $"{transition.Action}/{next}"
            : $"{transition.Action}/{next}|{(int)transition.Otherwise}";
    }
}
