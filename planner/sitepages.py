"""One page a planned site (一点一表一图): its table, its map, why it is chosen, and room for the owner's consent."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner.blocks import Document, Heading, PageBreak, Picture
from planner.siteforms import about_plan, facts, plain, type_of, verdict
from planner.words import say
from planner.wordstyles import MM_PER_POINT, STYLES, TEXT_MM, form_mm, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planner.blocks import Block, Form
    from planner.terms import Language

_SLACK_MM = 8.0
"""Left free at the foot of a page: lines break a little differently in every program."""

_LEAST_PICTURE_CM = 4.5
"""A map that is lower shows nothing; where names are so long that it does not fit, the page runs on to a second one."""


def site_pages(run: Mapping[str, Any], pictures: Mapping[str, Picture]) -> Document:
    """Make the pages of the planned sites, in the order in which they are built; two types at one place are two pages.

    Parameters
    ----------
    run
        The content of ``run.json``: every figure comes from it. `document` (maker, note) is read where it is there.
    pictures
        site_id -> map of the site; one that has none stays without.

    Returns
    -------
    document
        One page for each row of ``plan.opened``.
    """
    language, plan = run["language"], run["plan"]
    blocks: list[Block] = []
    for row in plan["opened"]:
        under = verdict(row, **about_plan(run), language=language)
        blocks += [*_page(row, pictures.get(row["site_id"]), under, language), PageBreak()]
    title, about = plain(run["title"]), run.get("document", {})
    said = {"date": run["data_date"], "attribution": run["attribution"]}
    said["note"] = about.get("note") or say("note.document", language)
    return Document(
        title=say("sitepages.title", language, title=title),
        subtitle="",
        blocks=tuple(blocks[:-1]),
        language=language,
        date=dt.date.fromisoformat(run["data_date"]),
        maker=about.get("maker", ""),
        footer=say("sitepages.foot", language, title=title, **said),
        titled=False,
    )


def _page(row: Mapping[str, Any], picture: Picture | None, under: Form, language: Language) -> Iterator[Block]:
    heading = say("sitepages.heading", language, name=plain(row["name"]), type=type_of(row, language))
    above = facts(row, language)
    yield Heading(1, heading)
    yield above
    if picture is not None:
        yield _fitted(picture, heading, (above, under), language)
    yield under


def _fitted(picture: Picture, heading: str, forms: Sequence[Form], language: Language) -> Picture:
    """Make a picture as large as the page leaves room for, and no larger than it was made."""
    styles = STYLES[language]
    texts = ((heading, styles["Heading1"]), (picture.caption, styles["PictureCaption"]))
    taken = sum(form_mm(form, language) for form in forms) + _SLACK_MM
    for text, style in texts:
        lines = lines_of(text, TEXT_MM[0] - style.first * style.size_pt * MM_PER_POINT, style)
        taken += (lines * style.line_pt + style.before_pt + style.after_pt) * MM_PER_POINT
    taken += styles["Picture"].before_pt * MM_PER_POINT
    taken += len(forms) * (styles["Gap"].line_pt + styles["Gap"].after_pt) * MM_PER_POINT
    height = max(_LEAST_PICTURE_CM, (TEXT_MM[1] - taken) / 10)
    scale = min(1.0, height / picture.height_cm)
    return replace(picture, width_cm=picture.width_cm * scale, height_cm=picture.height_cm * scale)
