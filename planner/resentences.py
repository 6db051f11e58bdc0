"""The sentences of 概况 for `verify`: outlets, how communities stand, who cannot be judged, and who is left out.

Each is put together again from the figures that were found. Where sentences of other kinds stand there as well, they
are not compared, and the report says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from python_calamine import CalamineWorkbook

from planner.recomputed import Figure
from planner.reoutlets import outlet_counts
from planner.words import say, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.recomputed import Recomputed
    from planner.reinputs import Read, Rule
    from planner.reresult import Result
    from planner.terms import Language

    Counts = Mapping[tuple[str, str, str, str, str], Mapping[str, int | None]]

BOOK = "ledger.xlsx"
_KINDS = (
    "outlets", "outlets_since", "without_outlet", "standing", "together", "none_judged", "unassessable",
    "unassessable_by", "near_limit", "left_out",
)  # fmt: skip


def sentence_figures(
    again: Recomputed,
    result: Result,
    decides: Sequence[str],
    counts: Counts,
    left_out: Mapping[str, Any],
    titles: Mapping[str, str],
) -> Iterator[Figure]:
    """Yield each sentence that follows from the figures beside what stands in its place, and those that do not follow.

    A line may go on behind a sentence: what it adds is not compared.

    Parameters
    ----------
    again, result
        What was recomputed, and the folder.
    decides
        Deciding standards.
    counts
        The figures of the audit by level, scope, standard, variant and group.
    left_out
        Communities that do not meet, and people who live there.
    titles
        What each standard for residents is called.
    """
    language: Language = result.run["language"]
    name = say("ledgerbook.sheet.overview", language)
    path = result.folder / BOOK
    if not path.exists():
        return
    with CalamineWorkbook.from_path(str(path)) as book:
        page = book.get_sheet_by_name(name).to_python() if name in book.sheet_names else []
    lines = [str(row[0]) for row in page if row and row[0]]
    found = list(_sentences(again.read, result.run, decides, counts, left_out, titles, language))
    told = tuple(text for _, text in found)
    for kind in _KINDS:
        template = re.escape(sentences()[f"audit.{kind}"][language])
        pattern = re.compile(re.sub(r"\\\{[a-z_]+\\\}", "(.*)", template), re.DOTALL)
        other = [line for line in lines if pattern.match(line) and not line.startswith(told)]
        for text in (text for key, text in found if key == kind):
            line = next((line for line in lines if line.startswith(text)), None)
            written = next(iter(other), "") if line is None else text
            other = other[1:] if line is None else other
            yield Figure(f"{BOOK} {name}", "", "", written, text, same=line is not None)
        for line in other:
            yield Figure(f"{BOOK} {name}", "", "", line, "", same=False)


def _sentences(
    read: Read,
    run: Mapping[str, Any],
    decides: Sequence[str],
    counts: Counts,
    left_out: Mapping[str, Any],
    titles: Mapping[str, str],
    language: Language,
) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each sentence; outlets opened and closed since last year are the record's own."""

    def line(kind: str, **values: object) -> tuple[str, str]:
        return kind, say(f"audit.{kind}", language, **values)

    outlets, since = outlet_counts(read), (run["changes"] or {}).get("outlets")
    day = read.scenario["data_date"].isoformat()
    yield line("outlets_since" if since else "outlets", date=day, **{**outlets, **(since or {})})
    if outlets["communities_without"]:
        yield line("without_outlet", count=outlets["communities_without"])
    for rule in (rule for name in decides for rule in read.rules if rule.id == name):
        row = counts.get(("city", "", rule.id, "", ""))
        if row is not None:
            yield line("standing", **_standing(read, rule, row, counts, titles.get(rule.id, rule.id), language))
    whole = counts.get(("city", "", "", "", ""))
    if whole is None:
        yield line("none_judged")
        return
    if len(decides) > 1:
        yield line("together", **_values(whole))
    if whole["unassessable"]:
        by = read.scenario.get("audit", {}).get("check_by")
        yield line("unassessable_by" if by else "unassessable", count=whole["unassessable"], date=by)
    if whole["near_limit"]:
        yield line("near_limit", count=whole["near_limit"])
    if left_out["communities"]:
        yield line("left_out", **{key: left_out[key] for key in ("communities", "people")})


def _standing(
    read: Read, rule: Rule, row: Mapping[str, int | None], counts: Counts, name: str, language: Language
) -> dict[str, Any]:
    """Return the values of the sentence on one standard."""
    section = next(one for one in read.scenario["standard"] if one["id"] == rule.id)
    metric, other = "straight" if rule.straight else "road", counts.get(("city", "", rule.id, "other-metric", ""))
    beside = ""
    if other is not None:
        beside = say(f"audit.beside_{metric}", language, rate=_percent(other["met"], other["assessable"]))
    how = say(f"audit.how.{metric}", language)
    if rule.mode == "drive" and not rule.straight:
        how = say("audit.how.drive", language)
    elif "minutes" in section:
        kph = f"{float(read.scenario['roads'].get('walk_kph', 4.0)):g}"
        how = say("audit.how.walk", language, walk_kph=kph, metric=how)
    who = say(f"audit.who.{rule.setting or 'all'}", language)
    return {"name": name, "how": how, "who": who, "beside": beside, **_values(row)}


def _values(row: Mapping[str, int | None]) -> dict[str, Any]:
    shares = {"rate": _percent(row["met"], row["assessable"]), "share": _percent(row["covered"], row["people"])}
    return {"met": row["met"], "assessable": row["assessable"], **shares}


def _percent(part: int | None, whole: int | None) -> str:
    """Return a share as sentences print it: rounded down to a tenth of a percent."""
    if part is None or not whole:
        return "—"
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10}%"
