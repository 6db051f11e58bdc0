"""What is wrong with a plan that a scenario gives: sites, types and sizes that cannot be opened (design, section 6)."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from planner.scenario import Loaded, fault_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from planner.errors import Fault
    from planner.schema import BuildSection

NEAR, SHOWN = 3, 5
"""Ids that are listed beside a wrong one: near it, or where none is."""

NOTHING = "—"
"""Stands for a type without sizes, and for a site at which nothing may be opened."""


def given_faults(loaded: Loaded, sites: pd.DataFrame | None, choices: pd.DataFrame | None) -> Iterator[Fault]:
    """Find what a scenario's ``[[build]]`` names and nobody may open.

    Parameters
    ----------
    loaded
        The scenario.
    sites, choices
        The table of sites, with ``open_today``, and the table of options; None where they could not be read.
    """
    scenario = loaded.scenario
    if scenario is None or sites is None or choices is None:
        return
    known = {text for facility in scenario.facility for text in (facility.type, facility.name)}
    stands = dict(zip(sites["site_id"], sites["open_today"] | (sites["status"] == "candidate"), strict=True))
    offers = choices[choices["state"] == "new"]
    sizes = offers.groupby(["site_id", "type"])["size"].agg(list).to_dict()
    types = offers.groupby("site_id")["type"].unique().to_dict()
    for i, entry in enumerate(scenario.build or ()):
        if entry.site not in stands:
            yield fault_at(loaded, "build_site", ["build", i, "site"], site=entry.site, near=_near(entry.site, stands))
        elif not stands[entry.site]:
            yield fault_at(loaded, "build_unusable", ["build", i, "site"], site=entry.site)
        elif entry.type in known:  # a type that is none of the scenario's is told already
            yield from _unoffered(loaded, i, entry, types.get(entry.site, ()), sizes.get((entry.site, entry.type)))


def _unoffered(
    loaded: Loaded, number: int, entry: BuildSection, types: Iterable[str], sizes: list[str] | None
) -> Iterator[Fault]:
    """Say that a type may not be opened at a site, or not in this size."""
    values = {"site": entry.site, "type": entry.type}
    if sizes is None:
        known = " / ".join(types) or NOTHING
        yield fault_at(loaded, "build_type", ["build", number, "type"], **values, known=known)
    elif entry.size not in sizes:
        known = " / ".join(size or NOTHING for size in sizes)
        yield fault_at(loaded, "build_size", ["build", number, "size"], **values, size=entry.size, known=known)


def _near(site: str, known: Iterable[str]) -> str:
    names = sorted(set(known))
    return " / ".join(difflib.get_close_matches(site, names, n=NEAR, cutoff=0.4) or names[:SHOWN] or [NOTHING])
