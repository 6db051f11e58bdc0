"""`planner verify`: a result recomputed from its own inputs by a second path that shares no code with the engine.

`recompute` reads the inputs and measures again with networkx and plain Python; `compare` sets every figure of the
result beside what was found (clause B4). What cannot be found again is said, never passed over.
"""

from __future__ import annotations

import csv
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner import reledger, retabled, rewhole
from planner.errors import Fault, ScenarioError
from planner.reaside import not_compared
from planner.rebureau import reported_taken
from planner.reclocks import are_plain
from planner.recomputed import Recomputed
from planner.recoverage import judged, measure, types_in, types_today
from planner.reeffect import effect_figures
from planner.refigures import figures, written_rows
from planner.rehash import file_figures, is_whole
from planner.reinputs import Read, read_again, rules_of, sites_as_written
from planner.rejudge import CHECKED
from planner.replan import opened_of
from planner.reresult import AUDIT, Result
from planner.witness import lines as witness_lines
from planner.witness import witnessed
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from planner.recomputed import Figure
    from planner.recoverage import Measured, Types
    from planner.rejudge import Rows
    from planner.replan import Opened

SHOWN = 40
"""Differences that the terminal lists; `--json` has all."""

BESIDE = ("map.html", "map.png", "map.pdf", "proposal.docx", "site_pages.docx", "plan.gpkg", "why.csv", "closing.csv",
          "alternatives.csv", "moved.csv", "totals.csv", "field_check.xlsx", "left_out.csv", "certificate.json",
          "timing.json", "notices.html")  # fmt: skip
"""Files of a result whose figures are not found again; of a certificate its bound alone is held against run.json."""


_OWN = ("demand.csv", "sites.csv")
"""Tables of a result that stand for inputs which a plain reader cannot read."""


def recompute(result: Result, show: Callable[[str], None]) -> Recomputed:
    """Find every figure of a result again from the inputs that it keeps.

    Parameters
    ----------
    result
        The folder.
    show
        Called with the name of each step as it begins.

    Raises
    ------
    ScenarioError
        If the folder is no result, or a table of it or an input cannot be read at all.
    """
    show("verify_inputs")
    try:
        return _recomputed(result, show)
    except (OSError, KeyError, ValueError, RuntimeError, StopIteration, csv.Error) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ScenarioError(Fault("verify_unreadable", str(result.folder), values={"reason": reason})) from error


def _recomputed(result: Result, show: Callable[[str], None]) -> Recomputed:
    whole, run = is_whole(result), result.run
    read = read_again(result) if whole else _as_written(result)
    audit = result.mark == AUDIT
    opened, taken = [] if audit else opened_of(run), [*read.taken]
    planned = [] if audit or run["plan"]["objective"] is None else _years(read)
    blind = _blind(result, read, whole=whole)
    if blind:
        return Recomputed(read, opened, None, written_rows(result), planned, [*taken, (blind, "coverage.csv", 0)])
    before, tabled = None, {}
    measured = measure(read, result.folder, (one.site for one in opened), show)
    show("verify_judge")
    rows = dict(_states(read, measured, opened, planned))
    if read.scenario["demand"].get("verdicts"):
        rows, checked = _with_checks(rows, written_rows(result))
        taken.append(("checked", "coverage.csv", checked))
    if audit:
        taken += reported_taken(result, read)
        taken += [("record", AUDIT, 0), ("overview", rewhole.BOOK, 0)]
        taken += [("sharing", "duties.csv", 0)] if (result.folder / "duties.csv").exists() else []
        taken += [("plan_cells", "forms", 0)] if (result.folder / "forms").exists() else []
        taken += [] if are_plain(read) else [("clocks", "figures.csv", 0)]
        before = _last_year(result, read, show)
        known = before is not None and before.measured is not None
        taken += [] if "previous" not in read.scenario.get("audit", {}) else [_of_last_year(known=known)]
    else:
        taken += [("served", "run.json", 0)] if read.scenario.get("siting", {}).get("capacity_standard") else []
        # whom field checks decide on a today that no table of the result holds is not known
        checked = "verdicts" in read.scenario["demand"] and retabled.KEY in run
        tabled = {} if checked else retabled.rows_again(read, result.folder)
        taken += [("tabled", "run.json", 0)] if checked else []
    return Recomputed(read, opened, measured, rows, planned, taken, before, tabled)


def _last_year(result: Result, read: Read, show: Callable[[str], None]) -> Recomputed | None:
    """Recompute last year from its own inputs, where the result keeps them."""
    named = read.scenario.get("audit", {}).get("previous", {}).get("result")
    folder = None if named is None else result.folder / named
    if folder is None or not (folder / AUDIT).exists():
        return None
    show("verify_last_year")
    return _recomputed(Result(folder), show)


def _of_last_year(*, known: bool) -> tuple[str, str, int]:
    return ("causes" if known else "last_year", "changes.csv", 0)


def _blind(result: Result, read: Read, *, whole: bool) -> str:
    """Say why roads cannot be measured again; empty where they can."""
    audit = "audit_" if result.mark == AUDIT else ""
    if not whole:
        return f"{audit}no_inputs"
    if read.scenario["roads"].get("edits"):
        return f"{audit}edits"
    absent = any(file in _OWN and not (result.folder / file).exists() for _, file, _ in read.taken)
    return "unread" if absent else ""


def _as_written(result: Result) -> Read:
    """Return people and sites as the result's own tables say them: there is nothing to read them from again."""
    return Read(result.scenario, result.points, sites_as_written(result), rules_of(result.scenario))


def _years(read: Read) -> list[int]:
    phases = sorted(phase["year"] for phase in read.scenario.get("phase", ()))
    return phases or [read.scenario["data_date"].year]


def _states(
    read: Read, measured: Measured, opened: Sequence[Opened], planned: Sequence[int]
) -> Iterator[tuple[tuple[str, str, int], Rows]]:
    """Judge today, and each year of the plan."""
    rows = [{"site_id": one.site, "type": one.type, "year": one.year} for one in opened]
    states: list[tuple[str, int, Types]] = [("today", read.scenario["data_date"].year, types_today(read.sites))]
    states += [("plan", year, types_in(read.sites, rows, year)) for year in planned]
    for state, year, types in states:
        for rule in read.rules:
            yield (rule.id, state, year), judged(read, measured, rule, types)


def _with_checks(
    rows: Mapping[tuple[str, str, int], Rows], written: Mapping[tuple[str, str, int], Rows]
) -> tuple[dict[tuple[str, str, int], Rows], int]:
    """Take the rows that a field check decides as they are written: someone was there."""
    checked = {
        key: {point: row for point, row in written.get(key, {}).items() if row.reason == CHECKED and point in found}
        for key, found in rows.items()
    }
    return {key: {**found, **checked[key]} for key, found in rows.items()}, sum(map(len, checked.values()))


def compare(again: Recomputed, result: Result) -> list[Figure]:
    """Return every figure of a result beside what was found, its files first.

    Raises
    ------
    ScenarioError
        If a table of the result cannot be read, or has no such figure where one must be.
    """
    try:
        of_audit = result.mark == AUDIT
        found = (
            [reledger.figures(again, result)] if of_audit else [figures(again, result), effect_figures(again, result)]
        )
        return [*file_figures(result), *rewhole.file_figures(result), *chain.from_iterable(found)]
    except (OSError, KeyError, ValueError, TypeError, AttributeError, StopIteration) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ScenarioError(Fault("verify_unreadable", str(result.folder), values={"reason": reason})) from error


def verify(folder: Path, show: Callable[[str], None], *, witness: str | None = None) -> dict[str, Any]:
    """Recompute a result and compare it with what is found.

    Parameters
    ----------
    folder
        The result folder.
    show
        Called with the name of each step as it begins.
    witness
        A community whose routes are shown as well, by its code or name; see `witness.witnessed`.

    Returns
    -------
    report
        folder, scenario, language, `same`, `recomputed` (whether coverage and verdicts were; `same` is false where they
        were not), `compared` (figures), `files` (figures by file), `differences` (file, row,
        column, written, found), `taken` (word, file, count), `beside` (files not found again), `columns` (by file,
        those of which no cell was found again; of a workbook its sheets), `witness`.

    Raises
    ------
    ScenarioError
        If the folder is no result, or something in it cannot be read.
    """
    result = Result(Path(folder))
    again = recompute(result, show)
    show("verify_compare")
    report = report_of(result, again, compare(again, result))
    return report if witness is None else report | {"witness": witnessed(again, witness)}


def report_of(result: Result, again: Recomputed, found: Sequence[Figure]) -> dict[str, Any]:
    """Put a comparison into plain data; see `verify`."""
    wrong = [one for one in found if not one.same]
    by_file: dict[str, int] = {}
    for one in found:
        name = one.file.split(" ")[0]
        by_file[name] = by_file.get(name, 0) + 1
    keys = ("file", "row", "column", "written", "found")
    return {
        "folder": str(result.folder),
        "scenario": result.run["scenario"],
        "language": result.run.get("language", "zh"),
        "same": not wrong and again.measured is not None,
        "recomputed": again.measured is not None,
        "compared": len(found),
        "files": by_file,
        "differences": [{key: getattr(one, key) for key in keys} for one in wrong],
        "taken": [{"word": word, "file": file, "count": count} for word, file, count in again.taken],
        "beside": [name for name in BESIDE if (result.folder / name).exists()],
        "columns": [{"file": file, "columns": names} for file, names in not_compared(result, found)],
    }


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Say a report in plain sentences: the verdict first, then each difference, then what was not found again."""
    language = report["language"]
    wrong = report["differences"]
    key = "verify.different" if wrong else "verify.same" if report["same"] else "verify.unverified"
    yield say(key, language, scenario=report["scenario"], compared=report["compared"], wrong=len(wrong))
    for one in wrong[:SHOWN]:
        yield _difference(one, language)
    if len(wrong) > SHOWN:
        yield say("verify.more", language, count=len(wrong) - SHOWN)
    for one in report["taken"]:
        yield say(f"verify.taken.{one['word']}", language, file=one["file"], count=one["count"])
    for one in report["columns"]:
        key = "verify.sheets" if one["file"].endswith(".xlsx") else "verify.columns"
        yield say(key, language, file=one["file"], names=listed(one["columns"], language))
    if "map.html" in report["beside"]:  # a run's, whose record is compared in its figures alone
        yield say("verify.run", language)
    if report["beside"]:
        yield say("verify.beside", language, files=listed(report["beside"], language))
    yield from witness_lines(report.get("witness", ()), language)


def _difference(one: Mapping[str, str], language: Any) -> str:
    place = say("place.join", language).join(filter(None, (one["file"], one["row"], one["column"])))
    values = {name: one[name] or say("verify.blank", language) for name in ("written", "found")}
    return say("verify.difference", language, place=place, **values)
