"""The city of the live map: every figure of an edited plan as the planner's own rooms give it, in Node."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import jinan
import livetown
from livechance import random_edits, start_of
from liveedits import FIGURES, NODE, Opened, compared, in_engine, met_standards, opened
from livenode import LIVE, run_node
from liveoracle import ROOM, Many, checks_with, figures, laid_with
from newer import newer_than_oldest
from planner import inputs
from planner.explanations import closing_table
from planner.geodesy import great_circle_mm
from planner.standards import need
from planner.study import study
from runs import sample_study
from shared_data import shared_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def opened_at(path: Path) -> Opened:
    return opened(study(inputs.read(path, lambda _: None), lambda _: None))


def work(found: Opened, work: str, **given: Any) -> Any:
    """What a function of (live, city, input) gives in Node."""
    return in_engine(NODE, found.load, work, given)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return opened_at(livetown.write_town(tmp_path_factory.mktemp("town")))


@pytest.fixture(scope="session")
def sample() -> Opened:
    return opened(sample_study())


# ---- figures ----


def test_the_town_has_what_the_figures_must_not_miss(town: Opened) -> None:
    frame, lines = town.studied.inputs.demand.frame, town.studied.inputs.verdicts.lines
    assert set(frame["placed"]) == {"own", "spread", "town"}
    assert set(town.studied.inputs.networks) == {"walk", "drive"}
    assert {(line.standard, line.met) for line in lines} >= {
        (s, met) for s in ("walk", "line") for met in (True, False)
    }
    assert town.studied.reach["walk"].held == {"T1"}
    assert len(town.studied.years) == len(town.studied.inputs.scenario.phase) > 1
    assert {option["type"] for option in town.meta["options"]} == {"e_station", "gig_station"}
    assert any(town.meta["sites"][option["site"]]["types"] for option in town.meta["options"]), "kiosks in stations"
    assert town.meta["plan"]


def wrong(opened_: Opened, n: int, seed: int) -> dict[str, Any]:
    """Edits and drags whose figures differ, and what differs from the signed figures."""
    ((_, found),) = compared(opened_, n, seed, [NODE])
    return {"edits": found.differ, "drags": found.drags, "check": found.check}


NOTHING: dict[str, Any] = {"edits": [], "drags": [], "check": None}


def test_random_edits_of_the_town_are_counted_as_the_planner_counts(town: Opened) -> None:
    assert wrong(town, 24, seed=5) == NOTHING


def test_random_edits_of_the_sample_are_counted_as_the_planner_counts(sample: Opened) -> None:
    assert wrong(sample, 12, seed=6) == NOTHING


def test_random_edits_of_jinan_are_counted_as_the_planner_counts(tmp_path: Path) -> None:
    path = jinan.write_scenario(shared_data("jinan"), tmp_path)
    text = path.read_text(encoding="utf-8")
    asked = text[: text.index("[[goal]]")] + '[[goal]]\nid = "urban"\nstandard = "urban-walk-15"\nshare = 0.01\n'
    path.write_text(asked, encoding="utf-8")
    assert wrong(opened_at(path), 5, seed=7) == NOTHING


def test_the_last_outlet_dragged_away_still_serves_whom_a_check_found_served(town: Opened) -> None:
    every = [site["id"] for site in town.meta["sites"] if site["types"]]
    kiosk = {"site": "E1", "type": "e_station", "size": "", "year": 2026}
    edit = {**start_of(town.meta), "closed": sorted({*every} - {"E1", "E4"}), "plan": [kiosk]}
    at = [10.03, 50.02]
    moved = {**edit, "moved": {"E1": at}}
    drags = [{"edit": edit, "item": {"site": "E1"}, "at": at, "then": moved}] * len(town.meta["standards"])
    found = work(town, FIGURES, edits=[edit, moved], drags=drags)
    assert found["drags"] == [True] * len(drags)
    many = Many(town.studied, town.meta, [edit, moved])
    told = [json.loads(figures_) for figures_ in found["figures"]]
    assert told == [many.figures(edit), many.figures(moved)]
    assert told[1]["standards"][1]["covered"] > 0, "a check found them served, and an outlet stands"
    assert told[1]["standards"][3]["covered"] < told[0]["standards"][3]["covered"], "the kiosk in it goes along"


def test_counting_many_edits_at_once_gives_what_the_whole_way_of_a_run_gives(town: Opened) -> None:
    edits = random_edits(town.meta, random.Random(8), 4, met_standards(town.studied))  # noqa: S311
    many = Many(town.studied, town.meta, edits)
    for edit in edits:
        assert many.figures(edit) == figures(town.studied, town.meta, edit)


SHELVED = """(live, city) => {
  const { start, today, load } = city, others = load.meta.speeds.map((speed) => ({ ...start, speed }));
  const edits = [start, today, ...others, start];
  const figures = (one) => edits.map((edit) => JSON.stringify(one.figures(edit))), roomy = live.shelf;
  const found = figures(city);
  live.shelf = () => roomy(1);
  return JSON.stringify(found) === JSON.stringify(figures(live.city(load)));
}"""


def test_reach_that_is_kept_no_longer_is_searched_for_again(town: Opened) -> None:
    assert work(town, SHELVED) is True


def test_states_of_points_are_those_of_the_coverage_table(town: Opened) -> None:
    found = work(
        town,
        """(live, city) => city.load.meta.standards.map((_, s) => [city.today, city.start].map((edit) =>
          Array.from(city.states(edit, s)).reduce((sums, state, p) => {
            sums[state][0] += 1;
            sums[state][1] += city.load.points.people[p];
            return sums;
          }, [[0, 0], [0, 0], [0, 0], [0, 0]]).slice(1)))""",
    )
    table = town.studied.coverage.merge(town.studied.inputs.demand.frame[["demand_id", "people"]], on="demand_id")
    for standard, states in zip(town.studied.inputs.standards, found, strict=True):
        for state, counts in zip(("today", "plan"), states, strict=True):
            rows = table[(table["standard"] == standard.id) & (table["state"] == state)]
            rows = rows[rows["year"] == rows["year"].max()]
            apart = rows["reason"] == "not_assessable"
            parts = [rows[~rows["covered"] & ~apart], rows[rows["covered"]], rows[apart]]
            assert counts == [[len(part), int(part["people"].sum())] for part in parts]


def test_a_false_signed_figure_is_found_and_its_standard_named(town: Opened) -> None:
    assert work(town, "(live, city) => city.check()") is None
    changes = [
        ("signed.plan.standards[1].covered += 1", 1),
        ("signed.today.standards[3].districts[0][1] -= 1", 3),
        ("signed.today.units[2][0] = 0", 2),
        ("signed.plan.goals[0][0].reached += 1", 0),
        ("signed.plan.cost.total += 1", None),
    ]
    checks = f"""(live, city) => {json.dumps([change for change, _ in changes])}.map((change) => {{
      const load = {{ ...city.load, meta: JSON.parse(JSON.stringify(city.load.meta)) }};
      new Function("signed", change)(load.meta.signed);
      return live.city(load).check();
    }})"""
    for (change, standard), told in zip(changes, work(town, checks), strict=True):
        assert told is not None, change
        assert told["standard"] == standard, change
        assert told["said"] != told["found"], change


# ---- exact shares ----


def test_what_a_share_asks_for_is_exact() -> None:
    rng = random.Random(9)  # noqa: S311
    texts = [
        "0",
        "1",
        "1.0",
        "0.9",
        "0.3",
        "0.1",
        "5E-1",
        "1e-7",
        "0.333333333333333333",
        ".5",
        "0.7000000000000000001",
    ]
    texts += [str(Decimal(rng.randrange(10**k)) / 10**k) for k in range(1, 12)]
    cases = [(text, whole) for text in texts for whole in (0, 1, 7, 10, 999_999_999, 3 * 10**15, rng.randrange(10**9))]
    found = run_node(["tally.js"], "(live, cases) => cases.map(([share, whole]) => live.need(share, whole))", cases)
    assert found == [need(Decimal(text), whole) for text, whole in cases]


# ---- closing an outlet ----


def told_by_planner(table: pd.DataFrame, timed: set[str]) -> Iterator[tuple[str, str, str, Any]]:
    """Rows of the planner's table of closings: state, standard, site, and figures in the form of the page.

    Where minutes decide (`timed`), the page knows no metres.
    """
    for row in table.to_dict("records"):
        metres = [row[f"{prefix}more_m"] for prefix in ("", "losing_")]
        known = row["standard"] not in timed
        more = [round(far * 1000) if known and pd.notna(far) else None for far in metres]
        told = [
            row["people_nearest"],
            row["people_losing"],
            [row["people_to"], row["to_site_id"], more[0]],
            [row["losing_people_to"], row["losing_to_site_id"], more[1]],
        ]
        yield row["state"], row["standard"], row["site_id"], told


CLOSINGS = """(live, city, { asked, edits, room }) => asked.map(([state, standard, site]) => {
  const s = city.load.meta.standards.findIndex((one) => one.id === standard);
  const edit = edits ? edits[state] : state === "today" ? city.today : city.start, told = city.closing(edit, site, s);
  const rooms = edit.plan.flatMap((entry, k) => (entry.at ? [k] : []));
  const name = ({ to, plan }) => (plan < 0 ? to : room + (1 + rooms.indexOf(plan)));
  const most = (moves) => (moves.length ? [moves[0].people, name(moves[0]), moves[0].more_mm] : [0, "", null]);
  const sum = told.moves.reduce((people, move) => people + move.people, 0);
  return [sum === told.nearest && told.nearest, told.losing, most(told.moves), most(told.losing_moves)];
})"""


def timed_standards(meta: Mapping[str, Any]) -> set[str]:
    return {one["id"] for one in meta["standards"] if one["ways"][one["own"]]["measure"] == "time"}


@pytest.mark.parametrize("city", ["sample", "town"])
def test_closings_hurt_whom_the_planner_says(city: str, request: pytest.FixtureRequest) -> None:
    """The whole of closing.csv."""
    studied, load, meta = request.getfixturevalue(city)
    wanted = list(told_by_planner(studied.explained.closing, timed_standards(meta)))
    assert len(wanted) > len(meta["standards"])
    assert any(told[1] and told[3][1] for *_, told in wanted), "somebody loses cover and has somewhere to go"
    asked = [[state, standard, site] for state, standard, site, _ in wanted]
    found = in_engine(NODE, load, CLOSINGS, {"asked": asked})
    for key, told, (*_, figures_) in zip(asked, found, wanted, strict=True):
        assert told == figures_, key


def left_uncovered(town: Opened, edit: dict[str, Any], site: str) -> dict[str, int]:
    """People by standard whom the closing of a site leaves uncovered, by judging the city with and without it."""
    plan = [entry for entry in edit["plan"] if entry.get("site") != site]
    shut = {**edit, "closed": sorted({*edit["closed"], site}), "plan": plan}
    tables = [
        laid_with(town.studied, town.meta, one).table.set_index(["standard", "demand_id"])["covered"].astype(bool)
        for one in (edit, shut)
    ]
    people = town.studied.inputs.demand.frame.set_index("demand_id")["people"]
    lost = tables[0] & ~tables[1].reindex(tables[0].index, fill_value=False)
    counted = people.reindex(lost.index.get_level_values("demand_id")).to_numpy() * lost
    return {str(name): int(many) for name, many in counted.groupby(level="standard").sum().items()}


@pytest.mark.parametrize("state", ["today", "plan"])
def test_who_loses_cover_is_who_does_when_the_outlet_is_closed(town: Opened, state: str) -> None:
    """Of every outlet: field checks overtaken by its closing, or by its opening alone, count as they do without it."""
    edit = start_of(town.meta) if state == "plan" else {**start_of(town.meta), "plan": []}
    table = town.studied.explained.closing
    losing = table[table["state"] == state].set_index(["site_id", "standard"])["people_losing"].to_dict()
    sites = [site["id"] for site in town.meta["sites"] if site["types"]]
    lost = {site: left_uncovered(town, edit, site) for site in sites}
    every = {(site, standard): many for site in sites for standard, many in lost[site].items()}
    assert {key: many for key, many in every.items() if key in losing} == losing
    assert not any(many for key, many in every.items() if key not in losing)
    assert len(losing) > len(sites)


def test_closings_under_an_edit_hurt_whom_the_planner_says(town: Opened) -> None:
    """As the planner's table says, and as judging anew with and without the outlet does."""
    edits = random_edits(town.meta, random.Random(12), 3, met_standards(town.studied))  # noqa: S311
    wanted: list[tuple[int, str, str, Any]] = []
    today = town.studied.inputs.scenario.data_date
    for number, edit in enumerate(edits):
        laid = laid_with(town.studied, town.meta, edit)
        sites = [site for site in laid.opened if not site.startswith(ROOM)]
        opened_ = {"plan": laid.opened}
        table = closing_table(laid.city, laid.reach, opened_, sites, travel=laid.travel, found=laid.checks, on=today)
        told = told_by_planner(table, timed_standards(town.meta))
        wanted += [(number, standard, site, figures_) for _, standard, site, figures_ in told]
    assert any(told[2][1].startswith(ROOM) for *_, told in wanted), "some go to a place of the room"
    asked = [list(row[:3]) for row in wanted]
    found = work(town, CLOSINGS, asked=asked, edits=edits, room=ROOM)
    for key, told, (*_, figures_) in zip(asked, found, wanted, strict=True):
        assert told == figures_, key
    shut = [(number, site) for number, edit in enumerate(edits) for site in ("E3", "E4") if site not in edit["closed"]]
    lost = {(number, site): left_uncovered(town, edits[number], site) for number, site in shut}
    losing = [
        (told[1], lost[number, site][standard])
        for (number, standard, site, _), told in zip(wanted, found, strict=True)
        if (number, site) in lost
    ]
    assert len(losing) > len(edits)
    assert any(one for one, _ in losing)
    assert all(one == other for one, other in losing)


def test_of_equally_near_ones_the_first_by_id_counts_as_the_nearest(town: Opened) -> None:
    """A place of the room on the very spot of an outlet: its id stands among those of the sites as in a run."""
    at = next([site["lon"], site["lat"]] for site in town.meta["sites"] if site["id"] == "E4")
    new = {"at": at, "from": None, "name": "", "method": "", "type": "e_station", "size": "", "year": 2026}
    edit = {**start_of(town.meta), "plan": [new]}
    found = {}
    for name in ("E4", "z4", "站"):
        script = f"""(live, city, {{ edit }}) => {{
          const sites = city.load.meta.sites.map((site) => site.id === "E4" ? {{ ...site, id: "{name}" }} : site);
          const other = live.city({{ ...city.load, meta: {{ ...city.load.meta, sites }} }});
          const told = city.load.meta.standards.map((_, s) => other.closing(edit, "{name}", s));
          return told.map((one) => one && one.nearest);
        }}"""
        found[name] = work(town, script, edit=edit)
    assert all(many is None or many > 0 for many in found["E4"]), "before live-1"
    assert all(not many for many in found["z4"])
    assert all(not many for many in found["站"])


def test_a_site_that_serves_nothing_has_no_closing(town: Opened) -> None:
    told = work(
        town,
        """(live, city) => ["E4", "C1", "E2"].map((site) =>
          city.load.meta.standards.map((_, s) => city.closing(city.today, site, s)))""",
    )
    serves = [one["served_by"] for one in town.meta["standards"]]
    assert [one is not None for one in told[0]] == ["e_station" in types for types in serves]
    assert told[1:] == [[None] * len(serves)] * 2


ASKED_ANEW = """(live, city, { edits, site }) => city.load.meta.standards.map((_, s) => {
  const told = (one, edit) => JSON.stringify(one.closing(edit, site, s));
  const fresh = edits.map((edit) => told(live.city(city.load), edit));
  return [...edits, ...edits].map((edit, k) => [told(city, edit) === fresh[k % edits.length], fresh[k % edits.length]]);
})"""


def test_closings_of_one_edit_measured_otherwise_are_counted_otherwise(town: Opened) -> None:
    """Two nearest that are kept are those of a way of measuring, of a limit, and of what stands open."""
    edit = start_of(town.meta)
    ways = [(speed, metric) for speed in ("3.6", "4.8") for metric in ("own", "straight")]
    edits = [{**edit, "speed": speed, "metric": metric} for speed, metric in ways]
    found = work(town, ASKED_ANEW, edits=[*edits, {**edits[0], "closed": ["E4"]}], site="E3")
    assert [[same for same, _ in rows] for rows in found] == [[True] * 10] * len(town.meta["standards"])
    assert sum(len({told for _, told in rows}) > 1 for rows in found) > 2


# ---- the best next place ----


def test_the_best_next_place_newly_covers_most_people_for_the_money(town: Opened) -> None:
    edits = random_edits(town.meta, random.Random(10), 6, met_standards(town.studied))  # noqa: S311
    found = work(
        town,
        """(live, city, input) => input.edits.map((edit) => city.load.meta.standards.map((standard, s) => {
          const before = city.figures(edit), { options, sites, years } = city.load.meta;
          const gain = options.map(({ site, type, size }, k) => {
            const entry = { site: sites[site].id, type, size, year: years[years.length - 1] };
            const is = (one) => (one.at ? one.from : one.site) === entry.site && one.type === type;
            if (edit.closed.includes(entry.site) || edit.plan.some(is)) return null;
            const after = city.figures({ ...edit, plan: [...edit.plan, entry] });
            return [after.standards[s].covered - before.standards[s].covered, after.cost.total - before.cost.total];
          });
          return { gain, best: city.best(edit, s), one: city.best(edit, s, ["e_station"]) };
        }))""",
        edits=edits,
    )
    some, moved = 0, [entry for edit in edits for entry in edit["plan"] if entry.get("at") and entry["from"]]
    assert moved, "a moved place is not offered again where it was"
    for told in (one for by_standard in found for one in by_standard):
        gains = {k: tuple(gain) for k, gain in enumerate(told["gain"]) if gain and gain[0] > 0}
        order = sorted(gains, key=lambda k: (-Fraction(gains[k][0], gains[k][1]), -gains[k][0], k))
        assert [(one["option"], one["newly"], one["cost"]) for one in told["best"]] == [(k, *gains[k]) for k in order]
        kiosks = [one for one in told["best"] if town.meta["options"][one["option"]]["type"] == "e_station"]
        assert told["one"] == kiosks
        some += len(order) > 1
    assert some


SOUGHT = """(live, city, { edits }) => edits.flatMap((edit) => {
  const { goals, options, sites } = city.load.meta;
  const entries = options.map(({ site, type, size }) => ({ site: sites[site].id, type, size, year: city.lastYear }));
  const is = (one, other) => (one.at ? one.from : one.site) === other.site && one.type === other.type;
  const has = (plan, entry) => plan.some((one) => is(one, entry)) || edit.closed.includes(entry.site);
  const plan = entries.reduce((built, entry) => (has(built, entry) ? built : [...built, entry]), edit.plan);
  const every = { ...edit, plan };
  return goals.flatMap((one, g) => (city.figures(every).goals[g] || []).map((most, scope) => {
    const goal = { goal: g, scope };
    let tried = edit, told = true, count = 0;
    for (let next; (next = city.best(tried, one.standard, null, { goal })[0]) && count <= options.length; count += 1) {
      const more = { ...tried, plan: [...tried.plan, entries[next.option]] };
      const [from, to] = [tried, more].map((now) => city.figures(now).goals[g][scope].reached);
      told = told && (one.backup || one.of === "communities" || to - from === next.newly);
      tried = more;
    }
    return [one.id, one.scopes[scope], told, city.figures(tried).goals[g][scope].reached, most.reached, count];
  }));
})"""


def test_what_helps_a_goal_best_is_counted_for_that_goal_until_nothing_helps(town: Opened) -> None:
    edits = random_edits(town.meta, random.Random(21), 2, met_standards(town.studied))  # noqa: S311
    found = work(town, SOUGHT, edits=[{**start_of(town.meta), "plan": []}, *edits])
    assert [row for row in found if not row[2] or row[3] != row[4]] == []
    tried = {(goal, scope) for goal, scope, *_, count in found if count}
    assert {scope for goal, scope in tried if goal == "walk-towns"} == set(
        next(goal["scopes"] for goal in town.meta["goals"] if goal["id"] == "walk-towns")
    )
    backups = {goal["id"] for goal in town.meta["goals"] if goal["backup"]}
    assert backups <= {goal for goal, _ in tried}


def test_what_is_built_in_an_outlet_wins_nobody_whom_a_check_found_unmet_there(town: Opened) -> None:
    found = work(
        town,
        """(live, city) => city.load.meta.options.flatMap(({ site, type, size }) => {
          const { sites, standards } = city.load.meta, { id, lon, lat, types } = sites[site];
          const edit = { ...city.start, plan: [] };
          const after = city.figures({ ...edit, plan: [{ site: id, type, size, year: city.lastYear }] });
          const sum = (points) => Array.from(points).reduce((people, p) => people + city.load.points.people[p], 0);
          return standards.map((_, s) => {
            const won = (item) => sum(city.drag(edit, item, s).at(lon, lat).newly);
            const [told, free] = [{ type, within: id }, { type }].map(won);
            return [types !== "", told, free, after.standards[s].covered - city.figures(edit).standards[s].covered];
          });
        })""",
    )
    assert [row for row in found if row[1] != row[3]] == []
    assert any(inside and told != free for inside, told, free, _ in found)


DRAGS_BESIDE = """(live, city) => {
  const { sites } = city.load.meta, places = sites.map(({ lon, lat }) => [lon, lat]), edit = city.start, s = 2;
  const told = (result) => JSON.stringify([result.newly, result.lost].map((points) => Array.from(points)));
  return places.map((place, k) => {
    const held = city.drag(edit, { plan: 0 }, s).at(...place), before = told(held);
    city.drag(city.today, { type: "gig_station" }, s).at(...places[(k + 1) % places.length]);
    city.drag(city.start, { plan: 0 }, s).at(0, 0);
    return [before === told(held), held.newly.length, held.lost.length];
  });
}"""


def test_whom_a_drag_wins_stays_so_while_another_is_tried(town: Opened) -> None:
    found = work(town, DRAGS_BESIDE)
    assert all(same for same, *_ in found)
    assert any(newly for _, newly, _ in found)
    assert any(lost for *_, lost in found)


def test_communities_are_told_with_the_people_by_whom_they_are_judged(town: Opened) -> None:
    all_of = "(live, city) => city.load.meta.standards.map((_, s) => Array.from(city.unitPeople(city.start, s)))"
    found = work(town, all_of)
    table = town.studied.coverage.merge(town.studied.inputs.demand.frame[["demand_id", "unit_id", "people", "placed"]])
    apart = 0
    for standard, people in zip(town.studied.inputs.standards, found, strict=True):
        rows = table[(table["standard"] == standard.id) & (table["state"] == "today")]
        rows = rows[rows["year"].isna() | (rows["year"] == rows["year"].min())]
        whole = rows[rows["reason"] != "not_assessable"].groupby("unit_id")["people"].sum()
        many = [int(whole.get(unit["id"], 0)) for unit in town.meta["units"]]
        apart += sum(told < most for told, most in zip(people, many, strict=True))
        assert [told for told, most in zip(people, many, strict=True) if told > most] == []
        assert (
            sum(map(bool, people))
            == town.meta["signed"]["today"]["standards"][town.studied.inputs.standards.index(standard)]["communities"]
        )
    assert apart, "some people count, but no community is judged by them"


# ---- rules of edits ----


def test_what_is_planned_in_a_closed_outlet_is_not_built_and_costs_nothing(town: Opened) -> None:
    start = {**start_of(town.meta), "plan": []}
    kiosk = {"site": "E1", "type": "e_station", "size": "", "year": 2026}
    closed, both = {**start, "closed": ["E1"]}, {**start, "closed": ["E1"], "plan": [kiosk]}
    plain, inside, opened = work(
        town, "(live, city, { edits }) => edits.map(city.figures)", edits=[closed, both, {**start, "plan": [kiosk]}]
    )
    assert plain == inside
    assert opened["cost"]["total"] > 0


def test_a_place_keeps_what_its_option_costs_and_a_new_one_is_an_estimate(town: Opened) -> None:
    start = {**start_of(town.meta), "plan": []}
    at = {"at": [10.0051234, 50.0047], "name": "", "method": "专区", "type": "e_station", "size": "", "year": 2028}
    plans = (
        [{"site": "C3", "type": "e_station", "size": "", "year": 2028}],
        [{**at, "from": "C3"}],
        [{**at, "from": None}],
    )
    kept, moved, new = work(
        town, "(live, city, { edits }) => edits.map(city.cost)", edits=[{**start, "plan": p} for p in plans]
    )
    assert kept == moved == {"once": 80_000, "yearly": 4003, "total": 80_000 + 3 * 4003, "estimated": 0,
                             "funding": [["就业补助资金", 80_000 + 3 * 4003]]}  # fmt: skip
    assert new == {"once": 60_000, "yearly": 6000, "total": 78_000, "estimated": 60_000, "funding": [["", 78_000]]}


def test_edits_overtake_field_checks_and_bring_them_back_as_a_run_decides(town: Opened) -> None:
    """With outlets closed or moved, or at another speed, which checks count is decided anew."""
    start = start_of(town.meta)
    edits = [start, {**start, "closed": ["E3"]}, {**start, "closed": ["E4"]}, {**start, "speed": "4.8"}]
    edits += [{**start, "moved": {name: list(at)}} for name, at in (("E5", (10.0207, 50.0056)), ("E4", (10.01, 50.01)))]
    lines = [{(one.demand_id, one.standard) for one in checks_with(town.studied, edit).lines} for edit in edits]
    assert all(mine != lines[0] for mine in lines[1:]), "each of them changes what counts"
    assert any(mine - lines[0] for mine in lines[1:]), "some that did not count count again"
    found = work(town, FIGURES, edits=edits, drags=[])
    many = Many(town.studied, town.meta, edits)
    assert [json.loads(figures_) for figures_ in found["figures"]] == [many.figures(edit) for edit in edits]


def test_without_an_outlet_every_check_since_which_one_closed_is_overtaken(town: Opened) -> None:
    """However far that one was; a run refuses those that no outlet can have made: they have no date."""
    every = [site["id"] for site in town.meta["sites"] if site["types"]]
    edit = {**start_of(town.meta), "closed": every, "plan": []}
    left = {line.standard for line in checks_with(town.studied, edit).lines if line.met}
    assert 0 < len(left) < len(met_standards(town.studied))
    found = work(town, "(live, city, { edit }) => city.orphaned(edit).map((standard) => standard.id)", edit=edit)
    assert set(found) == left


def _north_of(lon: float, lat: float, mm: int) -> list[float]:
    """A cell of the page that is so far from a place, to the millimetre."""
    start = round((lat + mm / 1000 / 111_195) * 1e7)
    lons, lats = np.meshgrid(round(lon * 1e7) + np.arange(2000), start + np.arange(-50, 50))
    hits = np.argwhere(great_circle_mm(lon, lat, lons / 1e7, lats / 1e7) == mm)
    row, column = hits[0]
    return [float(lons[row, column] / 1e7), float(lats[row, column] / 1e7)]


def test_an_outlet_at_the_very_cutoff_is_near_enough_to_overtake_a_check(town: Opened) -> None:
    points = town.studied.inputs.demand.frame.set_index("demand_id").geometry
    limit = next(one.limit for one in town.studied.inputs.standards if one.id == "line")
    start, lon, lat = {**start_of(town.meta), "plan": []}, points["D55"].x, points["D55"].y
    edits = [{**start, "moved": {"E4": _north_of(lon, lat, limit + more)}} for more in (0, 1)]
    lines = [{(one.demand_id, one.standard) for one in checks_with(town.studied, edit).lines} for edit in edits]
    assert lines[1] - lines[0] == {("D55", "line")}
    many = Many(town.studied, town.meta, edits)
    found = [json.loads(one) for one in work(town, FIGURES, edits=edits, drags=[])["figures"]]
    assert found == [many.figures(edit) for edit in edits]
    assert found[0]["standards"][2] != found[1]["standards"][2]


DOUBTED = """(live, city, { edits, areas }) => {
  const load = { ...city.load, meta: { ...city.load.meta, areas } }, other = live.city(load);
  return edits.map((edit) => other.doubted(edit).map((standard) => standard.id));
}"""


def test_only_outlets_moved_over_a_layer_of_districts_leave_a_doubt_which_checks_count(town: Opened) -> None:
    start = start_of(town.meta)
    edits = [start, {**start, "closed": ["E3"]}, *({**start, "moved": {name: [10.0, 50.0]}} for name in ("E1", "E4"))]
    assert work(town, DOUBTED, edits=edits, areas=False) == [[], [], [], []]
    found = work(town, DOUBTED, edits=edits, areas=True)
    assert found[:3] == [[], [], []], "closed it is out of the way; E1 has no date"
    placeless = {line.standard for line in town.studied.inputs.verdicts.lines if line.demand_id[0] == "T"}
    assert found[3]
    assert set(found[3]) <= placeless


def test_without_any_outlet_checks_cover_nobody_and_what_opens_counts(town: Opened) -> None:
    every = [site["id"] for site in town.meta["sites"] if site["types"]]
    none = {**start_of(town.meta), "closed": every, "plan": []}
    what = {"from": None, "name": "", "method": "", "type": "e_station", "size": "", "year": 2026}
    one = {**none, "plan": [{"at": [10.0, 50.0], **what}]}
    found = work(
        town,
        """(live, city, { edits }) => edits.map((edit) => {
          const { codes, people } = city.load.points, states = city.states(edit, 0);
          const sums = { held: 0, holding: 0, rest: 0 };
          codes[0].forEach((code, p) => {
            if (code & 16) sums.holding += people[p];
            if (states[p] === 2) sums[code & 16 ? "held" : "rest"] += people[p];
          });
          return sums;
        })""",
        edits=[none, one],
    )
    assert found[0] == {"held": 0, "holding": found[0]["holding"], "rest": 0}
    assert found[1]["held"] == found[1]["holding"] > 0
    assert found[1]["rest"] > 0


def test_an_edit_that_names_what_there_is_not_is_refused(town: Opened) -> None:
    start = start_of(town.meta)
    edits = [
        {**start, "speed": "9.9"},
        {**start, "plan": [{"site": "Z9", "type": "e_station", "size": "", "year": 2026}]},
    ]
    told = work(
        town,
        """(live, city, { edits }) => edits.map((edit) => {
          try { return city.figures(edit) && "counted"; } catch (error) { return error.name; }
        })""",
        edits=edits,
    )
    assert told == ["RangeError", "RangeError"]


@pytest.mark.parametrize("script", ["tally.js", "closing.js", "best.js", "shelf.js", "checks.js", "city.js"])
def test_old_browsers_know_all_that_counts(script: str) -> None:
    assert newer_than_oldest("js", (LIVE / script).read_text(encoding="utf-8")) == []
