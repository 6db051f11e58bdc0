"""Where a scenario's data names files, whatever the section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Where = tuple[str | int, ...]

FILE_KEYS = ("file", "raster", "cells")
"""Keys whose text is the path of a file."""

FOLDER_KEYS = ("result",)
"""Keys whose text is the path of a folder: of last year's result. Its files are no inputs of their own."""

FREE = ("columns", "defaults", "keep")
"""Tables of keys that the user makes: a column may be called ``file``."""


def named_files(data: Any, where: Where = ()) -> Iterator[tuple[Where, str]]:
    """Every file that is named: the path of its key, and the file as written; in the order of the data."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key in FILE_KEYS and isinstance(value, str):
                yield (*where, key), value
            elif key not in FREE:
                yield from named_files(value, (*where, key))
    elif isinstance(data, list | tuple):
        for number, value in enumerate(data):
            yield from named_files(value, (*where, number))


def with_files(data: Any, change: Callable[[str], str]) -> Any:
    """Return the data with every file, and folder, that is named changed."""
    if isinstance(data, Mapping):
        return {
            key: change(value)
            if key in (*FILE_KEYS, *FOLDER_KEYS) and isinstance(value, str)
            else value
            if key in FREE
            else with_files(value, change)
            for key, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [with_files(value, change) for value in data]
    return data
