"""The rules of a scenario in the page: an edit breaks those that the planner says a given plan breaks."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import livetown
from livechance import random_edits, start_of
from liveedits import META, NODE, in_engine, load_of, met_standards
from planner import inputs
from planner.given import columns_of
from planner.outputs import _names_known
from planner.recount import rules_broken
from planner.rulewords import rule_in_words
from planner.study import study

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
[rules]
types_per_site = 1
spacing = [{ type = "gig_station", m = 3000 }]
near_people = [{ type = "e_station", people = 300, within_m = 400 }]

[[count]]
id = "kiosks"
type = "e_station"
each = "district"
min = 2
max = 3
"""

BROKEN = "(live, city, input) => input.edits.map((edit) => city.broken(edit))"
OVER = """(live, city) => city.load.meta.options.map((option, k) => {
  const { sites, years } = city.load.meta, site = sites[option.site].id, { type, size } = option;
  const plan = [...city.today.plan, { site, type, size, year: years[0] }];
  return city.overstepper(city.today)({ ...city.today, plan }) ? k : -1;
}).filter((k) => k >= 0)"""


def test_an_edit_breaks_the_rules_that_the_planner_names(tmp_path: Path) -> None:
    path = livetown.write_town(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + RULES, encoding="utf-8")
    studied = study(inputs.read(path, lambda _: None), lambda _: None)
    load = load_of(studied)
    meta = in_engine(NODE, load, META)["meta"]
    drawn = random_edits(meta, random.Random(11), 60, met_standards(studied))  # noqa: S311
    edits = [
        {**edit, "closed": [], "moved": {}, "plan": [one for one in edit["plan"] if "site" in one]} for edit in drawn
    ]
    found = in_engine(NODE, load, BROKEN, {"edits": edits})
    about, named = _names_known(studied), set()
    for edit, told in zip(edits, found, strict=True):
        facilities = [(one["site"], one["type"], one["size"], one["year"]) for one in edit["plan"]]
        broken = rules_broken(studied.instance, columns_of(studied.instance, facilities))
        worded = {rule_in_words(name, about) for name in broken}
        assert set(told) == worded
        named |= worded
    assert len(named) > 3
    first = studied.years[0]
    new = studied.inputs.options[studied.inputs.options["state"] == "new"]
    lonely = set()
    for k, row in enumerate(new.to_dict("records")):
        columns = columns_of(studied.instance, [(row["site_id"], row["type"], row["size"], first)])
        broken = rules_broken(studied.instance, columns)
        if any(name.startswith(("rules.near_people", "rules.spacing")) for name in broken):
            lonely.add(k)
    assert lonely == set(in_engine(NODE, load, OVER)), "no other breaks a rule alone"


FARTHER = "(live, city, { pairs }) => pairs.map(([before, after]) => city.overstepper(before)(after))"


def _of_rule(meta: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Options that a rule counts, as entries of a plan that stand in its last year; of each site one."""
    rule = next(one for one in meta["siting_rules"] if one["name"] == name)
    options = [meta["options"][k] for k in sorted({option for option, _, _ in rule["terms"]})]
    found = {one["site"]: {**one, "site": meta["sites"][one["site"]]["id"]} for one in reversed(options)}
    keys = ("site", "type", "size")
    return [{**{key: one[key] for key in keys}, "year": meta["years"][-1]} for one in found.values()]


def test_what_is_closed_stands_in_no_rule(tmp_path: Path) -> None:
    path = livetown.write_town(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + RULES, encoding="utf-8")
    load = load_of(study(inputs.read(path, lambda _: None), lambda _: None))
    meta = in_engine(NODE, load, META)["meta"]
    name, empty = "数量要求 kiosks（西区）", {**start_of(meta), "plan": []}
    words = next(one["told"] for one in meta["siting_rules"] if one["name"] == name)
    assert words == "西区：就业e站 2 至 3 个", "without its id"
    kiosks = _of_rule(meta, name)
    assert len(kiosks) == 3

    def closed(n: int, *ids: str) -> dict[str, Any]:
        return {**empty, "plan": kiosks[:n], "closed": list(ids)}

    # with E4, which is one of them, two to three are asked for
    edits = [closed(n, *ids) for n in range(4) for ids in ((), ("E4",), ("E5",))]
    told = in_engine(NODE, load, BROKEN, {"edits": edits})
    wanted = [not 2 <= n + one <= 3 for n in range(4) for one in (1, 0, 1)]
    assert [name in names for names in told] == wanted
    pairs = [
        (closed(2), closed(3)),  # beyond the most
        (closed(2, "E4"), closed(3, "E4")),  # not without E4
        (closed(3, "E4"), closed(3)),  # E4 opens again
        (closed(3), closed(3)),  # already beyond, and no farther
        (closed(3), closed(2)),
        (closed(0), closed(1)),
    ]
    assert in_engine(NODE, load, FARTHER, {"pairs": pairs}) == [True, False, True, False, False, False]


def _moved(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of a plan, moved by a little."""
    kept = {key: entry[key] for key in ("type", "size", "year")}
    return {**kept, "at": [10.0123456, 50.0123456], "from": entry["site"], "name": "", "method": ""}


def test_a_moved_place_breaks_no_rule_that_is_kept_with_it_or_without_it(tmp_path: Path) -> None:
    """It comes back as a site of its own: apart from what it was too near to, perhaps no more in its district."""
    path = livetown.write_town(tmp_path)
    text = path.read_text(encoding="utf-8").replace("horizon_years = 5", "horizon_years = 5\nbudget_yuan = 1_000_000")
    path.write_text(text + RULES, encoding="utf-8")
    load = load_of(study(inputs.read(path, lambda _: None), lambda _: None))
    meta = in_engine(NODE, load, META)["meta"]
    empty = {**start_of(meta), "plan": []}
    spaced = next(rule for rule in meta["siting_rules"] if "间距" in rule["name"] and len(rule["terms"]) > 1)
    pair = _of_rule(meta, spaced["name"])[:2]
    kiosks = _of_rule(meta, "数量要求 kiosks（西区）")

    def told(name: str, *plans: list[dict[str, Any]]) -> list[bool]:
        edits = [{**empty, "plan": plan} for plan in plans]
        return [name in names for names in in_engine(NODE, load, BROKEN, {"edits": edits})]

    assert told(spaced["name"], pair, [pair[0], _moved(pair[1])], [*map(_moved, pair)]) == [True, False, False]
    # with E4, which is one of them, two to three are asked for
    first, *more = kiosks
    plans = [[_moved(first)], [], [*more, _moved(first)], kiosks]
    assert told("数量要求 kiosks（西区）", *plans) == [False, True, False, True]
    options = [{**one, "site": meta["sites"][one["site"]]["id"], "year": meta["years"][0]} for one in meta["options"]]
    dear = [_moved(one) for one in options if one["type"] == "gig_station"]
    budget = next(rule["name"] for rule in meta["siting_rules"] if rule["max"] == 1_000_000)
    assert told(budget, dear, dear[:1]) == [True, False], "it costs the same wherever it is"
