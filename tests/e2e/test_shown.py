"""What people see: values that are long, empty or hold control characters; a narrow terminal."""

import fcntl
import os
import re
import select
import struct
import termios
import time

from harness import TRAWL, Case, fork_on_terminal

FILE = """\
space: shown
command: ./train.sh ${args}
metric: loss
goal: minimize
parameters:
  x: choice("", "a\\nb\\tc", %s)
search: {method: grid, trials: 3, parallel: 1}
""" % ("long" * 20000)


class Values(Case):
    def setUp(self):
        super().setUp()
        self.p.sh("echo loss=1\n")
        self.p.yaml(FILE)

    def test_stay_on_their_line(self):
        done = self.p.trawl("run")
        started = [line for line in done.out.splitlines() if " started " in line]
        self.assertEqual(len(started), 3)
        self.assertIn('x=""', done.out)
        self.assertIn("x=a\\nb\\tc", done.out)
        self.assertRegex(done.out, r"started  x=(long)+(l|lo|lon)?…")
        rows = self.p.trawl("trials").out.splitlines()
        self.assertEqual(len(rows), 4)
        self.assertRegex(rows[3], "x=longlong.*…")
        shown = self.p.trawl("show", "1.3").out
        self.assertIn("long" * 20000, shown)

    def test_check_shows_a_long_prior(self):
        self.assertRegex(self.p.trawl("check").out, r'x +choice\("", .*\.\.\. ')

    def test_are_exported_as_they_are(self):
        self.p.run()
        self.assertIn('"a\nb\tc"', self.p.trawl("export", "--csv").out)


class Narrow(Case):
    def test_lines_are_never_wrapped(self):
        """The block is drawn with wrapping off, and leaves it on."""
        self.p.sh("for i in 1 2 3 4 5 6; do echo step=$i loss=0.$i; sleep 0.2; done\n")
        self.p.yaml("space: s\ncommand: ./train.sh ${args}\nmetric: loss\ngoal: minimize\n"
                    "parameters:\n  x: uniform(0, 1)\nsearch: {trials: 2, parallel: 2}\n")
        pid, fd = fork_on_terminal()
        if pid == 0:
            os.chdir(self.p.dir)
            os.execve(TRAWL, ["trawl", "run"], {**self.p.env, "TERM": "xterm"})
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 6, 20, 0, 0))
        seen = b""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if select.select([fd], [], [], 1)[0]:
                try:
                    more = os.read(fd, 65536)
                except OSError:
                    break
                if not more:
                    break
                seen += more
        os.close(fd)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        self.assertIn(b"progress", seen)
        blocks = re.findall(rb"\x1b\[\?7l(.*?)\x1b\[\?7h", seen, re.S)
        self.assertTrue(blocks)
        for block in blocks:
            self.assertLessEqual(block.count(b"\n"), 5)
        self.assertEqual(seen.count(b"\x1b[?7l"), seen.count(b"\x1b[?7h"))
        self.assertNotIn(b"progress", re.sub(rb"\x1b\[\?7l.*?\x1b\[\?7h", b"", seen, flags=re.S))


class Lost(Case):
    def test_a_full_disk_is_said(self):
        self.p.sh("echo loss=1\n")
        self.p.yaml("space: s\ncommand: ./train.sh ${args}\nmetric: loss\ngoal: minimize\n"
                    "parameters:\n  x: uniform(0, 1)\nsearch: {trials: 2}\n")
        self.p.run()
        for command in (["trials"], ["export", "--csv"], ["check", "--json"]):
            with open("/dev/full", "wb") as full:
                done = self.p.trawl(*command, status=1, stdout=full)
            self.assertIn("cannot write all of the output\n  No space left on device", done.err)
