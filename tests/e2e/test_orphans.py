"""Searches whose controller was killed, and commands that steer but do not run."""

import os

from harness import Case, wait_until

FILE = """\
space: orphans
command: ./train.sh ${args}
metric: loss
goal: minimize
parameters:
  lr: {prior: "loguniform(1e-4, 1)", default: 0.1}
search: {trials: 50, parallel: 2}
"""


class Orphans(Case):
    def test_killing_a_trial_does_not_run_its_search(self):
        self.p.sh('for i in $(seq 300); do echo "step=$i loss=0.5"; sleep 0.1; done\n')
        self.p.yaml(FILE)
        self.p.trawl("run", "--detach")
        wait_until(lambda: self.p.states().get("running") == 2, "two running trials")
        for pid in self.p.processes_named("trawl run"):
            os.kill(pid, 9)
        self.p.trawl("kill", "1.2", timeout=20)
        self.assertEqual(self.p.show()["state"], "paused")
        self.assertEqual(self.p.states(), {"paused": 1, "cancelled": 1})
        self.p.wait_quiet()
