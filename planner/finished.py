"""Finished results: read back, told from stale ones, and set side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner import comparepage, comparetables, comparison, owners, provenance, record, report, results
from planner.companions import with_companions
from planner.errors import Fault, ScenarioError
from planner.hashing import sha256_of
from planner.scenario import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def result_of(path: str | Path, out: str | Path) -> Mapping[str, Any]:
    """Read the run.json of a scenario file, or of a result folder.

    Raises
    ------
    ScenarioError
        If the scenario has not been run yet, or only another file of its name.
    """
    folder = _folder_of(path, out)
    if not Path(path).is_dir():
        owners.claim(load(path), folder, "run.json")
    found = comparison.record_in(folder, "run.json")
    if found is None or found.get("schema") != record.SCHEMA:
        raise ScenarioError(Fault("no_result", str(path), values={"folder": str(folder)}))
    return found


def _folder_of(path: str | Path, out: str | Path) -> Path:
    """Folder of the result of a scenario file, put back after a crash; a result folder is its own."""
    path, out = Path(path), Path(out)
    if path.is_dir():
        return path
    name = _name_of(path)
    results.recover(out, name)
    return out / name


def is_stale(path: str | Path, out: str | Path) -> bool:
    """Tell whether a scenario, or a file that it names, has changed since its result was written.

    A result folder is never stale.
    """
    if Path(path).is_dir():
        return False
    found, loaded = result_of(path, out), load(path)
    if found.get("scenario_sha256") != provenance.scenario_hash(loaded):
        return True
    files = {loaded.folder / item["path"]: item["sha256"] for item in found["inputs"]}
    return any(not file.is_file() or sha256_of(file) != files.get(file) for file in with_companions(files))


def _name_of(path: Path) -> str:
    loaded = load(path)
    if loaded.scenario is None:
        raise ScenarioError(*loaded.faults)
    return loaded.scenario.name


def compare(paths: Sequence[str | Path], out: str | Path) -> comparison.Comparison:
    """Set results side by side: people, communities, sites and cost; communities won and lost; what the cost could buy.

    Parameters
    ----------
    paths
        Scenario files that have been run, or result folders.
    out
        Folder of all results.

    Returns
    -------
    comparison
        What stands in ``compare.csv`` and ``communities.csv``.
    """
    folders = [_folder_of(path, out) for path in paths]
    comparison.refuse_same(paths, folders)
    ran = [
        comparison.Result(number, Path(path).as_posix(), folder, result_of(path, out), is_stale(path, out))
        for number, (path, folder) in enumerate(zip(paths, folders, strict=True), start=1)
    ]
    found = comparison.compared(ran)
    results.make_ready(Path(out), "compare", comparison.RESULT_FILES, mark="compare.csv")
    with results.result_folder(Path(out), "compare") as folder:
        report.write_csv(found.table, folder / "compare.csv")
        report.write_csv(found.communities, folder / "communities.csv")
        comparepage.write_page(found, folder / "compare.html")
        comparetables.write_book(found, folder / "compare.xlsx")
    return found
