"""Suggestions made by worker threads: the same search whenever it must be, and nobody waits for them."""

import json
import signal

from harness import Case, sanitized, wait_until

TIMEOUT = 600
TRIALS = 30 if sanitized() else 60


class Ahead(Case):
    def project(self, search):
        self.p.python("""
import json, os
p = json.load(open(os.environ["TRAWL_PARAMS"]))
far = (p["x"] - 0.3) ** 2 + abs(p["n"] - 4) / 10 + {"a": 0, "b": 0.2, "c": 0.4}[p["k"]]
print("loss", "=", far + (p["w"] - 2) ** 2 if "w" in p else far)
""")
        self.p.yaml("space: s\ncommand: ./train.py\nmetric: loss\ngoal: minimize\n"
                    "parameters:\n  x: uniform(0, 1)\n  n: int(1, 9)\n  k: choice(a, b, c)\n"
                    "  w: {prior: 'normal(0, 1)', when: 'k == \"b\"'}\n"
                    f"search: {{{search}}}\n")

    def params(self, search):
        return [(n, row["params"], row["seed"]) for n, row in sorted(self.p.trials(search).items())]

    def trials_so_far(self, search):
        """0 before there is such a search."""
        said = self.p.trawl("trials", str(search), "--json", status=None)
        return len(said.json) if said.status == 0 else 0

    def asks(self, search):
        """(entry, the entry it was based on) of each trial, out of the journal."""
        with self.p.database() as db:
            rows = db.execute("SELECT id & 0xffffffff, data FROM journal WHERE id >> 32 = ?"
                              " AND kind = 'ask' ORDER BY id", (search,)).fetchall()
        return [(seq, json.loads(data)["seen"]) for seq, data in rows]

    def test_one_slot_is_the_same_search(self):
        """Twice, and once more with a kill in its middle."""
        self.project(f"trials: {TRIALS}, method: gp, parallel: 1, seed: 3")
        for _ in range(2):
            self.p.run()
        for seq, seen in self.asks(1):
            self.assertEqual(seen, seq - 1)
        killed = self.p.start("run")
        wait_until(lambda: self.trials_so_far(3) > TRIALS // 2)
        killed.signal(signal.SIGKILL)
        killed.process.wait()
        self.p.trawl("resume", "3")
        self.assertEqual(self.params(1), self.params(2))
        self.assertEqual(self.params(1), self.params(3))
        self.assert_in_order()

    def test_fixed_order_is_the_same_search(self):
        self.project(f"trials: {TRIALS}, method: gp, parallel: 3, seed: 3, order: fixed")
        for _ in range(2):
            self.p.run()
        self.assertEqual(self.params(1), self.params(2))
        self.assert_in_order()

    def test_several_slots_find_one_made(self):
        """All results but the newest: the ask before is seen, and a result came since."""
        self.project(f"trials: {TRIALS}, method: gp, parallel: 2, seed: 3")
        self.p.run()
        asks = self.asks(1)
        self.assertEqual(len(asks), TRIALS)
        ahead = sum(seen < seq - 1 for seq, seen in asks)
        self.assertGreater(ahead, TRIALS // 2)
        self.assert_in_order()

    def test_interrupted(self):
        """Ctrl-C while suggestions are being made: it pauses, ends, and goes on later."""
        self.project(f"trials: {TRIALS}, method: gp, parallel: 2, seed: 3")
        run = self.p.start("run")
        for n in (TRIALS // 3, TRIALS // 2):
            wait_until(lambda n=n: self.trials_so_far(1) >= n)
            run.signal(signal.SIGINT)
            run.wait(130)
            run = self.p.start("resume")
        run.wait(0)
        self.assertEqual(self.p.states(), {"completed": TRIALS})
        self.assert_in_order()
