"""bench/speed: its arithmetic, its report, and how it talks to those it measures. Nothing is timed here."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

from speed import contenders, figures, report  # noqa: E402
from speed.contenders import Contender, Conversation, Machine  # noqa: E402
from speed.figures import Measured, Scenario  # noqa: E402

# Trial n takes n thousand nanoseconds of processor time, twice that of the wall clock, and METHOD times as much.
FAKE = """
import sys
if sys.argv[1].endswith("absent"):
    sys.exit(3)
told, times = 0, int(sys.argv[1].rpartition("-")[2])
print("end 1000 0 fake 1.0", flush=True)
for line in sys.stdin:
    word, n = line.split()
    print(line.strip(), *sys.argv[1:], file=open(sys.argv[0] + ".log", "a"))
    while word == "run" and told < int(n):
        told += 1
        print(told * 1000 * times, told * 2000 * times)
    print("end 2000 0.5 fake 1.0", flush=True)
"""


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.fake = pathlib.Path(folder.name) / "fake.py"
        self.fake.write_text(FAKE)
        self.machine = Machine([sys.executable, self.fake], [sys.executable, self.fake])

    def log(self):
        return pathlib.Path(f"{self.fake}.log").read_text().splitlines()


class Measuring(Case):
    def test_windows_totals_and_memory(self):
        one, ten = Contender("1", rounds=2), Contender("10", "peer", rounds=1)
        scenario = Scenario("stand", 3, (2, 4), 4, (one, ten), known=5)
        (m, peer), missing = figures.measure(scenario, self.machine, 3)
        self.assertEqual(missing, [])
        self.assertEqual([len(m.windows[2]), len(peer.windows[2])], [2, 1])
        figure = m.at(4)  # trials 5 to 8, in ms
        self.assertAlmostEqual(figure.mean, 0.0065)
        self.assertAlmostEqual(figure.median, 0.0065)
        self.assertAlmostEqual(figure.worst, 0.008)
        self.assertAlmostEqual(figure.wall, 0.013)
        self.assertAlmostEqual(peer.at(4).mean, 0.065)
        self.assertAlmostEqual(m.total(4), 10e-6)  # 1 + 2 + 3 + 4 us
        self.assertAlmostEqual(m.worst_in_means(4), 8 / 6.5)
        self.assertAlmostEqual(m.peak[0], 2.048)
        self.assertAlmostEqual(m.empty[0], 1.024)
        self.assertEqual(m.version, "fake 1.0")

    def test_all_take_turns(self):
        scenario = Scenario("stand", 3, (2, 4), 1, (Contender("1"), Contender("7", "peer", limit=3)), known=5)
        figures.measure(scenario, self.machine, 1)
        self.assertEqual(self.log(), [
            "fill 5 1 3 5", "fill 5 peer-7 3 5",
            "run 2 1 3 5", "run 2 peer-7 3 5",
            "run 3 1 3 5", "run 3 peer-7 3 5",
            "run 4 1 3 5", "run 5 1 3 5",
        ])

    def test_the_median_of_rounds_counts(self):
        m = Measured(Contender("gp"), windows={5: [(1, 2, 8, 3), (9, 1, 9, 4), (2, 4, 4, 9)]})
        self.assertEqual(m.at(5), figures.Figure(2, 2, 8, 4))
        self.assertEqual(m.worst_in_means(5), 2)
        self.assertIsNone(m.at(6))

    def test_one_that_is_not_installed_is_left_out(self):
        absent = Contender("absent", "peer")
        measured, missing = figures.measure(
            Scenario("stand", 1, (1,), 1, (Contender("1"), absent)), self.machine, 2)
        self.assertEqual(([m.contender.method for m in measured], missing), (["1"], [absent]))

    def test_one_that_breaks_ends_the_run(self):
        self.fake.write_text("import sys; sys.exit(1)")
        with self.assertRaises(SystemExit):
            Conversation([sys.executable, self.fake], {})

    def test_trawl_alone_may_have_priority(self):
        m = contenders.machine(pathlib.Path("build"), "python", realtime=True)
        self.assertEqual(m.words(Contender("gp"), 10, 70)[:3], ["chrt", "-r", "5"])
        self.assertEqual(m.words(Contender("gp", "optuna"), 10, 70)[-3:], ["optuna-gp", "10", "70"])
        self.assertEqual(m.words(Contender("gp", "optuna"), 10, 70)[0], "python")


def measured(contender, ms, marks, totals=0, peak=1.0):
    rows = {mark: [(ms, ms, ms * 3, ms)] for mark in marks}
    return Measured(contender, rows, dict.fromkeys(marks, [totals]), [peak], [0.5], "fake 1.0")


class Report(Case):
    def results(self):
        two = measured(Contender("tpe"), 0.1, figures.LONG.marks, totals=6)
        two.windows[10000] = [(0.9, 0.9, 0.9, 0.9)]
        return {
            figures.TPE: ([measured(Contender("tpe"), 0.1, figures.TPE.marks),
                           measured(Contender("tpe", "optuna", limit=500), 5, (100,))], []),
            figures.LONG: ([two], [Contender("tpe", "rustuna")]),
            figures.GP: ([measured(Contender("gp"), 20, figures.GP.marks)], []),
            figures.SOBOL: ([measured(Contender("sobol"), 0.03, figures.SOBOL.marks)], []),
            figures.MEMORY: ([measured(Contender(name), 1, (0,), peak=peak)
                              for name, peak in (("tpe", 20), ("gp", 70))], []),
        }

    def test_targets_are_met_or_missed(self):
        targets = report.targets(self.results())
        self.assertEqual([t.name for t in targets if not t.met], [
            "TPE, 2 parameters: 10,000 trials in all",
            "GP, 10 parameters, n = 100: mean of 20",
            "sobol, 10 parameters: mean",
            "10,000 observations x 20 parameters, gp: memory",
        ])
        self.assertEqual(len(targets), 14)
        growth = next(t for t in targets if "in parts of n = 1,000" in t.name)
        self.assertAlmostEqual(growth.value, 9)

    def test_what_was_not_measured_has_no_verdict(self):
        results = self.results()
        del results[figures.LONG]
        self.assertFalse([t for t in report.targets(results) if t.name.startswith("TPE")])

    def test_tables_say_how_many_times(self):
        text = "\n".join(report.body(self.results()))
        self.assertRegex(text, r"\| optuna tpe +\| 100 +\| 5 +\| 5 +\| 15 +\| 5 +\| 50 +\|")
        self.assertNotRegex(text, r"\| optuna tpe +\| 1,000")
        self.assertIn("optuna tpe: stopped after 500 trials", text)
        self.assertIn("rustuna tpe: not installed", text)
        self.assertIn("trawl gp 69.5 of 70.0", text)

    def test_the_head_says_how_loaded_the_machine_was(self):
        self.assertIn("Load average 99.0 before", report.head(self.results(), 99.0, False))
        self.assertIn("busy", report.head(self.results(), 99.0, False))
        self.assertIn("Versions: fake 1.0.", report.head(self.results(), 99.0, False))

    def test_what_was_written_by_hand_stays(self):
        file = self.fake.with_name("RESULTS.md")
        report.write(file, "one")
        file.write_text(file.read_text() + "by hand\n")
        report.write(file, "two")
        self.assertEqual(file.read_text(), f"two\n{report.BY_HAND}\nby hand\n")


if __name__ == "__main__":
    unittest.main()
