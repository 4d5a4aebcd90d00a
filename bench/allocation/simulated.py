"""`trawl simulate`, as the benchmarks of this folder run it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TRAWL = ROOT / os.environ.get("TRAWL_BUILD", "build") / "trawl"


def simulate(file: str, *options: str) -> dict[str, Any]:
    """What `trawl simulate --json` says of a trawl.yaml with this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trawl.yaml")
        path.write_text(file, encoding="utf-8")
        said = subprocess.run([TRAWL, "simulate", path, *options, "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(said.stdout)


def interval(figure: dict[str, Any]) -> str:
    """`39.0 +-0.9`: a figure of `summary` with its 95 % interval."""
    if figure["mean"] is None:
        return "-"
    if figure["low"] is None:
        return f"{figure['mean']:.1f}"
    return f"{figure['mean']:.1f} ±{(figure['high'] - figure['low']) / 2:.1f}"
