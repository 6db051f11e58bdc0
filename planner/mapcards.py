"""What the card of a site on the map tells: what is built there, why, what comes second, whom its closing hurts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.figures import money
from planner.siteforms import about_plan, runner_up
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.mapdata import MapLabels
    from planner.terms import Language

    Row = Mapping[str, Any]
    Part = dict[str, Any]


def site_cards(record: Row, site_ids: Sequence[str], states: Sequence[str], labels: MapLabels) -> list[list[Part]]:
    """Return the parts of each site's card, from the record alone.

    Parameters
    ----------
    record
        The content of ``run.json``.
    site_ids, states
        Of each site on the map, as `page.site_layer` takes them.
    labels
        Names and language.

    Returns
    -------
    cards
        Of each site its parts: ``title``, ``facts`` (pairs of a label and a value) and ``lines`` (sentences). A planned
        site has what is built there, why, and what comes second; one of today whom its closing would hurt most, where
        the record says so; a candidate in whose place it came second.
    """
    opened = record.get("plan", {}).get("opened", ())
    hurts = [row for row in record.get("plan", {}).get("hurts_most", ()) if row["state"] == "today"]

    def parts(site_id: str, state: str) -> Iterator[Part]:
        if state == "planned":
            here = [row for row in opened if row["site_id"] == site_id]
            for row in here:
                title = str(row["type_name"]) if len(here) > 1 else ""
                yield from _planned(row, title, record, labels.language)
        elif state == "today":
            yield from _closing([row for row in hurts if row["site_id"] == site_id], record, labels)
        elif state == "candidate":
            yield from _second([row for row in opened if row.get("runner_up_site_id") == site_id], labels.language)

    return [list(parts(site_id, state)) for site_id, state in zip(site_ids, states, strict=True)]


def _part(title: str, facts: Sequence[tuple[str, str]] = (), lines: Sequence[str] = ()) -> Part:
    return {"title": title, "facts": [[name, value] for name, value in facts if value], "lines": list(lines)}


# ---- a planned site ----


def _planned(row: Row, title: str, record: Row, language: Language) -> Iterator[Part]:
    def people(key: str) -> str:
        return say("map.persons", language, n=f"{row[key]:,}") if row.get(key) is not None else ""

    def yuan(key: str) -> str:
        if f"cost_{key}_yuan" not in row:
            return ""
        amount = money(row[f"cost_{key}_yuan"], language)
        return say("mapcard.estimated", language, money=amount) if row.get(f"estimated_{key}") else amount

    facts = [
        (say("mapcard.host", language), row.get("host") or ""),
        (say("mapcard.method", language), row.get("build_method") or ""),
        (say("map.once", language), yuan("once")),
        (say("map.yearly", language), yuan("yearly")),
        (say("mapcard.funding", language), row.get("funding") or ""),
        (say("mapcard.year", language), str(row.get("year") or "")),
        (say("mapcard.reaches", language), people("people")),
        (say("mapcard.newly", language), people("newly_covered")),
        (say("mapcard.only", language), people("only_people")),
    ]
    yield _part(title, facts)
    if why := row.get("why"):
        yield _part(say("mapcard.why", language), lines=why)
    if second := _second_best(row, record, language):
        yield _part(say("mapcard.second", language), lines=[second])


def _second_best(row: Row, record: Row, language: Language) -> str:
    """Say what comes second, in the words of the site's own page."""
    return runner_up(row, **about_plan(record), language=language)


# ---- the others ----


def _closing(rows: Sequence[Row], record: Row, labels: MapLabels) -> Iterator[Part]:
    """Say whom the closing of an outlet would hurt; in a straight line nobody has looked where they would go."""
    language = labels.language
    known = record.get("sites", {}).get("names_hurt", {})
    checked = record.get("demand", {}).get("checked")  # then others may lose cover than those whose nearest it is
    lines = []
    for row in rows:
        standard = labels.standard_names.get(row["standard"], row["standard"])
        values = {"nearest": f"{row['people_nearest']:,}", "losing": f"{row['people_losing']:,}"}
        word = "mapcard.closing_checked" if checked else "mapcard.closing"
        lines.append(say(word, language, standard=standard, **values))
        if to := row["losing_to_site_id"]:
            going = {"n": f"{row['losing_people_to']:,}", "metres": f"{row['losing_more_m']:,.0f}"}
            lines.append(say("mapcard.going", language, name=known.get(to, to), **going))
    if lines:
        yield _part(say("mapcard.if_closed", language), lines=lines)


def _second(rows: Sequence[Row], language: Language) -> Iterator[Part]:
    if rows:
        names = listed(dict.fromkeys(str(row["name"]) for row in rows), language)
        yield _part(say("mapcard.candidate", language), lines=[say("mapcard.second_to", language, names=names)])
