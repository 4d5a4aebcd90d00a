#!/usr/bin/env python3
"""tidy.py BUILD: clang-tidy over the sources, one process a core, answers kept by content.

A file's answer is kept under BUILD/tidy/ by the hash of the file, of every header of ours it can
see, of the way it is compiled, and of .clang-tidy; so a second run asks only about what changed.
How the analyzer got to a finding: clang-tidy -p BUILD FILE.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

import csource

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def headers(path, folders, seen):
    """Adds to seen what path includes of ours, directly or not."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for name in INCLUDE.findall(text):
        for folder in (*folders, os.path.dirname(path)):
            there = os.path.normpath(os.path.join(folder, name))
            if os.path.exists(there) and there not in seen:
                seen.add(there)
                headers(there, folders, seen)
    return seen


def key(entry, root, version):
    seen = headers(entry["file"], [os.path.join(root, f) for f in ("src", "include", "tests")], set())
    digest = hashlib.sha256(f"{version}\0{entry['command']}\0".encode())
    for path in [os.path.join(root, ".clang-tidy"), entry["file"], *sorted(seen)]:
        with open(path, "rb") as f:
            digest.update(f.read() + b"\0")
    return digest.hexdigest()


def tidy(entry, build, kept):
    if os.path.exists(kept):
        with open(kept, encoding="utf-8") as f:
            return f.read()
    ran = subprocess.run(["clang-tidy", "--quiet", "-p", build, entry["file"]], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    text = ran.stdout + (ran.stderr if ran.returncode else "")
    with open(kept, "w", encoding="utf-8") as f:
        f.write(text)
    return text


def findings(text):
    """The findings of one file without the path that leads to each."""
    lines = text.split("\n")
    found = [i for i, line in enumerate(lines) if re.search(r": (error|warning): ", line)]
    if text.strip() and not found:
        yield text.strip()
    for i in found:
        yield "\n".join(lines[i:i + 3])


def check(build):
    root = os.getcwd()
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        entries = json.load(f)
    version = subprocess.run(["clang-tidy", "--version"], text=True, stdout=subprocess.PIPE).stdout
    folder = os.path.join(build, "tidy")
    os.makedirs(folder, exist_ok=True)
    once = {}
    for entry in entries:
        entry["file"] = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        if entry["file"].startswith(os.path.join(root, "src") + os.sep):
            once.setdefault(entry["file"], entry)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda e: tidy(e, build, os.path.join(folder, key(e, root, version))),
                           once.values())
        for text in answers:
            yield from findings(text)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.argv.append("build-clang")
    csource.main(check)
