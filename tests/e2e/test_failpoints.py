"""Every FAILPOINT of the source is hit once, each in a search of its own; then `trawl resume` ends
that search and nothing is lost, doubled or left behind.

A name is reached by one of the scenarios below; which one is found by trying them. A new failpoint
needs nothing here unless no scenario comes by it: then its test fails until there is one.
"""

import os
import re
import shutil
import signal
import tempfile
import unittest

from harness import ROOT, Case
from killing import KillProject, wait_until

TIMEOUT = 900


def failpoints():
    """All names in the source."""
    names = set()
    for folder, _, files in os.walk(os.path.join(ROOT, "src")):
        for file in files:
            if file.endswith(".c"):
                with open(os.path.join(folder, file), encoding="utf-8") as f:
                    names.update(re.findall(r'\bFAILPOINT\("([^"]*)"\)', f.read()))
    # Copies are made by populations alone: test_population.py is killed at these.
    return sorted(names - {"sched.before-copy", "sched.after-copy"})


class Failpoints(Case):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tw-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def make(self):
        self.p = KillProject(way="ask", more="order: fixed", trials=6, steps=8, pause=3000,
                             top="checkpoints: {keep: every_rung, of: best}",
                             built=os.path.join(self.folder, "train"))
        self.addCleanup(self.p.remove)
        self.addCleanup(self.p.kill_all)

    def reached(self):
        return os.path.exists(self.p.path_of("hit"))

    def until_reached(self, running, what="the failpoint or the end"):
        """Waits for it; then nobody of the failpoint's time is left but supervisors."""
        wait_until(lambda: self.reached() or not running.alive(), what)
        self.p.kill(running.pid)
        running.wait()

    def a_first_controller(self, env=None):
        """Runs until a program does; then it is killed. Programs are left stopped."""
        first = self.p.start("run", "--json", env=env)
        wait_until(lambda: self.p.count("attempt", "state = 1") > 0 or not first.alive(), "an attempt")
        self.p.stop_programs()
        self.p.kill(first.pid)
        first.wait()

    # --- scenarios: each ends with no controller left ---

    def in_a_first_run(self, env):
        self.until_reached(self.p.start("run", "--json", env=env))

    def in_a_resume(self, env):
        """Attempts that a dead controller left running go on; new ones begin under the failpoint."""
        self.a_first_controller()
        self.p.continue_programs()
        self.until_reached(self.p.start("resume", "--json", env=env))

    def in_an_adoption(self, env):
        self.a_first_controller()
        self.until_reached(self.p.start("resume", "--json", env=env))
        self.p.continue_programs()

    def in_adopted_supervisors(self, env):
        self.a_first_controller(env)
        self.until_reached(self.p.start("resume", "--json"))
        self.p.continue_programs()

    def with_a_dead_supervisor(self, env):
        first = self.p.start("run", "--json", env=env)
        wait_until(lambda: self.p.programs() or not first.alive(), "a program")
        for pid in self.p.supervisors()[:1]:
            self.p.kill(pid)
        self.until_reached(first)

    def with_a_preemption(self, env):
        first = self.p.start("run", "--json", env=env)
        wait_until(lambda: self.p.programs() or not first.alive(), "a program")
        for pid in self.p.supervisors()[:1]:
            os.kill(pid, signal.SIGUSR1)
        self.until_reached(first)

    def in_a_request(self, env):
        first = self.p.start("run", "--json", env=env)
        wait_until(lambda: self.p.programs() or not first.alive(), "a program")
        said = self.p.trawl("pause", "1", status=None)
        self.until_reached(first)
        if said.status == 0:  # what was answered is durable
            self.assertEqual(self.p.count("journal", "kind = 'event' AND data LIKE '%\"paused\"%'"), 1)

    def in_the_background(self, env):
        said = self.p.trawl("run", "--detach", env=env, status=None)
        wait_until(self.reached, "the failpoint")
        if said.status == 0:
            self.assertIsNotNone(self.p.search_state())

    def scenarios(self, name):
        floor, moment = name.split(".")
        if moment.endswith("-hello"):
            return [self.in_adopted_supervisors]
        if moment.endswith("-welcome"):
            return [self.in_an_adoption]
        if moment.endswith("-preempt"):
            return [self.with_a_preemption]
        return {"supervisor": [self.in_a_resume],
                "control": [self.in_a_request],
                "run": [self.in_the_background],
                }.get(floor, [self.in_a_first_run, self.in_a_resume, self.with_a_dead_supervisor])

    # --- what every failpoint is put to ---

    def hit(self, name):
        for scenario in self.scenarios(name):
            self.make()
            scenario({"TRAWL_FAILPOINT": name, "TRAWL_FAILPOINT_HIT": self.p.path_of("hit")})
            if self.reached():
                self.recover()
                return
            self.doCleanups()
        self.fail(f"{name} was not reached by any scenario")

    def recover(self):
        p = self.p
        p.finish(p.go_on())
        p.check(self, n_metrics=0)
        self.assert_in_order()


def test_of(name):
    return lambda self: self.hit(name)


for failpoint in failpoints():
    setattr(Failpoints, "test_" + re.sub(r"\W", "_", failpoint), test_of(failpoint))


if __name__ == "__main__":
    unittest.main()
