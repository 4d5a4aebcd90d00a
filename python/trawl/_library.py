"""libtrawl through ctypes: where it is, and what its functions take.

Loaded when it is first needed, so that a training program that only reports needs no library.
"""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib
from ctypes import POINTER, c_char_p, c_double, c_int, c_int64, c_size_t, c_void_p
from typing import Any

OK, NOT_FOUND = 0, 7  # of enum trawl_code


class CError(ctypes.Structure):
    """struct trawl_error"""

    _fields_ = [
        ("code", c_int),
        ("line", c_int),
        ("column", c_int),
        ("file", ctypes.c_char * 256),
        ("message", ctypes.c_char * 512),
        ("detail", ctypes.c_char * 512),
        ("hint", ctypes.c_char * 512),
    ]


class CSetting(ctypes.Structure):
    """struct trawl_setting"""

    _fields_ = [("path", c_char_p), ("value", c_char_p)]


class COptions(ctypes.Structure):
    """struct trawl_options"""

    _fields_ = [
        ("size", c_size_t),
        ("file", c_char_p),
        ("settings", POINTER(CSetting)),
        ("n_settings", c_size_t),
    ]


_E = POINTER(CError)

# What each function gives and takes. A text that has to be freed is a void pointer.
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "trawl_version": (c_char_p, []),
    "trawl_optimizer_new": (c_int, [POINTER(c_void_p), c_char_p, POINTER(COptions), _E]),
    "trawl_optimizer_free": (None, [c_void_p]),
    "trawl_optimizer_front": (
        c_int,
        [c_void_p, POINTER(POINTER(c_void_p)), POINTER(c_size_t), _E],
    ),
    "trawl_optimizer_set_trials": (c_int, [c_void_p, c_int64, _E]),
    "trawl_optimizer_save": (c_int, [c_void_p, c_char_p, _E]),
    "trawl_optimizer_load": (c_int, [POINTER(c_void_p), c_char_p, _E]),
    "trawl_optimizer_save_text": (
        c_int,
        [c_void_p, POINTER(c_void_p), POINTER(c_size_t), _E],
    ),
    "trawl_optimizer_load_text": (c_int, [POINTER(c_void_p), c_char_p, c_size_t, _E]),
    "trawl_optimizer_talk": (c_int, [c_void_p, c_char_p, c_size_t, POINTER(c_void_p), _E]),
    "trawl_free": (None, [c_void_p]),
    "trawl_trials_free": (None, [POINTER(c_void_p), c_size_t]),
    "trawl_trial_id": (c_int64, [c_void_p]),
    "trawl_trial_seed": (c_int64, [c_void_p]),
    "trawl_trial_is_baseline": (c_int, [c_void_p]),
    "trawl_trial_params": (c_char_p, [c_void_p]),
    "trawl_trial_values": (POINTER(c_double), [c_void_p, POINTER(c_size_t)]),
    "trawl_trial_step": (c_int64, [c_void_p]),
}


def _candidates() -> list[str]:
    """Where it may be: named, in a wheel's folder, in the tree's build folder, in the system."""
    named = os.environ.get("TRAWL_LIBRARY")
    if named:
        return [named]
    package = pathlib.Path(__file__).resolve().parent
    beside = [package / "_lib" / "libtrawl.so", package.parent.parent / "build" / "libtrawl.so"]
    return [str(path) for path in beside if path.exists()] + ["libtrawl.so.0"]


@functools.lru_cache(maxsize=None)
def load() -> ctypes.CDLL:
    """The library; ImportError where it is not to be found."""
    tried = []
    for path in _candidates():
        try:
            lib = ctypes.CDLL(path)
            for name, (gives, takes) in _FUNCTIONS.items():
                function = getattr(lib, name)
                function.restype, function.argtypes = gives, takes
            return lib
        except (OSError, AttributeError) as e:
            tried.append(str(e))
    raise ImportError(
        "libtrawl is not there: build it (`make build` in trawl's tree), install trawl, or name it "
        f"in TRAWL_LIBRARY ({'; '.join(tried)})"
    )
