"""Sets results side by side: figures, communities won and lost, and what the same cost buys on a frontier."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyogrio

from planner import frontieroutputs, record, report
from planner.coverage import CHECKED, communities, community_counts
from planner.errors import Fault, ScenarioError
from planner.figures import gap_percent, permille_down, status_of
from planner.frontierrecord import frontier_of
from planner.mapdata import goals_asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

RESULT_FILES = frozenset({"compare.csv", "communities.csv", "compare.html", "compare.xlsx"})
"""Names of everything that a comparison holds."""

COMMUNITY_COLUMNS = (
    "before", "after", "standard_id", "standard", "change", "unit_id", "name", "points", "district", "town", "people",
)  # fmt: skip

_OF_POINTS = ["demand_id", "name", "unit_id", "town", "district", "people", "placed"]
"""Columns of the people that communities are told by; what else passes through may be called as a verdict is."""


@dataclass(frozen=True, eq=False)
class Result:
    """A result that is compared.

    Attributes
    ----------
    number
        From 1, in the order in which they were named.
    path
        How it was named: a scenario file, or a result folder.
    folder, record
        Its folder and its run.json.
    stale
        Whether its scenario, or a file of it, has changed since it was made.
    """

    number: int
    path: str
    folder: Path
    record: Mapping[str, Any]
    stale: bool = False

    @property
    def state(self) -> str:
        """Which state of it is compared: the plan where there is one, else today."""
        return "today" if self.record["plan"]["objective"] is None else "plan"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Results side by side.

    Attributes
    ----------
    table
        One row for each result and standard: result (its number), path, scenario, title, data_date, standard_id,
        standard (its name), state, people, covered_today, covered, share_permille (rounded down), newly, communities,
        communities_today, communities_covered, new_sites, cost_once_yuan, cost_yearly_yuan, cost_yuan (within the
        horizon), horizon_years, yuan_per_newly (rounded up), frontier_people (whom a plan of the scenario's frontier
        covers at no more cost; empty where there is no such frontier), status (`figures.status_of`), goals_met, goals
        (those that ask for something), gap, certified_gap (in per cent of the plan's objective, rounded up: by how much
        that of the best plan can be lower at most, by the solver's word and by the certificate).
    communities
        One row for each community that counts as covered in the first result and not in another (``lost``), or the
        other way round (``won``): before, after (numbers of results), standard_id, standard, change, unit_id, name (of
        its largest point), points, district, town, people.
    results
        The results, in their order.
    frontiers
        Number of a result -> its frontier.json, of those that have one of the same scenario and data.
    """

    table: pd.DataFrame
    communities: pd.DataFrame
    results: tuple[Result, ...] = ()
    frontiers: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def to_json(self) -> str:
        """Both tables as lists of records, ``results`` and ``communities``."""
        tables = {"results": self.table, "communities": self.communities}
        records = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
        return json.dumps(records, ensure_ascii=False, indent=2)


def record_in(folder: Path, name: str) -> Mapping[str, Any] | None:
    """Read a record of a result; None where there is none that can be read."""
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def refuse_same(paths: Sequence[str | Path], folders: Sequence[Path]) -> None:
    """Refuse two scenarios whose result is one: each would get the figures of whichever ran last.

    Raises
    ------
    ScenarioError
        Naming the scenarios and the folder.
    """
    first: dict[Path, str | Path] = {}
    for path, folder in zip(paths, folders, strict=True):
        other = first.setdefault(folder.resolve(), path)
        if other is not path:
            values = {"first": str(other), "second": str(path), "folder": str(folder)}
            raise ScenarioError(Fault("compare_same", values=values))


def compared(results: Sequence[Result]) -> Comparison:
    """Set results side by side.

    Parameters
    ----------
    results
        One at least; communities are compared between the first and each of the others.

    Returns
    -------
    comparison
        The tables.

    Raises
    ------
    ScenarioError
        If a result lacks the files that its communities are read from.
    """
    found = ((result.number, _frontier_of(result)) for result in results)
    frontiers = {number: best for number, best in found if best is not None}
    table = pd.DataFrame([row for result in results for row in _rows(result, frontiers.get(result.number))])
    kinds = dict.fromkeys(["share_permille", "covered", "newly", "yuan_per_newly", "frontier_people"], "Int64")
    first, *others = results
    changes = [change for other in others for change in _changes(first, other)]
    moved = pd.DataFrame(changes, columns=list(COMMUNITY_COLUMNS))
    return Comparison(table.astype(kinds), moved, tuple(results), frontiers)


def _frontier_of(result: Result) -> Mapping[str, Any] | None:
    """Read the frontier of a result's scenario; None where there is none of the same scenario and data."""
    found = result.record
    folder = result.folder.parent / (found["scenario"] + frontieroutputs.SUFFIX)
    return frontier_of(found, folder / frontieroutputs.MARK)


def _rows(result: Result, best: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Figures of one result under each of its standards."""
    found, plan = result.record, result.record["plan"]
    names = record.standard_names(found["standards"], found["language"])
    for item in found["standards"]:
        covered = item[f"covered_{result.state}"]
        newly = covered - item["covered_today"]
        yield {
            "result": result.number,
            "path": result.path,
            "scenario": found["scenario"],
            "title": found["title"],
            "data_date": found["data_date"],
            "standard_id": item["id"],
            "standard": names[item["id"]],
            "state": result.state,
            "people": item["people"],
            "covered_today": item["covered_today"],
            "covered": covered,
            "share_permille": permille_down(covered, item["people"]) if item["people"] else None,
            "newly": newly,
            "communities": item["communities"],
            "communities_today": item["communities_today"],
            "communities_covered": item[f"communities_{result.state}"],
            "new_sites": len(plan["opened"]),
            "cost_once_yuan": plan["cost_once_yuan"],
            "cost_yearly_yuan": plan["cost_yearly_yuan"],
            "cost_yuan": plan["cost_yuan"],
            "horizon_years": found["parameters"]["horizon_years"],
            "yuan_per_newly": frontieroutputs.per_person(plan["cost_yuan"], newly),
            "frontier_people": _on_frontier(found, best, item["id"]),
            "status": status_of(plan),
            "goals_met": sum(goal["met"] for goal in goals_asked(found)),
            "goals": len(goals_asked(found)),
            "gap": gap_percent(plan["gap"]),
            "certified_gap": gap_percent(plan["certified_gap"]),
        }


def _on_frontier(found: Mapping[str, Any], best: Mapping[str, Any] | None, standard: str) -> int | None:
    """People that the frontier of the same scenario and data covers for no more than the plan costs."""
    if best is None or best["standard"]["id"] != standard:
        return None
    within = [point["people"] for point in best["points"] if point["cost_yuan"] <= found["plan"]["cost_yuan"]]
    return max(within, default=None)


def _shared_name(names: pd.Series) -> str:
    """Return what the names of a community's points begin with alike; that of its largest point where they do not."""
    first, last = min(names), max(names)
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    shared = "".join(letter for letter, _ in alike)
    whole = shared if first == last else shared.rstrip(" -_0123456789第（(")
    return whole or str(names.iloc[0])


def _units(result: Result) -> dict[str, pd.DataFrame]:
    """Communities under each standard: unit_id -> people, whether covered, name, points, district, town."""
    try:
        demand = pyogrio.read_dataframe(
            result.folder / "plan.gpkg", layer="demand", columns=_OF_POINTS, read_geometry=False
        )
        judged = pd.read_csv(
            result.folder / "coverage.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )  # fmt: skip
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise ScenarioError(Fault("no_result", result.path, values={"folder": str(result.folder)})) from error
    rows = judged[(judged["state"] == result.state) & (judged["reason"] != "not_assessable")]
    rows = rows[rows["year"] == rows["year"].max()]
    rows = rows.assign(**{key: rows[key].map(report.unguarded) for key in ("demand_id", "standard")})
    rows = rows.merge(demand, on="demand_id", validate="many_to_one")
    rows["unit_id"] = communities(rows, (rows["reason"] == CHECKED).to_numpy())
    rule = Decimal(str(result.record["parameters"]["community_rule"]))
    found = {}
    for standard, part in rows.groupby("standard", sort=True):
        largest = part.sort_values(["people", "demand_id"], ascending=[False, True]).groupby("unit_id")
        people, covered = part["people"].to_numpy(dtype="int64"), (part["covered"] == "true").to_numpy()
        counts = community_counts(part["unit_id"], people, people * covered, rule)
        named = largest[["district", "town"]].first()
        named = named.assign(name=largest["name"].agg(_shared_name), points=largest.size())
        found[str(standard)] = counts.join(named)
    return found


def _changes(before: Result, after: Result) -> Iterator[dict[str, Any]]:
    """Communities that count as covered in one of two results, the largest first; only those that both have."""
    names = record.standard_names(after.record["standards"], after.record["language"])
    old, new = _units(before), _units(after)
    for standard in (item["id"] for item in after.record["standards"] if item["id"] in old and item["id"] in new):
        both = new[standard].join(old[standard]["covered"].rename("covered_before"), how="inner").reset_index()
        changed = both[both["covered"] != both["covered_before"]]
        for row in changed.sort_values(["covered", "people", "unit_id"], ascending=[True, False, True]).to_dict(
            "records"
        ):
            yield {
                "before": before.number,
                "after": after.number,
                "standard_id": standard,
                "standard": names[standard],
                "change": "won" if row["covered"] else "lost",
                **{key: row[key] for key in ("unit_id", "name", "points", "district", "town", "people")},
            }
