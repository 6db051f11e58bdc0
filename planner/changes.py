"""A year set against the year before: every community's change with its causes, and the figures that each cause moved.

The inputs are changed one kind after the other (`planner.hybrids`) and measured after each step by the engine itself,
so the causes of a figure add up to its change: counts exactly, and printed rates too, for each printed cause is the
difference of two printed rates. A step that changes nothing that is measured is not measured: its change is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner import __version__
from planner.crosswalk import GONE
from planner.errors import ScenarioError
from planner.figures import permille_down
from planner.headcount import named
from planner.hybrids import hybrids, measured_alike
from planner.reaches import RESIDENTS
from planner.scenario import fault_at
from planner.sourcelist import shown_path
from planner.standards import scope_of
from planner.standings import DECIDED, MET, UNASSESSABLE, UNMET, sight, standings
from planner.study import coverage_today
from planner.tallies import LEVELS, deciding_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from planner.auditstudy import Audit
    from planner.crosswalk import Identity
    from planner.hybrids import Hybrid
    from planner.inputs import Inputs
    from planner.lastyear import LastYear

    _About = Mapping[str, Mapping[str, str]]

LAST, NOW, CHANGE, UNEXPLAINED = "last", "now", "change", "unexplained"
"""Rows of the figures beside the causes; the one cause where last year cannot be recomputed."""

_KEYS = ["level", "scope", "standard"]
COUNTS = ["communities", "assessable", "met", "unmet", "unassessable", "people", "covered", "unjudged"]
"""Counts of the figures that are compared."""

SHARES = {"rate_tenths": ("met", "assessable"), "share_tenths": ("covered", "people")}
"""Printed rates of communities and shares of people, in tenths of a percent, rounded down."""

COMMUNITIES = [
    "unit_id", "old_codes", "name", "district", "town", "kind", "setting_before", "setting", "state_before", "state",
    "causes",
]  # fmt: skip
ABSENT = ""
"""State of a community that no deciding standard speaks of, or that is not there."""


@dataclass(frozen=True, eq=False)
class Step:
    """What was measured after one step: standings and deciding figures; see `planner.hybrids.Hybrid`."""

    cause: str
    standings: pd.DataFrame
    figures: pd.DataFrame
    new_codes: bool


@dataclass(frozen=True, eq=False)
class Changes:
    """What changed since last year.

    Attributes
    ----------
    communities
        Columns of `COMMUNITIES`, one row for each community of this year, by code, then those that are gone; old_codes
        joined by ``;``; kind as in `planner.crosswalk`; setting ``urban``, ``rural``, ``mixed`` or empty (not known);
        the states under all deciding standards together, of merged communities all of theirs joined by ``;``; causes
        are triples (cause, state before, state after), in order.
    figures
        Columns level, scope, standard, cause, `COUNTS` and those of `SHARES`. `cause` is `LAST`, each of `causes`,
        `CHANGE`, `NOW`; a row of a cause is what it added. Rates are blank where there is none in one of the years.
    causes
        The causes, in order.
    last
        Record of last year's audit; empty for a ledger.
    known
        Which community is which.
    differs
        Figures of last year's record that are others when recomputed now, as (standard, recorded, recomputed): met and
        assessable communities of the city.
    """

    communities: pd.DataFrame
    figures: pd.DataFrame
    causes: tuple[str, ...]
    last: Mapping[str, Any]
    known: Identity
    differs: tuple[tuple[str, tuple[int, int], tuple[int, int]], ...] = ()

    def rates_last(self, level: str) -> dict[str, tuple[int, int]]:
        """Return communities met and assessable last year by scope, under all deciding standards together."""
        rows = self.figures
        rows = rows[(rows["level"] == level) & (rows["standard"] == DECIDED) & (rows["cause"] == LAST)]
        pairs = zip(rows["met"], rows["assessable"], strict=True)
        return {scope: (int(met), int(able)) for scope, (met, able) in zip(rows["scope"], pairs, strict=True)}


def compare(last: LastYear, audit: Audit, report: Callable[[str], None]) -> Changes:
    """Set this year's audit against last year.

    Parameters
    ----------
    last
        Last year (`planner.lastyear.read_last_year`).
    audit
        This year's audit.
    report
        Called with the name of each step as it begins.

    Raises
    ------
    ScenarioError
        If what last year's record says is another thing than its inputs give, counted by the version that wrote it.
    """
    if last.previous is None:
        return _against_ledger(last, audit)
    today = audit.studied.coverage
    found = steps(last.previous.inputs, audit.inputs, last.known, today[today["state"] == "today"], report)
    changes = explained(found, last.previous.inputs, audit.inputs, last.known, last.previous.record)
    if changes.differs and last.previous.record.get("planner") == __version__:
        # the same version counts the same inputs the same: the record or the scenario beside it was edited
        where, folder = (
            ("audit", "previous", "result"),
            shown_path(str(last.previous.folder), audit.inputs.loaded.folder),
        )
        raise ScenarioError(
            fault_at(
                audit.inputs.loaded,
                "previous_changed",
                where,
                folder=folder,
                lost="audit.json / scenario.toml",
                count=1,
            )
        )
    return changes


def steps(old: Inputs, new: Inputs, known: Identity, today: pd.DataFrame, report: Callable[[str], None]) -> list[Step]:
    """Measure last year, and the inputs after each step of `planner.hybrids.hybrids`.

    Parameters
    ----------
    old, new
        Inputs of both years.
    known
        Which community is which.
    today
        This year's coverage table: what needs no measuring again.
    report
        Called with the name of each step as it begins.
    """
    seen: list[tuple[Inputs, pd.DataFrame]] = [(new, today)]
    found: list[Step] = []
    before: tuple[Hybrid, pd.DataFrame] | None = None
    for hybrid in hybrids(old, new, known):
        table = next((table for inputs, table in seen if measured_alike(inputs, hybrid.inputs)), None)
        if table is None:
            table = coverage_today(hybrid.inputs, report)
            seen.append((hybrid.inputs, table))
        if before is not None and table is before[1] and _counted_alike(before[0], hybrid):
            found.append(replace(found[-1], cause=hybrid.cause, new_codes=hybrid.new_codes))
        else:
            found.append(_step(hybrid, table))
        before = hybrid, table
    return found


def _counted_alike(one: Hybrid, other: Hybrid) -> bool:
    """Tell whether the same figures are counted from one coverage table."""
    rules = (hybrid.inputs.scenario.demand.community_rule for hybrid in (one, other))
    return (
        one.inputs.demand.frame is other.inputs.demand.frame
        and one.inputs.standards == other.inputs.standards
        and one.decides == other.decides
        and len(set(rules)) == 1
    )


def _step(hybrid: Hybrid, coverage: pd.DataFrame) -> Step:
    inputs, rule = hybrid.inputs, hybrid.inputs.scenario.demand.community_rule
    sights = [sight(named(inputs.demand.frame), coverage, standard) for standard in inputs.standards]
    judged = standings(sights, rule, hybrid.decides)
    return Step(hybrid.cause, judged, deciding_figures(sights, rule, hybrid.decides), hybrid.new_codes)


def explained(found: Sequence[Step], old: Inputs, new: Inputs, known: Identity, record: Mapping[str, Any]) -> Changes:
    """Turn what was measured step by step into changes and causes."""
    causes = tuple(step.cause for step in found[1:])
    totals = _totals([step.figures for step in found])
    states = [(step.cause, step.new_codes, _states(step.standings)) for step in found]
    return Changes(
        communities=_communities(states, _about(named(old.demand.frame)), _about(named(new.demand.frame)), known),
        figures=decomposed(totals, causes),
        causes=causes,
        last=record,
        known=known,
        differs=tuple(_differs(found[0].figures, record)),
    )


# --- figures -----------------------------------------------------------------------------------------------------


def _totals(tables: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Give the figures of every step the same rows: a scope or standard that is not there counts nothing."""
    indexed = [table.set_index(_KEYS)[COUNTS] for table in tables]
    every = indexed[0].index
    for table in indexed[1:]:
        every = every.union(table.index, sort=False)
    return [table.reindex(every).fillna(0).astype(np.int64) for table in indexed]


def decomposed(totals: Sequence[pd.DataFrame], causes: Sequence[str]) -> pd.DataFrame:
    """Say what each cause added to each figure.

    Parameters
    ----------
    totals
        Counts (`COUNTS`) last year and after each cause, with the same index level, scope, standard.
    causes
        What was changed, one for each table but the first.

    Returns
    -------
    figures
        As in `Changes`. For every count the causes add up to the change; so do the printed rates: where a step between
        has no rate (nobody can be judged) it keeps the one before.
    """
    rates = {name: _rates(totals, *parts) for name, parts in SHARES.items()}
    rows = [_row(totals[0], {name: found[0] for name, found in rates.items()}, LAST)]
    spans = [(cause, at, at + 1) for at, cause in enumerate(causes)] + [(CHANGE, 0, len(totals) - 1)]
    for cause, start, end in spans:
        shares = {name: found[end] - found[start] for name, found in rates.items()}
        rows.append(_row(totals[end] - totals[start], shares, cause))
    rows.append(_row(totals[-1], {name: found[-1] for name, found in rates.items()}, NOW))
    table = pd.concat(rows)
    order = {cause: at for at, cause in enumerate((LAST, *causes, CHANGE, NOW))}
    levels = table["level"].map(LEVELS.index)
    ranked = table.assign(level_at=levels, cause_at=table["cause"].map(order))
    return ranked.sort_values(["level_at", "scope", "standard", "cause_at"], ignore_index=True)[
        [*_KEYS, "cause", *COUNTS, *SHARES]
    ]


def _row(counts: pd.DataFrame, shares: Mapping[str, pd.Series], cause: str) -> pd.DataFrame:
    return counts.assign(cause=cause, **shares).reset_index()


def _rates(totals: Sequence[pd.DataFrame], part: str, whole: str) -> list[pd.Series]:
    """Return the printed rates of each step, in tenths of a percent; none where the first or the last step has none."""
    own = [
        pd.Series(
            [
                permille_down(p, w) if w else None
                for p, w in zip(table[part].tolist(), table[whole].tolist(), strict=True)
            ],
            index=table.index,
            dtype="Int64",
        )
        for table in totals
    ]
    known = own[0].notna() & own[-1].notna()
    found = [own[0].where(known)]
    for rates in own[1:]:
        found.append(rates.where(known).fillna(found[-1]))
    ends = {0: own[0], len(own) - 1: own[-1]}
    return [ends[at].where(known) if at in ends else rates for at, rates in enumerate(found)]


def _differs(
    recomputed: pd.DataFrame, record: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Find figures of last year's record that are others now: another version may count otherwise."""
    now = recomputed[recomputed["level"] == "city"]
    pairs = zip(now["met"].tolist(), now["assessable"].tolist(), strict=True)
    found = dict(zip(now["standard"], pairs, strict=True))
    for row in record.get("figures", ()):
        if not row.get("variant") and not row.get("group"):  # the record has those of the city alone
            standard = str(row.get("standard", ""))
            said = (int(row["met"]), int(row["assessable"]))
            again = found.get(standard, (0, 0))
            if said != again:
                yield standard, said, again


# --- communities -------------------------------------------------------------------------------------------------


def _communities(
    states: Sequence[tuple[str, bool, Mapping[str, str]]], before: _About, after: _About, known: Identity
) -> pd.DataFrame:
    """List every community of both years with its states and causes.

    Parameters
    ----------
    states
        Of last year and of each cause: its name, whether communities go by this year's codes, and their states.
    before, after
        What is known of the communities of each year.
    known
        Which community is which.
    """
    there = [(unit, tuple(filter(before.__contains__, olds))) for unit, olds in known.old_of.items() if unit in after]
    gone = [("", (name,)) for name, news in known.new_of.items() if not news and name in before]
    causes = [cause for cause, _, _ in states[1:]]
    rows = []
    for unit, olds in [*there, *gone]:
        here = (unit,) if unit else ()
        trace = [_one(found.get(name, ABSENT) for name in (here if new else olds)) for _, new, found in states]
        told = after[unit] if unit else before[olds[0]]
        rows.append(
            {
                "unit_id": unit,
                "old_codes": ";".join(olds),
                **{name: told[name] for name in ("name", "district", "town")},
                "kind": known.kind(unit) if unit else GONE,
                "setting_before": _one(before[name]["setting"] for name in olds),
                "setting": told["setting"] if unit else "",
                "state_before": trace[0],
                "state": trace[-1],
                "causes": tuple(
                    (cause, one, other)
                    for cause, one, other in zip(causes, trace, trace[1:], strict=False)
                    if one != other
                ),
            }
        )
    return pd.DataFrame(rows, columns=COMMUNITIES)


def _states(table: pd.DataFrame) -> dict[str, str]:
    rows = table[table["standard"] == DECIDED]
    return dict(zip(rows["unit_id"], rows["state"], strict=True))


def _one(values: Iterable[str]) -> str:
    """Return the different ones of some values, joined."""
    return ";".join(sorted(set(values)))


def _about(frame: pd.DataFrame) -> _About:
    """Name, town, district and setting of every community; points of other layers make none where residents are."""
    residents = frame[frame["layer"] == RESIDENTS]
    demand = residents if len(residents) else frame
    first = demand.sort_values("demand_id", kind="stable").drop_duplicates("unit_id").set_index("unit_id")
    settings = demand.groupby("unit_id")["setting"].agg(lambda found: "mixed" if len(set(found)) > 1 else found.iloc[0])
    table = first[["name", "district", "town"]].assign(setting=settings)
    rows: Iterable[tuple[str, str, str, str, str]] = table.itertuples(name=None)
    return {unit: dict(zip(table.columns, about, strict=True)) for unit, *about in rows}


# --- against a ledger --------------------------------------------------------------------------------------------


def _against_ledger(last: LastYear, audit: Audit) -> Changes:
    """Set this year against a ledger, which nothing can be recomputed from: one cause for all, and no people."""
    before = {
        label: {"name": line.name, "district": line.district, "town": line.town, "setting": ""}
        for label, line in last.lines.items()
    }
    states = {label: line.state for label, line in last.lines.items()}
    after = _about(named(audit.inputs.demand.frame))
    known = [(LAST, False, states), (UNEXPLAINED, True, _states(audit.standings))]
    plain = audit.figures[(audit.figures["variant"] == "") & (audit.figures["group"] == "")]
    now = plain[plain["standard"] == DECIDED]
    table = decomposed(_totals([_ledger_figures(last, after), now]), (UNEXPLAINED,))
    people = ["people", "covered", "unjudged", "share_tenths"]
    table[people] = table[people].astype("Int64")
    table.loc[table["cause"] != NOW, people] = pd.NA
    return Changes(_communities(known, before, after, last.known), table, (UNEXPLAINED,), {}, last.known)


def _ledger_figures(last: LastYear, after: _About) -> pd.DataFrame:
    """Count the communities of a ledger at every level; where it names no district, that of the community today."""
    rows = []
    for label, line in last.lines.items():
        unit = next(iter(last.known.new_of[label]), None)
        home = after.get(unit or "", {"district": "", "town": ""})
        district, town = line.district or home["district"], line.town or home["town"]
        scopes = {"city": "", "district": district, "town": scope_of(district, town) if town else ""}
        for level, scope in scopes.items():
            if scope or level == "city":
                rows.append({"level": level, "scope": scope, "standard": DECIDED, "state": line.state})
    table = pd.DataFrame(rows, columns=[*_KEYS, "state"])
    counts = {state: (table["state"] == state).astype(np.int64) for state in (MET, UNMET, UNASSESSABLE)}
    sums = table[_KEYS].assign(**counts).groupby(_KEYS, as_index=False).sum()
    assessable = sums[MET] + sums[UNMET]
    return sums.assign(
        assessable=assessable, communities=assessable + sums[UNASSESSABLE], people=0, covered=0, unjudged=0
    )
