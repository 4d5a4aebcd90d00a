"""What end-to-end tests stand on: a folder of its own for each case, and trawl run in it."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

TRAWL = os.path.abspath(os.environ.get("TRAWL", "build/trawl"))


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="trawl-e2e-")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("TRAWL")}
        self.addCleanup(self.clean)

    def clean(self):
        """Whatever still runs in the folder dies with it, so that one case can't disturb the next."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/cwd").startswith(self.folder):
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass
        for where, folders, _ in os.walk(self.folder):
            for name in folders:
                path = os.path.join(where, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def start(self, *args, **options):
        """trawl, running: a Popen with its output in pipes."""
        settings = {"cwd": self.folder, "env": self.env, "text": True, "errors": "replace",
                    "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([TRAWL, *args], **{**settings, **options})

    def trawl(self, *args, status=0, timeout=120, **options):
        """Runs trawl to its end and expects its exit status (None: any)."""
        with self.start(*args, **options) as child:
            try:
                out, err = child.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                child.kill()
                out, err = child.communicate()
                self.fail(f"trawl {' '.join(args)}: no end after {timeout} s\n{out}\n{err}")
        for mark in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
            self.assertNotIn(mark, err or "")
        if status is not None:
            self.assertEqual(child.returncode, status, f"trawl {' '.join(args)}\n{out}\n{err}")
        return subprocess.CompletedProcess(args, child.returncode, out, err)

    def json(self, *args, **options):
        return json.loads(self.trawl(*args, "--json", **options).stdout)
