#!/usr/bin/env python3
"""run.py [--jobs N] FILE-OR-FOLDER...: runs unittest modules and writes TAP.

Every module runs in a process and a session of its own and is killed after its time: 300 seconds,
or what a line `TIMEOUT = seconds` at its top says; with TRAWL_SOAK twelve times that. What it
prints is shown where a case failed; lines that begin with "# " are shown in any case.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

TIMEOUT = 300
SOAK_FACTOR = 12


class Lines(unittest.TestResult):
    """Writes a line for each case as it ends."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.bad = None

    def say(self, line):
        self.out.write(line + "\n")
        self.out.flush()

    def startTest(self, test):
        super().startTest(test)
        self.bad = False
        self.since = time.monotonic()

    def fail(self, test, error):
        self.bad = True
        print(f"--- {test.id()}", "".join(traceback.format_exception(*error)), sep="\n",
              file=sys.stderr, flush=True)
        if not isinstance(test, unittest.TestCase):  # setUpClass, tearDownModule and the like
            self.say(f"not ok - {test.id()}")

    addError = addFailure = fail

    def addSubTest(self, test, subtest, error):
        if error:
            self.fail(test, error)
            print(f"    in {subtest.id()}", file=sys.stderr, flush=True)

    def addUnexpectedSuccess(self, test):
        self.bad = True

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if not isinstance(test, unittest.TestCase):
            self.say(f"ok - {test.id()} # SKIP {reason}")

    def stopTest(self, test):
        skipped = [why for case, why in self.skipped if case is test]
        note = f" # SKIP {skipped[-1]}" if skipped else f" # {time.monotonic() - self.since:.1f} s"
        self.say(f"{'not ok' if self.bad else 'ok'} - {test.id()}{note}")
        super().stopTest(test)


def run_module(path):
    """In the child: the cases' lines go to where stdout was, everything else to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    folder, name = os.path.split(os.path.abspath(path))
    sys.path.insert(0, folder)
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(os.path.splitext(name)[0])
        suite.run(Lines(out))
    except Exception:
        traceback.print_exc()
        out.write(f"not ok - {name} does not load\n")
    out.close()


def limit(path):
    with open(path, encoding="utf-8") as f:
        match = re.search(r"^TIMEOUT = (\d+)", f.read(), re.M)
    seconds = int(match.group(1)) if match else TIMEOUT
    return seconds * SOAK_FACTOR if os.environ.get("TRAWL_SOAK") else seconds


def start_module(path):
    """In the parent: (lines, what else was printed) of one module."""
    with tempfile.TemporaryFile("w+", errors="replace") as out, \
            tempfile.TemporaryFile("w+", errors="replace") as err:
        child = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--module", path],
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                 start_new_session=True)
        ended = f"ended with status {{}}"
        try:
            child.wait(limit(path))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            ended = f"was killed after {limit(path)} s"
        out.seek(0)
        err.seek(0)
        lines = [line for line in out.read().split("\n") if re.match(r"(not )?ok\b", line)]
        if child.returncode or not lines:
            lines.append(f"not ok - {path} {ended.format(child.returncode)}")
        return lines, err.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--module", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="+")
    options = parser.parse_args()
    if options.module:
        run_module(options.paths[0])
        return 0
    modules = []
    for path in options.paths:
        found = sorted(glob.glob(os.path.join(path, "test_*.py"))) if os.path.isdir(path) else [path]
        modules += found
    modules.sort(key=limit, reverse=True)  # the longest first, so that none is left over at the end
    count = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for lines, printed in pool.map(start_module, modules):
            for line in lines:
                count += 1
                print(re.sub(r"^((?:not )?ok)", rf"\1 {count}", line))
            if any(line.startswith("not ok") for line in lines):
                failed += 1
                for line in printed.rstrip().split("\n")[-200:]:
                    print("#", line)
            else:
                for line in printed.split("\n"):
                    if line.startswith("# "):
                        print(line)
            sys.stdout.flush()
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
