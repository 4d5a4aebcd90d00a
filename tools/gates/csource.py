"""What the gates know about C: which files there are, code without its comments, functions."""

import os
import re
import sys

FOLDERS = ("src", "include", "tests", "examples", "bench", "python")


def files(root, folders=FOLDERS, suffixes=(".c", ".h")):
    """Paths, relative to root, of the C files below the folders."""
    found = []
    for folder in folders:
        for where, names, here in os.walk(os.path.join(root, folder)):
            names[:] = [n for n in names if not n.startswith((".", "build"))]
            found += [os.path.relpath(os.path.join(where, n), root) for n in here
                      if n.endswith(suffixes)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


TOKEN = re.compile(r"""
      /\*.*?\*/ | //[^\n]*                      # comments
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'  # text
""", re.S | re.X)


def blank(text, keep_text=False):
    """The same lines and columns with comments, and text between quotes, made blank."""
    def spaces(match):
        token = match.group()
        if token[0] in "\"'":
            return token if keep_text else token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(spaces, text)


def functions(text):
    """(name, first line, last line, comment directly above) of every function, as clang-format
    lays them out: the body's braces stand in the first column. Lines count from 1, and the first
    is the one with the body's opening brace."""
    lines = text.split("\n")
    code = blank(text).split("\n")
    found = []
    opened = None
    for i, line in enumerate(code):
        if line.startswith("{"):
            opened = i
        elif line.startswith("}") and opened is not None:
            head = opened
            while head > 0 and code[head - 1].strip() and code[head - 1][0] not in "}#":
                head -= 1
            signature = " ".join(code[head:opened])
            name = re.search(r"(\w+)\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)", "", signature))
            top = head
            while top > 0 and lines[top - 1].strip() and not code[top - 1].strip():
                top -= 1
            found.append((name.group(1) if name else "?", opened + 1, i + 1,
                          "\n".join(lines[top:head])))
            opened = None
    return found


def main(check):
    """Runs check(root), which yields complaints, as a program."""
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    complaints = list(check(root))
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)
