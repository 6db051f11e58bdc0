"""The ledger of communities: one row for each, with the verdict, what it rests on, and the bureau's own columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.bureaucolumns import COMMUNITY_COLUMNS, OUTLET_COLUMNS, SIX, column_of, ledger_headers
from planner.candidates import outlets
from planner.columns import GROUP_PREFIX
from planner.reaches import RESIDENTS
from planner.standings import DECIDED
from planner.words import listed, say

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from planner.bureaucolumns import Of
    from planner.terms import Language

FIRST = (
    "unit_id", "name", "town", "setting", "all_people", "has_outlet", "nearest", "metres", "straight_m", "minutes",
    "verdict", "near_limit",
)  # fmt: skip
"""Columns that stand first, so that the first printed page says how each community stands."""

THEN = (
    "data_date", "原代码", "old_codes", "district", "管理区", "城乡分类代码", "城乡分类年份", "placed", "points",
    "人口口径", "劳动年龄人口", GROUP_PREFIX, "登记失业", "就业困难", "零就业家庭", "离校未就业", "用工主体", "岗位数",
    "是否实施行动", *(item.name for item in SIX), "缺项", "own_outlets", "judged_people", "unjudged", "covered",
    "site_id", "reason", "核实人及日期", "last_verdict", "cause", "left_why", "measure", "责任人", "备注",
)  # fmt: skip
"""Columns after them, in the order of documents.md; `GROUP_PREFIX` is where the groups of people stand."""


@dataclass(frozen=True, eq=False)
class Named:
    """What ids are called: outlets by site_id, standards by id, groups by id; and the one place that is audited."""

    outlets: Mapping[str, str]
    standards: Mapping[str, str]
    groups: Mapping[str, str]
    language: Language
    place: str = ""


def facts(demand: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Say what the demand table knows of every community.

    Parameters
    ----------
    demand
        The demand table; only residents count.
    language
        Language of settings and of how points were placed.

    Returns
    -------
    communities
        Index unit_id, sorted; name (of its points: the one that all have, else the first and how many), district, town
        (of its first point that names a district), setting, placed, points, people and people_<group>. Communities
        without people are there as well.
    """
    rows = demand[(demand["layer"] == RESIDENTS).to_numpy() & (demand["unit_id"] != "").to_numpy()]
    rows = rows.sort_values("demand_id", kind="stable")
    sums = [name for name in rows.columns if name == "people" or name.startswith(GROUP_PREFIX)]
    by_unit = rows.groupby("unit_id", sort=True)
    placed = rows.assign(blank=rows["district"] == "").sort_values(["blank", "demand_id"], kind="stable")
    first = placed.drop_duplicates("unit_id").set_index("unit_id")[["district", "town"]].sort_index()
    named = by_unit["name"].agg(["first", "nunique", "size"])
    several = [say("ledger.several", language, name=row[0], count=row[2]) for row in named.itertuples(index=False)]
    return first.assign(
        name=np.where(named["nunique"] > 1, several, named["first"]),
        setting=by_unit["setting"].agg(lambda part: _worded(part, "ledger.setting", language)),
        placed=by_unit["placed"].agg(lambda part: _worded(part, "ledger.placed", language)),
        points=named["size"],
        **by_unit[sums].sum().astype("int64"),
    )


def _worded(values: Iterable[str], key: str, language: Language) -> str:
    return listed([say(f"{key}.{value}", language) for value in sorted(set(values))], language)


def outlets_of(units: pd.DataFrame, sites: pd.DataFrame) -> pd.Series:
    """How many outlets in operation every community has of its own (有网点, clauses H2 and W11), whomever they reach.

    Parameters
    ----------
    units
        Index unit_id; district and town.
    sites
        The sites table with unit_id and open_today; a mobile point is no outlet of a community.

    Returns
    -------
    outlets
        By unit_id; blank where none names the community and an outlet that may be in its town names no community. Both
        are compared as far as both name a district and a town; a name that no community has says nothing.
    """
    standing = outlets(sites[sites["open_today"].to_numpy(dtype=bool)])
    number = standing[standing["unit_id"] != ""].groupby("unit_id").size().reindex(units.index, fill_value=0)
    vague = standing.loc[standing["unit_id"] == "", ["district", "town"]].drop_duplicates()
    homes = set(zip(units["district"], units["town"], strict=True))
    keys = [_home_of(str(d), str(t), homes) for d, t in vague.itertuples(index=False, name=None)]
    near = {(d, t): any(_may_be(d, t, *key) for key in keys) for d, t in homes}
    maybe = [near[home] for home in zip(units["district"], units["town"], strict=True)]
    return number.astype("Int64").mask((number == 0).to_numpy() & np.array(maybe, dtype=bool))


def _home_of(district: str, town: str, homes: Collection[tuple[str, str]]) -> tuple[str, str]:
    """District and town of an outlet as far as communities name them so: what is spelt otherwise says nothing."""
    known_district = district if any(district == one for one, _ in homes) else ""
    there = any(town == one and known_district in ("", other) for other, one in homes)
    return known_district, town if there else ""


def _may_be(district: str, town: str, outlet_district: str, outlet_town: str) -> bool:
    """Whether an outlet may be in a community's town, as far as both say where they are."""
    return all(
        not one or not other or one == other for one, other in ((district, outlet_district), (town, outlet_town))
    )


def community_ledger(
    units: pd.DataFrame,
    standings: pd.DataFrame,
    variants: pd.DataFrame,
    outlets: pd.Series,
    bureau: pd.DataFrame,
    added: pd.DataFrame,
    named: Named,
    data_date: dt.date,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Put the ledger of communities together.

    Parameters
    ----------
    units
        What `facts` says.
    standings
        The verdicts.
    variants
        Verdicts under other ways of counting (`planner.tallies.Tallied`).
    outlets
        Of its own, by unit_id (`outlets_of`).
    bureau
        The bureau's own columns, index unit_id.
    added
        Further columns, index unit_id, under their names in the program: last year's verdict, causes, measures.
    named
        What ids are called.
    data_date
        Last day of the figures.

    Returns
    -------
    frame, titles
        One row for each community with people, by district, town and code; the header of each column. Columns of the
        bureau stand under their own headers; those that documents.md lists are there, blank, where nothing is given.
        The verdict under each standard, other ways of counting, and what else the bureau says stand last.
    """
    whole = standings[standings["standard"] == DECIDED].set_index("unit_id")
    table = units[units["people"] > 0].sort_values(["district", "town", "unit_id"])
    groups = [name for name in table.columns if name.startswith(GROUP_PREFIX)]
    own = bureau.reindex(table.index)
    own, place = with_documents(own, "communities", [named.groups.get(_group(name), "") for name in groups])
    facts_of = table[["district", "town", "name", "setting", "placed", "points", "people", *groups]]
    parts = [
        pd.DataFrame({"data_date": data_date, "unit_id": table.index}, index=table.index),
        facts_of.rename(columns={"people": "all_people"}),
        _verdict(whole.reindex(table.index), outlets.reindex(table.index), named),
        added.reindex(table.index),
        own,
        _by_standard(standings, table.index, named),
        variants.reindex(table.index).map(_state, named=named).add_prefix("variant."),
    ]
    frame = pd.concat(parts, axis=1).reset_index(drop=True).astype(object)
    frame = frame.where(frame.notna(), None)
    wanted = [one for name in (*FIRST, *THEN) for one in (groups if name == GROUP_PREFIX else [place.get(name, name)])]
    first = [name for name in dict.fromkeys(wanted) if name in frame.columns]
    spare = [name for name in own.columns if name not in first]
    last = [name for name in frame.columns if name not in {*first, *spare}]
    frame = frame[[*first, *last, *spare]]
    return frame, {name: _title(name, own.columns, named) for name in frame.columns}


def with_documents(own: pd.DataFrame, of: Of, given: Iterable[str] = ()) -> tuple[pd.DataFrame, dict[str, str]]:
    """Add the columns of documents.md that nothing gives, blank: what the bureau has not given stays blank.

    Parameters
    ----------
    own
        The bureau's own columns.
    of
        Which ledger.
    given
        Headers under which the ledger says something of its own.

    Returns
    -------
    columns, place
        `own` with the blank ones; header of documents.md -> the column that stands for it, which a checklist or a grant
        may call otherwise.
    """
    columns = COMMUNITY_COLUMNS if of == "communities" else OUTLET_COLUMNS
    place: dict[str, str] = {}
    for header in own.columns:
        column = column_of(str(header), columns)
        if column is not None:
            place.setdefault(column.name, str(header))
    told = {column.name for header in given if header and (column := column_of(header, columns)) is not None}
    blank = {header: "" for header in ledger_headers(of) if header not in {*place, *told}}
    return own.assign(**blank), {**place, **{header: header for header in blank}}


def _group(column: str) -> str:
    return column.removeprefix(GROUP_PREFIX)


def _state(state: Any, named: Named) -> str | None:
    return say(f"ledger.state.{state}", named.language) if isinstance(state, str) else None


def minutes_up(seconds: Any) -> float | None:
    """Minutes of a walk or drive, rounded up to a tenth: 15.02 minutes never read as 15.0."""
    return None if seconds is None or pd.isna(seconds) else float(np.ceil(round(float(seconds) * 1000) / 6000) / 10)


def _verdict(whole: pd.DataFrame, outlets: pd.Series, named: Named) -> pd.DataFrame:
    """Say how communities stand under the deciding standards together; where no standard speaks of one it is blank."""
    judged = whole["state"].notna()
    yes_no = {True: say("ledger.yes", named.language), False: say("ledger.no", named.language)}
    return pd.DataFrame(
        {
            "has_outlet": (outlets > 0).map(yes_no, na_action="ignore"),
            "own_outlets": outlets,
            "verdict": whole["state"].map(lambda state: _state(state, named), na_action="ignore"),
            "near_limit": whole["near_limit"].where(judged).map(yes_no, na_action="ignore"),
            "covered": whole["covered"].astype("Int64"),
            "judged_people": whole["people"].astype("Int64"),
            "unjudged": whole["unjudged"].astype("Int64"),
            "site_id": whole["site_id"],
            "nearest": whole["site_id"].map(named.outlets),
            "metres": whole["metres"],
            "straight_m": whole["straight_m"],
            "minutes": whole["seconds"].map(minutes_up),
            "reason": whole["reason"].map(
                lambda key: say(f"ledger.reason.{key}", named.language) if key else "", na_action="ignore"
            ),
        }
    )


def _by_standard(standings: pd.DataFrame, units: pd.Index[str], named: Named) -> pd.DataFrame:
    """Verdict and way of each standard that speaks of any of the communities, in the order of the scenario."""
    found: dict[str, Any] = {}
    for standard in named.standards:
        rows = standings[standings["standard"] == standard].set_index("unit_id").reindex(units)
        if rows["state"].notna().any():
            found[f"state.{standard}"] = rows["state"].map(lambda s: _state(s, named), na_action="ignore")
            found[f"metres.{standard}"] = rows["metres"]
            found[f"straight_m.{standard}"] = rows["straight_m"]
    return pd.DataFrame(found, index=units)


def _title(name: str, bureau: Sequence[str] | pd.Index[str], named: Named) -> str:
    """Header of a column."""
    if name in bureau:
        return name
    kind, _, which = name.partition(".")
    if kind == "variant":
        return say("ledger.column.variant_of", named.language, variant=say(f"ledger.variant.{which}", named.language))
    if which:
        return say(f"ledger.column.{kind}_of", named.language, standard=named.standards[which])
    if name.startswith(GROUP_PREFIX):
        return named.groups.get(_group(name), _group(name))
    return say(f"ledger.column.{name}", named.language)
