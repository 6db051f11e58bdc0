"""Files that belong to another one: a Shapefile is read from several, and is none without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OF_SHAPEFILES = (".shx", ".dbf", ".prj", ".cpg")
"""Endings of what belongs to a ``.shp``: index, columns, coordinate system, encoding."""


def beside(file: Path, ending: str) -> Path | None:
    """Return the file of the same name with another ending, in lower or upper case; None where there is none."""
    found = (file.with_suffix(form) for form in (ending, ending.upper()))
    return next((path for path in found if path.is_file()), None)


def with_companions(files: Iterable[Path]) -> list[Path]:
    """Return files, each followed by those that belong to it and are there; each once."""
    found: list[Path] = []
    for file in files:
        endings = OF_SHAPEFILES if file.suffix.lower() == ".shp" else ()
        found += [file, *(path for ending in endings if (path := beside(file, ending)) is not None)]
    return list(dict.fromkeys(found))
