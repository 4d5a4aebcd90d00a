"""A store whose surroundings changed between one command and the next."""

import os
import shutil
import subprocess

from harness import Case, wait_until

FILE = """\
space: moved
command: ./train.sh ${args}
metric: loss
goal: minimize
parameters:
  lr: {prior: "loguniform(1e-4, 1)", default: 0.1}
search: {trials: 2, parallel: 1}
"""
SLOW = 'for i in $(seq 300); do echo "step=$i loss=0.5"; sleep 0.1; done\n'


class Moved(Case):
    def detach(self, body=SLOW):
        self.p.sh(body)
        self.p.yaml(FILE)
        self.p.trawl("run", "--detach")
        wait_until(lambda: self.p.states().get("running"), "a running trial")

    def test_code_gone_blocks_nothing_else(self):
        """A search whose snapshot is gone can be killed; others begin beside it."""
        self.detach()
        for pid in self.p.processes_named("trawl run"):
            os.kill(pid, 9)
        os.rename(self.p.path(".trawl/code"), self.p.path_of("code"))
        self.p.sh("echo loss=1\n")
        self.p.trawl("run")
        done = self.p.trawl("resume", "1", status=1)
        self.assertIn("search 1 can't go on: its code can't be read: there is no snapshot", done.err)
        self.assertIn("`trawl run` begins a new one", done.err)
        self.p.trawl("kill", "1")
        self.assertEqual(self.p.show("1")["state"], "stopped")
        self.p.wait_quiet()

    def test_refused_retry_changes_nothing(self):
        self.p.sh("exit 1\n")
        self.p.yaml(FILE + "retries: 0\n")
        self.p.run(status=1)
        before = self.p.json("trials")
        os.rename(self.p.path(".trawl/code"), self.p.path_of("code"))
        self.p.trawl("retry", "1.1", status=1)
        self.p.trawl("retry", "1", status=1)
        os.rename(self.p.path_of("code"), self.p.path(".trawl/code"))
        self.assertEqual(self.p.json("trials"), before)
        self.p.trawl("doctor")

    def test_folder_renamed_with_ignored_data(self):
        self.p.write(".gitignore", "data\n")
        self.p.write("data", "1\n")
        subprocess.run(["git", "init", "-q", self.p.dir], check=True)
        self.detach("cat data || exit 3\n" + SLOW)
        self.p.trawl("pause")
        wait_until(lambda: self.p.states().get("paused"), "a paused trial")
        there = self.p.path_of("elsewhere")
        os.rename(self.p.dir, there)
        done = self.p.trawl("resume", status=1, cwd=there)
        self.assertIn("search 1 can't go on: its trials use " + self.p.path("data"), done.err)
        self.assertIn("put the folder back", done.err)
        os.rename(there, self.p.dir)
        self.p.trawl("resume", "--detach")
        self.p.trawl("kill")

    def test_store_copied_while_it_runs(self):
        """The copy takes its trials for lost, and both searches come to their end."""
        self.detach("sleep 2; echo loss=1\n")
        there = self.p.path_of("copy")
        shutil.copytree(self.p.dir, there, symlinks=True,
                        ignore=shutil.ignore_patterns("*.sock"))
        self.p.trawl("resume", cwd=there)
        wait_until(lambda: self.p.show()["state"] == "completed", "the first search's end")
        for where in (self.p.dir, there):
            done = self.p.trawl("show", "--json", cwd=where).json
            self.assertEqual(done["trials"], {"completed": 2})
