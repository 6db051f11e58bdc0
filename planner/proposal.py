"""The siting proposal (选址方案) as a document: put together from run.json and the pictures, and from nothing else."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner import proposalbasis, proposaleffect, proposallines, proposaloptions, proposalsites, proposaltables
from planner.blocks import Document, Heading, PageBreak, Paragraph, Picture, Table
from planner.proposalfigures import date_words, reading
from planner.proposalsources import counting, doubts, map_lines, parameters, sources
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.blocks import Block
    from planner.proposalfigures import Reading
    from planner.terms import Language

_TAIL = re.compile(r"\s*[（(][^（()）]*[)）]\s*$")
_ENDS = ("方案", "proposal", "plan")


def proposal(run: Mapping[str, Any], pictures: Sequence[Picture]) -> Document:
    """Write the siting proposal of a run.

    Parameters
    ----------
    run
        The content of run.json, with its `effect`. `document` (maker, review_number, note) is read where it is there.
    pictures
        Its maps, with captions that carry no number.

    Returns
    -------
    document
        Eight parts, three annexed tables, and the pictures. Every figure in it stands in `run`.
    """
    told = reading(run)
    language, about = told.language, run.get("document", {})
    body = [
        Paragraph(proposallines.summary(told)),
        *_situation(told),
        *_plan(told, bool(pictures)),
        *_effect(told),
        *_options(told),
        *_left(told),
        *_sources(told),
    ]
    annexes = [*_annexes(told, pictures)]
    body += [*_signed(told, annexes)]
    return Document(
        title=title_of(run["title"], language),
        subtitle=say("proposal.subtitle", language, date=date_words(run["data_date"], language)),
        blocks=(*_numbered(body, language), *annexes),
        language=language,
        date=dt.date.fromisoformat(run["data_date"]),
        maker=about.get("maker", ""),
        footer=say("proposal.footer", language, attribution=run["attribution"]),
    )


def title_of(title: str, language: Language) -> str:
    """Return the title of a proposal: it says 方案 once, whatever stands in brackets after it."""
    bare = _TAIL.sub("", title).rstrip()
    return title if bare.lower().endswith(_ENDS) else say("proposal.title", language, title=title)


def _body(lines: Iterable[str]) -> Iterator[Block]:
    yield from (Paragraph(line) for line in lines)


def _notes(lines: Iterable[str]) -> Iterator[Block]:
    yield from (Paragraph(line, "note") for line in lines)


def _part(told: Reading, key: str, level: int = 1) -> Heading:
    return Heading(1 if level == 1 else 2, say(f"proposal.heading.{key}", told.language))


def _tabled(table: Table | None) -> Iterator[Block]:
    if table is not None:
        yield table


def _numbered(blocks: Iterable[Block], language: Language) -> Iterator[Block]:
    """Give the tables between sentences their numbers, in the order in which they stand."""
    number = 0
    for block in blocks:
        if isinstance(block, Table):
            number += 1
            caption = say("proposal.caption.table", language, number=str(number), caption=block.caption)
            yield replace(block, caption=caption)
        else:
            yield block


def _situation(told: Reading) -> Iterator[Block]:
    """Say what stands, what the standards are, and what is missing: parts one to three."""
    yield _part(told, "today")
    yield from _body(proposallines.today(told))
    yield _part(told, "basis")
    yield _part(told, "policy", 2)
    yield from _body(proposalbasis.documents(told))
    yield from (Paragraph(line, "quote") for line in proposalbasis.clauses(told))
    yield _part(told, "standards", 2)
    yield from _body(proposalbasis.standards(told))
    if told.run.get("policy"):
        rows, own = [*proposalbasis.values_left_open(told)], [*proposalbasis.own_values(told)]
        if rows or own:
            yield _part(told, "open", 2)
        if rows:
            yield proposaltables.left_open(told, rows)
        yield from _body(own)
        yield Paragraph(say(f"proposal.basis.{'rest' if rows else 'nothing'}_open", told.language))
    yield _part(told, "gap")
    yield from _body(proposallines.gap(told))


def _plan(told: Reading, pictured: bool) -> Iterator[Block]:  # noqa: FBT001
    """Say what is built, for how much, how it was chosen, and how far the goals are met: part four."""
    yield _part(told, "plan")
    if not told.planned:
        yield Paragraph(proposallines.summary(told))
    else:
        yield _part(told, "built", 2)
        yield from _body(proposaloptions.built(told))
        if told.plan["opened"]:
            key = "proposal.built.list" if pictured else "proposal.built.list_only"
            yield Paragraph(say(key, told.language))
            yield _part(told, "money", 2)
            yield from _body(proposaloptions.costs(told))
            yield from _tabled(proposaltables.spending(told))
        yield _part(told, "method", 2)
        yield from _body(proposaloptions.method(told))
    if told.goals or told.plan.get("rules_broken"):
        yield _part(told, "goals", 2)
        yield from _body(proposaloptions.goals(told))
        yield from _body(proposallines.requirements(told))
        yield from _tabled(proposaltables.goals(told))


def _effect(told: Reading) -> Iterator[Block]:
    """Say what the plan does: part five."""
    yield _part(told, "effect")
    if not told.planned:
        yield Paragraph(say("proposal.effect.none", told.language))
        return
    yield _part(told, "whole", 2)
    yield from _body(proposaleffect.effect(told))
    yield from _tabled(proposaltables.standards(told))
    yield _part(told, "districts", 2)
    yield from _body(proposaleffect.effect_by_district(told))
    yield _part(told, "groups", 2)
    groups = [*proposaleffect.effect_by_group(told)]
    yield from _body(groups or [say("proposal.effect.no_groups", told.language)])


def _options(told: Reading) -> Iterator[Block]:
    """Say what else was weighed, and what closing an outlet hurts: part six."""
    yield _part(told, "options")
    if told.planned:
        yield _part(told, "others", 2)
        yield from _body(proposaloptions.other_plans(told))
        yield _part(told, "swaps", 2)
        yield from _body(proposaloptions.swaps(told))
        yield _part(told, "closing", 2)
    yield from _body(proposaloptions.closing(told))


def _left(told: Reading) -> Iterator[Block]:
    """Say what stays uncovered, and what is done about it: part seven."""
    yield _part(told, "left")
    yield from _body(proposallines.left(told))


def _sources(told: Reading) -> Iterator[Block]:
    """Say how it was counted, from what, and what is doubtful: part eight."""
    yield _part(told, "sources")
    yield _part(told, "counting", 2)
    yield from _body(counting(told))
    yield _part(told, "parameters", 2)
    yield from _body(parameters(told))
    yield _part(told, "inputs", 2)
    yield from _body(sources(told))
    yield proposaltables.inputs(told)
    yield _part(told, "map", 2)
    yield from _body(map_lines(told))
    yield _part(told, "doubts", 2)
    yield from _body(doubts(told))


def _signed(told: Reading, annexes: Sequence[Block]) -> Iterator[Block]:
    """List what is annexed, and leave the place of the signature and its date to a pen: the data date is none."""
    maker = told.run.get("document", {}).get("maker", "")
    captions = [block.caption.partition("\n")[0] for block in annexes if isinstance(block, (Table, Picture))]
    names = say("proposal.then", told.language).join(captions)
    yield Paragraph(say("proposal.annexed", told.language, names=names))
    yield Paragraph(maker or say("proposal.signed_by", told.language), "right")
    yield Paragraph(say("proposal.signed_on", told.language), "right")


def _annexes(told: Reading, pictures: Sequence[Picture]) -> Iterator[Block]:
    """Return the tables and pictures that the text names, each after its number."""
    yield PageBreak()
    yield proposaltables.districts(told)
    if told.plan["opened"]:
        yield proposalsites.sites(told)
    else:
        yield from _notes([_empty(told, "sites")])
    yield from _tabled(table := proposaltables.communities(told))
    if table is None:
        yield from _notes([_empty(told, "communities")])
    if pictures:
        yield PageBreak()
    for number, picture in enumerate(pictures, start=1):
        words = say("proposal.caption.picture", told.language, number=str(number), caption=picture.caption)
        yield replace(picture, caption=_map_foot(told, words))


def _map_foot(told: Reading, caption: str) -> str:
    """Put under the caption of a map who made it, its review number and its date; what is not given is for a pen."""
    language, about = told.language, told.run.get("document", {})
    blank = say("proposal.to_fill", language)
    return say(
        "proposal.map_foot",
        language,
        caption=caption,
        number=about.get("review_number") or blank,
        maker=about.get("maker") or blank,
        date=date_words(told.run["data_date"], language),
        note=about.get("note") or say("note.document", language),
    )


def _empty(told: Reading, key: str) -> str:
    caption = say(f"proposal.caption.{key}", told.language)
    return f"{caption}{say('proposal.colon', told.language)}{say(f'proposal.note.{key}_none', told.language)}"
