"""What changed since last year as outputs tell it: changes.csv, ledger columns, a part of audit.json, sentences."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.candidates import outlets as sites_of
from planner.changes import CHANGE, COUNTS, LAST, NOW, SHARES
from planner.crosswalk import GONE, MERGED, NEW, RECODED, SPLIT, tokens
from planner.figures import percent
from planner.hashing import sha256_of
from planner.previous import MARK, folder_of
from planner.rollups import points_text
from planner.sourcelist import shown_path
from planner.standings import DECIDED
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.changes import Changes
    from planner.inputs import Inputs
    from planner.standards import Standard
    from planner.tables import Table
    from planner.terms import Language

_KINDS = (MERGED, SPLIT, RECODED, NEW, GONE)
_RULES = ("standards", "parameters")
"""Causes that sentence 5 of the report tells as one."""


def changes_table(changes: Changes, language: Language) -> pd.DataFrame:
    """Return the content of changes.csv: one row for each community of this year, then those that are gone.

    Returns
    -------
    table
        Columns unit_id, old_codes, name, district, town, kind, setting_before, setting, state_before, state (words of
        the program), causes (``roads:met>unmet``, joined by ``;``), told (the same as a sentence, in `language`).
    """
    rows = changes.communities
    codes = [";".join(f"{cause}:{one}>{other}" for cause, one, other in told) for told in rows["causes"]]
    return rows.assign(causes=codes, told=_all_told(rows, language))


def ledger_columns(changes: Changes, language: Language) -> pd.DataFrame:
    """Return what the ledger of communities says of last year: index unit_id; old_codes, last_verdict, cause."""
    rows = changes.communities[changes.communities["unit_id"] != ""]
    told = _all_told(rows, language)
    last = [
        states_in_words(state, language) if olds else ""
        for state, olds in rows[["state_before", "old_codes"]].to_numpy()
    ]
    columns = {"old_codes": rows["old_codes"].to_numpy(), "last_verdict": last, "cause": told}
    return pd.DataFrame(columns, index=pd.Index(rows["unit_id"], name="unit_id"))


def states_in_words(states: str, language: Language) -> str:
    """Return a state, or several joined by ``;``, in words."""
    return listed([say(f"changes.state.{one or 'absent'}", language) for one in states.split(";")], language)


def _all_told(rows: pd.DataFrame, language: Language) -> list[str]:
    return [_told({str(name): value for name, value in row.items()}, language) for row in rows.to_dict("records")]


def _told(row: Mapping[str, Any], language: Language) -> str:
    """Say what became of a community, whether its setting turned, and which cause turned its verdict."""
    parts = []
    if row["kind"] in _KINDS:
        parts.append(say(f"changes.kind.{row['kind']}", language))
    if row["setting_before"] and row["setting"] and row["setting_before"] != row["setting"]:
        both = (
            listed([say(f"changes.setting.{one}", language) for one in text.split(";")], language)
            for text in (row["setting_before"], row["setting"])
        )
        parts.append(say("changes.setting_turned", language, **dict(zip(("before", "after"), both, strict=True))))
    for cause, one, other in row["causes"]:
        name = say(f"changes.cause.{cause}", language)
        before, after = (states_in_words(state, language) for state in (one, other))
        parts.append(say("changes.turned", language, cause=name, before=before, after=after))
    return say("changes.join", language).join(parts)


# --- the record --------------------------------------------------------------------------------------------------


def record(changes: Changes, old: Inputs | None, new: Inputs) -> dict[str, Any]:
    """Return the part ``changes`` of audit.json.

    Parameters
    ----------
    changes
        What changed.
    old, new
        Inputs of last year (None where there is only a ledger) and of this year.

    Returns
    -------
    record
        against (``result`` or ``ledger``); last (scenario, data_date and planner of last year, path: its
        folder as this year's scenario names it, and sha256 of its record); causes, in order;
        figures (city and districts: counts and printed rates in tenths of a percent of last year, of each cause, of the
        change and of now; null where not known); communities (how many of each kind, and how many whose verdict
        turned); unlisted (codes that came or went without a line of the crosswalk); outlets (in operation now and last
        year, opened, closed); settings (parameters, before and after, where they are others); differs (figures of last
        year that are others when recomputed).
    """
    rows = changes.communities
    last, folder = None, folder_of(new.loaded)
    if folder is not None:
        last = {key: changes.last.get(key) for key in ("scenario", "data_date", "planner")}
        last |= {"path": shown_path(str(folder), new.loaded.folder), "sha256": sha256_of(folder / MARK)}
    kinds = rows["kind"].value_counts()
    turned = int((rows["causes"].map(len) > 0).sum())
    return {
        "against": "result" if old is not None else "ledger",
        "last": last,
        "causes": list(changes.causes),
        "figures": list(_figure_records(changes)),
        "communities": {**{kind: int(kinds.get(kind, 0)) for kind in _KINDS}, "turned": turned},
        "unlisted": {"new": list(changes.known.unlisted_new), "gone": list(changes.known.unlisted_gone)},
        "outlets": None if old is None else outlets(old, new),
        "settings": [] if old is None else _settings(old, new),
        "differs": [
            {
                "standard": standard,
                "met": said[0],
                "assessable": said[1],
                "met_again": now[0],
                "assessable_again": now[1],
            }
            for standard, said, now in changes.differs
        ],
    }


def _figure_records(changes: Changes) -> Iterator[dict[str, Any]]:
    rows = changes.figures[changes.figures["level"] != "town"]
    for row in rows.to_dict("records"):
        counts = {name: None if pd.isna(row[name]) else int(row[name]) for name in (*COUNTS, *SHARES)}
        yield {**{name: row[name] for name in ("level", "scope", "standard", "cause")}, **counts}


def outlets(old: Inputs, new: Inputs) -> dict[str, int]:
    """Count outlets in operation in both years, those of this year only (opened) and of last year only (closed)."""
    then, now = (_standing(inputs.sites) for inputs in (old, new))
    return {"last": len(then), "now": len(now), "opened": len(now - then), "closed": len(then - now)}


def _standing(table: Table) -> set[str]:
    """Return by what the outlets in operation are known from year to year; see `planner.crosswalk.tokens`."""
    names = tokens(table.frame, table.origin, "site_id")
    fixed = sites_of(table.frame)
    standing = fixed.loc[fixed["open_today"].to_numpy(dtype=bool), "site_id"]
    return {names.get(name, f"?{name}") for name in standing}


def _settings(old: Inputs, new: Inputs) -> list[dict[str, Any]]:
    """List parameters and standards that are others than last year."""
    before, after = (
        {
            **{f"roads.{name}": _number(getattr(one.scenario.roads, name)) for name in _ROADS},
            **{
                f"roads.class_kph.{name}": _number(kph) for name, kph in one.scenario.roads.class_kph if kph is not None
            },
            "demand.community_rule": _number(one.scenario.demand.community_rule),
            "audit.decides": " ".join(one.scenario.audit.decides),
            **{f"standard.{item.id}": _standard(item) for item in one.standards},
        }
        for one in (old, new)
    )
    names = dict.fromkeys([*before, *after])
    pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    return [{"key": name, "last": one, "now": other} for name, one, other in pairs if one != other]


_ROADS = ("walk_kph", "drive_factor", "snap_max_m", "island_min_m")


def _number(value: Decimal) -> str:
    """Return a number so that 4 and 4.0 read alike."""
    return f"{value.normalize():f}"


def _standard(item: Standard) -> str:
    cutoff = f"{_number(item.minutes)} min" if item.minutes is not None else f"{_number(item.km or Decimal(0))} km"
    return " ".join([item.setting or "all", item.layer, item.mode, item.metric, cutoff, ";".join(item.served_by)])


# --- sentences ---------------------------------------------------------------------------------------------------


def sentences(told: Mapping[str, Any], names: Mapping[str, str], language: Language) -> list[str]:
    """Say what changed: the rates with their causes (sentence 5 of the report), communities, units and outlets.

    Parameters
    ----------
    told
        The record (`record`).
    names
        Standards by id, in words.
    language
        Of the sentences.
    """
    lines = []
    city = [row for row in told["figures"] if row["level"] == "city"]
    by_standard: dict[str, dict[str, Any]] = {}
    for row in city:
        by_standard.setdefault(row["standard"], {})[row["cause"]] = row
    for standard, rows in by_standard.items():
        if standard == DECIDED and _said_by_one(rows, by_standard):
            continue
        lines.append(_rate(rows, told["causes"], under(standard, names, language), language))
        if rows[NOW]["assessable"]:
            lines.append(_counts(rows, language))
    units = [(kind, told["communities"][kind]) for kind in _KINDS if told["communities"][kind]]
    if units:
        parts = [say(f"changes.units_{kind}", language, count=count) for kind, count in units]
        lines.append(say("changes.units", language, parts=listed(parts, language)))
    for one in told["differs"]:
        name = under(one["standard"], names, language)
        values = {"met": one["met_again"], "assessable": one["assessable_again"]}
        lines.append(
            say("changes.differs", language, under=name, said_met=one["met"], said=one["assessable"], **values)
        )
    return lines


def under(standard: str, names: Mapping[str, str], language: Language) -> str:
    """Begin a sentence: under which standard it speaks, or under all deciding ones together."""
    if standard == DECIDED:
        return say("changes.decided", language)
    return say("changes.under", language, standard=names.get(standard, standard))


def _said_by_one(whole: Mapping[str, Any], by_standard: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether one standard says all that the deciding ones together say."""
    asked = {"standard": DECIDED}
    others = (rows for standard, rows in by_standard.items() if standard != DECIDED)
    return any({cause: row | asked for cause, row in rows.items()} == whole for rows in others)


def _rate(rows: Mapping[str, Mapping[str, Any]], causes: list[str], said: str, language: Language) -> str:
    """Say how a rate changed, and which causes moved it; standards and parameters are one cause there."""
    now = rows[NOW]
    if not now["assessable"]:
        return say("changes.rate_gone", language, under=said)
    values = {"under": said, "now": percent(now["met"], now["assessable"])}
    change = rows[CHANGE]["rate_tenths"]
    if change is None:
        return say("changes.rate_new", language, **values)
    values["last"] = percent(rows[LAST]["met"], rows[LAST]["assessable"])
    parts = [(cause, rows[cause]["rate_tenths"]) for cause in causes if cause not in _RULES]
    if set(_RULES) <= set(causes):
        at = sum(cause in ("roads", "people", "units", "sites") for cause in causes)
        parts.insert(at, ("rules", sum(rows[cause]["rate_tenths"] for cause in _RULES)))
    told = [
        say("changes.part", language, cause=say(f"changes.cause.{cause}", language), points=points_text(tenths))
        for cause, tenths in parts
        if tenths
    ]
    if not told:
        return say("changes.rate_same", language, **values)
    return say("changes.rate", language, **values, change=points_text(change), parts=listed(told, language))


def _counts(rows: Mapping[str, Mapping[str, Any]], language: Language) -> str:
    """Say how many communities can be judged and meet it, each with what came or went where anything did."""
    values: dict[str, object] = {}
    for name in ("assessable", "met"):
        more = rows[CHANGE][name]
        way = "more" if more > 0 else "fewer" if more < 0 else ""
        values[name] = rows[NOW][name]
        values[f"{name}_change"] = say(f"changes.{way}", language, count=abs(more)) if way else ""
    return say("changes.communities", language, **values)
