"""Which rows of demand the lines of a field-check list speak of: a ledger is sorted anew and gains rows between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.coverage import applies
from planner.errors import Fault
from planner.grammar import quoted
from planner.places import has_code, indexed, named, one_name
from planner.sources import in_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geopandas import GeoDataFrame

    from planner.standards import Standard
    from planner.tables import Table

    Rows = Sequence[int]


def rejoined(checks: Table, demand: Table, standards: Sequence[Standard]) -> tuple[Table, tuple[Fault, ...]]:
    """Hold the names and codes of a list against the rows that its ids name, and find the rows that it means.

    A line means the rows of its 12-digit code where both have one, else those of its name inside its town and district
    as far as both name them; of several those of its name, then those that its standard applies to. Where the row of
    its id is among them it is that one, else the only one that there is. Lines without verdict and place say nothing.

    Parameters
    ----------
    checks
        The list as read by `verdicts.CHECK_COLUMNS`; what its lines leave empty bears the id of the line.
    demand
        The demand table.
    standards
        Standards of the scenario, none where it has faults.

    Returns
    -------
    checks
        With the ids of the rows that are meant; doubts say which lines had the id of another row, and which go by the
        number of a row alone.
    faults
        ``check_other_point``: the row of the id is another one, and none or several are meant.
    """
    rows = {name: row for row, name in enumerate(demand.frame["demand_id"])}
    scopes = {one.id: set(np.flatnonzero(applies(demand.frame, one)).tolist()) for one in standards}
    by_code, by_name = indexed(demand.frame)
    ids, faults, moved, loose = checks.frame["demand_id"].tolist(), [], [], []
    lines = checks.frame.rename(columns={"unit_code": "unit_id"})  # as tables of places call it
    for at, line in enumerate(lines.itertuples(index=False)):
        own, told = rows.get(line.demand_id), line.name not in {line.check_id, line.demand_id}
        if not (line.verdict in {"met", "unmet"} or line.geometry is not None):
            continue
        meant = _meant(line, demand.frame, by_code, by_name, scopes) if told or has_code(line.unit_id) else None
        if meant and own not in meant and len(meant) == 1:
            ids[at] = demand.frame["demand_id"].iloc[meant[0]]
            moved.append(at)
        elif own is not None and meant is not None and own not in meant:
            faults.append(_other(checks, at, demand, own, meant))
        elif own is not None and (meant is None or len(meant) > 1) and _by_line(demand, own):
            loose.append(at)
    doubts = (*checks.doubts, *_doubt(checks, "check_rejoined", moved), *_doubt(checks, "check_by_row", loose))
    return replace(checks, frame=checks.frame.assign(demand_id=ids), doubts=doubts), tuple(faults)


def _meant(
    line: Any,
    demand: GeoDataFrame,
    by_code: Mapping[str, list[int]],
    by_name: Mapping[str, list[int]],
    scopes: Mapping[str, set[int]],
) -> Rows:
    """Rows that a line means by its code or name."""
    meant = by_code.get(line.unit_id, []) or list(named(demand, line, by_name))
    called = [row for row in meant if one_name(demand["name"].iloc[row]) == one_name(line.name)] or meant
    return [row for row in called if row in scopes.get(line.standard, ())] or called


def _by_line(demand: Table, row: int) -> bool:
    """Whether the id of a row is but the number of its line."""
    origin = demand.origin.iloc[row]
    return bool(demand.frame["demand_id"].iloc[row] == f"{Path(origin['file']).stem}-{origin['row']}")


def _other(checks: Table, at: int, demand: Table, own: int, meant: Rows) -> Fault:
    """Say that the row of a line's id is another one."""
    line, there = checks.frame.iloc[at], demand.origin.iloc[own]
    values = {
        "id": quoted(line["demand_id"]),
        "name": quoted(_called(line["name"], line["unit_code"], line["check_id"])),
        "other": quoted(_called(demand.frame["name"].iloc[own], demand.frame["unit_id"].iloc[own], "")),
        "where": f"{there['file']}:{there['row']}",
        "count": len(meant),
    }
    return Fault("check_other_point", *_origin(checks, at), values=values)


def _called(name: str, unit: str, blank: str) -> str:
    """Name a unit with its code."""
    return " ".join(text for text in (name, unit if has_code(unit) else "") if text != blank and text)


def _origin(checks: Table, at: int) -> tuple[str, str, int]:
    """File, sheet (the list is one) and line."""
    origin = checks.origin.iloc[at]
    return str(origin["file"]), "", int(origin["row"])


def _doubt(checks: Table, code: str, rows: Rows) -> Iterator[Fault]:
    """Say once which lines a doubt speaks of."""
    if rows:
        lines = sorted(_origin(checks, at)[2] for at in rows)
        values = {"count": len(rows), "lines": in_runs([(line, line) for line in lines])}
        yield Fault(code, *_origin(checks, rows[0]), values=values)
