"""Edits of a plan and drags over the map, drawn by chance from what a page knows."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from random import Random

    Edit = Mapping[str, Any]
    Meta = Mapping[str, Any]

CELL = 10_000_000
"""Places of the room are whole 1e-7 degrees."""

MOVED = 0.2
"""How often something planned is moved."""


def start_of(meta: Meta) -> dict[str, Any]:
    """Return the edit that a page begins with: the plan of the run."""
    plan = []
    for one in meta["plan"]:
        option = meta["options"][one["option"]]
        site = meta["sites"][option["site"]]["id"]
        plan.append({"site": site, "type": option["type"], "size": option["size"], "year": one["year"]})
    return {"speed": meta["walk_kph"], "metric": "own", "rule": meta["rule"], "closed": [], "moved": {}, "plan": plan}


def _cell(degrees: float) -> float:
    return round(degrees * CELL) / CELL


def _place(meta: Meta, rng: Random) -> list[float]:
    """A place in the city: mostly near a site, some anywhere, some on the very place of a site."""
    sites = meta["sites"]
    one = rng.choice(sites)
    if rng.random() < 0.1:
        return [_cell(one["lon"]), _cell(one["lat"])]
    if rng.random() < 0.2:
        lons, lats = ([site[key] for site in sites] for key in ("lon", "lat"))
        return [_cell(rng.uniform(min(lons), max(lons))), _cell(rng.uniform(min(lats), max(lats)))]
    return [_cell(one["lon"] + rng.gauss(0, 0.006)), _cell(one["lat"] + rng.gauss(0, 0.005))]


def _new_place(meta: Meta, rng: Random) -> dict[str, Any] | None:
    if not meta["prices"]:
        return None
    price = rng.choice(meta["prices"])
    what = {key: price[key] for key in ("type", "method", "size")}
    return {"at": _place(meta, rng), "from": None, "name": "新点", **what, "year": rng.choice(meta["years"])}


def _entry(meta: Meta, k: int, rng: Random, *, moved: bool) -> dict[str, Any]:
    option = meta["options"][k]
    site = meta["sites"][option["site"]]["id"]
    what = {"type": option["type"], "size": option["size"], "year": rng.choice(meta["years"])}
    if moved:
        return {"at": _place(meta, rng), "from": site, "name": "", "method": "", **what}
    return {"site": site, **what}


def _closable(meta: Meta, closed: Iterable[str], checked: Iterable[Mapping[str, Any]]) -> bool:
    """Whether outlets may close: some must be left for each standard under which a point was found covered."""
    left = [site["types"].split(";") for site in meta["sites"] if site["types"] and site["id"] not in set(closed)]
    return all(any(set(types) & set(one["served_by"]) for types in left) for one in checked)


def _plan(meta: Meta, rng: Random) -> list[dict[str, Any]]:
    """Part of the plan of the run, some of it moved; some other options; some places of the room."""
    keep, taken, plan = rng.choice((0.5, 0.8, 1.0)), set[tuple[int, str]](), list[dict[str, Any]]()
    more = rng.sample(range(len(meta["options"])), min(len(meta["options"]), rng.choice((0, 0, 1, 3, 8))))
    for k in [one["option"] for one in meta["plan"] if rng.random() < keep] + more:
        option = meta["options"][k]
        if (key := (option["site"], option["type"])) not in taken:
            taken.add(key)
            plan.append(_entry(meta, k, rng, moved=rng.random() < MOVED))
    plan += [new for _ in range(rng.choice((0, 0, 1, 1, 2, 4))) if (new := _new_place(meta, rng))]
    rng.shuffle(plan)
    return plan


def _edit(meta: Meta, rng: Random, checked: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    standing = [site["id"] for site in meta["sites"] if site["types"]]
    closed = rng.sample(standing, min(len(standing), rng.choice((0, 0, 1, 1, 2, 5))))
    while closed and not _closable(meta, closed, checked):
        closed.pop()
    moved = rng.sample(standing, min(len(standing), rng.choice((0, 0, 1, 1, 2, 5))))
    return {
        "speed": rng.choice((meta["walk_kph"], *meta["speeds"])),
        "metric": rng.choice(("own", "own", "road", "straight")),
        "rule": rng.choice((meta["rule"], *meta["rules"])),
        "closed": sorted(closed),
        "moved": {site: _place(meta, rng) for site in moved if site not in closed},
        "plan": _plan(meta, rng),
    }


def random_edits(meta: Meta, rng: Random, n: int, checked: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Draw edits: sites moved, added and closed, options on and off, switches of speed, metric and rule.

    Parameters
    ----------
    meta
        What the page knows.
    rng
        Where chance comes from.
    n
        How many.
    checked
        Ids of standards under which field checks found points covered: an outlet that serves each stays open, for
        without one a run would say that the check cannot be right.
    """
    known = set(checked)
    of = [standard for standard in meta["standards"] if standard["id"] in known]
    return list(itertools.islice(iter(lambda: _edit(meta, rng, of), None), n))


def random_drag(meta: Meta, edit: Edit, rng: Random) -> tuple[dict[str, Any], list[float], dict[str, Any]]:
    """Draw something that is dragged over the map, a place where it is let go, and the edit that this makes."""
    at, plan = _place(meta, rng), list(edit["plan"])
    free = [site["id"] for site in meta["sites"] if site["types"] and site["id"] not in edit["closed"]]
    kind = rng.choice(["new", *["plan"] * bool(plan), *["site"] * bool(free)])
    if kind == "site":
        site = rng.choice(free)
        return {"site": site}, at, {**edit, "moved": {**edit["moved"], site: at}}
    if kind == "plan":
        index = rng.randrange(len(plan))
        entry = {key: value for key, value in plan[index].items() if key != "site"}
        plan[index] = {"name": "", "method": "", "from": plan[index].get("site"), **entry, "at": at}
        return {"plan": index}, at, {**edit, "plan": plan}
    new = _new_place(meta, rng)
    if new is None:
        raise ValueError("nothing may be built")
    return {"type": new["type"]}, at, {**edit, "plan": [*plan, {**new, "at": at}]}
