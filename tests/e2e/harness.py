"""What the end-to-end tests stand on: a project of its own for each case, and the real trawl in it.

A Project is a folder with HOME, TMPDIR and XDG_RUNTIME_DIR of its own (paths stay short: sockets
live under them). Everything that is started in it carries its XDG_RUNTIME_DIR in the environment,
through trawl and the supervisor down to the programs, so that `processes` finds what is left by
asking /proc, whatever session or folder it has moved to. `Case` makes a project, and at the end
asserts that nothing stays behind.
"""

import contextlib
import json
import os
import pty
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRAWL = os.path.abspath(os.environ.get("TRAWL", os.path.join(ROOT, "build/trawl")))
GUARD = 240  # seconds; no test expects anything to take this long
SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "ThreadSanitizer")


def sanitized():
    """Whether trawl was built with sanitizers: what is large is then made smaller."""
    with open(TRAWL, "rb") as f:
        return b"__asan_init" in f.read()


def on_machine_with_terminals(make):
    """make(); where the machine has no pseudo-terminals, as a chroot without /dev/pts, the case is
    skipped."""
    try:
        return make()
    except OSError as e:
        raise unittest.SkipTest(f"no pseudo-terminal here: {e}") from e


def terminal():
    """(master, slave) of a new pseudo-terminal."""
    return on_machine_with_terminals(pty.openpty)


def fork_on_terminal():
    """(pid, master): the child, pid 0, runs on a terminal of its own."""
    return on_machine_with_terminals(pty.fork)


def wait_until(condition, what="it", timeout=GUARD):
    """Polls until condition() is true and returns its value."""
    until = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(0.02)


class Result:
    """How a run of trawl came out."""

    def __init__(self, args, status, out, err):
        self.args, self.status, self.out, self.err = args, status, out, err

    def __str__(self):
        return (f"trawl {' '.join(self.args)}: status {self.status}\n"
                f"--- stdout\n{self.out[-6000:]}\n--- stderr\n{self.err[-6000:]}")

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def events(self):
        """The lines of `run --json`."""
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]


class Running:
    """A trawl that was started and not waited for."""

    def __init__(self, args, process, out, err):
        self.args, self.process, self._out, self._err = args, process, out, err

    @property
    def pid(self):
        return self.process.pid

    @staticmethod
    def read(name):
        with open(name, encoding="utf-8", errors="replace") as f:
            return f.read()

    @property
    def out(self):
        return self.read(self._out)

    @property
    def err(self):
        return self.read(self._err)

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, status=None, timeout=GUARD):
        """Waits for its end; with `status`, expects that exit status."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"no end after {timeout} s: {Result(self.args, None, self.out, self.err)}") from None
        result = Result(self.args, code, self.out, self.err)
        check_sanitizers(result)
        if status is not None and code != status:
            raise AssertionError(f"expected status {status}; {result}")
        return result


def check_sanitizers(result):
    for mark in SANITIZER_MARKS:
        if mark in result.err:
            raise AssertionError(str(result))


class Project:
    """A program's folder, a trawl.yaml, and trawl run in it."""

    def __init__(self):
        self.base = tempfile.mkdtemp(prefix="tw-", dir="/tmp")
        self.dir = self.path_of("p")
        self.runtime = self.path_of("r")
        for name in ("p", "r", "h", "t"):
            os.mkdir(os.path.join(self.base, name), 0o700)
        self._outputs = 0
        kept = {k: v for k, v in os.environ.items()
                if not k.startswith(("TRAWL", "XDG_", "CUDA_", "OMP_", "MKL_", "OPENBLAS_"))}
        self.env = {**kept, "HOME": self.path_of("h"), "TMPDIR": self.path_of("t"),
                    "XDG_RUNTIME_DIR": self.runtime, "LC_ALL": "C.UTF-8",
                    "PATH": os.path.dirname(TRAWL) + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
                    "PYTHONPATH": os.path.join(ROOT, "python"), "PYTHONDONTWRITEBYTECODE": "1"}

    def path_of(self, *names):
        return os.path.join(self.base, *names)

    def path(self, *names):
        """A path in the program's folder."""
        return os.path.join(self.dir, *names)

    # --- files ---

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return path

    def read(self, *names):
        with open(self.path(*names), encoding="utf-8", errors="replace") as f:
            return f.read()

    def yaml(self, text, name="trawl.yaml"):
        return self.write(name, text)

    def sh(self, body, name="train.sh"):
        """A program in sh; the command is ./train.sh."""
        return self.write(name, "#!/bin/sh\n" + body, 0o755)

    def python(self, body, name="train.py"):
        """A program in Python; the command is ./train.py."""
        return self.write(name, f"#!{sys.executable}\n" + body, 0o755)

    def c(self, body, name="train", flags=()):
        """A program in C, compiled; the command is ./train."""
        source = self.path_of(name + ".c")
        with open(source, "w", encoding="utf-8") as f:
            f.write(body)
        built = subprocess.run(["cc", "-std=gnu17", "-O1", "-Wall", "-I", os.path.join(ROOT, "include"),
                                "-o", self.path(name), source, *flags],
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if built.returncode:
            raise AssertionError(built.stdout)
        return self.path(name)

    # --- trawl ---

    def start(self, *args, cwd=None, env=None, session=True, **options):
        """trawl in the background; its output goes to files, so that no full pipe stops it."""
        self._outputs += 1
        names = [self.path_of(f"{name}{self._outputs}") for name in ("out", "err")]
        with open(names[0], "wb") as out, open(names[1], "wb") as err:
            settings = {"cwd": cwd or self.dir, "env": {**self.env, **(env or {})},
                        "stdin": subprocess.DEVNULL, "stdout": out, "stderr": err,
                        "start_new_session": session}
            process = subprocess.Popen([TRAWL, *args], **{**settings, **options})
        return Running(args, process, *names)

    def trawl(self, *args, status=0, timeout=GUARD, **options):
        """Runs trawl to its end and expects the exit status (None: any)."""
        return self.start(*args, **options).wait(status, timeout)

    def json(self, *args, **options):
        return self.trawl(*args, "--json", **options).json

    def run(self, *args, status=0, **options):
        """trawl run --json; the events are in .events."""
        return self.trawl("run", "--json", *args, status=status, **options)

    def trials(self, search=None):
        """All trials of a search (None: the latest), by number."""
        rows = self.json("trials", *([str(search)] if search else []))
        return {int(row["trial"].split(".")[1]): row for row in rows}

    def show(self, *search):
        return self.json("show", *map(str, search))

    def states(self, *search):
        return self.show(*search)["trials"]

    def log(self, trial, attempt=1):
        """The whole log of an attempt: lines with their time stamps."""
        search, number = trial.split(".")
        return self.read(".trawl", "trials", search, number, f"attempt-{attempt}.log")

    def trial_dir(self, trial):
        return self.path(".trawl", "trials", *trial.split("."), "dir")

    @contextlib.contextmanager
    def database(self, write=False):
        """The store, for reading behind trawl's back (or for damaging it)."""
        path = self.path(".trawl/trawl.db")
        db = sqlite3.connect(path if write else f"file:{path}?mode=ro", uri=not write, timeout=30)
        try:
            yield db
            if write:
                db.commit()
        finally:
            db.close()

    # --- processes ---

    def processes(self):
        """{pid: command line} of everything that runs in this project, zombies left out."""
        mark = b"XDG_RUNTIME_DIR=" + self.runtime.encode()
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if int(pid) == os.getpid():
                continue
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if mark not in f.read().split(b"\0"):
                        continue
                with open(f"/proc/{pid}/stat", "rb") as f:
                    if f.read().rsplit(b")", 1)[1].split()[0] in (b"Z", b"X"):
                        continue
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    found[int(pid)] = f.read().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:
                pass
        return found

    def processes_named(self, text):
        return [pid for pid, command in self.processes().items() if text in command]

    def supervisors(self):
        return self.processes_named("trawl-supervisor")

    def wait_quiet(self, timeout=60):
        """Waits until nothing runs here any more; what still does is the error."""
        until = time.monotonic() + timeout
        while True:
            left = self.processes()
            if not left:
                return
            if time.monotonic() > until:
                raise AssertionError(f"left running: {left}")
            time.sleep(0.05)

    def kill_all(self):
        """Kills until nothing is left: a supervisor may be starting something just now."""
        for _ in range(200):
            left = self.processes()
            if not left:
                return
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGCONT)
            time.sleep(0.02)

    def remove(self):
        for where, folders, _ in os.walk(self.base):
            for name in folders:
                path = os.path.join(where, name)
                if not os.path.islink(path):
                    with contextlib.suppress(OSError):
                        os.chmod(path, stat.S_IRWXU)
        shutil.rmtree(self.base, ignore_errors=True)


class Case(unittest.TestCase):
    """A test with a project; at its end nothing of it may run any more."""

    maxDiff = None

    def setUp(self):
        self.p = Project()
        self.addCleanup(self.p.remove)
        self.addCleanup(self.p.kill_all)

    def tearDown(self):
        self.p.wait_quiet()

    def assert_in_order(self):
        """trawl doctor finds nothing wrong: journals recompute to the same decisions, among others."""
        said = self.p.trawl("doctor", "--json", status=None)
        wrong = [line for line in said.json if line["state"] == "wrong"]
        self.assertEqual((said.status, wrong), (0, []), said)
