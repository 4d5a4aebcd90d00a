"""Programs that read a configuration file: config: {from, to}."""

import os
import subprocess

from harness import Case

FILE = """\
space: configured
command: ./train.sh
metric: loss
goal: minimize
parameters:
  lr: {prior: "loguniform(1e-4, 1)", default: 0.1}
  model.depth: {prior: "int(1, 9)", default: 3}
baseline: {}
config: {from: %s, to: %s}
search: {trials: 2, parallel: 1}
retries: 1
"""
BASE = "lr: 7\nmodel: {depth: 0, width: 5}\n"


class ConfigFile(Case):
    def prepare(self, source, to, body="exit 1\n"):
        self.p.sh(body)
        self.p.yaml(FILE % (source, to))

    def test_missing_base_is_refused(self):
        self.prepare("base.yaml", "config.yaml")
        for command in ("check", "plan", "run"):
            done = self.p.trawl(command, status=2)
            self.assertIn("trawl.yaml:9:16: config.from is base.yaml, and there is no such file",
                          done.err)
        self.assertFalse(os.path.exists(self.p.path(".trawl")))

    def test_base_that_does_not_fit_is_refused(self):
        self.prepare("base.yaml", "config.yaml")
        self.p.write("base.yaml", "model: 3\n")
        done = self.p.trawl("run", status=2)
        self.assertIn("trawl.yaml:9:16: model is a whole number in base.yaml", done.err)

    def test_takes_the_place_of_its_base(self):
        """The link to the snapshot gives way; nothing is written through it."""
        self.prepare("base.yaml", "base.yaml",
                     'cat base.yaml\n[ $TRAWL_TRIAL != 1.2 ] || [ -e again ] || { touch again; exit 1; }\n'
                     "echo loss=1\n")
        self.p.write("base.yaml", BASE)
        self.p.run()
        self.assertEqual(self.p.read("base.yaml"), BASE)
        self.assertIn("lr: 0.1\n", self.p.log("1.1"))
        self.assertNotIn("lr: 7", self.p.log("1.2", 2))
        self.p.trawl("doctor")

    def test_in_a_folder_of_the_program(self):
        self.prepare("conf/base.yaml", "conf/base.yaml",
                     "cat conf/base.yaml conf/deep/other.txt\n"
                     '[ $TRAWL_TRIAL != 1.2 ] || [ -e again ] || { touch again; exit 1; }\n'
                     "echo loss=1\n")
        self.p.write("conf/base.yaml", BASE)
        self.p.write("conf/deep/other.txt", "beside it\n")
        self.p.run()
        self.assertEqual(self.p.read("conf/base.yaml"), BASE)
        for log in (self.p.log("1.1"), self.p.log("1.2", 2)):
            self.assertIn("beside it", log)
            self.assertNotIn("lr: 7", log)
        self.p.trawl("doctor")

    def test_in_a_folder_of_its_own(self):
        self.prepare("base.yaml", "out/deep/config.json", "cat out/deep/config.json; echo loss=1\n")
        self.p.write("base.yaml", BASE)
        self.p.run()
        self.assertIn('"width": 5', self.p.log("1.1"))

    def test_a_base_that_git_ignores(self):
        """Read where it is, and never written."""
        self.prepare("local.yaml", "local.yaml", "cat local.yaml; echo loss=1\n")
        self.p.write("local.yaml", BASE)
        self.p.write(".gitignore", "local.yaml\n")
        subprocess.run(["git", "init", "-q", self.p.dir], check=True)
        self.p.run()
        self.assertEqual(self.p.read("local.yaml"), BASE)
        self.assertIn("lr: 0.1\n", self.p.log("1.1"))
