"""What the live map counts at the very limits: needs just met, points at the cutoff, ties, two outlets at one place."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import livetown
from livechance import start_of
from liveedits import FIGURES, NODE, Opened, in_engine, opened
from livenode import run_node
from liveoracle import Many, checks_with
from planner import inputs
from planner.study import study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    path = livetown.write_town(tmp_path_factory.mktemp("limits"))
    return opened(study(inputs.read(path, lambda _: None), lambda _: None))


def work(found: Opened, work: str, **given: Any) -> Any:
    """What a function of (live, city, input) gives in Node."""
    return in_engine(NODE, found.load, work, given)


def empty_of(found: Opened) -> dict[str, Any]:
    """Return the edit of today: nothing is planned."""
    return {**start_of(found.meta), "plan": []}


def site_of(meta: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(site for site in meta["sites"] if site["id"] == name)


def told_and_counted(found: Opened, edits: Sequence[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Figures of edits by the page and by the planner."""
    many = Many(found.studied, found.meta, edits)
    told = [json.loads(one) for one in work(found, FIGURES, edits=edits, drags=[])["figures"]]
    return told, [many.figures(edit) for edit in edits]


# ---- what is dragged ----

NEEDS = """(live, city) => city.load.meta.standards.flatMap((standard, s) => {
  const { points, meta } = city.load, { start } = city, base = { ...start, plan: [] }, code = points.codes[s];
  const what = meta.prices.find(({ type }) => standard.served_by.includes(type));
  const states = city.states(base, s), whole = city.unitPeople(base, s), got = whole.map(() => 0);
  const count = (p) => { got[points.unit[p]] += points.people[p]; };
  states.forEach((state, p) => { if (state === 2 && points.unit[p] >= 0 && !(code[p] & 32)) count(p); });
  return Array.from(got).flatMap((people, u) => {
    const p = states.findIndex((state, one) => state === 1 && points.unit[one] === u && points.people[one] > 0);
    if (!people || p < 0 || !Number.isFinite(points.lon[p])) return [];
    const edit = { ...base, rule: ((people - 0.5) / whole[u]).toFixed(9) }, at = [points.lon[p], points.lat[p]];
    const told = city.drag(edit, what, s).at(...at), place = { ...what, at, from: null, name: "", year: 2026 };
    const then = city.figures({ ...edit, plan: [place] }).standards[s];
    return [[city.figures(edit).units[s][u], told.newly.length, told.communities[s], then.communities_covered]];
  });
})"""


def test_a_community_that_just_meets_its_need_is_counted_once(town: Opened) -> None:
    found = work(town, NEEDS)
    assert [row for row in found if row[2] != row[3]] == []
    assert sum(state == 2 and newly > 0 for state, newly, *_ in found) > 3


def test_a_kiosk_that_is_planned_in_an_outlet_is_dragged_along(town: Opened) -> None:
    kiosk = {"site": "E1", "type": "e_station", "size": "", "year": 2026}
    edit = {**empty_of(town), "plan": [kiosk]}
    drags = [
        {"edit": edit, "item": {"site": "E1"}, "at": at, "then": {**edit, "moved": {"E1": at}}}
        for site in town.meta["sites"]
        for at in [[site["lon"], site["lat"]]]
        for _ in town.meta["standards"]
    ]
    assert work(town, FIGURES, edits=[], drags=drags)["drags"] == [True] * len(drags)


# ---- the best next place ----


def test_ratios_are_compared_exactly_however_large() -> None:
    rows = [(1, 2, 1, 3), (1, 3, 1, 2), (2, 4, 1, 2), (0, 5, 0, 7)]
    large = 2**53 - 1
    rows += [(large, large - 1, large - 1, large - 2), (large - 1, large - 2, large, large - 1), (large, large, 7, 7)]
    rows += [(3, large, 2, large - 2), (2, large - 2, 3, large), (large, 3, large - 2, 3)]
    found = run_node(["best.js"], "(live, rows) => rows.map((row) => Math.sign(live.compareRatios(...row)))", rows)
    wanted = [Fraction(a, b) - Fraction(c, d) for a, b, c, d in rows]
    assert found == [(one > 0) - (one < 0) for one in wanted]


EVEN = """(live, city) => {
  const { meta } = city.load, base = { ...city.start, plan: [] }, newly = [];
  city.best(base, 2).forEach((one) => { newly[one.option] = one.newly; });
  const options = meta.options.map((option, k) => ({ ...option, once: 1000 * (newly[k] || 1), yearly: 0 }));
  return live.city({ ...city.load, meta: { ...meta, options } }).best(base, 2).map((one) => [one.option, one.newly]);
}"""


def test_of_equally_good_ones_for_the_money_who_wins_most_people_is_first(town: Opened) -> None:
    found = work(town, EVEN)
    assert found == sorted(found, key=lambda row: (-row[1], row[0]))
    assert found != sorted(found)


AT_THE_LIMIT = """(live, city) => {
  const { load } = city, { meta, points } = load, base = { ...city.start, plan: [] }, s = 2, rows = [];
  const limited = (mm) => {
    const straight = { ...meta.standards[s].ways.straight, limits: meta.speeds.map(() => mm) };
    const standards = meta.standards.map((one, i) => (i === s ? { ...one, ways: { ...one.ways, straight } } : one));
    return live.city({ ...load, meta: { ...meta, standards } });
  };
  const pairs = meta.options.flatMap(({ site }, k) => Array.from(points.lon, (_, p) => [k, meta.sites[site], p])
    .map(([, { lon, lat }, p]) => [k, p, live.greatCircleMm(points.lon[p], points.lat[p], lon, lat)]));
  const some = pairs.filter(([, p, mm], n) => mm > 1e5 && mm < 4e5 && points.codes[s][p] === 1 && n % 3);
  for (const [k, p, mm] of some) {
    const { site, type, size } = meta.options[k], { id, lon, lat } = meta.sites[site], city_ = limited(mm);
    const then = { ...base, plan: [{ site: id, type, size, year: city.lastYear }] };
    if (city_.states(base, s)[p] !== 1) continue;
    const before = city_.figures(base).standards[s].covered, more = city_.figures(then).standards[s].covered - before;
    const told = city_.best(base, s).find((one) => one.option === k);
    const dragged = city_.drag(base, { type, within: id }, s).at(lon, lat).covered[s] - before;
    rows.push([told && told.newly, dragged, more, city_.states(then, s)[p]]);
    if (rows.length > 11) break;
  }
  return rows;
}"""


def test_whoever_lives_at_the_very_cutoff_is_won(town: Opened) -> None:
    found = work(town, AT_THE_LIMIT)
    assert len(found) > 5
    assert [row for row in found if not row[0] == row[1] == row[2] or row[3] != 2] == []


BOUND = """(live, city, { edit, goal, point }) => {
  const { load } = city, { meta, points } = load, s = 2;
  const codes = points.codes.map((code, i) => (i === s ? code.map((bits, p) => (p === point ? 1 : bits)) : code));
  const lines = meta.checks.lines.filter((line) => line.standard !== s || line.point !== point);
  const checks = { ...meta.checks, lines };
  const plain = live.city({ ...load, points: { ...points, codes }, meta: { ...meta, checks } });
  const found = [city, plain].map((one) => one.best(edit, s, null, { goal: { goal, scope: 0 } }));
  const won = found.map((rows) => new Map(rows.map(({ option, newly }) => [option, newly])));
  const more = meta.options.map((_, k) => (won[0].get(k) || 0) - (won[1].get(k) || 0));
  return { people: points.people[point], more, state: [city, plain].map((one) => one.states(edit, s)[point]) };
}"""


def test_whom_an_outlet_serves_by_a_check_alone_is_served_by_what_is_built_in_it(town: Opened) -> None:
    """With E3 closed nothing reaches D17, which was found met: E1 is the nearest, and a kiosk in it is a second one."""
    edit = {**empty_of(town), "closed": ["E3"]}
    assert any(line.demand_id == "D17" for line in checks_with(town.studied, edit).lines)
    places = work(town, "(live, city) => Array.from(city.load.points.lon, (lon, p) => [lon, city.load.points.lat[p]])")
    at = town.studied.inputs.demand.frame.set_index("demand_id").geometry["D17"]
    goal = next(k for k, one in enumerate(town.meta["goals"]) if one["id"] == "line-twice")
    found = work(town, BOUND, edit=edit, goal=goal, point=places.index([at.x, at.y]))
    assert found["state"] == [2, 1]
    inside = [k for k, one in enumerate(town.meta["options"]) if town.meta["sites"][one["site"]]["id"] == "E1"]
    assert inside
    assert [found["more"][k] for k in inside] == [found["people"]] * len(inside)


# ---- outlets at one place ----


def test_outlets_moved_to_one_place_are_each_of_those_that_a_check_found_not_to_serve(town: Opened) -> None:
    at = town.studied.inputs.demand.frame.set_index("demand_id").geometry["D20"]
    edit = {**empty_of(town), "moved": {name: [at.x, at.y] for name in ("E1", "E3")}}
    assert ("D20", "line") in {(one.demand_id, one.standard) for one in checks_with(town.studied, edit).lines}
    told, counted = told_and_counted(town, [edit])
    assert told == counted


def test_of_equally_near_outlets_the_first_serves_whom_a_check_found_met(town: Opened) -> None:
    """E1, a station, where E3 stands, a station with a kiosk: D17 is served by one facility, not by two."""
    place = site_of(town.meta, "E3")
    edit = {**empty_of(town), "moved": {"E1": [place["lon"], place["lat"]]}}
    assert ("D17", "line") in {(one.demand_id, one.standard) for one in checks_with(town.studied, edit).lines}
    told, counted = told_and_counted(town, [{**edit, "rule": f"0.{tenth}"} for tenth in range(1, 10)])
    assert told == counted


# ---- checks ----

NEAR = """(live) => {
  const points = { n: 1, lon: [10.001], lat: [50.001], district: [-1], codes: [Uint8Array.of(5)] };
  const lines = [{ standard: 0, point: 0, day: "2026-01-01", met: true, own: true, code: 5, measured: 1 }];
  const outlets = [{ site: null, lon: 10, lat: 50, district: "", opened: "", closed: "2026-01-02", standards: [0] }];
  const meta = { standards: [{}], districts: [], sites: [], checks: { outlets, lines, fastest_mm_per_ms: 34 } };
  const mm = live.greatCircleMm(10.001, 50.001, 10, 50), checker = live.checker({ meta, points });
  const open = { spots: [{ outlet: [1] }], edit: { closed: [], moved: {} } };
  const at = (limit, measure) => checker.codes({ ...open, limits: [limit], kinds: [{ measure }] })[0][0];
  const times = [Math.ceil(mm / 34), Math.floor((mm - 1) / 34)].map((ms) => at(ms, "time"));
  return [at(mm, "distance"), at(mm - 1, "distance"), ...times];
}"""


def test_an_outlet_that_closed_at_the_very_cutoff_overtakes_a_check() -> None:
    assert run_node(["plane.js", "tally.js", "shelf.js", "checks.js"], NEAR) == [1, 5, 1, 5]
