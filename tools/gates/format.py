#!/usr/bin/env python3
"""format.py [ROOT]: every C file is laid out as .clang-format says. --fix lays it out."""

import subprocess
import sys

import csource


def check(root, fix=False):
    paths = csource.files(root)
    mode = ["-i"] if fix else ["--dry-run", "-Werror"]
    if paths:
        ran = subprocess.run(["clang-format", *mode, *paths], cwd=root, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if ran.returncode:
            heads = [line for line in ran.stdout.split("\n") if "error:" in line]
            yield from heads or [ran.stdout]
            yield "tools/gates/format.py --fix lays them out"


if __name__ == "__main__":
    if "--fix" in sys.argv:
        sys.argv.remove("--fix")
        csource.main(lambda root: check(root, fix=True))
    csource.main(check)
