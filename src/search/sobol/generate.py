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
 *
 * Copyright (c) 2008, Frances Y. Kuo and Stephen Joe
 * All rights reserved.
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 *     * Redistributions of source code must retain the above copyright
 *       notice, this list of conditions and the following disclaimer.
 *
 *     * Redistributions in binary form must reproduce the above copyright
 *       notice, this list of conditions and the following disclaimer in the
 *       documentation and/or other materials provided with the distribution.
 *
 *     * Neither the names of the copyright holders nor the names of the
 *       University of New South Wales and the University of Waikato
 *       and its contributors may be used to endorse or promote products derived
 *       from this software without specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS ``AS IS'' AND ANY
 * EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDERS BE LIABLE FOR ANY
 * DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES
 * (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES;
 * LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND
 * ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT
 * (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
 * SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
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
