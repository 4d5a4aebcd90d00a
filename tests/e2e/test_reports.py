"""Reports as programs make them, from the shell, from the client and in the output: steps out of
order, a step twice, reports after the stop, metrics one by one, steps left out. The method decides
on a rung's step once, and never on what came late."""

import json

from harness import Case

FILE = """\
space: reports
command: {command}
metric: loss
metrics: [ms]
goal: minimize
parameters: {{x: "uniform(0, 1)"}}
require: [ms <= 100]
search: {{method: "random + asha", trials: 4, seed: 3, parallel: 1, budget: {{min: 3, max: 9}}}}
"""

# What is said, in order: "STEP NAME VALUE ...". Of the trials 1 to 4 the second and the fourth are
# the best so far at the rung at step 3, the third is not.
LOSSES = {1: 5.0, 2: 3.0, 3: 4.0, 4: 1.0}
ORDERS = {"shuffled": [1, 2, 5, 4, 3, 6, 7, 8, 9], "sparse": [2, 5, 9]}


def words(case, trial):
    said = []
    for step in ORDERS.get(case, range(1, 10)):
        loss = LOSSES[trial] + step / 100
        if case == "shuffled" and step in (3, 4):
            loss = -100.0
        if case == "apart":
            said.append((step, "ms", 7.0 + step))
        said.append((step, "loss", loss))
        if case == "twice":
            said.append((step, "loss", loss - 10))
    return said


SHELL = """
n=${TRAWL_TRIAL#*.}
while read -r step name value; do
    trawl report --step "$step" "$name=$value"; echo "said $step $name $value: $?"
done <"words-$n"
"""

CLIENT = """
import os, trawl
for line in open("words-" + os.environ["TRAWL_TRIAL"].split(".")[1]):
    step, name, value = line.split()
    trawl.report(step=int(step), **{name: float(value)})
"""

# It never hears of the stop: TERM is for programs that do.
OUTPUT = """
trap '' TERM
n=${TRAWL_TRIAL#*.}
while read -r step name value; do echo "step=$step $name=$value"; done <"words-$n"
"""


class Reports(Case):
    def search(self, case, way):
        for trial in LOSSES:
            self.p.write(f"words-{trial}", "".join(f"{s} {n} {v}\n" for s, n, v in words(case, trial)))
        {"shell": self.p.sh, "client": self.p.python, "output": self.p.sh}[way](
            {"shell": SHELL, "client": CLIENT, "output": OUTPUT}[way])
        self.p.yaml(FILE.format(command="./train.py" if way == "client" else "./train.sh"))
        self.p.run()
        trials = self.p.trials()
        self.assertEqual(len(trials), 4)
        return trials

    def entries(self, trial):
        """(step, value) of what the method took of a trial."""
        with self.p.database() as db:
            rows = db.execute("SELECT data FROM journal WHERE kind = 'report' AND trial = ? AND"
                              " id >> 32 = (SELECT max(id) FROM search) ORDER BY id",
                              (trial,)).fetchall()
        return [(e["step"], e["value"]) for e in (json.loads(row[0]) for row in rows)]

    def points(self, trials, number):
        return [(p["step"], p["name"], p["value"])
                for p in self.p.json("metrics", trials[number]["trial"])]

    def each(self, case):
        for way in ("shell", "client", "output"):
            yield self.search(case, way)
            self.assert_in_order()

    def test_out_of_order(self):
        for trials in self.each("shuffled"):
            for n, t in trials.items():
                took = self.entries(n)
                self.assertEqual(took[0], (5, LOSSES[n] + 0.05))
                self.assertTrue(all(step >= 5 and value > 0 for step, value in took), took)
                self.assertGreater(t["value"], 0)
                self.assertIn((3, "loss", -100.0), self.points(trials, n))

    def test_a_step_twice(self):
        for trials in self.each("twice"):
            for n, t in trials.items():
                took = self.entries(n)
                self.assertEqual(took[0], (3, LOSSES[n] + 0.03))
                self.assertTrue(all(value > 0 for _, value in took), took)
                self.assertEqual((t["step"], t["value"]), (9, LOSSES[n] + 0.09 - 10))

    def test_after_the_stop(self):
        """They go on to their end, whatever they are told: it is told, and decides nothing."""
        for trials in self.each("deaf"):
            self.assertEqual(self.entries(3), [(3, 4.03)])
            self.assertEqual([p[0] for p in self.points(trials, 3)], list(range(1, 10)))
            for n in (1, 2, 4):
                self.assertEqual([step for step, _ in self.entries(n)], [3, 9])

    def test_metrics_one_by_one(self):
        for trials in self.each("apart"):
            for n, t in trials.items():
                self.assertEqual(self.entries(n)[0], (3, LOSSES[n] + 0.03))
                self.assertEqual(t["values"], {"loss": LOSSES[n] + 0.09, "ms": 16.0})
                self.assertTrue(t["meets"])

    def test_a_rung_that_is_left_out(self):
        for trials in self.each("sparse"):
            for n in trials:
                took = self.entries(n)
                self.assertEqual(took[0], (5, LOSSES[n] + 0.05))
                self.assertNotIn(3, [step for step, _ in took])
