"""Controllers, supervisors and programs killed at random instants while searches run.

TRAWL_KILL_ROUNDS says how many kills (100), TRAWL_KILL_SEED repeats the choice of victims and
pauses, not the timing of the machine.
"""

import collections
import os
import random
import time
import unittest

from harness import Case
from killing import KillProject, decisions, wait_until

TIMEOUT = 900

ROUNDS = int(os.environ.get("TRAWL_KILL_ROUNDS", "100"))
SEED = int(os.environ.get("TRAWL_KILL_SEED", str(random.SystemRandom().randrange(1 << 30))))

KINDS = {
    "asha": {"allocator": "asha(eta=2)"},
    "asked, fixed order": {"way": "ask", "more": "order: fixed", "parallel": 3},
    "full": {"allocator": "full"},
    "durable": {"durability": "power"},
    "printed, three at once": {"way": "print", "parallel": 3},
    "by the Python client": {"way": "ask", "python": True},
}
A_SEARCH = {"trials": 12, "steps": 12, "pause": 8000}
KILLS_A_SEARCH = 25  # then it is let go to its end, so that ends are seen too


class Killer:
    """Keeps a search running while it kills what belongs to it."""

    def __init__(self, project, chance, most):
        self.p, self.chance, self.most = project, chance, most
        self.running = None
        self.kills = collections.Counter()

    def victims(self):
        """(what, pid) of everybody but the controller who can be killed now. Nobody before three
        attempts have ended: programs that fail alike at the beginning end a search, as they should."""
        latest = "trial >> 32 = (SELECT max(id) FROM search)"
        if self.p.count("attempt", f"state >= 2 AND {latest}") < 3:
            return []
        return ([("supervisor", pid) for pid in self.p.supervisors()] +
                [("program", pid) for pid in self.p.programs()])

    def pick(self):
        """Whom to kill: [(what, pid)]. Of a kind that is not there just now, the next that comes."""
        controller = ("controller", self.running.pid)
        what = self.chance.choice(("controller", "supervisor", "program", "several"))
        if what == "several":
            picked = [v for v in self.victims() if self.chance.random() < 0.5]
            picked.insert(self.chance.randrange(len(picked) + 1), controller)
            return picked
        for _ in range(50):
            of_kind = [v for v in self.victims() if v[0] == what]
            if of_kind or what == "controller" or not self.running.alive():
                break
            time.sleep(0.01)
        return [self.chance.choice(of_kind) if of_kind else controller]

    def kill(self):
        for what, pid in self.pick():
            if what == "controller":
                self.running.process.kill()
                self.kills[what] += self.running.wait().status == -9
            else:
                self.kills[what] += self.p.kill(pid)

    def run(self, running=None):
        """Until the search is over. The number of kills is in .kills."""
        self.running = running or self.p.go_on()
        while self.running is not None and sum(self.kills.values()) < self.most:
            time.sleep(self.chance.choice((0.02, 0.2, 0.6)) * self.chance.random())
            if not self.running.alive():
                self.running.wait(0)
                break
            self.kill()
            if not self.running.alive():
                self.running = self.p.go_on()
        self.p.finish(self.running)


class Kill(Case):
    def make(self, name):
        self.p = KillProject(**{**A_SEARCH, **KINDS[name]})
        self.addCleanup(self.p.remove)
        self.addCleanup(self.p.kill_all)

    def search(self, name, seed, most, running=None):
        """One search under fire; returns how many of whom were killed."""
        killer = Killer(self.p, random.Random(seed), most)
        try:
            killer.run(running)
            self.p.check(self)
            self.assert_in_order()
        except Exception:
            print(f"TRAWL_KILL_SEED={SEED}, {name}, {seed}: {dict(killer.kills)}")
            raise
        return killer.kills

    def test_random_kills(self):
        kills, searches = collections.Counter(), 0
        while sum(kills.values()) < ROUNDS:
            name = list(KINDS)[searches % len(KINDS)]
            searches += 1
            left = ROUNDS - sum(kills.values())
            self.make(name)
            kills += self.search(name, f"{SEED}.{searches}", min(left, KILLS_A_SEARCH))
            self.doCleanups()
        told = ", ".join(f"{n} {what}s" for what, n in sorted(kills.items()))
        print(f"# {sum(kills.values())} kills in {searches} searches: {told}; seed {SEED}")

    def test_fixed_order_decides_the_same(self):
        """A search under fire asks for and decides the same as one that was left alone."""
        self.make("asked, fixed order")
        self.p.trawl("run", "--json")
        second = self.p.start("run", "--json")
        wait_until(lambda: self.p.count("search") == 2 or not second.alive(), "the second search")
        self.search("asked, fixed order", f"{SEED}.fixed", 10, second)
        self.assertEqual(decisions(self.p, 2), decisions(self.p, 1))


if __name__ == "__main__":
    unittest.main()
