"""The examples of docs/optimize.md, run as they stand."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")


def blocks(language):
    with open(os.path.join(ROOT, "docs", "optimize.md"), encoding="utf-8") as f:
        return re.findall(rf"^```{language}\n(.*?)^```", f.read(), re.M | re.S)


class Examples(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def run_program(self, *command, **options):
        ran = subprocess.run(command, cwd=self.dir, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=200, **options)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)
        return ran.stdout

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
            f.write(text)

    def test_python(self):
        examples = blocks("python")
        self.assertGreaterEqual(len(examples), 3)
        for number, example in enumerate(examples):
            with self.subTest(number):
                self.run_program(sys.executable, "-W", "error", "-c", example,
                                 env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "python")})

    def test_c(self):
        (example,) = blocks("c")
        self.write("search.c", example)
        self.run_program("cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "search.c", "-o", "search",
                         "-I", os.path.join(ROOT, "include"), "-L", BUILD, "-ltrawl", "-lm")
        out = self.run_program("./search", env={**os.environ, "LD_LIBRARY_PATH": BUILD})
        value, params = re.fullmatch(r"(\S+) at (.*)\n", out).groups()
        self.assertLess(float(value), 1)
        self.assertIn('"kind":"good"', params)

    def test_both_headers_in_both_languages(self):
        """Whichever comes first; as C, and as C++."""
        for one, other in (("trawl", "report"), ("report", "trawl")):
            for language, compiler in (("c", "cc"), ("c++", "clang++")):
                with self.subTest((one, language)):
                    self.write("both.c", f"#include <trawl/{one}.h>\n#include <trawl/{other}.h>\n"
                                         "enum trawl_decision d = TRAWL_STOP;\n"
                                         "struct trawl_metric m = {\"x\", 1};\n")
                    self.run_program(compiler, "-x", language, "-Wall", "-Wextra", "-Werror",
                                     "-Wno-unused-function", "-fsyntax-only", "-I",
                                     os.path.join(ROOT, "include"), "both.c")

    def test_lines(self):
        (file,), (said,) = blocks("yaml"), blocks("text")
        self.write("space.yaml", file)
        lines = said.splitlines()
        heard = self.run_program(os.path.join(BUILD, "trawl"), "optimize", "space.yaml",
                                 input="".join(line[2:] + "\n" for line in lines[::2]))
        self.assertEqual([f"> {line}" for line in heard.splitlines()],
                         [f"> {line}" for line in lines[1::2]])
