"""The keys by which a superior's form asks for a figure of the audit, and what each one is.

``city.decided.met``, ``district.历下区.urban-walk-15.rate``, ``town.历下区/解放路.decided.covered``; after them
``@variant`` for another way of counting and ``#group`` for a group of people; ``city.checklist.six.passed``,
``city.grant.brands.A.yuan``, ``outlets.in_operation``, ``plan.count``, ``data_date``.

Each may be asked for in words as well: the scope, the standard (none where they are decided together) and the column,
such as ``全市.达标率``, ``历下区.城区步行15分钟.可达人口``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planner.auditstudy import outlet_counts
from planner.figurenames import keys_by_name, plain_name, shown_name
from planner.forms import Figure
from planner.rollups import scope_title, share, standard_title
from planner.words import say, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.communityledger import Named
    from planner.forms import Value
    from planner.terms import Language
    from planner.yearly import Yearly

MOST_LISTED = 2000
"""Figures that the table of keys lists whole; of more, those of towns and other ways of counting are left out."""

_COUNTS = (
    "communities", "assessable", "met", "unmet", "unassessable", "near_limit", "people", "covered", "unjudged",
)  # fmt: skip
_SHARES = {"rate": ("met", "assessable"), "share": ("covered", "people")}


def keyed(found: Yearly) -> dict[str, Figure]:
    """Return every figure that a form may ask for, by its key."""
    inputs = found.inputs
    language = inputs.scenario.language
    rest = {
        "data_date": _figure(inputs.scenario.data_date, "", (say("ledger.column.data_date", language),)),
        "title": _figure(inputs.scenario.title, "", (say("ledger.column.name", language),)),
    }
    return {**rest, **dict(_outlets(found)), **dict(_reach(found)), **dict(_reported(found)), **dict(_plan(found))}


def key_table(figures: Mapping[str, Figure]) -> pd.DataFrame:
    """List the figures that a form may ask for.

    Parameters
    ----------
    figures
        As `keyed` returns them.

    Returns
    -------
    table
        Columns figure_key, key_words (the shortest way of naming it in words, where nothing else has that name),
        key_means and key_value, a row for each. Of more than `MOST_LISTED` those of towns and other ways of counting
        are left out, and where that does not do, those of groups as well.
    """
    shown = asked = dict(figures)
    if len(shown) > MOST_LISTED:
        asked = {key: one for key, one in shown.items() if "@" not in key}  # a name with a 口径 is no name without
        shown = {key: one for key, one in asked.items() if not key.startswith("town.")}
    if len(shown) > MOST_LISTED:
        shown = {key: one for key, one in shown.items() if "#" not in key}
    clear = keys_by_name({key: one.parts for key, one in asked.items()})
    words = {key: shown_name(one.parts) for key, one in shown.items()}
    rows = [
        (key, words[key] if clear.get(plain_name(words[key])) == (key,) else None, one.label, one.value)
        for key, one in shown.items()
    ]
    return pd.DataFrame(rows, columns=["figure_key", "key_words", "key_means", "key_value"], dtype=object)


def _figure(value: Value, source: str, *parts: tuple[str, ...]) -> Figure:
    """Return a figure that is called by its parts, the first way of each."""
    return Figure(value, " ".join(ways[0] for ways in parts if ways[0]), source, parts)


def _scope(scope: str, language: Language) -> tuple[str, ...]:
    """Return what a scope may be called: a town by its own name too."""
    others = (scope, scope.rpartition("/")[2]) if scope else (say("ledger.whole_city", language),)
    return tuple(dict.fromkeys((scope_title(scope, language), *others)))


def _outlets(found: Yearly) -> Iterator[tuple[str, Figure]]:
    language = found.inputs.scenario.language
    for name, value in outlet_counts(found.audit).items():
        city = ("", *_scope("", language))
        yield f"outlets.{name}", _figure(value, "outlets.csv", city, (say(f"ledger.figure.{name}", language),))


def _reach(found: Yearly) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of the roll-up and their shares; a blank one is None."""
    names, language = found.audit.names, found.inputs.scenario.language
    titles = {name: _titles(name, language) for name in (*_COUNTS, *_SHARES)}
    for row in found.audit.figures.to_dict("records"):
        scope = f".{row['scope']}" if row["scope"] else ""
        beside = f"@{row['variant']}" * bool(row["variant"]) + f"#{row['group']}" * bool(row["group"])
        key = f"{row['level']}{scope}.{row['standard'] or 'decided'}"
        parts = [_scope(row["scope"], language), _standard(row["standard"], names)]
        parts += [(say(f"ledger.variant.{row['variant']}", language),)] if row["variant"] else []
        parts += [(names.groups.get(row["group"], row["group"]), row["group"])] if row["group"] else []
        values: dict[str, Value] = {name: None if pd.isna(row[name]) else int(row[name]) for name in _COUNTS}
        values |= {name: share(row[part], row[whole]) for name, (part, whole) in _SHARES.items()}
        for name, value in values.items():
            yield f"{key}.{name}{beside}", _figure(value, "figures.csv", *parts, titles[name])


def _standard(standard: str, names: Named) -> tuple[str, ...]:
    """Return what a standard may be called; where all decide together nothing need be said."""
    title = standard_title(standard, names)
    return (title, standard) if standard else (title, say("formkey.decided", names.language), "")


def _titles(name: str, language: Language) -> tuple[str, ...]:
    """Return what a column may be called: in full, and as the ledger heads it; 人口 alone would be that of all."""
    full = (say(f"formkey.{name}", language),) if f"formkey.{name}" in sentences() else ()
    return (*full, *((say(f"ledger.column.{name}", language),) if name != "people" else ()))


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
        what = (_scope(one.scope, language), (one.name, one.checklist))
        for name, value in values.items():
            key = f"{one.level}{scope}.checklist.{one.checklist}.{name}"
            yield key, _figure(value, "audit.json", *what, (say(f"ledger.figure.{name}", language),))
    for grant in found.granted.figures:
        scope = f".{grant.scope}" if grant.scope else ""
        grade = f".{grant.grade}" if grant.grade else ""
        of_grade = ((grant.grade,),) if grant.grade else ()
        told = (_scope(grant.scope, language), (grant.name, grant.grant), *of_grade)
        for name, amount in (("communities", grant.communities), ("yuan", grant.yuan)):
            key = f"{grant.level}{scope}.grant.{grant.grant}{grade}.{name}"
            yield key, _figure(amount, "audit.json", *told, (say(f"ledger.figure.{name}", language),))


def _plan(found: Yearly) -> Iterator[tuple[str, Figure]]:
    """Yield what the plan still takes until its last year; blank without one, sought, that meets the goals."""
    language = found.inputs.scenario.language
    planned = found.missing["status"] in {"optimal", "gap"} and not found.missing.get("given")
    last = found.missing["years"][-1] if planned and found.missing["years"] else {}
    for name in ("count", "cost_once_yuan", "cost_yearly_yuan"):
        yield f"plan.{name}", _figure(last.get(name), "audit.json", (say(f"ledger.figure.plan_{name}", language),))
