#!/usr/bin/env python3
"""hardening.py FOLDER: what was built in FOLDER is hardened, and libtrawl exports trawl_ alone.

Position independent, relocations read-only and resolved at the start, no executable stack, stack
protector and fortified calls; asked of the files themselves, not of the flags. And the supervisor,
which starts once for every attempt, links little more than libc.
"""

import os
import re
import subprocess
import sys

import csource

LEAN = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def run(*command):
    return subprocess.run(command, text=True, check=True, stdout=subprocess.PIPE,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def check_file(path, executable, protected):
    header, dynamic = run("readelf", "-hW", path), run("readelf", "-dW", path)
    segments, symbols = run("readelf", "-lW", path), run("readelf", "--dyn-syms", "-W", path)
    if "DYN (" not in header:
        yield f"{path}: not position independent"
    if executable and "INTERP" not in segments:
        yield f"{path}: no interpreter: not a program"
    if "GNU_RELRO" not in segments:
        yield f"{path}: relocations stay writable (no RELRO)"
    if "BIND_NOW" not in dynamic and not re.search(r"FLAGS_1.*NOW", dynamic):
        yield f"{path}: symbols are resolved late (no BIND_NOW)"
    if re.search(r"GNU_STACK.*RWE", segments):
        yield f"{path}: executable stack"
    if "RPATH" in dynamic or "RUNPATH" in dynamic:
        yield f"{path}: a library path is built in"
    if protected and "__stack_chk_fail" not in symbols:
        yield f"{path}: no stack protector"
    if protected and not re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", "")):
        yield f"{path}: no fortified calls"


def needed(path):
    return set(re.findall(r"NEEDED.*\[(.*?)\]", run("readelf", "-dW", path)))


def check(folder):
    for name in ("trawl", "trawl-supervisor"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            yield from check_file(path, executable=True, protected=True)
    supervisor = os.path.join(folder, "trawl-supervisor")
    if os.path.exists(supervisor) and needed(supervisor) - LEAN:
        yield f"{supervisor}: links {', '.join(sorted(needed(supervisor) - LEAN))}"
    library = os.path.join(folder, "libtrawl.so")
    if os.path.exists(library):
        yield from check_file(library, executable=False, protected=False)
        for line in run("nm", "-D", "--defined-only", library).split("\n"):
            name = line.split(" ")[-1].split("@")[0]
            if name and not name.startswith("trawl_"):
                yield f"{library}: exports {name}"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.argv.append("build")
    csource.main(check)
