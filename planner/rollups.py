"""The roll-up of the ledger by city, district and town (clause B5), and the figures beside the deciding ones."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.figures import permille_down
from planner.standings import DECIDED
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.communityledger import Named
    from planner.terms import Language

PEOPLE = ("people", "unjudged", "covered")
"""People that can be judged, that cannot, and of the first those within reach: they stand together wherever they do."""

Last = tuple[int, int]
"""Communities met and assessable last year."""


def share(part: Any, whole: Any) -> Fraction | None:
    """Return an exact share, which is rounded down where it is printed; blank where nobody can be judged."""
    if pd.isna(part) or pd.isna(whole) or not int(whole):
        return None
    return Fraction(int(part), int(whole))


def points_text(tenths: int) -> str:
    """Change in percentage points with its sign, of tenths of a point."""
    return f"{'+' if tenths > 0 else '-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}"


def rollup(
    figures: pd.DataFrame,
    level: str,
    decides: Sequence[str],
    without_outlet: Mapping[str, int | None],
    checklists: Mapping[str, Mapping[str, Fraction | None]],
    last: Mapping[str, Last],
) -> pd.DataFrame:
    """Say how districts or towns stand (表1), one row each, and the whole city below them.

    Parameters
    ----------
    figures
        The figures of the audit.
    level
        ``district`` or ``town``.
    decides
        Ids of the deciding standards, in order.
    without_outlet
        Scope -> communities without an outlet of their own; None where that is not known of all.
    checklists
        Id of a checklist -> scope -> its rate.
    last
        Scope -> what last year's figures were; empty without last year.

    Returns
    -------
    table
        Columns district (and town), communities, assessable, met.<standard>, met, rate, rate_last, change,
        without_outlet, checklist.<id>, unassessable, near_limit, people, unjudged, covered, share. Rates are of the
        assessable, people of those that can be judged.
    """
    rows = _deciding(figures, level)
    rows = pd.concat([rows, _deciding(figures, "city")], ignore_index=True)
    kinds = figures[(figures["variant"] == "") & (figures["group"] == "")]
    met = kinds.set_index(["level", "scope", "standard"])["met"]
    found = []
    for row in rows.to_dict("records"):
        scope, old = str(row["scope"]), last.get(str(row["scope"]))
        district, _, town = scope.rpartition("/") if level == "town" else (scope, "", "")
        found.append(
            {
                "district": district,
                **({"town": town} if level == "town" else {}),
                "communities": row["communities"],
                "assessable": row["assessable"],
                **{f"met.{one}": met.get((row["level"], scope, one)) for one in decides},
                "met": row["met"],
                "rate": share(row["met"], row["assessable"]),
                "rate_last": share(*old) if old else None,
                "change": _change((row["met"], row["assessable"]), old),
                "without_outlet": without_outlet.get(scope),
                **{f"checklist.{key}": rates.get(scope) for key, rates in checklists.items()},
                "unassessable": row["unassessable"],
                "near_limit": row["near_limit"],
                **{name: row[name] for name in PEOPLE},
                "share": share(row["covered"], row["people"]),
            }
        )
    return _plain(pd.DataFrame(found, dtype=object))


def _deciding(figures: pd.DataFrame, level: str) -> pd.DataFrame:
    keep = (figures["level"] == level) & (figures["standard"] == DECIDED)
    return figures[keep & (figures["variant"] == "") & (figures["group"] == "")]


def _change(now: tuple[Any, Any], old: Last | None) -> float | None:
    """Difference of two printed rates in percentage points."""
    if old is None or not old[1] or not now[1]:
        return None
    return (permille_down(int(now[0]), int(now[1])) - permille_down(*old)) / 10


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    plain = table.astype(object)
    return plain.where(plain.notna(), None)


def levels_shown(named: Named) -> tuple[str, ...]:
    """Levels of tables by scope: the districts of a city; where one place is audited, that alone."""
    return ("city",) if named.place else ("city", "district")


def beside(figures: pd.DataFrame, named: Named) -> pd.DataFrame:
    """List the deciding figures and, beside each, what other ways of counting give (参考).

    Returns
    -------
    table
        Columns scope, standard, variant, deciding (是 where it decides), assessable, met, rate, people, unjudged,
        covered, share.
    """
    rows = figures[figures["level"].isin(levels_shown(named)) & (figures["group"] == "")]
    language = named.language
    return _plain(
        pd.DataFrame(
            {
                "scope": [scope_title(scope, language, named.place) for scope in rows["scope"]],
                "standard": [standard_title(one, named) for one in rows["standard"]],
                "variant": [say(f"ledger.variant.{one}", language) for one in rows["variant"]],
                "deciding": [say("ledger.no" if one else "ledger.yes", language) for one in rows["variant"]],
                **{name: rows[name].to_numpy() for name in ("assessable", "met")},
                "rate": [share(*pair) for pair in zip(rows["met"], rows["assessable"], strict=True)],
                **{name: rows[name].to_numpy() for name in PEOPLE},
                "share": [share(*pair) for pair in zip(rows["covered"], rows["people"], strict=True)],
            }
        )
    )


def by_group(figures: pd.DataFrame, named: Named) -> pd.DataFrame:
    """List people reached by group (clause W10), in the city and every district.

    Returns
    -------
    table
        Columns scope, standard, group, people, unjudged, covered, share.
    """
    keep = figures["level"].isin(levels_shown(named)) & (figures["variant"] == "")
    rows = figures[keep]
    everybody = say("ledger.everybody", named.language)
    return _plain(
        pd.DataFrame(
            {
                "scope": [scope_title(scope, named.language, named.place) for scope in rows["scope"]],
                "standard": [standard_title(one, named) for one in rows["standard"]],
                "group": [named.groups.get(one, one) if one else everybody for one in rows["group"]],
                **{name: rows[name].to_numpy() for name in PEOPLE},
                "share": [share(*pair) for pair in zip(rows["covered"], rows["people"], strict=True)],
            }
        )
    )


def place_name(units: pd.DataFrame) -> str:
    """Name the one place where all communities with people lie: a town with its district, a district; else empty.

    Parameters
    ----------
    units
        Facts of the communities: people, district, town.
    """
    homes = units.loc[units["people"] > 0, ["district", "town"]].drop_duplicates()
    districts, towns = homes["district"].unique().tolist(), homes["town"].unique().tolist()
    if len(districts) != 1:
        return ""
    return f"{districts[0]}{towns[0] if len(towns) == 1 else ''}"


def scope_title(scope: str, language: Language, place: str = "") -> str:
    """Return what a scope is called: its name, or the whole city; that of one place (`place_name`) by its own name."""
    return scope or place or say("ledger.whole_city", language)


def standard_title(standard: str, named: Named) -> str:
    """Return what a standard is called, or the deciding ones together."""
    return named.standards[standard] if standard else say("ledger.decided", named.language)
