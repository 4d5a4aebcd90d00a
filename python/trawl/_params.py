"""What a trial was given: parameters, steps, seed."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from typing import Any, Union

from trawl._trial import say, whole_number

Defaults = Union[None, Mapping, argparse.Namespace, argparse.ArgumentParser]


def _as_dict(defaults: Defaults) -> dict[str, Any]:
    if defaults is None:
        return {}
    if isinstance(defaults, argparse.ArgumentParser):
        return vars(defaults.parse_known_args()[0])
    if isinstance(defaults, argparse.Namespace):
        return dict(vars(defaults))
    if isinstance(defaults, Mapping):
        return dict(defaults)
    raise TypeError(f"defaults must be a dict, a parser or its namespace, not {type(defaults).__name__}")


def params(defaults: Defaults = None) -> dict[str, Any]:
    """The trial's parameters by name.

    `defaults` says what else there is: a dict, an argparse parser, or what one parsed. The trial's
    values go before them; a parameter that is not active in this configuration keeps its default.
    Outside a trial the defaults are all there is (a parser's with what stands on the command line),
    and a line on stderr says so.

    >>> params({"lr": 0.1, "layers": 2})
    {'lr': 0.1, 'layers': 2}

    >>> parser = argparse.ArgumentParser()
    >>> _ = parser.add_argument("--lr", type=float, default=0.1)
    >>> params(parser.parse_args(["--lr", "0.5"]))
    {'lr': 0.5}

    >>> import os, tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
    ...     _ = f.write('{"lr": 0.01, "optimizer.name": "adam"}')
    ...     f.flush()
    ...     os.environ["TRAWL_PARAMS"] = f.name
    ...     params({"lr": 0.1, "layers": 2})
    {'lr': 0.01, 'layers': 2, 'optimizer.name': 'adam'}
    >>> del os.environ["TRAWL_PARAMS"]
    """
    values = _as_dict(defaults)
    path = os.environ.get("TRAWL_PARAMS")
    if not path:
        shown = ", ".join(f"{k}={v!r}" for k, v in values.items())
        say(f"not inside a trial: parameters are the defaults ({shown or 'none'})")
        return values
    with open(path, encoding="utf-8") as f:
        given = json.load(f)
    if not isinstance(given, dict):
        raise ValueError(f"{path} (TRAWL_PARAMS) holds no JSON object")
    values.update(given)
    return values


def steps(default: int | None = None) -> int | None:
    """Train up to this step now; `default` outside a trial, or where the search sets no steps.

    >>> steps(default=10)
    10
    """
    value = whole_number("TRAWL_STEPS")
    return default if value is None else value


def seed(default: int = 0) -> int:
    """The trial's seed, 0 to 2**31 - 1; `default` outside a trial.

    >>> seed()
    0
    """
    value = whole_number("TRAWL_SEED")
    return default if value is None else value
