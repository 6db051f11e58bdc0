"""The keys by which a superior's form asks for a figure of the audit, and what each one is.

``city.decided.met``, ``district.历下区.urban-walk-15.rate``, ``town.历下区/解放路.decided.covered``; after them
``@variant`` for another way of counting and ``#group`` for a group of people; ``city.checklist.six.passed``,
``city.grant.brands.A.yuan``, ``outlets.in_operation``, ``plan.count``, ``data_date``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planner.auditsheets import named
from planner.candidates import MOBILE_TYPE
from planner.forms import Figure
from planner.rollups import scope_title, share, standard_title
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.forms import Value
    from planner.yearly import Yearly

_COUNTS = (
    "communities", "assessable", "met", "unmet", "unassessable", "near_limit", "people", "covered", "unjudged",
)  # fmt: skip
_SHARES = {"rate": ("met", "assessable"), "share": ("covered", "people")}


def keyed(found: Yearly) -> dict[str, Figure]:
    """Return every figure that a form may ask for, by its key."""
    inputs = found.inputs
    language = inputs.scenario.language
    rest = {
        "data_date": Figure(inputs.scenario.data_date, say("ledger.column.data_date", language)),
        "title": Figure(inputs.scenario.title, say("ledger.column.name", language)),
    }
    return {**rest, **dict(_outlets(found)), **dict(_reach(found)), **dict(_reported(found)), **dict(_plan(found))}


def _outlets(found: Yearly) -> Iterator[tuple[str, Figure]]:
    language, sites = found.inputs.scenario.language, found.inputs.sites.frame
    sites = sites[(sites["type"] != MOBILE_TYPE).to_numpy()]
    own = found.audit.outlets[found.audit.units["people"] > 0]
    values: dict[str, Value] = {
        "standing": int((sites["status"] == "existing").sum()),
        "in_operation": int(sites["open_today"].sum()),
        "communities_without": None if own.isna().any() else int((own == 0).sum()),
    }
    for name, value in values.items():
        yield f"outlets.{name}", Figure(value, say(f"ledger.figure.{name}", language), "outlets.csv")


def _reach(found: Yearly) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of the roll-up and their shares; a blank one is None."""
    names, language = named(found.audit), found.inputs.scenario.language
    for row in found.audit.figures.to_dict("records"):
        scope = f".{row['scope']}" if row["scope"] else ""
        beside = f"@{row['variant']}" * bool(row["variant"]) + f"#{row['group']}" * bool(row["group"])
        key = f"{row['level']}{scope}.{row['standard'] or 'decided'}"
        what = [scope_title(row["scope"], language), standard_title(row["standard"], names)]
        what += [say(f"ledger.variant.{row['variant']}", language)] if row["variant"] else []
        what += [names.groups.get(row["group"], row["group"])] if row["group"] else []
        values: dict[str, Value] = {name: None if pd.isna(row[name]) else int(row[name]) for name in _COUNTS}
        values |= {name: share(row[part], row[whole]) for name, (part, whole) in _SHARES.items()}
        for name, value in values.items():
            label = " ".join([*what, say(f"ledger.column.{name}", language)])
            yield f"{key}.{name}{beside}", Figure(value, label, "figures.csv")


def _reported(found: Yearly) -> Iterator[tuple[str, Figure]]:
    """Yield what the bureau reports: it is never had from reach."""
    language = found.inputs.scenario.language
    for one in found.checked.figures:
        scope = f".{one.scope}" if one.scope else ""
        known = one.blank < one.communities
        values: dict[str, Value] = {
            "communities": one.communities,
            "passed": one.passed if known else None,
            "not_passed": one.not_passed if known else None,
            "blank": one.blank,
            "rate": share(one.part, one.whole) if known else None,
            "missing": one.missing,
        }
        for name, value in values.items():
            label = f"{scope_title(one.scope, language)} {one.name} {say(f'ledger.figure.{name}', language)}"
            yield f"{one.level}{scope}.checklist.{one.checklist}.{name}", Figure(value, label, "audit.json")
    for grant in found.granted.figures:
        scope = f".{grant.scope}" if grant.scope else ""
        grade = f".{grant.grade}" if grant.grade else ""
        for name, amount in (("communities", grant.communities), ("yuan", grant.yuan)):
            what = (scope_title(grant.scope, language), grant.name, grant.grade, say(f"ledger.figure.{name}", language))
            label = " ".join(part for part in what if part)
            yield f"{grant.level}{scope}.grant.{grant.grant}{grade}.{name}", Figure(amount, label, "audit.json")


def _plan(found: Yearly) -> Iterator[tuple[str, Figure]]:
    """Yield what the plan still takes until its last year; blank without a plan."""
    language = found.inputs.scenario.language
    last = found.missing["years"][-1] if found.missing["years"] else {}
    for name in ("count", "cost_once_yuan", "cost_yearly_yuan"):
        yield f"plan.{name}", Figure(last.get(name), say(f"ledger.figure.plan_{name}", language), "audit.json")
