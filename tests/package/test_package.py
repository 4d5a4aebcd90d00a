"""The wheel, in a virtual environment of its own; and what `make install` puts where."""

import glob
import os
import subprocess
import sys
import tempfile
import unittest

TIMEOUT = 900
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = """\
import trawl, trawl._library, pathlib
here = pathlib.Path(trawl.__file__).parent
assert "site-packages" in str(here), here
result = trawl.minimize(lambda p: (p["x"] - 1) ** 2, {"x": "uniform(-5, 5)"}, trials=40, seed=1,
                        method="sobol", parallel=2)
assert result.value < 0.1, result
with open("/proc/self/maps") as maps:
    loaded = {line.split()[-1] for line in maps if ".so" in line}
for name in ("libtrawl", "libjansson", "libyaml"):
    (path,) = (path for path in loaded if name in path)
    assert path.startswith(str(here / "_lib")), path
print("well")
"""


def run(*command, cwd, **env):
    clean = {k: v for k, v in os.environ.items()
             if not k.startswith(("PYTHON", "TRAWL", "PIP_", "LD_"))}
    ran = subprocess.run(command, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**clean, **env})
    if ran.returncode:
        raise AssertionError(f"{' '.join(command)}: status {ran.returncode}\n{ran.stdout[-6000:]}")
    return ran.stdout


class Package(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def test_pip_install(self):
        """Nothing is fetched: the package needs nothing that is not here."""
        python = os.path.join(self.dir, "venv", "bin", "python")
        run(sys.executable, "-m", "venv", "venv", cwd=self.dir)
        run(python, "-m", "pip", "install", "--no-index", "--disable-pip-version-check", ROOT,
            cwd=self.dir, TMPDIR=self.dir)
        self.assertEqual(run(python, "-W", "error", "-c", PROGRAM, cwd=self.dir), "well\n")
        run(python, "-m", "pip", "check", "--disable-pip-version-check", cwd=self.dir)
        run(python, "-m", "pip", "uninstall", "-y", "--disable-pip-version-check", "trawl",
            cwd=self.dir)
        left = glob.glob(os.path.join(self.dir, "venv/lib/python*/site-packages/trawl*"))
        self.assertEqual(left, [])

    def test_make_install(self):
        """A program is compiled and run against what was installed, by pkg-config."""
        run("meson", "install", "-C", os.path.join(ROOT, "build"), "--no-rebuild", "--destdir",
            self.dir, cwd=ROOT)
        files = {os.path.relpath(os.path.join(where, name), self.dir)
                 for where, _, names in os.walk(self.dir) for name in names}
        (library,) = (f for f in files if f.endswith("/libtrawl.so"))
        (config,) = (f for f in files if f.endswith("/pkgconfig/trawl.pc"))
        for part in ("/include/trawl/trawl.h", "/include/trawl/report.h", "/man3/libtrawl.3",
                     "/man1/trawl.1", "/bin/trawl", "/bin/trawl-supervisor"):
            self.assertTrue(any(part in f for f in files), f"{part} is not among {files}")
        flags = run("pkg-config", "--cflags", "--libs", "trawl", cwd=self.dir,
                    PKG_CONFIG_PATH=os.path.join(self.dir, os.path.dirname(config)),
                    PKG_CONFIG_SYSROOT_DIR=self.dir).split()
        with open(os.path.join(self.dir, "program.c"), "w", encoding="utf-8") as f:
            f.write("#include <stdio.h>\n#include <trawl/trawl.h>\n"
                    "int main(void) { puts(trawl_version()); }\n")
        run("cc", "-Wall", "-Werror", "program.c", *flags, "-o", "program", cwd=self.dir)
        said = run("./program", cwd=self.dir,
                   LD_LIBRARY_PATH=os.path.join(self.dir, os.path.dirname(library)))
        self.assertRegex(said, r"^\d+\.\d+")
