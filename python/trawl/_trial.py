"""The trial that this process belongs to, as the environment tells it."""

from __future__ import annotations

import os
import pathlib
import sys


def inside() -> bool:
    """Whether this process runs inside a trial.

    >>> inside()
    False
    """
    return bool(os.environ.get("TRAWL_ENDPOINT") and os.environ.get("TRAWL_TOKEN"))


def say(text: str) -> None:
    """A line on stderr, where it is in nobody's way."""
    print(f"trawl: {text}", file=sys.stderr, flush=True)


def checkpoint() -> pathlib.Path:
    """The folder for checkpoints: it lasts from attempt to attempt, and is empty the first time, but
    for a trial of a population that begins with a copy of another one's.

    Save whole files under another name and rename them, since an attempt may be killed at any
    instant. Outside a trial it is ./checkpoint, made where it is not there.

    >>> import os, tempfile
    >>> os.chdir(tempfile.mkdtemp())
    >>> checkpoint().name
    'checkpoint'
    >>> (checkpoint() / "model.json").exists()   # nothing to go on from
    False
    """
    folder = pathlib.Path(os.environ.get("TRAWL_CHECKPOINT") or "checkpoint").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def whole_number(name: str) -> int | None:
    """The value of an environment variable; None where it is not set or no whole number."""
    try:
        return int(os.environ.get(name, ""))
    except ValueError:
        return None
