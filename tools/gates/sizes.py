#!/usr/bin/env python3
"""sizes.py [ROOT]: functions and files stay small, or say why they are not.

A function past 60 lines has `/* long: reason */` directly above it; past 120 also a line in
tools/gates/exceptions.txt. A file past 600 lines has `/* large: reason */` in its first 40 lines;
past 1,200 also an exception. A header past 400 lines is refused, and so are names that say nothing.
"""

import os
import re

import csource

FUNCTION, FUNCTION_MOST = 60, 120
FILE, FILE_MOST = 600, 1200
HEADER_MOST = 400
HEAD = 40
EMPTY_NAMES = {"util", "utils", "common", "misc", "helper", "helpers"}


def exceptions(root):
    """Lines `path` or `path:function`, then a blank and the reason."""
    try:
        lines = csource.read(root, "tools/gates/exceptions.txt").split("\n")
    except FileNotFoundError:
        lines = []
    split = [line.split(None, 1) for line in lines if line.strip() and not line.startswith("#")]
    return {words[0]: len(words) > 1 for words in split}


def check(root):
    allowed = exceptions(root)
    used = set()
    for name, has_reason in allowed.items():
        if not has_reason:
            yield f"tools/gates/exceptions.txt: {name} gives no reason"
    for path in csource.files(root):
        text = csource.read(root, path)
        count = text.count("\n")
        for part in path.split("/"):
            if os.path.splitext(part)[0] in EMPTY_NAMES:
                yield f"{path}:1: '{part}' does not say what is in it"
        if path.endswith(".h") and count > HEADER_MOST:
            yield f"{path}:1: a header of {count} lines; {HEADER_MOST} at most"
        head = "\n".join(text.split("\n")[:HEAD])
        if count > FILE and not re.search(r"\blarge: \w", head):
            yield f"{path}:1: {count} lines: split it, or say why with /* large: reason */"
        if count > FILE_MOST:
            used.add(path)
            if path not in allowed:
                yield f"{path}:1: {count} lines; past {FILE_MOST} it needs a named exception"
        for name, first, last, comment in csource.functions(text):
            lines = last - first + 1
            if lines > FUNCTION and not re.search(r"\blong: \w", comment):
                yield (f"{path}:{first}: {name} has {lines} lines: split it, or say why with "
                       f"/* long: reason */ directly above")
            if lines > FUNCTION_MOST:
                used.add(f"{path}:{name}")
                if f"{path}:{name}" not in allowed:
                    yield (f"{path}:{first}: {name} has {lines} lines; past {FUNCTION_MOST} it "
                           f"needs a named exception")
    for name in allowed:
        if name not in used:
            yield f"tools/gates/exceptions.txt: {name} is no longer needed"


if __name__ == "__main__":
    csource.main(check)
