#!/usr/bin/env python3
"""banned.py [ROOT]: functions that may not be used, each with what to use instead.

The worst do not compile at all (src/base/banned.h); this looks in files the build leaves out, too,
and for what depends on where it stands.
"""

import re

import csource

EVERYWHERE = {
    "sprintf": "struct buf or snprintf", "vsprintf": "struct buf or vsnprintf",
    "strcpy": "struct buf or memcpy", "stpcpy": "struct buf or memcpy",
    "strcat": "struct buf", "strncpy": "struct buf or memcpy", "strncat": "struct buf",
    "gets": "struct buf", "strtok": "str_cut", "strtok_r": "str_cut",
    "atoi": "number_parse_i64", "atol": "number_parse_i64", "atoll": "number_parse_i64",
    "atof": "number_parse_real", "rand": "base/rng.h", "srand": "base/rng.h",
    "system": "an executor", "popen": "an executor", "alloca": "an arena",
    "setlocale": "base/number.h, which does not mind the locale",
    "vfork": "posix_spawn or fork", "tmpnam": "mkostemp", "mktemp": "mkostemp",
}
SCANNERS = re.compile(r"\b(?:scanf|fscanf|sscanf)\s*\(([^;]*)")
LEAVERS = re.compile(r"\b(exit|quick_exit|abort|_exit|_Exit)\s*\(")
PRINTERS = re.compile(r"\b(printf|vprintf|puts|putchar|perror)\s*\(|\b(stdout)\b")
PROGRAMS = ("src/exec/supervisor/",)  # a program of its own, though it lies on a lower floor
EXTERNAL = ("examples/", "python/")  # programs of their own, as users write them


def check_file(path, text):
    code = csource.blank(text)
    floor = path.split("/")[1] if path.startswith("src/") else None
    may_leave = floor in (None, "bin", "exec")
    may_print = floor in (None, "api", "bin") or path.startswith(PROGRAMS)
    quoted = csource.blank(text, keep_text=True).split("\n")
    for number, line in enumerate(code.split("\n"), 1):
        for name in re.findall(r"\b(\w+)\s*\(", line):
            allowed = name == "setlocale" and path.startswith("tests/")
            # `.gets(` and `->system(` are members, which may be called what they like
            if name in EVERYWHERE and not allowed and not re.search(r"[.>]\s*" + name, line):
                yield number, f"{name}: use {EVERYWHERE[name]}"
        if "scanf" in line and "%s" in "".join(SCANNERS.findall(quoted[number - 1])):
            yield number, "scanf with %s has no limit: read into a struct buf"
        match = LEAVERS.search(line)
        if match and not (may_leave and (floor != "exec" or match.group(1) == "_exit")):
            yield number, f"{match.group(1)}: only src/bin leaves (a forked child in exec: _exit)"
        match = PRINTERS.search(line)
        if match and not may_print:
            yield number, f"{match.group(1) or match.group(2)}: only api and bin print"


def check(root):
    for path in csource.files(root):
        if path.startswith(EXTERNAL) or path == "src/base/banned.h":
            continue
        for number, what in check_file(path, csource.read(root, path)):
            yield f"{path}:{number}: {what}"


if __name__ == "__main__":
    csource.main(check)
