"""The build backend of pyproject.toml (PEP 517): a wheel with libtrawl in it.

The library is built as tools/build builds it, in a folder of its own, and travels in trawl/_lib with
the libraries that it needs besides the system's own, which it finds beside itself. So the wheel is
for one platform, and for every Python 3.
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sysconfig
import tarfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = "build-wheel"
# What every Linux has; anything else that the library needs is taken along.
SYSTEM = re.compile(r"^(lib(c|m|dl|rt|pthread)\.so\.|ld-linux|linux-vdso)")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first instant that a zip file knows


def _read(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as f:
        return f.read()


def _version():
    return re.search(r"version: '([^']+)'", _read("meson.build")).group(1)


def _environment():
    """pip's isolation hides what Debian's meson is made of; a meson that pip brought needs it."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    clean["LDFLAGS"] = (os.environ.get("LDFLAGS", "") + " -Wl,-s -Wl,-rpath,$ORIGIN").strip()
    try:
        subprocess.run(["meson", "--version"], env=clean, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        for name in ("PYTHONPATH", "PYTHONHOME"):
            if name in os.environ:
                clean[name] = os.environ[name]
    return clean


def _needed(path):
    """The libraries that path needs, besides the system's: {name: where it is}."""
    text = subprocess.run(["ldd", path], check=True, text=True, stdout=subprocess.PIPE,
                          env={**os.environ, "LC_ALL": "C"}).stdout
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)", text, re.M))
    return {name: where for name, where in found.items() if not SYSTEM.match(name)}


def _build():
    """{name in trawl/_lib: path} of the library and what it needs."""
    subprocess.run(["sh", "tools/build", FOLDER, "-Dlibrary_only=true", "-Dtests=false"], cwd=ROOT,
                   check=True, env=_environment())
    library = os.path.realpath(os.path.join(ROOT, FOLDER, "libtrawl.so"))
    return {"libtrawl.so": library, **_needed(library)}


def _metadata():
    lines = ["Metadata-Version: 2.1", "Name: trawl", f"Version: {_version()}",
             "Summary: Search the space of a training program", "License: Apache-2.0",
             "Requires-Python: >=3.9", "Description-Content-Type: text/markdown", ""]
    return "\n".join(lines) + "\n" + _read("README.md")


def _tag():
    return "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")


class _Wheel:
    """A zip file that keeps the record of what is in it."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self.record = []

    def add(self, name, data, mode=0o644):
        data = data.encode() if isinstance(data, str) else data
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self.record.append(f"{name},sha256={digest},{len(data)}")
        self._write(name, data, mode)

    def _write(self, name, data, mode):
        info = zipfile.ZipInfo(name, EPOCH)
        info.external_attr = (0o100000 | mode) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        self.zip.writestr(info, data)

    def add_file(self, name, path, mode=0o644):
        with open(path, "rb") as f:
            self.add(name, f.read(), mode)

    def close(self, info):
        name = f"{info}/RECORD"
        self._write(name, "\n".join([*self.record, f"{name},,", ""]).encode(), 0o644)
        self.zip.close()


def _wheel_text(tag):
    return (f"Wheel-Version: 1.0\nGenerator: trawl {_version()}\nRoot-Is-Purelib: false\n"
            f"Tag: {tag}\n")


def _add_info(wheel, info, tag):
    wheel.add(f"{info}/METADATA", _metadata())
    wheel.add(f"{info}/WHEEL", _wheel_text(tag))
    for name in ("LICENSE", "NOTICE"):
        wheel.add_file(f"{info}/licenses/{name}", os.path.join(ROOT, name))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    libraries = _build()
    tag, info = _tag(), f"trawl-{_version()}.dist-info"
    name = f"trawl-{_version()}-{tag}.whl"
    wheel = _Wheel(os.path.join(wheel_directory, name))
    package = os.path.join(ROOT, "python", "trawl")
    for file in sorted(os.listdir(package)):
        if file.endswith((".py", ".typed")):
            wheel.add_file(f"trawl/{file}", os.path.join(package, file))
    for file, path in sorted(libraries.items()):
        wheel.add_file(f"trawl/_lib/{file}", path, 0o755)
    _add_info(wheel, info, tag)
    wheel.close(info)
    return name


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """So that pip need not build a whole wheel to read it."""
    name = f"trawl-{_version()}.dist-info"
    folder = os.path.join(metadata_directory, name)
    os.makedirs(folder)
    for file, text in (("METADATA", _metadata()), ("WHEEL", _wheel_text(_tag()))):
        with open(os.path.join(folder, file), "w", encoding="utf-8") as f:
            f.write(text)
    return name


def get_requires_for_build_wheel(config_settings=None):
    """Meson and Ninja, where the machine has none of its own."""
    return [tool for tool in ("meson", "ninja") if shutil.which(tool) is None]


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """The tree itself: its library is the one in build/ (`make build`)."""
    info = f"trawl-{_version()}.dist-info"
    name = f"trawl-{_version()}-py3-none-any.whl"
    wheel = _Wheel(os.path.join(wheel_directory, name))
    wheel.add("trawl.pth", os.path.join(ROOT, "python") + "\n")
    _add_info(wheel, info, "py3-none-any")
    wheel.close(info)
    return name


def build_sdist(sdist_directory, config_settings=None):
    """What git tracks."""
    base = f"trawl-{_version()}"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    with tarfile.open(os.path.join(sdist_directory, f"{base}.tar.gz"), "w:gz",
                      format=tarfile.PAX_FORMAT) as tar:
        for file in files.stdout.decode().split("\0"):
            if file:
                tar.add(os.path.join(ROOT, file), f"{base}/{file}", recursive=False)
        info = os.path.join(sdist_directory, "PKG-INFO")
        with open(info, "w", encoding="utf-8") as f:
            f.write(_metadata())
        tar.add(info, f"{base}/PKG-INFO")
        os.remove(info)
    return f"{base}.tar.gz"
