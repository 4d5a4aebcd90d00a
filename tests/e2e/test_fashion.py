"""The example of a real model on real data, with `method: auto`: what is preempted, paused and resumed
goes on from its checkpoint rather than from zero, as its logs show."""

import os
import re
import shutil
import signal
import subprocess
import unittest

from harness import ROOT, Case, wait_until

TIMEOUT = 600
DATA = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")
SMALL = ("search.method=auto", "search.trials=3", "search.budget.max=27", "resources.grace=20s")


def has_sklearn():
    return subprocess.run(["/usr/bin/python3", "-c", "import sklearn"], stderr=subprocess.DEVNULL).returncode == 0


@unittest.skipUnless(os.path.isdir(DATA), "Fashion-MNIST is not there")
@unittest.skipUnless(has_sklearn(), "scikit-learn is not there")
class Fashion(Case):
    def setUp(self):
        super().setUp()
        for name in ("train.py", "trawl.yaml"):
            shutil.copy(os.path.join(ROOT, "examples/fashion", name), self.p.path(name))
        self.p.env["FASHION_IMAGES"] = "2000"

    def row(self, trial):
        said = self.p.trawl("show", trial, "--json", status=None)
        return said.json if said.status == 0 else {"state": "queued", "step": None, "attempts": []}

    def wait_for(self, trial, attempts, new_steps=1):
        """Until its attempt of that number has made so many steps of its own."""
        def there():
            row = self.row(trial)
            self.assertNotEqual(row["state"], "completed", "it was too quick to be paused")
            return (len(row["attempts"]) >= attempts and
                    (row["step"] or 0) >= row["attempts"][attempts - 1]["from_step"] + new_steps)
        wait_until(there, f"attempt {attempts} of {trial}")

    def check_goes_on(self, trial, attempt):
        """By its own word it goes on from a step, and the next is the first that it does."""
        log = self.p.log(trial, attempt)
        said = re.search(r"going on from the checkpoint of step (\d+)", log)
        self.assertTrue(said, log)
        steps = [int(s) for s in re.findall(r"\| step=(\d+) ", log)]
        self.assertGreater(int(said[1]), 0)
        if steps:
            self.assertEqual(steps[0], int(said[1]) + 1, log)

    def test_it_goes_on_from_its_checkpoints(self):
        settings = [word for s in SMALL for word in ("--set", s)]
        run = self.p.start("run", "--json", *settings)
        self.wait_for("1.1", 1, 2)
        self.p.trawl("pause", "--preempt", "1.1")
        self.wait_for("1.1", 2)
        self.p.trawl("pause", "1.1")
        wait_until(lambda: self.row("1.1")["state"] == "paused", "1.1 to pause")
        self.p.trawl("resume", "--detach", "1.1")
        self.wait_for("1.1", 3)
        run.signal(signal.SIGTERM)
        run.wait(130)
        self.assertEqual(self.p.show()["state"], "paused")
        self.assertEqual(self.p.trawl("resume", "--json").status, 0)
        trials = self.p.trials()
        self.assertEqual(len(trials), 4)
        first = trials[1]["attempts"]
        self.assertEqual([a["reason"] for a in first], ["paused"] * 3 + ["exit"])
        went_on = 0
        for number, t in trials.items():
            self.assertIn(t["state"], ("completed", "stopped"), t)
            for i, attempt in enumerate(t["attempts"], 1):
                if attempt["from_step"] > 0:
                    went_on += 1
                    self.check_goes_on(f"1.{number}", i)
        self.assertGreaterEqual(went_on, 3)
        self.assertGreater(self.p.json("best")["value"], 0.7)
        self.assert_in_order()


if __name__ == "__main__":
    unittest.main()
