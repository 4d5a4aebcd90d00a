#!/usr/bin/env python3
"""instructions.py BUILD [--measure]: the kernels take no more instructions than they are allowed.

Instructions are counted, since time is not the same twice on a machine that others use. Runs each row
of tools/gates/instructions.txt under callgrind and compares; speaks TAP. The ceilings hold for gcc
on x86-64 with AVX2 (valgrind shows no AVX-512, so that every newer processor takes the same path);
elsewhere, and where valgrind can't run, it says so and counts nothing. --measure prints the table as
it would be with a margin of a quarter.
"""

import concurrent.futures
import os
import platform
import re
import subprocess
import sys

TABLE = "tools/gates/instructions.txt"
MARGIN = 1.25
FUNCTION = "measured"  # what is counted is what happens inside it


def rows(text):
    """[(ceiling, [program, argument, ...]), ...]; a line that is neither raises ValueError."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) < 2 or not words[0].isdigit() or int(words[0]) == 0:
            raise ValueError(f"{TABLE}:{number}: '{line.strip()}' is not `CEILING PROGRAM ARGUMENT ...`")
        found.append((int(words[0]), words[1:]))
    return found


def run(*command):
    return subprocess.run(command, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def why_not(build):
    """Why nothing can be counted here; None where it can."""
    if platform.machine() != "x86_64":
        return f"the ceilings are for x86-64, and this is {platform.machine()}"
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        compiler = re.search(r'"command": "(?:\S*ccache )?(\S+)', f.read())
    said = run(compiler.group(1), "--version").stdout if compiler else ""
    if "Free Software Foundation" not in said:
        return f"the ceilings are for gcc, and {build} was built by another compiler"
    try:
        tried = run("valgrind", "--tool=none", "/bin/true")
    except FileNotFoundError:
        return "there is no valgrind"
    if tried.returncode:
        return "valgrind can't run here: " + " ".join(tried.stdout.split())[-200:]
    if "avx2" not in run("valgrind", "--tool=none", "--quiet",
                         os.path.join(build, "bench/counted"), "exp", "8").stdout:
        return "the ceilings are for AVX2, which is not to be had under valgrind here"
    return None


def count(build, words):
    """(instructions, what was printed); instructions are None where the program failed."""
    ran = run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
              f"--toggle-collect={FUNCTION}", os.path.join(build, "bench", words[0]), *words[1:])
    counted = re.search(r"Collected : (\d+)", ran.stdout)
    if ran.returncode or not counted or int(counted.group(1)) == 0:
        return None, ran.stdout
    return int(counted.group(1)), ran.stdout


def verdicts(table, counts):
    """TAP's lines for rows and what each was counted as."""
    yield f"1..{len(table)}"
    for i, ((ceiling, words), (counted, said)) in enumerate(zip(table, counts), 1):
        name = " ".join(words)
        if counted is None:
            yield f"not ok {i} - {name}: nothing was counted; the program failed or has no {FUNCTION}()"
            yield from ("    " + line for line in said.rstrip().split("\n"))
        elif counted > ceiling:
            yield f"not ok {i} - {name}: {counted} instructions, {ceiling} at most"
        else:
            yield f"ok {i} - {name}: {counted} of {ceiling}"


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    with open(TABLE, encoding="utf-8") as f:
        text = f.read()
    table = rows(text)
    programs = sorted({"bench/counted", *("bench/" + words[0] for _, words in table)})
    built = run("ninja", "-C", build, *programs)
    if built.returncode:
        print(built.stdout)
        return 1
    reason = why_not(build)
    if reason:
        print(f"1..0 # skipped\n# nothing was counted: {reason}")
        return 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = list(pool.map(lambda row: count(build, row[1]), table))
    if "--measure" in sys.argv:
        for (_, words), (counted, _) in zip(table, counts):
            print(f"{round((counted or 0) * MARGIN):>12}  {' '.join(words)}")
        return 0
    lines = list(verdicts(table, counts))
    print("\n".join(lines))
    return any(line.startswith("not ok") for line in lines)


if __name__ == "__main__":
    sys.exit(main())
