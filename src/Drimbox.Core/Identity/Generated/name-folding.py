#!/usr/bin/env python3
"""Writes NameFoldingTable.cs from the Unicode character database that comes with Python.

A character of the ranges below folds to its compatibility decomposition without marks, in upper case. The ranges are
blocks whose characters have been stable since Unicode 5.1, so every Python 3 writes the same table. The exceptions are
letters that have no decomposition but are read, and typed, as others.
"""
import unicodedata

RANGES = [(0x00A0, 0x024F), (0x0370, 0x03FF), (0x0400, 0x045F), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0xFF01, 0xFF5E)]
EXCEPTIONS = {
    "Æ": "AE", "æ": "AE", "Œ": "OE", "œ": "OE", "ß": "SS", "ẞ": "SS", "Ø": "O", "ø": "O", "Ð": "D", "ð": "D",
    "Đ": "D", "đ": "D", "Þ": "TH", "þ": "TH", "Ł": "L", "ł": "L", "ı": "I", "Ħ": "H", "ħ": "H", "Ŋ": "N", "ŋ": "N",
    "Ŧ": "T", "ŧ": "T", "ĸ": "K", "Ǽ": "AE", "ǽ": "AE", "Ǣ": "AE", "ǣ": "AE", "Ǿ": "O", "ǿ": "O", "ƒ": "F",
    "\u2018": "'", "\u2019": "'", "\u02BC": "'", "\u2010": "-", "\u2011": "-",
}


def fold(c):
    if c in EXCEPTIONS:
        return EXCEPTIONS[c]
    base = "".join(d for d in unicodedata.normalize("NFKD", c) if unicodedata.category(d) != "Mn")
    return base.upper()


def main():
    rows = {}
    letters = [chr(p) for first, last in RANGES for p in range(first, last + 1)]
    for c in sorted(set(letters) | set(EXCEPTIONS)):
        if c not in EXCEPTIONS and (not unicodedata.category(c).startswith("L") and c not in "\u00A0"):
            continue
        folded = fold(c)
        if folded and folded != c and len(c.upper()) == 1 and folded == c.upper():
            continue  # Simple upper-casing does it.
        if folded and folded != c:
            rows.setdefault(folded, []).append(c)
    print("namespace Drimbox.Core.Identity;\n")
    print("// Written by name-folding.py; a test compares.")
    print("internal static class NameFoldingTable\n{")
    print("    /// <summary>What it folds to, and the characters that do.</summary>")
    print("    public static readonly (string Folded, string Characters)[] Rows =\n    [")
    for folded in sorted(rows):
        text = "".join(c if c.isprintable() and c not in "\u00A0\u2011" else f"\\u{ord(c):04X}" for c in rows[folded])
        print(f'        ("{folded}", "{text}"),')
    print("    ];\n}")


main()
