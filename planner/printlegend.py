"""What stands beside a printed map: signs and what they mean, figures of the result, notes and imprint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.figures import ABSENT, gap_percent, money, percent, status_of
from planner.mapdata import goals_asked, opened_words
from planner.papermaps import GREY, INK, RULE
from planner.printlabels import Box, plain, shortened, width, wrapped
from planner.printlayers import (
    BORDER,
    DOTS,
    EDIT_DASHES,
    EDITS,
    REACH,
    REACH_EDGES,
    SITE_COLOURS,
    WATER,
    Symbol,
    radii,
    seen,
    symbol,
    symbols,
)
from planner.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from planner.mapdata import State
    from planner.papermaps import Paper, View
    from planner.printscene import Scene

    Drawn = Callable[[Paper, float, float], None]

SIZE, SMALL, HEAD = 7.6, 6.6, 9.2
"""Sizes of letters in points."""

_STEP = 12.4  # from line to line of keys


@dataclass
class Column:
    """A column of text and signs, filled from the top.

    Attributes
    ----------
    paper
        The sheet.
    left, right
        Its sides in points.
    y
        Where the next line begins: what has been written lies above.
    """

    paper: Paper
    left: float
    right: float
    y: float

    def heading(self, words: str) -> None:
        """Write a heading over a rule."""
        self.y -= HEAD + 7
        self.paper.text(self.left, self.y, shortened(plain(words), HEAD, self.right - self.left), HEAD)
        self.y -= 4
        self.paper.line([(self.left, self.y), (self.right, self.y)], RULE, 0.5)
        self.y -= 3.5

    def pair(self, name: str, value: str, size: float = SIZE) -> None:
        """Write a name on the left and its value on the right."""
        self.y -= size + 3.6
        room = self.right - self.left
        value = shortened(plain(value), size, room * 0.72)
        name = shortened(plain(name), size, room - width(value, size) - 6)
        self.paper.text(self.left, self.y, name, size, GREY)
        self.paper.text(self.right, self.y, value, size, align="right")

    def lines(self, words: str, colour: str) -> None:
        """Write small text, broken into lines."""
        for line in wrapped(plain(words), SMALL, self.right - self.left):
            self.y -= SMALL + 2.6
            self.paper.text(self.left, self.y, line, SMALL, colour)

    def keys(self, keys: Sequence[tuple[Drawn, str]], across: int = 1) -> None:
        """Write signs with their meaning, some across."""
        wide = (self.right - self.left) / across
        for number, (draw, words) in enumerate(keys):
            at = number % across
            if at == 0:
                self.y -= _STEP
            x = self.left + at * wide
            draw(self.paper, x + 8, self.y + 2.6)
            self.paper.text(x + 20, self.y, shortened(plain(words), SIZE, wide - 24), SIZE)
        self.y -= 2.5


# ---- signs ----


def people_keys(shared: Scene, state: State, kinds: Sequence[str] = tuple(DOTS)) -> list[tuple[Drawn, str]]:
    """Return signs of the kinds of people that a map of a state may show."""

    def drawn(kind: str) -> Drawn:
        dot = DOTS[kind]
        return lambda paper, x, y: paper.circles(np.array([[x, y]]), np.array([3.6]), dot.fill, dot.edge, dot.thick)

    return [(drawn(kind), shared.words[kind]) for kind in kinds if kind != "newly" or state == "plan"]


def site_keys(
    shared: Scene, states: Sequence[str], *, counted: bool, forms: Collection[tuple[str, int]] | None = None
) -> list[tuple[Drawn, str]]:
    """Return signs of the sites of some states, with how many there are; with `forms`, of those symbols alone."""

    def drawn(state: str, form: int) -> Drawn:
        number = 1 if state == "planned" else 0
        return lambda paper, x, y: symbol(paper, Symbol(x, y, 0, state, form, number), 0.76 if number else 0.92)

    def words(group: Mapping[str, Any]) -> str:
        count = say("map.count", shared.shown.labels.language, n=len(group["rows"]))
        return f"{group['name']}　{count}" if counted else str(group["name"])

    groups = [group for group in shared.sites["groups"] if group["state"] in states]
    if forms is not None:
        groups = [group for group in groups if (group["state"], group["form"]) in forms]
    return [(drawn(group["state"], group["form"]), words(group)) for group in groups]


def keys_seen(view: View, shared: Scene, state: State) -> list[tuple[Drawn, str]]:
    """Return signs of the sites and people that a view of a state shows."""
    states = ("today", "closed", "planned") if state == "plan" else ("today", "closed")
    forms = {(one.state, one.form) for one in symbols(view, shared, states)}
    kinds = set(shared.kinds[state][seen(view, shared)])
    of_people = people_keys(shared, state, [kind for kind in DOTS if kind in kinds])
    return [*site_keys(shared, states, counted=False, forms=forms), *of_people]


def _swatch(fill: str, edge: str) -> Drawn:
    return lambda paper, x, y: paper.rectangle(Box(x - 8, y - 4, x + 8, y + 4), fill=fill, edge=edge, thick=0.6)


def reach_keys(shared: Scene, state: State) -> list[tuple[Drawn, str]]:
    """Return signs of service areas."""
    states = shared.states[: shared.states.index(state) + 1] if shared.reach else ()
    return [(_swatch(REACH[when], REACH_EDGES[when]), shared.words[f"reach_{when}"]) for when in states]


def reach_key(shared: Scene, standard: str) -> tuple[Drawn, str]:
    """Return the sign of one site's service area."""
    name = shared.shown.labels.standard_names.get(standard, standard)
    return _swatch(REACH["plan"], REACH_EDGES["plan"]), shared.words["reach"].format(name=name)


def _land_keys(shared: Scene) -> list[tuple[Drawn, str]]:
    land, found = shared.shown.land, list[tuple["Drawn", str]]()
    if len(land.water):
        found.append((_swatch(WATER, WATER), shared.words["water"]))
    if land.boundaries:
        found.append((_stroke(BORDER, 0.9, (7, 2.5, 1.5, 2.5)), shared.words["border"]))
    kinds = dict.fromkeys(str(edit["kind"]) for edit in shared.shown.edits)
    for kind in kinds:
        found.append((_stroke(EDITS[kind], 2.0, EDIT_DASHES.get(kind, ())), shared.words[f"edit_{kind}"]))
    return found


def _stroke(colour: str, thick: float, dash: tuple[float, ...]) -> Drawn:
    starts = np.array([True, False])
    return lambda paper, x, y: paper.lines(np.array([(x - 8, y), (x + 8, y)]), starts, colour, thick, dash=dash)


# ---- the column of the large map ----


def legend(column: Column, shared: Scene, state: State, sizes: Sequence[tuple[str, float]]) -> None:
    """Write the legend with the figures of the result.

    Parameters
    ----------
    column
        Where.
    shared
        The result.
    state
        What the map shows.
    sizes
        Of each view: what it is called, and the radius of the most people in points.
    """
    words = shared.words
    _rates(column, shared)
    column.heading(words["key_people"])
    column.keys(people_keys(shared, state), across=2)
    for name, most in sizes:
        _sizes(column, shared, name, most)
    if len(shared.site_places):
        column.heading(words["key_sites"])
        column.keys(site_keys(shared, ("today", "planned", "closed"), counted=True))
    if areas := reach_keys(shared, state):
        name = shared.shown.labels.standard_names.get(shared.reach_of, shared.reach_of)
        column.heading(words["reach"].format(name=name))
        column.keys(areas, across=2)
    if others := _land_keys(shared):
        column.y -= 4
        column.keys(others, across=2)
    if shared.shown.record.get("plan", {}).get("status", "none") != "none":
        _plan(column, shared)


def _rates(column: Column, shared: Scene) -> None:
    """Write shares of people by standard, each over a bar."""
    paper, planned = column.paper, "plan" in shared.states
    column.heading(shared.words["rates_heading" if planned else "rates_heading_today"])
    for item in shared.shown.record["standards"]:
        people = item["people"]
        today, plan = (percent(item.get(f"covered_{state}"), people) for state in ("today", "plan"))
        name = shared.shown.labels.standard_names.get(item["id"], item["id"])
        column.pair(name, shared.words["rate" if planned else "rate_today"].format(today=today, plan=plan))
        column.y -= 6.5
        whole = column.right - column.left
        paper.rectangle(Box(column.left, column.y, column.right, column.y + 3), fill="#eceae5")
        for state, colour in (("plan", DOTS["newly"].fill), ("today", DOTS["covered"].fill)):
            covered = item.get(f"covered_{state}")
            if covered and people and (state == "today" or planned):
                end = column.left + whole * covered / people
                paper.rectangle(Box(column.left, column.y, end, column.y + 3), fill=colour)
        if item.get("not_assessable"):
            column.y -= 1
            column.lines(shared.words["apart"].format(people=f"{item['not_assessable']:,}"), GREY)
        column.y -= 1.5


def _sizes(column: Column, shared: Scene, name: str, most: float) -> None:
    """Write what the sizes of circles mean."""
    biggest = int(shared.people.max(initial=0))
    sizes = sorted({_round_down(biggest // part) for part in (20, 4, 1)} - {0})
    if not sizes:
        return
    column.y -= max(_STEP, 2 * most + 2)
    column.paper.text(column.left, column.y, name, SIZE, GREY)
    x = column.left + width(name, SIZE) + 12
    for people in sizes:
        (radius,) = radii(np.array([people]), biggest, most).tolist()
        words = f"{people:,}"
        column.paper.circles(np.array([[x + radius, column.y + 2.6]]), np.array([radius]), "#ffffff", "#7d8287", 0.8)
        column.paper.text(x + 2 * radius + 3, column.y, words, SIZE)
        x += 2 * radius + 13 + width(words, SIZE)


def _round_down(number: int) -> int:
    step: int = 10 ** (len(str(number)) - 1)
    return number // step * step


def _plan(column: Column, shared: Scene) -> None:
    """Write what the plan costs, and what came of it; the latter alone where no plan is lawful."""
    plan, words, language = shared.shown.record.get("plan", {}), shared.words, shared.shown.labels.language

    def yuan(key: str) -> str:
        return ABSENT if plan.get(key) is None else money(plan[key], language)

    column.heading(words["plan_heading"])
    if "plan" in shared.states:
        column.pair(words["plan_opened"], opened_words(shared.shown.record, words))
        column.pair(words["plan_once"], yuan("cost_once_yuan"))
        if plan.get("estimated_yuan"):
            column.pair(words["plan_estimated"], yuan("estimated_yuan"))
        column.pair(words["plan_yearly"], yuan("cost_yearly_yuan"))
    if goals := goals_asked(shared.shown.record):
        met = sum(bool(goal["met"]) for goal in goals)
        column.pair(words["goals_met"], f"{met} / {len(goals)}")
    status = words.get(f"status.{status_of(plan)}", "")
    column.pair(words["plan_status"], status.format(gap=gap_percent(plan.get("gap"))))
    if "plan" in shared.states and (plan.get("best_effort") or plan.get("given")):
        column.lines(words["given" if plan.get("given") else "best_effort"], DOTS["uncovered"].fill)


def list_height(shared: Scene) -> float:
    """Height that the list of planned sites takes in two columns."""
    n_sites = sum(len(group["rows"]) for group in shared.sites["groups"] if group["state"] == "planned")
    return HEAD + 16 + -(-n_sites // 2) * (SMALL + 2.2) if n_sites else 0.0


def site_list(column: Column, shared: Scene, bottom: float) -> None:
    """List the planned sites above `bottom`: with type and cost where there is room, else in columns."""
    table = shared.sites
    rows = [row for group in table["groups"] if group["state"] == "planned" for row in group["rows"]]
    rows.sort(key=lambda row: (table["number"][row], row))
    room = column.y - bottom - HEAD - 15
    step = float(np.clip(room / max(1, len(rows)), SMALL + 1.5, SMALL + 3.4))
    deep = int(room // step)
    if not rows or deep < 2:  # noqa: PLR2004  less is no list
        return
    column.heading(shared.words["site_list"])
    across = 1 if len(rows) <= deep else 2
    step = step if across == 1 else SMALL + 2.2
    deep = int(room // step)
    if len(rows) > across * deep:  # better short names than sites that stand on the map with a number alone
        across = 3
    fits = len(rows) if len(rows) <= across * deep else across * (deep - 1)
    wide, half, top = (column.right - column.left) / across, -(-fits // across), column.y
    for place, row in enumerate(rows[:fits]):
        x, column.y = column.left + place // half * wide, top - (place % half + 1) * step
        right = x + wide - (0 if across == 1 else 6)
        if across == 1:
            right = _type_and_cost(column, shared, row)
        column.paper.text(x + 12, column.y, str(table["number"][row]), SMALL, SITE_COLOURS["planned"], align="right")
        name = plain(table["name"][row]) or shared.words["unnamed"]
        column.paper.text(x + 16, column.y, shortened(name, SMALL, right - x - 16), SMALL)
    column.y = top - half * step
    if fits < len(rows):
        column.y -= step
        more = shared.words["site_list_more"].format(n=len(rows) - fits)
        column.paper.text(column.left + 16, column.y, more, SMALL, GREY)


def _type_and_cost(column: Column, shared: Scene, row: int) -> float:
    """Write what is built and what it costs to the right of a line; return where that begins."""
    cost = shared.sites["cost_once_yuan"][row]
    words = ABSENT if cost is None else money(cost, shared.shown.labels.language)
    column.paper.text(column.right, column.y, words, SMALL, align="right")
    middle = column.right - 0.24 * (column.right - column.left)
    kind = shortened(plain(shared.sites["types"][row]), SMALL, 0.26 * (column.right - column.left))
    column.paper.text(middle, column.y, kind, SMALL, GREY, align="right")
    return middle - width(kind, SMALL) - 5


# ---- keys below a figure ----


def strip(paper: Paper, keys: Sequence[tuple[Drawn, str]], box: Box) -> None:
    """Write signs with their meaning in lines from the top of a box, as many as it has room for."""
    x, y = box.left, box.top - _STEP + 3
    for draw, words in keys:
        text = shortened(plain(words), SIZE, box.right - box.left - 30)
        wide = 20 + width(text, SIZE) + 12
        if x > box.left and x + wide - 12 > box.right:
            x, y = box.left, y - _STEP
        if y < box.bottom:
            return
        draw(paper, x + 8, y + 2.6)
        paper.text(x + 20, y, text, SIZE)
        x += wide


def strip_height(keys: Sequence[tuple[Drawn, str]], room: float) -> float:
    """Height of such lines."""
    x, lines = 0.0, 1
    for _, words in keys:
        wide = 20 + width(shortened(plain(words), SIZE, room - 30), SIZE) + 12
        if x and x + wide - 12 > room:
            x, lines = 0.0, lines + 1
        x += wide
    return lines * _STEP + 4


# ---- the foot of the large map ----


def foot_lines(shared: Scene, room: float, most: int = 8) -> list[str]:
    """Return the notes of the footer, broken into lines; the last ends with … where there are more."""
    lines = [line for note in shared.shown.labels.notes for line in wrapped(plain(note), SMALL, room)]
    return lines if len(lines) <= most else [*lines[: most - 1], shortened(lines[most - 1] + "　" * 999, SMALL, room)]


def foot(paper: Paper, shared: Scene, lines: Sequence[str], box: Box) -> None:
    """Write notes and imprint, with room for what is to be filled in by hand."""
    y = box.top
    for line in lines:
        y -= SMALL + 2.4
        paper.text(box.left, y, line, SMALL, GREY)
    x, y = box.left, box.bottom + 1
    for words, blank in _imprint(shared):
        paper.text(x, y, words, SIZE)
        x += width(words, SIZE)
        if blank:
            paper.line([(x, y - 1.5), (x + 84, y - 1.5)], INK, 0.5)
            x += 84
        x += 18
    note = plain(shared.shown.labels.document_note)
    paper.text(box.right, y, shortened(note, HEAD, max(0.0, box.right - x)), HEAD, align="right")


def _imprint(shared: Scene) -> Iterator[tuple[str, bool]]:
    """Yield what the imprint says, and whether a blank follows."""
    words, labels = shared.words, shared.shown.labels
    yield plain(words["base"]), False
    review = shortened(plain(labels.review_number), SIZE, 160)
    yield plain(words["review"]) + ("" if review else " ") + review, not review
    maker = shortened(plain(labels.maker), SIZE, 220)
    yield (plain(words["maker"].format(name=maker)), False) if maker else (plain(words["maker_blank"]) + " ", True)
    yield plain(words["date"].format(date=shared.shown.record["data_date"])), False
