"""Where the marks of a comparison's charts stand: bars of shares, and scenarios beside a frontier. Drawn by a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.chart import axis, wan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 900, 400
"""Size of the chart of cost against coverage, in pixels."""

LEFT, RIGHT, TOP, BOTTOM = 64, 150, 22, 48
"""Room around its axes; labels stand to the right of the last dot."""

BAR_WIDTH = 640
"""Width of a bar that stands for everybody, in pixels."""

APART = 17
"""Least distance of two labels, one above the other, in pixels."""

_BELOW = 14
"""How far the base line of a label is below the middle of its dot: below the line of the frontier, too."""

_LOWEST = HEIGHT - BOTTOM - 14
"""No label begins lower: it would stand on the axis."""

_DOT, _DIGIT = 9, 4
"""Half the width of a dot, and what each further letter in it adds."""

_TENTHS = 1000


@dataclass(frozen=True)
class Bar:
    """Widths of the parts of a bar, in pixels: covered today, and added by the plan."""

    today: float
    added: float


@dataclass(frozen=True)
class Tick:
    """A number at an axis, and its place in pixels."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """Scenarios at one place of the chart: their numbers, half the width of their mark, label, and its base line."""

    numbers: str
    x: float
    y: float
    half: float
    label: str
    label_y: float


@dataclass(frozen=True)
class Frontier:
    """The chart of cost against coverage.

    Attributes
    ----------
    path
        The stairs of the frontier, as an SVG path.
    points
        Places of its points.
    across, up
        Numbers of the axes: 10,000 yuan, and per cent of the people.
    marks
        The scenarios.
    """

    path: str
    points: tuple[tuple[float, float], ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    marks: tuple[Mark, ...]


def bar(today: int, covered: int, people: int) -> Bar:
    """Lay out the bar of a scenario; a plan that covers fewer than today adds nothing, and shows what it covers."""
    kept = min(today, covered)
    return Bar(round(BAR_WIDTH * kept / people, 1), round(BAR_WIDTH * (covered - kept) / people, 1))


def frontier(
    points: Sequence[tuple[int, int]],
    whole: int,
    marked: Mapping[int, tuple[int, int]],
    names: Mapping[tuple[int, int], str],
) -> Frontier:
    """Lay out a frontier with scenarios beside it.

    Parameters
    ----------
    points
        Cost in yuan and people covered, by rising cost; the first one is what stands today, for nothing.
    whole
        All people, above 0.
    marked
        Number of a scenario -> its cost in yuan and people covered.
    names
        Cost and people -> label of the scenarios at this place.
    """
    held = [*points, *marked.values()]
    shares = [_TENTHS * people / whole for _, people in held]
    cost = axis(0, max(1, *(yuan for yuan, _ in held)), LEFT, WIDTH - RIGHT)
    # below the lowest dot there is room for its label
    tenths = axis(max(0, min(shares) - _TENTHS / 12), min(_TENTHS, int(max(shares)) + 1), HEIGHT - BOTTOM, TOP)

    def place(yuan: int, people: int) -> tuple[float, float]:
        return round(cost.at(yuan), 1), round(tenths.at(_TENTHS * people / whole), 1)

    places = [place(*point) for point in points]
    steps = "".join(f"H{x}V{y}" for x, y in places[1:])
    dots = [
        (*place(*at), ",".join(str(number) for number, other in marked.items() if other == at), names[at])
        for at in dict.fromkeys(marked.values())
    ]
    return Frontier(
        path=f"M{places[0][0]} {places[0][1]}{steps}H{WIDTH - RIGHT}",
        points=tuple(places),
        across=tuple(Tick(round(cost.at(value), 1), wan(value)) for value in cost.ticks),
        up=tuple(Tick(round(tenths.at(value), 1), _percent(value)) for value in tenths.ticks),
        marks=tuple(_marks(dots)),
    )


def _percent(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}%" if tenths % 10 else f"{tenths // 10}%"


def _marks(dots: Sequence[tuple[float, float, str, str]]) -> list[Mark]:
    """Give each dot a label to its right, below the frontier's line; labels keep apart from each other."""
    found: list[Mark] = []
    low = float("-inf")
    for x, y, numbers, label in sorted(dots, key=lambda dot: dot[1]):
        low = max(min(y + _BELOW, _LOWEST), low + APART)
        found.append(Mark(numbers, x, y, _DOT + _DIGIT * (len(numbers) - 1), label, round(low, 1)))
    return found
