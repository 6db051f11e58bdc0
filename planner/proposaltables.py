"""Tables of a siting proposal: the three annexed ones, and those that stand between its sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.blocks import Table
from planner.figures import ABSENT, exact_percent, percent
from planner.proposalfigures import (
    HASH_SHOWN,
    column,
    goal_name,
    metres_up,
    minutes_up,
    money_bare,
    plain,
    points,
    source_rank,
    tenths,
    town_name,
    unit,
    whole,
)
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.proposalfigures import Reading

    Record = Mapping[str, Any]

COMMUNITIES_SHOWN = 60
"""Communities listed in the third annex; the ledger of communities has all of them."""

GOALS_SHOWN = 30
"""Rows up to which every goal in every area is shown; of more, the lowest and those that are not met are."""

_BY_PEN = ("responsible", "deadline")
"""Columns of the third annex that only the bureau can fill."""

_WIDE = 7
"""Columns from which on a table needs a page across."""


# --- annexes -----------------------------------------------------------------------------------------------------


def districts(told: Reading) -> Table:
    """Return annex 1: how the communities of each district and of the city stand, today and with the plan."""
    header = [column(told, key) for key in ("district", "communities", "assessable")]
    for who in _whom(told):
        header += [column(told, key, who=who) for key in ("met_today", "met_plan")[: 1 + told.planned]]
    header += [column(told, key) for key in ("rate_today", "rate_plan", "change")[: 1 + 2 * told.planned]]
    header += [column(told, key) for key in ("without", "unassessable")]
    named = [name for name in told.districts() if name]
    rest = ["districts_rest"] if named and _counted(told, named) < _counted(told, [""]) else []
    rows = [_district_row(told, "district", name) for name in named]
    rows.append(_district_row(told, "city", ""))
    return Table(
        caption=say("proposal.caption.districts", told.language),
        header=tuple(header),
        rows=tuple(rows),
        widths=(1.5, *[1.0] * (len(header) - 1)),
        numeric=tuple(range(1, len(header))),
        notes=(
            counted_note(told),
            *(say(f"proposal.note.{key}", told.language) for key in ("districts", *rest, "districts_absent")),
        ),
        wide=len(header) > _WIDE,
    )


def _counted(told: Reading, scopes: Sequence[str]) -> int:
    """Add up the communities of districts; of the city where the name is empty."""
    rows = (told.figure("", "today", level="district" if scope else "city", scope=scope) for scope in scopes)
    return sum(row["communities"] or 0 for row in rows if row)


def _whom(told: Reading) -> list[str]:
    """Say of whom each deciding standard speaks: town or country where one standard speaks of each, else its name."""
    settings = [told.standard(key)["setting"] for key in told.effect["decides"]]
    return [
        say(f"proposal.whom.{setting}", told.language) if setting and settings.count(setting) == 1 else told.names[key]
        for key, setting in zip(told.effect["decides"], settings, strict=True)
    ]


def _district_row(told: Reading, level: str, scope: str) -> tuple[str, ...]:
    def figure(standard: str, state: str, key: str) -> int | None:
        row = told.figure(standard, state, level=level, scope=scope)
        return None if row is None else row[key]

    states = ("today", "plan") if told.planned else ("today",)
    met = [figure(key, state, "met") for key in told.effect["decides"] for state in states]
    rates = [tenths(figure("", state, "rate_tenths")) for state in states]
    wanted = (level, scope, "")
    changes = [
        points(row["rate_tenths"])
        for row in told.effect["change_tenths"]
        if (row["level"], row["scope"], row["standard"]) == wanted
    ]
    outlets = told.effect["outlets"]
    outlets = outlets if level == "city" else outlets["by_district"].get(scope, {})
    counts = [figure("", "today", "communities"), figure("", "today", "assessable"), *met]
    return (
        scope or say("proposal.city", told.language),
        *(whole(count, told.language) for count in counts),
        *rates,
        *((changes[0] if changes else ABSENT,) if told.planned else ()),
        whole(outlets.get("communities_without"), told.language),
        whole(figure("", "today", "unassessable"), told.language),
    )


def communities(told: Reading) -> Table | None:
    """Return annex 3: who stays short of the standards, or cannot be judged, why, and what is done; None for nobody."""
    language, state = told.language, f"state_{told.state}"
    mine = [row for row in told.effect["communities"] if row[state] in {"unmet", "unassessable"}]
    if not mine:
        return None
    mixed = any(row[state] == "unassessable" for row in mine)
    shown = sorted(mine, key=lambda row: (-row["people"], row["unit_id"]))[:COMMUNITIES_SHOWN]
    straight = any(row["metres"] is None or told.standard(row["standard"])["metric"] == "straight" for row in shown)
    cells = {
        "community": [row["name"] or row["unit_id"] for row in shown],
        "code": [row["unit_id"] for row in shown],
        "town": [town_name(told, row) for row in shown],
        "setting": [row["setting"] for row in shown],
        "people": [whole(row["people"], language) for row in shown],
        "nearest": [row["nearest"] or "" for row in shown],
        "metres": [metres_up(row["metres"]) for row in shown],
        "straight": [metres_up(row["straight_m"]) if straight else "" for row in shown],
        "minutes": [minutes_up(row["seconds"]) for row in shown],
        "state": [say(f"proposal.state.{row[state]}", language) if mixed else "" for row in shown],
        "reason": [say(f"proposal.cause.{row['reason']}", language) if row["reason"] else "" for row in shown],
        "measure": [row["measure"] or "" for row in shown],
        **{key: [""] * len(shown) for key in _BY_PEN},
    }
    known = [key for key, texts in cells.items() if any(texts) or key in _BY_PEN]
    notes = _communities_notes(told, cut=len(mine) > len(shown))
    not_chosen = "proposal.note.not_given" if told.given else "proposal.note.not_chosen"
    notes += [say(not_chosen, language)] if any(r["reason"] == "not_chosen" for r in shown) else []
    modes = {told.standard(row["standard"])["mode"] for row in shown if row["standard"]}
    mode = say(f"proposal.mode.{'drive' if modes == {'drive'} else 'walk'}", language)
    wide = {"community": 1.7, "code": 1.7, "town": 1.7, "nearest": 1.7, "reason": 1.3, "measure": 3.2}
    return Table(
        caption=say("proposal.caption.communities", language),
        header=tuple(column(told, key, **({"mode": mode} if key == "minutes" else {})) for key in known),
        rows=tuple(tuple(cells[key][k] for key in known) for k in range(len(shown))),
        widths=tuple(wide.get(key, 0.8) for key in known),
        numeric=tuple(k for k, key in enumerate(known) if key in {"people", "metres", "straight", "minutes"}),
        notes=(*notes, say("proposal.note.responsible", language), say("proposal.note.metres_up", language)),
        wide=True,
    )


def _communities_notes(told: Reading, *, cut: bool) -> list[str]:
    """Say that the list is cut, and how many there are in all."""
    left, language = told.effect["left"][told.state], told.language
    if not cut:
        return []
    counted = {
        "left": unit("communities", left["communities"], language),
        "unassessable": unit("communities", left["unassessable"], language),
    }
    held = {key: text for key, text in counted.items() if left["communities" if key == "left" else key]}
    key = "capped" if len(held) > 1 else f"capped_{next(iter(held))}"
    return [say(f"proposal.note.{key}", language, shown=str(COMMUNITIES_SHOWN), **held)]


# --- tables between the sentences --------------------------------------------------------------------------------


def left_open(told: Reading, rows: Sequence[tuple[str, ...]]) -> Table:
    """Return the values that the text of clauses leaves open, with who settled them and why."""
    keys = ("clause", "item", "value", "whose", "why")
    return Table(
        caption=say("proposal.caption.open", told.language),
        header=tuple(column(told, key) for key in keys),
        rows=tuple(rows),
        widths=(0.6, 2.2, 1.3, 0.8, 3.0),
    )


def spending(told: Reading) -> Table | None:
    """Return what is spent in which year out of which source; None where one row would say it."""
    language = told.language
    rows = sorted(told.effect["spending"], key=lambda row: (row["year"], source_rank(row["funding"])))
    if len(rows) == 1 or not rows:
        return None
    estimated = bool(told.plan["estimated_count"])
    total = told.plan
    body = [
        (
            str(row["year"]),
            row["funding"] or say("proposal.no_funding", language),
            whole(row["count"], language),
            money_bare(row["cost_once_yuan"], language),
            money_bare(row["cost_yearly_yuan"], language),
            whole(row["estimated_count"], language),
        )
        for row in rows
    ]
    last = (
        say("proposal.total", language),
        "",
        whole(total["opened"][-1]["number"], language),
        money_bare(total["cost_once_yuan"], language),
        money_bare(total["cost_yearly_yuan"], language),
        whole(total["estimated_count"], language),
    )
    count = "count_shared" if told.shared else "count"
    keys = ("year", "funding", count, "once", "yearly", "estimated")[: None if estimated else -1]
    return Table(
        caption=say("proposal.caption.spending", language),
        header=tuple(column(told, key) for key in keys),
        rows=tuple(row[: len(keys)] for row in (*body, last)),
        widths=(0.8, 1.6, 0.7, 1.2, 1.2, 1.1)[: len(keys)],
        numeric=tuple(range(2, len(keys))),
    )


def goals(told: Reading) -> Table | None:
    """Return every goal with what it asks for, today's figure and the plan's; None without goals."""
    language, mine = told.language, told.goals
    if not mine:
        return None
    shown, notes = _goals_shown(told)
    header = ["goal", "year", "target", "today", *(["plan", "result"] if told.planned else [])]
    dated = any(goal["year"] for goal in mine)
    rows = []
    for goal, lowest in shown:
        name = goal_name(told, goal)
        name = say("proposal.goals.lowest", language, name=name) if lowest else name
        today, plan = (percent(goal[f"reached_{state}"], goal["whole"]) for state in ("today", "plan"))
        result = say(f"proposal.{'nobody' if not goal['whole'] else 'yes' if goal['met'] else 'no'}", language)
        cells = [name, str(goal["year"] or ""), exact_percent(goal["target"]), today, plan, result][: len(header)]
        rows.append(tuple(cell for key, cell in zip(header, cells, strict=True) if key != "year" or dated))
    kept = [key for key in header if key != "year" or dated]
    backup = [say("proposal.goals.backup_note", language)] if any(g["counts"] == "backup" for g, _ in shown) else []
    return Table(
        caption=say("proposal.caption.goals", language),
        header=tuple(column(told, key) for key in kept),
        rows=tuple(rows),
        widths=tuple({"goal": 3.4, "result": 1.2}.get(key, 0.9) for key in kept),
        numeric=tuple(k for k, key in enumerate(kept) if key in {"target", "today", "plan"}),
        notes=(*backup, *notes, counted_note(told)),
    )


def _goals_shown(told: Reading) -> tuple[list[tuple[Record, bool]], list[str]]:
    """Return goals to show, each with whether it is the lowest of its areas, and what is to be said of the others."""
    mine, language = told.goals, told.language
    if len(mine) <= GOALS_SHOWN:
        return [(goal, False) for goal in mine], []
    whole_city = [goal for goal in mine if not goal["scope"]]
    scoped: dict[tuple[str, int], list[Record]] = {}
    for goal in mine:
        if goal["scope"] and goal["whole"]:
            scoped.setdefault((goal["id"], goal["year"] or 0), []).append(goal)
    state = f"reached_{told.state}"
    lowest = [min(part, key=lambda goal: goal[state] / goal["whole"]) for part in scoped.values()]
    unmet = [goal for goal in mine if goal["scope"] and not goal["met"] and not any(goal is low for low in lowest)]
    notes = [say("proposal.goals.lowest_note", language)] if lowest else []
    notes += [say("proposal.goals.capped_note", language)] if len(unmet) > GOALS_SHOWN else []
    return [(goal, False) for goal in whole_city] + [(goal, True) for goal in lowest] + [
        (goal, False) for goal in unmet[:GOALS_SHOWN]
    ], notes


def standards(told: Reading) -> Table:
    """Return how many people each standard covers, today and with the plan."""
    language = told.language
    unjudged = any(one["not_assessable"] for one in told.run["standards"] if one["people"])
    beside = ["whom_not"] if unjudged else []
    keys = ("standard", "whom", *beside, "covered_today", "share_today", "covered_plan", "share_plan")
    rows = [
        (
            told.names[one["id"]],
            whole(one["people"], language),
            *(whole(one["not_assessable"], language) for _ in beside),
            whole(one["covered_today"], language),
            percent(one["covered_today"], one["people"]),
            whole(one["covered_plan"], language),
            percent(one["covered_plan"], one["people"]),
        )
        for one in told.run["standards"]
        if one["people"]
    ]
    return Table(
        caption=say("proposal.caption.standards", language),
        header=tuple(column(told, key) for key in keys),
        rows=tuple(rows),
        widths=(1.6, *[1.0] * (len(keys) - 1)),
        numeric=tuple(range(1, len(keys))),
        notes=(counted_note(told), *([say("proposal.note.unjudged", language)] if unjudged else [])),
    )


def counted_note(told: Reading) -> str:
    """Say by what rules a rate is counted: a line that stands wherever a rate stands."""
    values = {key: plain(told.run["parameters"][key]) for key in ("walk_kph", "snap_max_m")}
    return say("note.counted", told.language, **values)


def inputs(told: Reading) -> Table:
    """Return the files that the figures rest on, with the beginning of their hashes."""
    language = told.language
    rows = [
        (
            one["path"].replace("\\", "/").rsplit("/", 1)[-1],
            one["sha256"][:HASH_SHOWN],
            "" if one["rows_read"] is None else whole(one["rows_read"], language),
            "" if one["rows_used"] is None else whole(one["rows_used"], language),
        )
        for one in told.run["inputs"]
    ]
    keys = ("file", "hash", "read", "used")
    return Table(
        caption=say("proposal.caption.inputs", language),
        header=tuple(column(told, key) for key in keys),
        rows=tuple(rows),
        widths=(2.2, 1.6, 0.9, 0.9),
        numeric=(2, 3),
    )
