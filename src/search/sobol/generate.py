"""Writes joe_kuo.inc: python3 generate.py /path/to/scipy/stats/_sobol_direction_numbers.npz

The table is that of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional
projections", SIAM J. Sci. Comput. 30 (2008), file new-joe-kuo-6.21201, as SciPy distributes it.
Needs NumPy; the result is committed, so that building trawl needs neither.
"""

import sys

import numpy

DIMENSIONS = 1111
HEAD = """/*
 * Written by generate.py from SciPy 1.17's _sobol_direction_numbers.npz; not to be edited.
 *
 * For each dimension its primitive polynomial, then as many initial direction numbers as that has
 * degrees, one dimension after the other.
 *
 * Source: new-joe-kuo-6.21201, Stephen Joe and Frances Y. Kuo, SIAM J. Sci. Comput. 30, 2635-2654
 * (2008), https://web.maths.unsw.edu.au/~fkuo/sobol/
 * Copyright (c) 2008, Frances Y. Kuo and Stephen Joe. All rights reserved.
 * Redistribution and use in source and binary forms, with or without modification, are permitted
 * provided that the following conditions are met: redistributions of source code must retain the
 * above copyright notice, this list of conditions and the following disclaimer; redistributions in
 * binary form must reproduce them in the documentation and/or other materials provided with the
 * distribution; neither the names of the copyright holders nor the names of the University of New
 * South Wales and the University of Waikato and its contributors may be used to endorse or promote
 * products derived from this software without specific prior written permission.
 * This software is provided by the copyright holders "as is" and any express or implied warranties,
 * including, but not limited to, the implied warranties of merchantability and fitness for a
 * particular purpose are disclaimed. In no event shall the copyright holders be liable for any
 * direct, indirect, incidental, special, exemplary, or consequential damages (including, but not
 * limited to, procurement of substitute goods or services; loss of use, data, or profits; or
 * business interruption) however caused and on any theory of liability, whether in contract, strict
 * liability, or tort (including negligence or otherwise) arising in any way out of the use of this
 * software, even if advised of the possibility of such damage.
 */
"""


def main(path):
    table = numpy.load(path)
    numbers = []
    for polynomial, initial in zip(table["poly"][:DIMENSIONS], table["vinit"][:DIMENSIONS]):
        degree = int(polynomial).bit_length() - 1
        numbers.append(int(polynomial))
        numbers += [int(m) for m in initial[:degree]]
    line, lines = "", []
    for number in numbers:
        word = f"{number},"
        if len(line) + 1 + len(word) > 100:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    with open("joe_kuo.inc", "w") as out:
        out.write(HEAD + "\n".join(lines + [line]) + "\n")


main(sys.argv[1])
