"""The page of results side by side: one HTML file for any browser, and for paper, that asks the network for nothing.

Names of scenarios, communities and files are data: jinja2 escapes them, and the page's policy lets no script or style
run but its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from planner import comparechart, comparelines
from planner.figures import ABSENT, gap_percent, money, percent
from planner.words import say, sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.comparelines import Block
    from planner.comparison import Comparison, Result
    from planner.terms import Language

ACROSS = 5
"""Results that stand side by side in a table; more of them take another table."""

TITLE_MOST = 36
"""Letters of a title at the head of a column; the whole one stands at the top of the page."""

OPEN_MOST = 12
"""Communities of a list that is not folded."""

CHANGE_COLUMNS = ("change", "district", "town", "name", "unit_id", "people")

_NOT_IN_HTML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def write_page(found: Comparison, path: Path) -> None:
    """Write the page; the same results give the same bytes."""
    path.write_text(page(found), encoding="utf-8", newline="\n")


def page(found: Comparison) -> str:
    """Return the page of a comparison.

    In this order: what it comes to in sentences, all figures, what to mind, bars, the frontiers that there are with the
    scenarios beside them, every community won and lost by name, parameters and sources.
    """
    language = comparelines.language_of(found)
    style, script = _asset("compare.css"), _asset("compare.js")
    room = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    blocks = comparelines.blocks(found)
    heads = [_head(result, language) for result in found.results]
    text = room.from_string(_asset("compare.html.jinja")).render(
        lang={"zh": "zh-CN"}.get(language, language),
        policy=f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704  the program's own file
        script=Markup(script),  # noqa: S704
        words={key.removeprefix("compare."): both[language] for key, both in sentences().items()
               if key.startswith("compare.")},
        scenarios=heads,
        verdicts=list(comparelines.verdict_lines(found)),
        figures=list(_figures(found, blocks, heads)),
        certified=any(result.record["plan"]["certified_gap"] is not None for result in found.results),
        warnings=list(comparelines.warning_lines(found)),
        bars=[_bars(block, heads, language) for block in blocks],
        frontiers=[_frontier(found, number, best) for number, best in _distinct(found.frontiers)],
        size={"width": comparechart.WIDTH, "height": comparechart.HEIGHT, "left": comparechart.LEFT,
              "right": comparechart.RIGHT, "bottom": comparechart.BOTTOM, "bar": comparechart.BAR_WIDTH},
        changes=[_changes(found, result) for result in found.results[1:]],
        change_columns=CHANGE_COLUMNS,
        parameters=list(_parameters(found, heads)),
        sources=list(comparelines.source_rows(found)),
        foot=[*comparelines.attributions(found), *_makers(found)],
    )  # fmt: skip
    return _NOT_IN_HTML.sub("\ufffd", text)


def _asset(name: str) -> str:
    return (files("planner") / "assets" / "compare" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _makers(found: Comparison) -> Iterator[str]:
    language = comparelines.language_of(found)
    for version in dict.fromkeys(result.record["planner"] for result in found.results):
        yield say("note.planner", language, version=version)


def _head(result: Result, language: Language) -> dict[str, Any]:
    """Say which scenario a column is of."""
    title = str(result.record["title"] or result.record["scenario"])
    return {
        "number": result.number,
        "name": say("compare.one", language, n=result.number),
        "title": title,
        "short": title if len(title) <= TITLE_MOST else title[: TITLE_MOST - 1] + "…",
        "path": result.path.rsplit("/", 1)[-1],
        "state": say(f"compare.state_{result.state}", language),
        "date": say("compare.as_of", language, date=result.record["data_date"]),
    }


# --- the table ---------------------------------------------------------------------------------------------------


def _figures(found: Comparison, blocks: Sequence[Block], heads: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Lay out the table of figures: results side by side, so many at a time."""
    language = comparelines.language_of(found)
    for start in range(0, len(heads), ACROSS):
        results = found.results[start : start + ACROSS]
        groups = [{"name": "", "rows": list(_plan_rows(results, language))}]
        for block in blocks:
            rows = [block.rows.get(result.number) for result in results]
            groups.append({"name": block.name, "rows": list(_standard_rows(rows, language))})
        yield {"heads": heads[start : start + ACROSS], "groups": groups}


def _row(key: str, cells: Iterable[str], language: Language, *, strong: bool = False) -> dict[str, Any]:
    return {"label": say(f"compare.row.{key}", language), "cells": list(cells), "strong": strong}


def _plan_rows(results: Sequence[Result], language: Language) -> Iterator[dict[str, Any]]:
    """Yield what each plan costs, meets, and how sure that is; of a result without a plan nothing is said."""
    plans = [result.record["plan"] if result.state == "plan" else None for result in results]
    yield _row("sites", (ABSENT if plan is None else str(len(plan["opened"])) for plan in plans), language)
    for key, name in (("once", "cost_once_yuan"), ("yearly", "cost_yearly_yuan"), ("total", "cost_yuan")):
        cells = (ABSENT if plan is None else money(plan[name], language) for plan in plans)
        yield _row(key, cells, language, strong=key == "total")
    yield _row("years", (str(result.record["parameters"]["horizon_years"]) for result in results), language)
    goals = ((comparelines.met_of(result), comparelines.goals_of(result)) for result in results)
    of = (say("compare.row.of", language, part=met, whole=count) if count else ABSENT for met, count in goals)
    yield _row("goals", of, language)
    yield _row("status", (comparelines.status_text(result, language) for result in results), language)
    yield _row(
        "certified", (ABSENT if plan is None else gap_percent(plan["certified_gap"]) for plan in plans), language
    )


def _moved(row: Mapping[str, Any], today: object, plan: object, language: Language) -> str:
    """Say a figure of today and of the plan; of a result without a plan today's alone."""
    return str(today) if row["state"] == "today" else say("compare.row.from_to", language, today=today, plan=plan)


def _share_text(row: Mapping[str, Any], language: Language) -> str:
    today, plan = (percent(row[key], row["people"]) for key in ("covered_today", "covered"))
    return _moved(row, today, plan, language)


def _standard_rows(rows: Sequence[Mapping[str, Any] | None], language: Language) -> Iterator[dict[str, Any]]:
    """Yield the figures of results under one standard, those of today and those of the plan."""

    def cell(key: str, row: Mapping[str, Any]) -> str:
        if key == "share":
            return _share_text(row, language)
        if key == "people":
            return _moved(row, row["covered_today"], row["covered"], language)
        if key == "communities":
            part = _moved(row, row["communities_today"], row["communities_covered"], language)
            return say("compare.row.of", language, part=part, whole=row["communities"])
        value = row[columns[key]]
        return ABSENT if value is None or (key == "newly" and row["state"] == "today") else str(value)

    columns = {"whole": "people", "newly": "newly", "each": "yuan_per_newly", "frontier": "frontier_people"}
    keys = ["share", "whole", "people", "newly", "each", "communities"]
    if any(row is not None and row["frontier_people"] is not None for row in rows):
        keys.append("frontier")
    for key in keys:
        cells = (ABSENT if row is None else cell(key, row) for row in rows)
        yield _row(key, cells, language, strong=key == "share")


def _parameters(found: Comparison, heads: Sequence[Any]) -> Iterator[dict[str, Any]]:
    rows = list(comparelines.parameter_rows(found))
    for start in range(0, len(heads), ACROSS):
        yield {
            "heads": heads[start : start + ACROSS],
            "rows": [
                {"label": label, "cells": cells[start : start + ACROSS], "differs": len(set(cells)) > 1}
                for label, cells in rows
            ],
        }


# --- charts ------------------------------------------------------------------------------------------------------


def _bars(block: Block, heads: Sequence[Mapping[str, Any]], language: Language) -> dict[str, Any]:
    """Lay out one bar for each result."""
    rows = []
    for head in heads:
        row = block.rows.get(head["number"])
        drawn = None
        if row is not None and row["people"]:
            drawn = comparechart.bar(row["covered_today"], row["covered"], row["people"])
        text = ABSENT if row is None else _share_text(row, language)
        rows.append({"name": head["name"], "bar": drawn, "text": text})
    return {"name": block.name, "rows": rows}


def _distinct(frontiers: Mapping[int, Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield each frontier that has points and people once: two scenarios may have the same one."""
    seen = []
    for number, best in frontiers.items():
        drawn = (best["standard"], best["people"], [(one["cost_yuan"], one["people"]) for one in best["points"]])
        if best["points"] and best["people"] and drawn not in seen:
            seen.append(drawn)
            yield number, best


def _frontier(found: Comparison, number: int, best: Mapping[str, Any]) -> dict[str, Any]:
    """Lay out a frontier with the results that may be set beside it."""
    language = comparelines.language_of(found)
    rows = {row["result"]: row for row in map(comparelines.plain, found.table.to_dict("records"))
            if row["standard_id"] == best["standard"]["id"]}  # fmt: skip
    own = rows[number]
    blocks = comparelines.blocks(found)
    alike = next(block for block in blocks if number in block.rows and block.standard_id == own["standard_id"])
    marked = {
        other: (row["cost_yuan"] if row["state"] == "plan" else 0, row["covered"])
        for other, row in alike.rows.items()
        if (row["people"], row["horizon_years"]) == (own["people"], own["horizon_years"])
    }
    names = {}
    for at in marked.values():
        there = [other for other, place in marked.items() if place == at]
        names[at] = f"{comparelines.who(there, language)} {percent(at[1], own['people'])}"
    apart = [result.number for result in found.results if result.number not in marked]
    points = [(0, best["covered_today"]), *((one["cost_yuan"], one["people"]) for one in best["points"])]
    notes = [say("compare.front_note", language, n=number)]
    if apart:
        notes.append(say("compare.front_apart", language, who=comparelines.who(apart, language)))
    return {
        "title": say("compare.front_title", language, standard=alike.name, n=number),
        "cost": say("frontier.cost_axis", language, years=best["parameters"]["horizon_years"]),
        "coverage": say("frontier.coverage_axis", language),
        "chart": comparechart.frontier(points, best["people"], marked, names),
        "notes": notes,
    }


# --- communities -------------------------------------------------------------------------------------------------


def _changes(found: Comparison, result: Result) -> dict[str, Any]:
    """List the communities that a result has won and lost against the first one, under each standard."""
    language = comparelines.language_of(found)
    moved = found.communities[found.communities["after"] == result.number]
    parts = []
    for standard, rows in moved.groupby("standard_id", sort=False):
        counts: dict[str, int] = {}
        for change in ("won", "lost"):
            people = rows.loc[rows["change"] == change, "people"]
            counts |= {change: len(people), f"{change}_people": int(people.sum())}
        name = comparelines.name_in(found, str(standard))
        parts.append(
            {
                "summary": say("compare.change_summary", language, standard=name, **counts),
                "rows": [comparelines.plain(row) for row in rows.to_dict("records")],
                "open": len(moved) <= OPEN_MOST,
            }
        )
    numbers = {"before": found.results[0].number, "after": result.number}
    return {"title": say("compare.change_title", language, **numbers), "parts": parts}
