"""Whom the closing of an outlet hurts, against closing it in plain Python."""

from __future__ import annotations

import csv
import random
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import livetown
from planner import inputs
from planner.closing import closing, moves
from planner.instance import Reach
from planner.standards import Standard
from planner.study import coverage_today, study
from runs import quiet

if TYPE_CHECKING:
    from pathlib import Path

People = dict[str, int]
Millimetres = dict[tuple[str, str], int]

CUTOFF_MM = 1_000_000


def reach_of(name: str, people: People, way: Millimetres, served_by: tuple[str, ...]) -> Reach:
    standard = Standard(name, "", "walk", "road", "distance", CUTOFF_MM, None, Decimal(1), None, "residents", served_by)
    rows = pd.DataFrame({"demand_id": list(people), "people": list(people.values())})
    travel = pd.DataFrame([(d, s, mm / 1000) for (d, s), mm in way.items()], columns=["demand_id", "site_id", "metres"])
    within = [mm <= CUTOFF_MM for mm in way.values()]
    return Reach(standard, rows, travel[within].reset_index(drop=True), travel, 5000)


def nearest_of(people: People, way: Millimetres, serving: set[str]) -> pd.DataFrame:
    rows = []
    for demand in people:
        near = sorted((mm, site) for (d, site), mm in way.items() if d == demand and site in serving)
        rows += [(demand, site, mm / 1000, rank) for rank, (mm, site) in enumerate(near[:2], start=1)]
    return pd.DataFrame(rows, columns=["demand_id", "site_id", "metres", "rank"])


def covered(people: People, way: Millimetres, serving: set[str]) -> int:
    within = {d for (d, s), mm in way.items() if s in serving and mm <= CUTOFF_MM}
    return sum(count for demand, count in people.items() if demand in within)


def first_of(people: People, way: Millimetres, serving: set[str]) -> dict[str, tuple[int, str]]:
    """Millimetres and site of the nearest for each demand point that reaches one."""
    found: dict[str, tuple[int, str]] = {}
    for (demand, site), mm in way.items():
        if site in serving and people[demand]:
            found[demand] = min(found.get(demand, (mm, site)), (mm, site))
    return found


@pytest.mark.parametrize("seed", range(30))
def test_closing_one_after_another_gives_the_same(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    people = {f"d{n}": rng.choice([0, 1, 5, 40]) for n in range(12)}
    types = {f"s{n}": rng.choice(["a", "b", "a;b"]) for n in range(6)}
    opened = {site: kinds for site, kinds in types.items() if rng.random() < 0.8}
    way = {(d, s): rng.randrange(3_000_000) for d in people for s in types if rng.random() < 0.6}
    served_by = {"near": ("a",), "far": ("a", "b")}
    reaches = {name: reach_of(name, people, way, kinds) for name, kinds in served_by.items()}
    serving = {n: {s for s, t in opened.items() if set(t.split(";")) & set(kinds)} for n, kinds in served_by.items()}
    nearest = {name: nearest_of(people, way, serving[name]) for name in served_by}
    outlets = sorted(opened)[:3]
    table = closing(reaches, nearest, opened, outlets, state="today")
    went = moves(reaches, nearest, opened, outlets, state="today")
    assert [*dict.fromkeys(table["standard"])] == [n for n in served_by if serving[n] & set(outlets)]
    for name, sites in serving.items():
        mine = table[table["standard"] == name]
        assert set(mine["site_id"]) == sites & set(outlets)
        hurt = list(zip(-mine["people_losing"], -mine["people_nearest"], mine["site_id"], strict=True))
        assert hurt == sorted(hurt)
        now = first_of(people, way, sites)
        for row in mine.to_dict("records"):
            site, without = row["site_id"], sites - {row["site_id"]}
            lost = covered(people, way, sites) - covered(people, way, without)
            assert row["people_losing"] == lost
            then = first_of(people, way, without)
            count, more = Counter[str](), Counter[str]()
            for demand, (mm, nearest_site) in now.items():
                if nearest_site == site:
                    target = then.get(demand, (mm, ""))
                    count[target[1]] += people[demand]
                    more[target[1]] += people[demand] * (target[0] - mm)
            assert row["people_nearest"] == sum(count.values())
            told = went[(went["standard"] == name) & (went["site_id"] == site)]
            assert dict(zip(told["to_site_id"], told["people"], strict=True)) == count
            for to, metres in zip(told["to_site_id"], told["more_m"], strict=True):
                assert pd.isna(metres) if to == "" else metres == (more[to] // count[to]) / 1000
            alone = {d for d in now if {s for s in sites if way.get((d, s), CUTOFF_MM + 1) <= CUTOFF_MM} == {site}}
            lose = Counter[str]()
            for demand in alone:
                lose[then.get(demand, (0, ""))[1]] += people[demand]
            most = min(lose, key=lambda to: (-lose[to], to), default="")
            assert (row["losing_to_site_id"], row["losing_people_to"]) == (most, lose[most])
            most = min(count, key=lambda to: (-count[to], to), default="")
            assert (row["to_site_id"], row["people_to"]) == (most, count[most])


def test_a_site_that_stands_alone_has_nowhere_to_send_its_people() -> None:
    people, way = {"d0": 7, "d1": 2}, {("d0", "s0"): 500_000, ("d1", "s0"): 2_000_000}
    reaches = {"near": reach_of("near", people, way, ("a",))}
    nearest = {"near": nearest_of(people, way, {"s0"})}
    table = closing(reaches, nearest, {"s0": "a", "s9": "b"}, ["s0", "s9"], state="plan")
    assert table.drop(columns=["more_m", "losing_more_m"]).to_dict("records") == [
        {"standard": "near", "state": "plan", "site_id": "s0", "people_nearest": 9, "people_losing": 7,
         "to_site_id": "", "people_to": 9, "losing_to_site_id": "", "losing_people_to": 7}
    ]  # fmt: skip
    assert table[["more_m", "losing_more_m"]].isna().all(axis=None)


def test_those_who_lose_cover_may_go_elsewhere_than_most_of_its_people() -> None:
    people = {"d0": 9, "d1": 4, "d2": 2}
    way = {
        ("d0", "s0"): 100_000, ("d0", "s1"): 300_000, ("d1", "s0"): 800_000, ("d1", "s2"): 1_500_000,
        ("d2", "s0"): 900_000, ("d2", "s1"): 1_200_000,
    }  # fmt: skip
    reaches = {"near": reach_of("near", people, way, ("a",))}
    nearest = {"near": nearest_of(people, way, {"s0", "s1", "s2"})}
    (row,) = closing(reaches, nearest, dict.fromkeys(("s0", "s1", "s2"), "a"), ["s0"], state="today").to_dict("records")
    assert (row["people_nearest"], row["to_site_id"], row["people_to"]) == (15, "s1", 11)
    assert row["more_m"] == (9 * 200_000 + 2 * 300_000) // 11 / 1000
    assert (row["people_losing"], row["losing_to_site_id"], row["losing_people_to"]) == (6, "s2", 4)
    assert row["losing_more_m"] == 700


def test_the_nearest_sites_must_be_open_ones() -> None:
    people, way = {"d0": 7}, {("d0", "s0"): 500_000, ("d0", "s1"): 600_000}
    reaches = {"near": reach_of("near", people, way, ("a",))}
    nearest = {"near": nearest_of(people, way, {"s0", "s1"})}
    with pytest.raises(ValueError, match=r"not open ones of near: s1"):
        moves(reaches, nearest, {"s0": "a"}, ["s0"], state="today")


def test_without_standards_the_tables_are_empty() -> None:
    assert closing({}, {}, {"s0": "a"}, ["s0"], state="today").empty
    assert moves({}, {}, {"s0": "a"}, ["s0"], state="today").empty


# ---- with field checks ----


def shut(path: Path, sites: set[str], on: str) -> None:
    """Close outlets of a town on a day."""
    table = path.parent / "sites.csv"
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "closed_on": on if row["site_id"] in sites else row["closed_on"]} for row in rows)


def people_covered(path: Path) -> pd.Series:
    """People covered today, by standard."""
    read = inputs.read(path, quiet)
    table = coverage_today(read, quiet).merge(read.demand.frame[["demand_id", "people"]], on="demand_id")
    return (table["people"] * table["covered"].astype(bool)).groupby(table["standard"]).sum()


@pytest.mark.parametrize("gone", [set(), {"E3", "E5"}], ids=["all", "the last of its kind"])
def test_who_loses_cover_is_who_does_in_a_run_with_the_outlet_closed(gone: set[str], tmp_path: Path) -> None:
    """Field checks are among them that the closing overtakes, or that only the outlet's opening had overtaken."""
    path = livetown.write_town(tmp_path)
    shut(path, gone, "2026-06-24")
    studied = study(inputs.read(path, quiet), quiet)
    table = studied.explained.closing[studied.explained.closing["state"] == "today"]
    before, losing = people_covered(path), table.set_index(["site_id", "standard"])["people_losing"]
    for site in sorted({"E1", "E3", "E4", "E5"} - gone):
        livetown.write_town(tmp_path)
        shut(path, gone, "2026-06-24")
        shut(path, {site}, studied.inputs.scenario.data_date.isoformat())
        lost = before - people_covered(path)
        assert {key: many for key, many in lost.items() if many} == {
            key: many for key, many in losing[site].items() if many
        }
    assert studied.inputs.verdicts.overtaken
    assert (losing > 0).sum() > len({*table["site_id"]})
