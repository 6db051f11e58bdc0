"""What a glance at a scenario file tells, even where the file cannot be read as a whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from planner import scenariobook
from planner.pathfaults import is_file
from planner.scenario import Loaded
from planner.tomlfile import LARGEST, TomlFile
from planner.words import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from planner.terms import Language


def glance(path: Path, key: str) -> str:
    """Text that a scenario file gives a top-level key, as far as a glance tells; empty where it tells none."""
    if path.suffix.lower() in scenariobook.ENDINGS:
        return scenariobook.glance(path, key)
    try:
        if not is_file(path):
            return ""
        with path.open("rb") as file:
            text = file.read(LARGEST).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""
    top = re.split(r"(?m)^\s*\[", text, maxsplit=1)[0]
    found = re.search(rf"""(?m)^\s*{key}\s*=\s*(["'])(.*?)\1""", top)
    return found[2] if found else ""


def language_at(path: Path) -> Language | None:
    """Language of a scenario file, or of the one that it extends; None where neither tells it."""
    files = dict.fromkeys((path, path.parent / (glance(path, "extends") or path.name)))
    written = [glance(file, "language") for file in files]
    return next((language for text in written for language in LANGUAGES if language == text), None)


def unread(path: Path) -> Loaded:
    """Return a scenario of which no more is known than its name and its language."""
    data = {"name": glance(path, "name"), "language": language_at(path) or "zh"}
    return Loaded(None, data, path, path.resolve().parent, (TomlFile(path, data, ()),), ())
