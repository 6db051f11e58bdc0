"""Compiles kernels and keeps them: beside the code, else in the user's cache folder, else for one run only.

numba looks for a folder that it may write to when a kernel is defined, and raises where there is none; a planner on a
locked-down PC then still gets the figures, a few seconds later, and is told why.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

_kept_in: set[str] = set()


def kernel(function: F) -> F:
    """Compile a function on its first call, without the interpreter's lock, and keep it where that is possible."""
    try:
        compiled = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba: "no locator available": neither folder can be written
        _kept_in.add("")
        return njit(nogil=True)(function)  # type: ignore[no-any-return]
    _kept_in.add(str(compiled.stats.cache_path))
    return compiled  # type: ignore[no-any-return]


def cache_note() -> tuple[str, str]:
    """Tell where kernels are kept: a key of the words, empty when all is as usual, and the folder.

    Returns
    -------
    key, folder
        ``""`` beside the code or in the folder that NUMBA_CACHE_DIR names; ``kernels_in_user_cache``;
        ``kernels_not_kept``.
    """
    if "" in _kept_in:
        return "kernels_not_kept", ""
    beside = Path(__file__).parent.resolve()
    elsewhere = sorted(folder for folder in _kept_in if beside not in Path(folder).resolve().parents)
    if elsewhere and not os.environ.get("NUMBA_CACHE_DIR"):
        return "kernels_in_user_cache", elsewhere[0]
    return "", ""
