"""How communities stand, and the figures of the roll-up: against plain loops over random cities."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.coverage import CHECKED
from planner.figures import percent
from planner.standards import Standard
from planner.standings import DECIDED, MET, UNASSESSABLE, UNMET, sight, standings
from planner.tallies import SPEEDS_KPH, scope_names, tallied

URBAN = Standard("u", "W1", "walk", "road", "distance", 1_000_000, Decimal(15), None, "urban", "residents", ("a",))
RURAL = Standard("r", "W1", "walk", "road", "distance", 5_000_000, None, Decimal(5), "rural", "residents", ("a",))
ALL = Standard("all", "J1", "walk", "road", "distance", 3_000_000, None, Decimal(3), None, "residents", ("a",))
STANDARDS = (URBAN, RURAL, ALL)
DECIDES = ("u", "r")
RULES = (Decimal("0.5"), Decimal("0.8"), Decimal(1), Decimal("0.333"))
EDGES_M = (0.0, 899.999, 900.0, 900.001, 1000.0, 1000.001, 1100.0, 1100.001, 3000.0, 4500.0, 5000.0, 5500.001)

Point = dict[str, Any]


def city(seed: int) -> list[Point]:
    """Points of a random city: communities in towns and districts, some without a place, some checked in the field."""
    rng = random.Random(seed)  # noqa: S311
    points = []
    for k in range(rng.randint(0, 25)):
        unit = rng.choice("abcdef")
        points.append(
            {
                "demand_id": f"p{k}",
                "unit_id": unit,
                "district": "D" if unit in "abc" else "E",
                "town": f"T{ord(unit) % 4}",
                "setting": rng.choice(["urban", "rural"]) if unit == "f" else ("urban" if unit in "abd" else "rural"),
                "people": rng.choice([0, 1, 2, 3, 5, 10, 999]),
                "people_old": rng.choice([0, 1]),
                "placed": rng.choice(["own", "own", "own", "spread", "town"]),
                "metres": rng.choice([None, *EDGES_M, rng.random() * 6000]),
                "straight_m": rng.choice([*EDGES_M, rng.random() * 3000]),
                "checked": rng.choice([None, None, None, True, False]),
            }
        )
    return points


def covered(point: Point, standard: Standard, limit_mm: int | None = None, *, straight: bool = False) -> bool:
    if point["placed"] == "town" and point["checked"] is None:
        return False
    if point["checked"] is not None:
        return bool(point["checked"])
    metres = point["straight_m"] if straight else point["metres"]
    return metres is not None and round(metres * 1000) <= (standard.limit if limit_mm is None else limit_mm)


def judged(point: Point) -> bool:
    return point["placed"] != "town" or point["checked"] is not None


def named(point: Point) -> bool:
    return judged(point) and (point["placed"] == "own" or point["checked"] is not None)


def speaks(point: Point, standard: Standard) -> bool:
    return standard.setting in (None, point["setting"])


def tables(points: list[Point]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Demand and coverage tables of a city."""
    columns = ["demand_id", "unit_id", "district", "town", "setting", "people", "people_old", "placed"]
    kinds = {name: "int64" if name.startswith("people") else "str" for name in columns}
    demand = pd.DataFrame([{name: p[name] for name in columns} for p in points], columns=columns).astype(kinds)
    rows = [
        {
            "demand_id": p["demand_id"],
            "standard": s.id,
            "covered": covered(p, s),
            "site_id": "" if p["metres"] is None else "S",
            "metres": p["metres"],
            "seconds": None if p["metres"] is None else p["metres"] * 0.9,
            "straight_m": p["straight_m"],
            "reason": CHECKED if p["checked"] is not None else "" if judged(p) else "not_assessable",
        }
        for s in STANDARDS
        for p in points
        if speaks(p, s)
    ]
    names = ["demand_id", "standard", "covered", "site_id", "metres", "seconds", "straight_m", "reason"]
    coverage = pd.DataFrame(rows, columns=names).astype({"metres": float, "seconds": float, "straight_m": float})
    return demand, coverage.astype({"demand_id": "str", "standard": "str", "covered": bool})


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain dicts."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def state_of(points: list[Point], unit: str, standard: Standard, rule: Decimal, inside: Any) -> str | None:
    """State of one community under one standard, by the definition; None where it has no people under it."""
    mine = [p for p in points if p["unit_id"] == unit and speaks(p, standard)]
    if not sum(p["people"] for p in mine):
        return None
    able = [p for p in mine if named(p)]
    whole = sum(p["people"] for p in able)
    if not whole:
        return UNASSESSABLE
    reached = sum(p["people"] for p in able if inside(p, standard))
    return MET if Fraction(reached, whole) >= Fraction(rule) else UNMET


def joint(states: list[str]) -> str | None:
    """State under several standards at once."""
    if not states:
        return None
    return UNMET if UNMET in states else UNASSESSABLE if UNASSESSABLE in states else MET


def all_states(points: list[Point], rule: Decimal, inside: Any) -> dict[tuple[str, str], str]:
    """State of every community under every standard, and under the deciding ones together."""
    found: dict[tuple[str, str], str] = {}
    for unit in sorted({p["unit_id"] for p in points}):
        mine = {s.id: state_of(points, unit, s, rule, inside) for s in STANDARDS}
        whole = joint([mine[name] for name in DECIDES if mine[name]])  # type: ignore[misc]
        found |= {(unit, name): state for name, state in {**mine, DECIDED: whole}.items() if state}
    return found


def sights(points: list[Point]) -> list[Any]:
    demand, coverage = tables(points)
    return [sight(demand.assign(layer="residents"), coverage, one) for one in STANDARDS]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(RULES))
def test_a_community_stands_as_its_people_do(seed: int, rule: Decimal) -> None:
    points = city(seed)
    found = standings(sights(points), rule, DECIDES)
    states = {(row["unit_id"], row["standard"]): row["state"] for row in records(found)}
    assert states == all_states(points, rule, covered)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(RULES))
def test_near_the_limit_means_that_ten_percent_change_the_verdict(seed: int, rule: Decimal) -> None:
    points = city(seed)
    found = standings(sights(points), rule, DECIDES)
    # both ends of the tenth are near: below 90 % of the cutoff, and within 110 % of it
    low = all_states(points, rule, lambda p, s: covered(p, s, (s.limit * 9 - 1) // 10))
    high = all_states(points, rule, lambda p, s: covered(p, s, s.limit * 11 // 10))
    near = {(row["unit_id"], row["standard"]): row["near_limit"] for row in records(found)}
    assert near == {key: low[key] != high[key] for key in low}


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6))
def test_people_count_once_whatever_the_standards(seed: int) -> None:
    points = city(seed)
    found = standings(sights(points), RULES[0], ("u", "r", "all"))
    for row in records(found[found["standard"] == DECIDED]):
        mine = [p for p in points if p["unit_id"] == row["unit_id"]]
        assert row["people"] + row["unjudged"] == sum(p["people"] for p in mine)
        assert row["people"] == sum(p["people"] for p in mine if named(p))
        inside = [p for p in mine if named(p) and all(covered(p, s) for s in STANDARDS if speaks(p, s))]
        assert row["covered"] == sum(p["people"] for p in inside)


def scope_of(point: Point, level: str) -> str:
    """Scope of a point at a level."""
    names = {"city": "", "district": point["district"], "town": f"{point['district']}/{point['town']}"}
    return str(names[level])


def counted(points: list[Point], states: dict[tuple[str, str], str], standard: str) -> dict[str, int]:
    """Communities of a part of a city by state."""
    units = {p["unit_id"] for p in points}
    mine = [state for (unit, name), state in states.items() if unit in units and name == standard]
    return {state: mine.count(state) for state in (MET, UNMET, UNASSESSABLE)}


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(RULES))
def test_figures_are_sums_at_every_level(seed: int, rule: Decimal) -> None:
    points = city(seed)
    table = tallied(sights(points), rule, DECIDES, {}).figures
    states = all_states(points, rule, covered)
    rows = table[(table["variant"] == "") & (table["group"] == "")]
    assert len(rows) == len(rows.drop_duplicates(["level", "scope", "standard"]))
    for row in records(rows):
        part = [p for p in points if scope_of(p, row["level"]) == row["scope"]]
        chosen = [s for s in STANDARDS if s.id == row["standard"] or (row["standard"] == DECIDED and s.id in DECIDES)]
        spoken = [p for p in part if any(speaks(p, s) for s in chosen)]
        wanted = counted(part, states, row["standard"])
        assert (row["met"], row["unmet"], row["unassessable"]) == tuple(wanted.values())
        assert row["assessable"] == row["met"] + row["unmet"]
        assert row["communities"] == row["assessable"] + row["unassessable"]
        assert row["people"] == sum(p["people"] for p in spoken if judged(p))
        assert row["unjudged"] == sum(p["people"] for p in spoken if not judged(p))
        inside = [p for p in spoken if judged(p) and all(covered(p, s) for s in chosen if speaks(p, s))]
        assert row["covered"] == sum(p["people"] for p in inside)
        group = table[(table["group"] == "old") & (table["variant"] == "") & (table["level"] == row["level"])]
        of_group = group[(group["scope"] == row["scope"]) & (group["standard"] == row["standard"])]
        assert of_group["covered"].tolist() == [sum(p["people_old"] for p in inside)]
        assert of_group["met"].isna().all()


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(RULES))
def test_other_ways_of_counting_change_one_thing_only(seed: int, rule: Decimal) -> None:
    points = city(seed)
    found = tallied(sights(points), rule, DECIDES, {})
    table = found.figures
    top = table[(table["level"] == "city") & (table["group"] == "")].set_index(["standard", "variant"])
    ways: dict[str, Any] = {"other-metric": (rule, lambda p, s: covered(p, s, straight=True))}
    ways |= {f"rule-{one}": (one, covered) for one in (Decimal("0.5"), Decimal("0.8"), Decimal(1))}
    for kph in SPEEDS_KPH:
        limit = int(kph * 250_000)
        ways[f"kph-{kph}"] = (rule, lambda p, s, limit=limit: covered(p, s, limit if s is URBAN else None))
    by_unit = found.variants
    for name, (way_rule, inside) in ways.items():
        states = all_states(points, way_rule, inside)
        for standard in ("u", "r", "all", DECIDED):
            if (standard, name) in top.index:
                wanted = counted(points, states, standard)
                row = top[list(wanted)].loc[[(standard, name)]]
                assert row.to_numpy().tolist() == [list(wanted.values())]
        whole = {unit: state for (unit, standard), state in states.items() if standard == DECIDED}
        if name in by_unit:
            assert by_unit[name].dropna().to_dict() == whole
    assert ("r", "kph-3.2") not in top.index


def test_no_outlet_means_nobody() -> None:
    points = [{**p, "metres": None, "straight_m": None, "checked": None} for p in city(7)]
    demand, coverage = tables(points)
    seen = [sight(demand.assign(layer="residents"), coverage.assign(covered=False), one) for one in STANDARDS]
    table = tallied(seen, RULES[0], DECIDES, {}).figures
    assert points
    assert table["covered"].sum() == 0
    assert table["met"].fillna(0).sum() == 0


def test_the_deciding_point_is_that_at_which_the_rule_is_reached() -> None:
    points = city(1)[:0]
    for k, (people, metres) in enumerate([(10, 100.0), (10, 700.0), (10, 980.0), (10, 2000.0)]):
        points.append({**BASE, "demand_id": f"p{k}", "people": people, "metres": metres})
    found = standings(sights(points), Decimal("0.75"), DECIDES).query("standard == 'u'").iloc[0]
    assert (found["state"], found["metres"], found["demand_id"]) == (MET, 980.0, "p2")
    assert bool(found["near_limit"])
    assert standings(sights(points), Decimal("0.5"), DECIDES).query("standard == 'u'")["metres"].tolist() == [700.0]


BASE: Point = {
    "unit_id": "a", "district": "D", "town": "T1", "setting": "urban", "people_old": 0, "placed": "own",
    "straight_m": 1.0, "checked": None,
}  # fmt: skip


@pytest.mark.parametrize(("part", "whole", "text"), [(8996, 10000, "89.9%"), (9, 10, "90.0%"), (0, 7, "0.0%")])
def test_shares_are_never_better_than_they_are(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


def test_scopes_without_a_name_are_no_scopes() -> None:
    table = pd.DataFrame({"district": ["D", "", "D"], "town": ["T", "T", ""]})
    assert scope_names(table, "town").tolist() == ["D/T", "T", ""]
    assert scope_names(table, "district").tolist() == ["D", "", "D"]
