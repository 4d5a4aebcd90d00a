#!/usr/bin/env python3
"""floors.py [ROOT]: includes go down, never up or to a sibling; trawl_ names are public ones.

A file under src/FLOOR/ may include "FLOOR/..." of its own floor and of floors below. A header named
internal.h or ending in _internal.h is for the folder that it lies in. Only what include/trawl/
declares may be named trawl_.
"""

import re

import csource

LEVEL = {
    "base": 0,
    "space": 1, "loop": 1,
    "model": 2, "wire": 2, "http": 2,
    "search": 3, "store": 3, "code": 3,
    "conf": 4, "exec": 4, "analyze": 4,
    "sched": 5, "optimize": 5,
    "api": 6,
    "bin": 7,
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
PUBLIC = re.compile(r"\btrawl_\w+")


def included(path, floor, target):
    """What is wrong with `#include "target"` in path; None where nothing is."""
    there = target.split("/")[0]
    if "/" not in target:
        return f'write "{floor}/{target}": includes name their floor'
    if there == "trawl":
        return None
    if there not in LEVEL:
        return f'"{target}" is on no floor'
    if there != floor and LEVEL[there] == LEVEL[floor]:
        return f'"{target}" is on a sibling floor'
    if LEVEL[there] > LEVEL[floor]:
        return f'"{target}" is on a higher floor'
    own = path.split("/")[1:-1]
    if re.search(r"(^|/|_)internal\.h$", target) and target.split("/")[:-1] != own:
        return f'"{target}" is private to its folder'
    return None


def check(root):
    public = set()
    for path in csource.files(root, ("include",)):
        public |= set(PUBLIC.findall(csource.blank(csource.read(root, path))))
        for number, line in enumerate(csource.read(root, path).split("\n"), 1):
            match = INCLUDE.match(line)
            if match and not match.group(1).startswith("trawl/"):
                yield f"{path}:{number}: a public header includes the private {match.group(1)}"
    for path in csource.files(root, ("src",)):
        floor = path.split("/")[1]
        if floor not in LEVEL:
            yield f"{path}:1: src/{floor} is no floor"
            continue
        text = csource.read(root, path)
        for number, line in enumerate(csource.blank(text, keep_text=True).split("\n"), 1):
            match = INCLUDE.match(line)
            wrong = match and included(path, floor, match.group(1))
            if wrong:
                yield f"{path}:{number}: {wrong}"
        for number, line in enumerate(csource.blank(text).split("\n"), 1):
            for name in PUBLIC.findall(line):
                if name not in public:
                    yield f"{path}:{number}: {name} is named as if include/trawl/ declared it"


if __name__ == "__main__":
    csource.main(check)
