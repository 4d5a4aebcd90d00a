#!/usr/bin/env python3
"""Writes src/base/powers_of_ten.inc: python3 tools/powers_of_ten.py

For each power of ten that base/number.c multiplies by, the 128 bits from its first one on, rounded
up. Whole numbers alone are used, so that the table is exact; it is committed, so that building trawl
needs no Python.
"""

import os

FIRST, LAST = -292, 325
HEAD = f"""/*
 * Written by tools/powers_of_ten.py; not to be edited.
 *
 * 10^{FIRST} to 10^{LAST}: of each, the 128 bits from its first one on, rounded up; the upper half, then the
 * lower one.
 */
"""


def bits_of(power):
    """ceil(10^power / 2^e) for the e that gives it 128 bits."""
    above, below = (10**power, 1) if power >= 0 else (1, 10**-power)
    shift = 128 - (above.bit_length() - below.bit_length())
    above, below = (above << shift, below) if shift >= 0 else (above, below << -shift)
    if above // below >> 128:
        below *= 2
    return -(-above // below)


def main():
    rows = []
    for power in range(FIRST, LAST + 1):
        bits = bits_of(power)
        assert bits.bit_length() == 128
        rows.append(f"{{0x{bits >> 64:016x}, 0x{bits & (1 << 64) - 1:016x}}},")
    lines = [" ".join(rows[i : i + 2]) for i in range(0, len(rows), 2)]
    where = os.path.join(os.path.dirname(__file__), "..", "src", "base", "powers_of_ten.inc")
    with open(where, "w", encoding="ascii") as out:
        out.write(HEAD + "\n".join(lines) + "\n")


main()
