"""The Python client, against an endpoint of its own."""

import argparse
import contextlib
import decimal
import doctest
import fractions
import io
import json
import math
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

from fake_endpoint import TOKEN, FakeEndpoint

import trawl
from trawl import _params, _report, _trial


class InTrial(unittest.TestCase):
    """Each test in an environment of its own, and with a client that knows nothing yet."""

    def setUp(self):
        outside = {k: v for k, v in os.environ.items() if not k.startswith("TRAWL_")}
        self.enterContext(mock.patch.dict(os.environ, outside, clear=True))
        client = _report._Client()
        self.addCleanup(client._drop)
        self.enterContext(mock.patch.object(_report, "_client", client))
        self.errors = self.enterContext(contextlib.redirect_stderr(io.StringIO()))
        self.output = self.enterContext(contextlib.redirect_stdout(io.StringIO()))

    def endpoint(self, **kwargs):
        endpoint = FakeEndpoint(**kwargs)
        self.addCleanup(endpoint.close)
        os.environ.update(endpoint.environment)
        return endpoint


class Reports(InTrial):
    def test_message_and_decision(self):
        endpoint = self.endpoint()
        decision = trawl.report(step=3, val_auc=0.81, **{"val/top-1": 2})
        self.assertTrue(decision)
        self.assertFalse(decision.stop or decision.pause)
        self.assertEqual(endpoint.messages, [{
            "token": TOKEN,
            "report": {"step": 3, "metrics": {"val_auc": 0.81, "val/top-1": 2.0}},
        }])

    def test_stop_and_pause(self):
        said = iter(["stop", "pause", "continue"])
        self.endpoint(answer=lambda message: {"decision": next(said)})
        stop, pause, go_on = (trawl.report(loss=1) for _ in range(3))
        self.assertTrue(stop.stop and not stop.pause and not stop)
        self.assertTrue(pause.pause and not pause.stop and not pause)
        self.assertTrue(go_on)
        self.assertEqual([str(d) for d in (stop, pause, go_on)], ["stop", "pause", "continue"])

    def test_without_a_step(self):
        endpoint = self.endpoint()
        trawl.report(loss=1)
        self.assertNotIn("step", endpoint.messages[0]["report"])

    def test_numbers_of_every_kind(self):
        class Scalar:
            def __float__(self):
                return 0.25

        endpoint = self.endpoint()
        trawl.report(a=Scalar(), b=decimal.Decimal("0.5"), c=fractions.Fraction(1, 4), d=True,
                     e=math.nan, f=math.inf, g=-math.inf, h=10**400 // 10**399)
        self.assertEqual(endpoint.messages[0]["report"]["metrics"], {
            "a": 0.25, "b": 0.5, "c": 0.25, "d": 1.0, "e": "nan", "f": "inf", "g": "-inf",
            "h": 10.0})

    def test_wrong_arguments(self):
        self.endpoint()
        for value in ("high", None, [1, 2], 1j):
            with self.assertRaisesRegex(TypeError, "metric loss"):
                trawl.report(loss=value)
        for step in (-1, 1.5):
            with self.assertRaisesRegex(ValueError, "step must be"):
                trawl.report(step=step, loss=1)

    def test_refusal_is_an_error(self):
        self.endpoint(answer=lambda message: {"error": "no such thing"})
        with self.assertRaisesRegex(ValueError, "no such thing"):
            trawl.report(loss=1)

    def test_infeasible(self):
        endpoint = self.endpoint(answer=lambda message: {"ok": True})
        trawl.infeasible("hidden is odd")
        self.assertEqual(endpoint.messages, [{"token": TOKEN, "infeasible": "hidden is odd"}])


class Connections(InTrial):
    def test_one_connection_for_all(self):
        endpoint = self.endpoint()
        for step in range(20):
            trawl.report(step=step, loss=1)
        self.assertEqual(endpoint.connections, 1)
        self.assertEqual([m["report"]["step"] for m in endpoint.messages], list(range(20)))

    def test_an_idle_connection_was_closed(self):
        endpoint = self.endpoint()
        trawl.report(step=1, loss=1)
        endpoint.hang_up()
        time.sleep(0.05)
        self.assertTrue(trawl.report(step=2, loss=1))
        self.assertEqual([m["report"]["step"] for m in endpoint.messages], [1, 2])
        self.assertEqual(self.errors.getvalue(), "")

    def test_supervisor_is_gone(self):
        os.environ.update(TRAWL_ENDPOINT="unix:/no/such/socket", TRAWL_TOKEN=TOKEN)
        for _ in range(3):
            self.assertTrue(trawl.report(loss=1))
        trawl.infeasible("x")
        self.assertEqual(self.errors.getvalue().count("\n"), 1)
        self.assertIn("going on without trawl", self.errors.getvalue())

    def test_hung_up_on_before_the_answer(self):
        endpoint = self.endpoint(answer=lambda message: None)
        self.assertTrue(trawl.report(step=1, loss=1))
        self.assertEqual(len(endpoint.messages), 1)  # not sent again: it may have counted
        self.assertIn("went away", self.errors.getvalue())

    def test_rubbish_for_an_answer(self):
        endpoint = self.endpoint(answer=lambda message: "x")
        with mock.patch.object(json, "dumps", side_effect=lambda x: "]" if x == "x" else '{"a": 1}'):
            self.assertTrue(trawl.report(loss=1))
        self.assertEqual(len(endpoint.messages), 1)

    def test_unknown_kind_of_endpoint(self):
        os.environ.update(TRAWL_ENDPOINT="carrier-pigeon:home", TRAWL_TOKEN=TOKEN)
        self.assertTrue(trawl.report(loss=1))
        self.assertIn("carrier-pigeon", self.errors.getvalue())

    def test_a_path_longer_than_an_address(self):
        with tempfile.TemporaryDirectory() as folder:
            deep = os.path.join(folder, *["d" * 60] * 3)
            os.makedirs(deep)
            endpoint = self.endpoint(folder=deep)
            self.assertTrue(trawl.report(loss=1))
            self.assertEqual(len(endpoint.messages), 1)

    def test_threads_share_it(self):
        endpoint = self.endpoint(answer=lambda m: {
            "decision": "stop" if m["report"]["step"] % 2 else "continue"})
        wrong = []

        def work(first):
            for step in range(first, first + 50):
                if trawl.report(step=step, loss=1).stop != bool(step % 2):
                    wrong.append(step)

        threads = [threading.Thread(target=work, args=(k * 100,)) for k in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(wrong, [])
        self.assertEqual(endpoint.connections, 1)
        self.assertEqual(len(endpoint.messages), 400)

    def test_forked_workers_have_their_own(self):
        endpoint = self.endpoint(answer=lambda m: {
            "decision": "stop" if m["report"]["step"] % 2 else "continue"})
        trawl.report(step=0, loss=1)

        def work(parity):
            right = all(trawl.report(step=2 * i + parity, loss=1).stop == bool(parity)
                        for i in range(50))
            os._exit(0 if right else 1)

        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=work, args=(k % 2,)) for k in range(4)]
        for w in workers:
            w.start()
        right = all(trawl.report(step=2, loss=1) for _ in range(50))
        for w in workers:
            w.join()
        self.assertTrue(right)
        self.assertEqual([w.exitcode for w in workers], [0] * 4)
        self.assertEqual(endpoint.connections, 5)

    def test_fork_while_another_thread_reports(self):
        self.endpoint(answer=lambda m: time.sleep(0.3) or {"decision": "continue"})
        thread = threading.Thread(target=trawl.report, kwargs={"loss": 1})
        thread.start()
        time.sleep(0.1)
        pid = os.fork()
        if pid == 0:
            os._exit(0 if trawl.report(loss=2) else 1)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        thread.join()


class Given(InTrial):
    def params_file(self, text):
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()), "params.json")
        path.write_text(text, encoding="utf-8")
        os.environ["TRAWL_PARAMS"] = str(path)

    def test_params(self):
        self.params_file('{"lr": 1e-3, "n": 12345678901234567, "name": "ä", "features": ["a"]}')
        self.assertEqual(trawl.params({"lr": 1, "depth": 6}), {
            "lr": 1e-3, "depth": 6, "n": 12345678901234567, "name": "ä", "features": ["a"]})
        self.assertEqual(self.errors.getvalue(), "")

    def test_params_over_argparse(self):
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.5)
        parser.add_argument("--batch-size", type=int, default=32)
        with mock.patch.object(sys, "argv", ["train.py", "--batch-size=64", "--of-others"]):
            self.assertEqual(trawl.params(parser), {"lr": 0.5, "batch_size": 64})
            self.assertIn("not inside a trial", self.errors.getvalue())
            self.params_file('{"lr": 0.25}')
            self.assertEqual(trawl.params(parser), {"lr": 0.25, "batch_size": 64})
            self.assertEqual(trawl.params(parser.parse_args([])), {"lr": 0.25, "batch_size": 32})

    def test_wrong_params(self):
        self.params_file("[]")
        with self.assertRaisesRegex(ValueError, "TRAWL_PARAMS"):
            trawl.params()
        with self.assertRaisesRegex(TypeError, "not int"):
            trawl.params(3)

    def test_steps_and_seed(self):
        self.assertEqual((trawl.steps(), trawl.steps(5), trawl.seed(), trawl.seed(9)), (None, 5, 0, 9))
        os.environ.update(TRAWL_STEPS="27", TRAWL_SEED="2147483647")
        self.assertEqual((trawl.steps(5), trawl.seed()), (27, 2147483647))
        os.environ.update(TRAWL_STEPS="", TRAWL_SEED="x")
        self.assertEqual((trawl.steps(5), trawl.seed(1)), (5, 1))

    def test_checkpoint(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        os.environ["TRAWL_CHECKPOINT"] = os.path.join(folder, "a", "b")
        self.assertTrue(trawl.checkpoint().is_dir())
        self.assertEqual(trawl.checkpoint(), pathlib.Path(folder, "a", "b"))

    def test_outside_a_trial(self):
        self.assertFalse(trawl.inside())
        self.assertTrue(trawl.report(step=1, auc=0.5))
        self.assertEqual(self.output.getvalue(), "step=1 auc=0.5\n")


class Package(unittest.TestCase):
    def test_examples_in_docstrings(self):
        with tempfile.TemporaryDirectory() as folder:
            where = os.getcwd()
            self.addCleanup(os.chdir, where)
            os.chdir(folder)
            with contextlib.redirect_stderr(io.StringIO()):
                for module in (_trial, _params, _report):
                    result = doctest.testmod(module)
                    self.assertEqual(result.failed, 0)
                    self.assertGreater(result.attempted, 0)
            os.chdir(where)

    def test_import_is_quick_and_quiet(self):
        root = pathlib.Path(trawl.__file__).parents[1]
        done = subprocess.run([sys.executable, "-W", "error", "-c", "import trawl"],
                              env={"PYTHONPATH": str(root)}, capture_output=True, check=True)
        self.assertEqual(done.stdout + done.stderr, b"")


if __name__ == "__main__":
    unittest.main()
