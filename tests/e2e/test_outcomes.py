"""Several objectives, requirements, given first points: from the file to what people see."""

import csv
import io
import os
import sqlite3

from harness import ROOT, Case, wait_until

TRADE = """\
space: trade
command: ./train.sh --x=${x}
objectives:
  - {metric: acc, goal: maximize, take: best}
  - {metric: ms, goal: minimize}
require: ms <= 50
parameters: {x: "uniform(0, 1)"}
baseline: {x: 0.5}
search: {method: random, trials: 6, parallel: 2, seed: 7, budget: {min: 1, max: 2},
         first: [{x: 0.25}, {x: 0.75}]}
"""
# The more accurate, the slower; acc is best at the first step, ms comes on a line of its own.
TRAIN = """\
x=${1#--x=}
for i in 1 2; do
  awk "BEGIN { printf \\"step=$i acc=%.4f\\\\nstep=$i ms=%.4f\\\\n\\", $x / $i, 100 * $x }"
done
"""
SHORT = """\
space: short
command: ./train.sh
metric: loss
goal: minimize
require: [ms <= 20, gb < 4]
parameters: {x: "uniform(0, 1)"}
search: {method: random, trials: 4, parallel: 1, seed: 7}
"""


def front(rows):
    """Numbers of those that meet what is required and that none beats, best acc first."""
    rows = [r for r in rows if r["state"] == "completed" and r["meets"]]
    values = [(r["values"]["acc"], -r["values"]["ms"]) for r in rows]
    kept = [r for r, a in zip(rows, values)
            if not any(b != a and b[0] >= a[0] and b[1] >= a[1] for b in values)]
    return [r["trial"] for r in sorted(kept, key=lambda r: -r["values"]["acc"])]


def covered(rows, front):
    """The area that the front covers, its reference, and its part of the box."""
    valued = [r["values"] for r in rows if None not in r["values"].values()]
    acc = [v["acc"] for v in valued]
    ms = [v["ms"] for v in valued]
    reference = {"acc": min(acc), "ms": max(ms)}
    area, before = 0, min(acc)
    for v in sorted((t["values"] for t in front), key=lambda v: v["acc"]):
        area += (v["acc"] - before) * (max(ms) - v["ms"])
        before = v["acc"]
    return area, reference, area / (max(acc) - min(acc)) / (max(ms) - min(ms))


class Trade(Case):
    def setUp(self):
        super().setUp()
        self.p.sh(TRAIN)
        self.p.yaml(TRADE)

    def assert_front(self):
        rows = list(self.p.trials().values())
        self.assertEqual([r["trial"] for r in self.p.json("best")], front(rows))
        return rows

    def test_first_points_come_first(self):
        self.p.run()
        rows = self.p.trials()
        self.assertEqual([rows[n]["params"]["x"] for n in (1, 2, 3)], [0.5, 0.25, 0.75])
        self.assertEqual([rows[n]["baseline"] for n in (1, 2)], [True, False])
        self.assertEqual(len(rows), 7)
        self.assertRegex(self.p.trawl("show", "1.3").out, r"\nchosen by +search\.first, number 2\n")
        self.assertNotIn("chosen by", self.p.trawl("show", "1.1").out)

    def test_trials_say_all_values_and_what_they_miss(self):
        events = self.p.run().events
        rows = self.assert_front()
        for row in rows:
            x = row["params"]["x"]
            self.assertAlmostEqual(row["value"], x, 3)
            self.assertEqual(list(row["values"]), ["acc", "ms"])
            self.assertAlmostEqual(row["values"]["ms"], 100 * x, 3)
            self.assertIs(row["meets"], row["values"]["ms"] <= 50)
            self.assertEqual(row["misses"], [] if row["meets"] else ["ms <= 50"])
        self.assertIs(rows[2]["meets"], False)
        started = events[0]
        self.assertEqual(started["objectives"], [{"metric": "acc", "goal": "maximize"},
                                                 {"metric": "ms", "goal": "minimize"}])
        self.assertEqual(started["requirements"], ["ms <= 50"])
        ended = [e for e in events if e["event"] == "trial_ended"]
        self.assertEqual({e["trial"]: (e["values"], e["meets"]) for e in ended},
                         {r["trial"]: (r["values"], r["meets"]) for r in rows})
        best = [e for e in events if e["event"] == "best"]
        self.assertEqual(best[-1]["front"], len(front(rows)))
        self.assertTrue(set(front(rows)) <= {e["trial"] for e in best})

    def test_show_and_ls_have_a_front_and_no_best(self):
        self.p.run()
        show = self.p.show()
        self.assertIsNone(show["best"])
        self.assertEqual((show["metric"], show["goal"]), ("acc", "maximize"))
        self.assertEqual([o["metric"] for o in show["objectives"]], ["acc", "ms"])
        self.assertEqual([t["trial"] for t in show["front"]],
                         [t["trial"] for t in self.p.json("best")])
        self.assertEqual(self.p.json("ls")[0]["front"], show["front"])
        rows = list(self.p.trials().values())
        volume, reference, share = covered(rows, show["front"])
        self.assertEqual(show["hypervolume"]["reference"], reference)
        self.assertAlmostEqual(show["hypervolume"]["volume"], volume, 9)
        self.assertAlmostEqual(show["hypervolume"]["share"], share, 9)
        listed = self.p.trawl("ls").out
        self.assertIn("acc, ms", listed)
        self.assertIn(f"front of {len(show['front'])}", listed)
        said = self.p.trawl("show").out
        self.assertRegex(said, r"goal +maximize acc, minimize ms\nrequire +ms <= 50\n")
        self.assertIn(f"front     {len(show['front'])} trials that no other beats", said)
        self.assertIn(f"\nvolume    {100 * share:.1f} % of what lies between", said)
        met = sum(t["meets"] for t in self.p.trials().values())
        self.assertIn(f"require   ms <= 50  met by {met} of 7\n", said)

    def test_tables_have_a_column_a_metric(self):
        self.p.run()
        table = self.p.trawl("trials").out.splitlines()
        self.assertRegex(table[0], r"^trial +state +acc +ms +step ")
        self.assertRegex(table[3], r"^1\.3 +completed +0\.75 +75! ")
        self.assertEqual(table[-1], "! misses, ? is not known to meet: ms <= 50")
        best = self.p.trawl("best").out.splitlines()
        self.assertEqual([line.split()[0].rstrip("*") for line in best[1:-1]],
                         [t["trial"] for t in self.p.json("best")])
        self.assertRegex(best[-1], r"^volume +\d+\.\d % of what lies between the best and the worst ")
        self.assertEqual(len(self.p.json("best", "-n", "1")), 1)
        said = self.p.trawl("show", "1.3").out
        self.assertRegex(said, r"values +acc +0\.75\n +ms +75  misses ms <= 50 by 50 %\n")
        rows = list(csv.DictReader(io.StringIO(self.p.trawl("export", "--csv").out)))
        self.assertEqual((rows[2]["values.acc"], rows[2]["values.ms"], rows[2]["meets"]),
                         ("0.75", "75", "false"))

    def test_plan_check_and_try(self):
        said = self.p.trawl("plan").out
        self.assertRegex(said, r"goal +maximize acc, minimize ms\nrequire +ms <= 50\n")
        self.assertRegex(said, r"first +2 given configurations, before any other\n")
        few = self.p.trawl("plan", "--trials", "1").out
        self.assertIn("more than the trials: the last ones are never run", few)
        plan = self.p.json("plan")
        self.assertEqual((plan["requirements"], plan["first"]), (["ms <= 50"], 2))
        check = self.p.json("check")
        self.assertEqual(check["objectives"][0],
                         {"metric": "acc", "goal": "maximize", "take": "best"})
        self.assertEqual(check["space"]["first"], [{"x": 0.25}, {"x": 0.75}])
        tried = self.p.trawl("try").out
        self.assertRegex(tried, r"metric +acc = 0\.5.*\n.*metric +ms = 50")
        self.assertRegex(tried, r"require +ms <= 50 is met")
        self.assertEqual(self.p.json("try")["values"], {"acc": 0.5, "ms": 50})

    def test_auto_follows_them(self):
        self.p.run("--method", "auto")
        self.assertTrue(self.p.show()["method"].endswith(" + full"))
        self.assert_front()
        self.assert_in_order()

    def test_a_search_that_was_killed_goes_on(self):
        """What was reported before the controller died counts, what comes after too."""
        hold = self.p.path_of("hold")
        self.p.write(hold, "")
        self.p.sh(TRAIN.replace("done", f"while [ -e {hold} ]; do sleep 0.05; done\ndone", 1))
        running = self.p.start("run")
        wait_until(lambda: len(self.p.supervisors()) == 2, "two attempts")
        wait_until(lambda: self.p.trials()[2]["values"]["ms"] is not None, "a report")
        os.kill(running.pid, 9)
        running.wait()
        os.unlink(hold)
        self.p.trawl("resume")
        rows = self.assert_front()
        self.assertEqual([r["state"] for r in rows], ["completed"] * 7)
        self.assertEqual([round(r["values"]["ms"] - 100 * r["params"]["x"], 3) for r in rows],
                         [0] * 7)
        self.assert_in_order()

    def test_checkpoints_of_the_front_are_kept(self):
        self.p.sh(TRAIN + "echo saved > $TRAWL_CHECKPOINT/state\n")
        self.p.run()
        kept = {t["trial"] for t in self.p.json("best")} | {"1.1"}
        self.p.trawl("gc")
        for row in self.p.trials().values():
            path = self.p.path(".trawl", "trials", *row["trial"].split("."), "checkpoint", "state")
            self.assertEqual(os.path.exists(path), row["trial"] in kept, row["trial"])


class Missing(Case):
    def test_an_objective_that_never_comes(self):
        self.p.sh("echo acc=0.5 latency=3\n")
        self.p.yaml(TRADE)
        self.p.trawl("run", status=1)
        show = self.p.show()
        self.assertEqual(show["state"], "failed")
        self.assertIn("the first 3 attempts failed alike (no_metric", show["why"])
        row = self.p.trials()[1]
        self.assertEqual((row["state"], row["attempts"][0]["reason"]), ("failed", "no_metric"))
        self.assertEqual(row["why"],
                         "it ended well but never reported ms, only acc; its output holds latency")
        self.assertEqual(row["values"], {"acc": 0.5, "ms": None})
        self.assertIn("has a value of every objective yet", self.p.trawl("best", status=1).err)
        self.assertRegex(self.p.trawl("try", status=1).out, "metric +ms was not seen")

    def test_an_objective_reported_under_another_name(self):
        self.p.sh("trawl report --step 1 acc=0.5 latency=3\n")
        self.p.yaml(TRADE)
        self.p.trawl("run", status=1)
        self.assertIn("never reported ms, only acc, latency; it reported latency",
                      self.p.trials()[1]["why"])

    def test_a_requirement_that_is_never_known(self):
        self.p.sh("echo loss=0.5 ms=10\n")
        self.p.yaml(SHORT)
        self.p.run()
        self.assertEqual(self.p.states(), {"completed": 4})
        row = self.p.trials()[1]
        self.assertEqual((row["values"], row["meets"], row["misses"]),
                         ({"loss": 0.5, "ms": 10, "gb": None}, False, ["gb < 4"]))
        said = self.p.trawl("best", status=1).err
        self.assertIn("no trial of search 1 meets ms <= 20, gb < 4", said)
        self.assertIsNone(self.p.show()["best"])
        said = self.p.trawl("show").out
        self.assertIn("gb < 4  met by 0 of 4, not known of 4, which never reported it\n", said)
        self.assertIn("no trial meets all requirements: there is no best one\n", said)
        self.assertRegex(self.p.trawl("trials").out, r"\n1\.1 +completed +0\.5 +10 +\? ")

    def test_what_meets_none_is_not_the_best(self):
        self.p.sh('n=${TRAWL_TRIAL#*.}; echo "loss=0.$n ms=$((30 - 5 * n)) gb=1"\n')
        self.p.yaml(SHORT)
        self.p.run()
        self.assertEqual(self.p.json("best")["trial"], "1.2")
        self.assertEqual(self.p.show()["best"]["trial"], "1.2")
        self.assertIn("best      1.2      loss 0.2", self.p.trawl("show").out)
        self.assert_in_order()


class Wrong(Case):
    def test_files(self):
        self.p.sh("echo a=1\n")
        wrong = {
            "metric: a\ngoal: minimize\nobjectives: [{metric: a, goal: minimize}]\n":
                r"trawl.yaml:6:1: objectives stands beside metric \(line 4\) and goal \(line 5\)",
            "objectives: [{metric: a, goal: minimize}, {metric: b, goal: up}]\n":
                r"trawl.yaml:4:61: objectives.goal is up, not maximize or minimize",
            "metric: a\ngoal: minimize\nrequire: a < b\n":
                r'trawl.yaml:6:14: "b" is no number that can be a bound',
            "metric: a\ngoal: minimize\nsearch: {first: [{y: 1}]}\n":
                r"trawl.yaml:6:19: there is no parameter y",
            "objectives: [{metric: a, goal: minimize}, {metric: b, goal: minimize}]\n"
            "search: {method: median, budget: {max: 9}}\n":
                r"trawl.yaml:5:18: median stops trials by one objective, and there are 2",
        }
        for text, said in wrong.items():
            self.p.yaml('space: w\ncommand: ./train.sh\nparameters: {x: "uniform(0, 1)"}\n' + text)
            self.assertRegex(self.p.trawl("run", status=2).err, said)
        self.assertFalse(os.path.exists(self.p.path(".trawl/trawl.db")))

    def test_set(self):
        self.p.sh("echo a=1 b=2\n")
        self.p.yaml('space: w\ncommand: ./train.sh\nparameters: {x: "uniform(0, 1)"}\n'
                    "metric: a\ngoal: minimize\nsearch: {trials: 2, method: random}\n")
        self.p.run("--set", "require=b <= 3", "--set", "search.first=[{x: 0.5}]")
        rows = self.p.trials()
        self.assertEqual((rows[1]["params"]["x"], rows[1]["values"]), (0.5, {"a": 1, "b": 2}))
        self.p.run("--set", "metric=", "--set", "goal=", "--set",
                   "objectives=[{metric: a, goal: minimize}, {metric: b, goal: maximize}]")
        self.assertEqual(len(self.p.json("best")), 2)


class Older(Case):
    def test_a_store_of_before_is_read(self):
        """Reading migrates it, with what it was beside it."""
        os.mkdir(self.p.path(".trawl"), 0o700)
        with open(os.path.join(ROOT, "tests/store/schema-1.sql"), encoding="utf-8") as f:
            db = sqlite3.connect(self.p.path(".trawl/trawl.db"), isolation_level=None)
            db.executescript(f.read())
            db.close()
        self.assertEqual(self.p.json("best")["trial"], "1.2")
        self.assertEqual(self.p.show()["trials"], {"completed": 2, "stopped": 1, "failed": 1})
        self.assertTrue(os.path.exists(self.p.path(".trawl/trawl.db.schema1-backup")))
        with self.p.database() as db:
            self.assertEqual(db.execute("PRAGMA user_version").fetchone(), (4,))
