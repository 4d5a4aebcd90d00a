"""The runner itself: a case that fails, hangs or takes its process along is seen and counted."""

import os
import subprocess
import sys
import tempfile
import unittest

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py")


class Runner(unittest.TestCase):
    def tap(self, body):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_it.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write("import unittest, os, time\nTIMEOUT = 2\n\n\nclass T(unittest.TestCase):\n" + body)
            ran = subprocess.run([sys.executable, RUN, folder], text=True, stdout=subprocess.PIPE)
            return ran.returncode, ran.stdout

    def test_passing(self):
        status, out = self.tap("    def test_a(self):\n        print('noise')\n"
                               "    def test_b(self):\n        self.skipTest('why')\n")
        self.assertEqual(status, 0)
        self.assertIn("ok 1 - test_it.T.test_a", out)
        self.assertIn("ok 2 - test_it.T.test_b # SKIP why", out)
        self.assertIn("\n1..2\n", out)

    def test_remarks(self):
        status, out = self.tap("    def test_a(self):\n        print('noise')\n"
                               "        print('# 3 kills')\n")
        self.assertEqual((status, out.count("noise"), out.count("# 3 kills\n")), (0, 0, 1), out)

    def test_failing(self):
        status, out = self.tap("    def test_a(self):\n        self.assertEqual(1, 2)\n"
                               "    def test_b(self):\n        with self.subTest(1):\n"
                               "            self.fail('because')\n")
        self.assertEqual(status, 1)
        self.assertIn("not ok 1 - test_it.T.test_a", out)
        self.assertIn("not ok 2 - test_it.T.test_b", out)
        self.assertIn("because", out)

    def test_hanging_dying_and_unloadable(self):
        for body in ("    def test_a(self):\n        time.sleep(60)\n",
                     "    def test_a(self):\n        os._exit(3)\n", "    syntax error\n",
                     "    pass\n"):
            status, out = self.tap(body)
            self.assertEqual(status, 1, out)
            self.assertIn("not ok 1", out)


if __name__ == "__main__":
    unittest.main()
