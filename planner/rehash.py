"""Whether the files of a result are those that its record names: SHA-256 of inputs, and of the scenario."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import tomli_w

from planner.recomputed import Figure, figure
from planner.reresult import AUDIT, Result, is_copy, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def kept_files(result: Result) -> dict[str, Path]:
    """Return the files that a result keeps or names: name as its scenario writes it -> path; those that are there."""
    inputs, last = result.folder / "inputs", result.folder / "inputs" / "previous"
    paths = [path for path in sorted(inputs.rglob("*")) if path.is_file() and last not in path.parents]
    held = {path.relative_to(result.folder).as_posix(): path for path in paths}
    named = {file: result.folder / file for file in result.named if not file.startswith("inputs/")}
    return held | {file: path for file, path in named.items() if path.is_file()}


def is_whole(result: Result) -> bool:
    """Whether every file that the scenario names is there."""
    return all((result.folder / file).is_file() for file in result.named)


def file_figures(result: Result) -> Iterator[Figure]:
    """Yield the hash of each input beside that of the file that stands for it, and that of the scenario.

    A file beside the inputs that no record names is told as well; so are the inputs of last year, where they are kept.
    """
    yield from _inputs(result)
    yield from _scenario(result)
    if names_last_year(result.scenario):
        section = result.scenario["audit"]["previous"]["result"]
        before = Result(result.folder / section)
        for one in _inputs(before) if (before.folder / AUDIT).exists() else ():
            yield replace(one, file=f"{section}/{one.file}")


def _inputs(result: Result) -> Iterator[Figure]:
    held = {file: (path.name, sha256_of(path)) for file, path in kept_files(result).items()}
    used: set[str] = set()
    for one in result.run["inputs"]:
        name = PurePosixPath(one["path"]).name
        alike = [file for file, (copy, _) in held.items() if is_copy(copy, name) and file not in used]
        exact = [file for file in alike if held[file][1] == one["sha256"]]
        used.update((exact or alike)[:1])
        if alike:
            yield figure(one["path"], "", "sha256", one["sha256"], held[(exact or alike)[0]][1])
        elif is_whole(result) and (result.folder / "inputs").is_dir():  # else the record's files stay where they were
            yield figure(one["path"], "", "sha256", one["sha256"], "")
    for file in sorted(held.keys() - used):
        if file.startswith("inputs/"):
            yield figure(file, "", "sha256", "", held[file][1])


def names_last_year(scenario: Mapping[str, Any]) -> bool:
    """Whether a scenario names last year's result: a folder, whose copy has another name."""
    return "result" in scenario.get("audit", {}).get("previous", {})


def _scenario(result: Result) -> Iterator[Figure]:
    """Yield the hash of the merged scenario, whose files have the names by which the run saw them."""
    if all(file.startswith("inputs/") for file in result.named):
        names = {file: result.shown(file) for file in result.named}
        if names_last_year(result.scenario):
            names[result.scenario["audit"]["previous"]["result"]] = _last_year(result)
        text = tomli_w.dumps(_renamed(result.scenario, names))
        found = hashlib.sha256(text.encode()).hexdigest()
        yield figure(result.mark, "", "scenario_sha256", result.run["scenario_sha256"], found)


def _last_year(result: Result) -> str:
    """Return the path by which the audit saw last year's result; its own copy where the record says none."""
    last = (result.run.get("changes") or {}).get("last") or {}
    return str(last.get("path", result.scenario["audit"]["previous"]["result"]))


def _renamed(data: Any, names: Mapping[str, str]) -> Any:
    if isinstance(data, dict):
        return {key: _renamed(value, names) for key, value in data.items()}
    if isinstance(data, list):
        return [_renamed(value, names) for value in data]
    return names.get(data, data) if isinstance(data, str) else data
