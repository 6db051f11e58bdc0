"""Results side by side in sentences: who covers most, who costs least, what to mind. Every figure is a result's own."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.figures import exact_percent, gap_percent, money, percent, status_of
from planner.mapdata import goals_asked
from planner.standards import standard_name
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from planner.comparison import Comparison, Result
    from planner.terms import Language

    Row = Mapping[str, Any]

_RULES = ("mode", "metric", "minutes", "km", "setting", "layer", "served_by")
"""What makes two standards the same."""

_PARAMETERS = (
    "walk_kph", "drive_factor", "snap_max_m", "island_min_m", "community_rule", "horizon_years", "years", "gap",
    "time_limit_s",
)  # fmt: skip
"""Parameters of a record that are told."""

_MATTER = ("walk_kph", "drive_factor", "snap_max_m", "island_min_m", "community_rule")
"""Those by which the same people count as covered or not."""


@dataclass(frozen=True, eq=False)
class Block:
    """Figures of all results under one standard.

    Attributes
    ----------
    standard_id, name
        The standard; the name also says whose rules these are, where results have other rules under the same id.
    facts
        Its rules, as `_RULES` lists them.
    rows
        Number of a result -> its row of the table; blanks are None. Results without this standard have none.
    """

    standard_id: str
    name: str
    facts: tuple[Any, ...]
    rows: Mapping[int, Row]


def language_of(found: Comparison) -> Language:
    """Language of a comparison: that of its first result."""
    language: Language = found.results[0].record["language"]
    return language


def who(numbers: Collection[int], language: Language) -> str:
    """Name results by their numbers."""
    return listed((say("compare.one", language, n=number) for number in numbers), language)


def _each(values: Mapping[int, object], language: Language) -> str:
    told = (say("compare.warning.each", language, n=number, value=value) for number, value in values.items())
    return listed(told, language)


def _facts(standard: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(tuple(standard[key]) if key == "served_by" else standard[key] for key in _RULES)


def plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row of a table with None for what is blank."""
    return {str(key): None if pd.isna(value) else value for key, value in row.items()}


def blocks(found: Comparison) -> list[Block]:
    """Put the rows of one standard together; results that have other rules under its id are apart."""
    language = language_of(found)
    rows: dict[tuple[str, tuple[Any, ...]], dict[int, Row]] = {}
    said: dict[tuple[str, tuple[Any, ...]], str] = {}
    table = {(row["result"], row["standard_id"]): plain(row) for row in found.table.to_dict("records")}
    for result in found.results:
        for standard in result.record["standards"]:
            key = standard["id"], _facts(standard)
            rows.setdefault(key, {})[result.number] = table[result.number, standard["id"]]
            said.setdefault(key, standard_name(standard, language))
    ids = [key[0] for key in rows]
    names = list(said.values())
    for key, name in said.items():
        if ids.count(key[0]) > 1:
            said[key] = say("compare.by", language, standard=name, who=who(rows[key], language))
        elif names.count(name) > 1:
            said[key] = say("standard.shared", language, name=name, id=key[0])
    return [Block(*key[:1], said[key], key[1], of) for key, of in rows.items()]


# --- in short ----------------------------------------------------------------------------------------------------


def verdict_lines(found: Comparison) -> Iterator[str]:
    """Say which result covers most, which costs least, and how many goals and communities each has."""
    language = language_of(found)
    if len(found.results) == 1:
        yield say("compare.verdict.single", language)
    for block in blocks(found):
        yield _covered_line(block, len(found.results), language)
    yield from _cost_lines(found, language)
    asked = [result for result in found.results if goals_of(result)]
    if asked:
        each = (
            say("compare.verdict.goals_of", language, n=result.number, met=met_of(result), goals=goals_of(result))
            for result in asked
        )
        alike = len({_goals_named(result) for result in asked}) == 1
        yield say(f"compare.verdict.{'goals' if alike else 'goals_differ'}", language, each=listed(each, language))
    today = [result.number for result in found.results if result.state == "today"]
    if today:
        yield say("compare.verdict.today_only", language, who=who(today, language))
    for result in found.results[1:]:
        yield _turnover_line(found, result, language)


def met_of(result: Result) -> int:
    """How many of its goals a result meets, of those that ask for something."""
    return sum(goal["met"] for goal in goals_asked(result.record))


def goals_of(result: Result) -> int:
    """How many goals a result has that ask for something."""
    return len(goals_asked(result.record))


def _goals_named(result: Result) -> frozenset[tuple[Any, ...]]:
    """Return what makes the goals of a result those of another."""
    keys = ("standard", "of", "scope", "year", "group", "counts", "target")
    return frozenset(tuple(goal[key] for key in keys) for goal in goals_asked(result.record))


def _covered_line(block: Block, count: int, language: Language) -> str:
    """Say who covers most under a standard, and who pays least for each person newly covered."""
    shares = {number: Fraction(row["covered"], row["people"]) for number, row in block.rows.items() if row["people"]}
    if not shares:
        return say("compare.verdict.nobody", language, standard=block.name) + say("compare.verdict.stop", language)
    best = [number for number, value in shares.items() if value == max(shares.values())]
    row = block.rows[best[0]]
    wholes = {block.rows[number]["people"] for number in shares}
    key = "covered"
    if len(wholes) > 1:
        key = "covered_shares"
    elif len(shares) == 1 < count:
        key = "covered_one"
    elif len(best) == len(shares) > 1:
        key = "covered_alike"
    values = {"covered": row["covered"], "people": row["people"], "share": percent(row["covered"], row["people"])}
    text = say(f"compare.verdict.{key}", language, standard=block.name, who=who(best, language), **values)
    return text + _each_text(block, language) + say("compare.verdict.stop", language)


def _each_text(block: Block, language: Language) -> str:
    """Say who pays least for each person newly covered; nothing where the years of the costs differ."""
    paid = {number: row["yuan_per_newly"] for number, row in block.rows.items() if row["yuan_per_newly"]}
    if not paid or len({block.rows[number]["horizon_years"] for number in paid}) > 1:
        return ""
    least = [number for number, each in paid.items() if each == min(paid.values())]
    key = "compare.verdict.each_one" if len(paid) == 1 else "compare.verdict.each"
    return say(key, language, who=who(least, language), each=min(paid.values()))


def _cost_lines(found: Comparison, language: Language) -> Iterator[str]:
    """Say which plan costs least within the horizon."""
    planned = {result.number: result.record for result in found.results if result.state == "plan"}
    years = {number: record["parameters"]["horizon_years"] for number, record in planned.items()}
    if not planned:
        return
    if len(set(years.values())) > 1:
        yield say("compare.verdict.cost_years", language, years=_each(years, language))
        return
    costs = {number: record["plan"]["cost_yuan"] for number, record in planned.items()}
    low, high = min(costs.values()), max(costs.values())
    ends = {name: [number for number, cost in costs.items() if cost == end] for name, end in
            (("who", low), ("other", high))}  # fmt: skip
    values = {name: who(numbers, language) for name, numbers in ends.items()}
    values |= {"cost": money(low, language), "most": money(high, language), "difference": money(high - low, language)}
    sites = len(planned[ends["who"][0]]["plan"]["opened"])
    key = "cost_one" if len(costs) == 1 else "cost_alike" if low == high else "cheapest"
    yield say(f"compare.verdict.{key}", language, years=next(iter(years.values())), sites=sites, **values)


def _turnover_line(found: Comparison, result: Result, language: Language) -> str:
    """Say how many communities a result has won and lost against the first one."""
    moved = found.communities[found.communities["after"] == result.number]
    numbers = {"before": found.results[0].number, "after": result.number}
    if moved.empty:
        return say("compare.verdict.turnover_none", language, **numbers)
    each = []
    for standard, rows in moved.groupby("standard_id", sort=False):
        counts = {change: int((rows["change"] == change).sum()) for change in ("won", "lost")}
        key = "turnover_of" if all(counts.values()) else "turnover_won" if counts["won"] else "turnover_lost"
        each.append(say(f"compare.verdict.{key}", language, standard=name_in(found, str(standard)), **counts))
    return say("compare.verdict.turnover", language, each=say("changes.join", language).join(each), **numbers)


def name_in(found: Comparison, standard_id: str) -> str:
    """Name of a standard in the language of the comparison, by the first result that has it."""
    standards = (one for result in found.results for one in result.record["standards"])
    return standard_name(next(one for one in standards if one["id"] == standard_id), language_of(found))


def status_text(result: Result, language: Language) -> str:
    """Say what is proven of a plan."""
    plan = result.record["plan"]
    key = f"gap_{plan['objective_of']}" if plan["status"] == "gap" else status_of(plan)
    status = say(f"compare.status.{key}", language, gap=gap_percent(plan["gap"]))
    nearest = plan["best_effort"] and result.state == "plan" and not plan.get("given")
    return say("compare.status.best_effort", language, status=status) if nearest else status


# --- what to mind ------------------------------------------------------------------------------------------------


def warning_lines(found: Comparison) -> Iterator[str]:
    """Say what makes results hard to compare: old ones, other data, other rules, costs that are estimates."""
    language = language_of(found)
    for result in found.results:
        if result.stale:
            yield say("compare.warning.stale", language, n=result.number)
    yield from _differing(found, "dates", lambda record: record["data_date"], language)
    for result in found.results[1:]:
        yield from _file_lines(found.results[0], result, language)
    yield from _standard_lines(found, language)
    for key in _MATTER:
        name = say(f"compare.parameter.{key}", language)
        read = partial(parameter_text, key=key, language=language)
        yield from _differing(found, "parameter", read, language, name=name)
    yield from _differing(found, "planner", lambda record: record["planner"], language)
    for result in found.results:
        yield from _plan_lines(result, language)


def _differing(
    found: Comparison, key: str, read: Callable[[Mapping[str, Any]], object], language: Language, **values: str
) -> Iterator[str]:
    """Say what each result has, where they do not all have the same."""
    held = {result.number: read(result.record) for result in found.results}
    if len({str(value) for value in held.values()}) > 1:
        yield say(f"compare.warning.{key}", language, each=_each(held, language), **values)


def _hashes(result: Result) -> dict[str, str]:
    """Names of the files of a result, without folders, and their hashes; of several of one name all hashes."""
    found: dict[str, str] = {}
    for item in result.record["inputs"]:
        name = item["path"].rsplit("/", 1)[-1]
        found[name] = found.get(name, "") + item["sha256"]
    return found


def _file_lines(first: Result, other: Result, language: Language) -> Iterator[str]:
    """Say which files two results do not share; a file under another name is the same file."""
    ours, theirs = _hashes(first), _hashes(other)
    changed = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    if changed:
        yield say("compare.warning.changed", language, n=other.number, files=listed(changed, language))
    each = []
    for number, own, more in ((first.number, ours, theirs), (other.number, theirs, ours)):
        files = [name for name, value in own.items() if name not in more and value not in more.values()]
        if files:
            each.append(say("compare.warning.only", language, n=number, files=listed(files, language)))
    if each:
        told = say("changes.join", language).join(each)
        yield say("compare.warning.other_files", language, n=other.number, each=told)


def _standard_lines(found: Comparison, language: Language) -> Iterator[str]:
    """Say which standards results do not share, and under which they have other people."""
    all_blocks = blocks(found)
    ids = [block.standard_id for block in all_blocks]
    for standard in dict.fromkeys(ids):
        if ids.count(standard) > 1:
            yield say("compare.warning.standards", language, id=standard)
    for block in all_blocks:
        if ids.count(block.standard_id) == 1 and len(block.rows) < len(found.results):
            yield say("compare.warning.missing", language, standard=block.name, who=who(block.rows, language))
        people = {number: row["people"] for number, row in block.rows.items()}
        if len(set(people.values())) > 1:
            yield say("compare.warning.people", language, standard=block.name, each=_each(people, language))


def _plan_lines(result: Result, language: Language) -> Iterator[str]:
    """Say what to mind of one result's plan and data."""
    plan, number = result.record["plan"], result.number
    if plan.get("given"):
        yield say(f"compare.warning.{status_of(plan)}", language, n=number)
    elif result.state == "plan" and plan["best_effort"]:
        yield say("compare.warning.best_effort", language, n=number)
    if result.state == "today" and plan["status"] != "none":
        yield say("compare.warning.no_plan", language, n=number, status=status_text(result, language))
    if plan["estimated_count"]:
        once, yearly = money(plan["estimated_yuan"], language), money(plan["estimated_yearly_yuan"], language)
        values = {"count": plan["estimated_count"], "once": once, "yearly": yearly}
        yield say("compare.warning.estimated", language, n=number, **values)
    doubts = sum(doubt.get("count", 1) for doubt in result.record["doubts"])
    if doubts:
        yield say("compare.warning.doubts", language, n=number, count=doubts)


# --- what the results were made from -----------------------------------------------------------------------------


def parameter_text(record: Mapping[str, Any], key: str, language: Language) -> str:
    """Say a parameter of a record."""
    value = record["parameters"][key]
    if key in ("community_rule", "gap"):
        return exact_percent(value)
    if key == "years":
        return listed(map(str, value), language)
    return f"{value:g}"


def parameter_rows(found: Comparison) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each parameter and what each result has."""
    language = language_of(found)
    records = [result.record for result in found.results]
    yield say("compare.parameter.data_date", language), [str(record["data_date"]) for record in records]
    for key in _PARAMETERS:
        yield (
            say(f"compare.parameter.{key}", language),
            [parameter_text(record, key, language) for record in records],
        )
    sought = [record["plan"]["objective_of"] or "none" for record in records]
    yield say("compare.parameter.objective", language), [say(f"compare.objective.{one}", language) for one in sought]
    yield say("compare.parameter.planner", language), [str(record["planner"]) for record in records]


def source_rows(found: Comparison) -> Iterator[tuple[str, str, int | None, str]]:
    """Yield each file that was read: its path, its hash, the rows used of it, and the results that used it."""
    used: dict[tuple[str, str, int | None], list[int]] = {}
    for result in found.results:
        for item in result.record["inputs"]:
            used.setdefault((item["path"], item["sha256"], item["rows_used"]), []).append(result.number)
    for (path, sha256, rows), numbers in used.items():
        yield path, sha256, rows, who(numbers, language_of(found))


def attributions(found: Comparison) -> list[str]:
    """Whose data the roads are."""
    return list(dict.fromkeys(result.record["attribution"] for result in found.results))
