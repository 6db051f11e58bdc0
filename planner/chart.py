"""Draws cost against coverage as SVG, written as plain text: the same points give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import count
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 960, 600
LEFT, RIGHT, BOTTOM = 90, 40, 70
"""Room beside and below the axes, in pixels; above them stands the title, below them the notes."""

LINE = 22
"""Height of a line of text, in pixels."""

APART = 18
"""Least distance of two numbers at the upright axis, in pixels."""

TICKS_MOST = 8
"""Most steps of an axis."""

LETTER, IDEOGRAPH = 0.56, 1.0
"""Mean width of a letter, and of a Chinese character, as a part of the size of the type."""

_FIRST_IDEOGRAPH = 0x2E80

YUAN_PER_WAN = 10_000

_STYLE = (
    "text{font-family:'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif;fill:#222;font-size:13px}"
    ".title{font-size:20px;font-weight:bold}.note{font-size:12px;fill:#555}"
    ".axis{stroke:#444;stroke-width:1}.grid{stroke:#ddd;stroke-width:1}"
    ".stair{fill:none;stroke:#b5332e;stroke-width:2}.point{fill:#b5332e}"
)


@dataclass(frozen=True)
class Dot:
    """A point of the chart: what it costs, how many people it covers, and what is written at it."""

    cost_yuan: int
    people: int
    label: str


@dataclass(frozen=True)
class Texts:
    """What stands around the axes: `today` at the foot of the upright one, where it begins; `notes` are lines below."""

    title: str
    subtitle: str
    cost: str
    coverage: str
    today: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`, numbered at multiples of `step`, between two places in pixels."""

    low: float
    high: int
    step: int
    start: float
    end: float

    def at(self, value: float) -> float:
        """Place of a value in pixels."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> range:
        """Values that are written at it."""
        return range(ceil(self.low / self.step) * self.step, self.high + 1, self.step)


def axis(low: float, high: float, start: float, end: float) -> Axis:
    """Lay an axis out that begins at its low end, in steps of 1, 2 or 5 times a power of ten up to its high end."""
    steps = (factor * 10**power for power in count() for factor in (1, 2, 5))
    step = next(step for step in steps if (high - low) // step < TICKS_MOST)
    return Axis(low, max(ceil(high / step), int(low // step) + 1) * step, step, start, end)


def _clean(text: str) -> str:
    """Escape a text, and replace what no XML file may hold."""
    kept = "".join(c if c in "\t\n\r" or (c >= " " and c not in "\x7f\ufffe\uffff") else "\ufffd" for c in text)
    return escape(kept.encode("utf-8", "replace").decode("utf-8"))


def _wrapped(text: str, size: float, most: float) -> Iterator[str]:
    """Break a text into lines no wider than `most` pixels at a type of `size` pixels."""
    line, used = "", 0.0
    for letter in text:
        width = size * (IDEOGRAPH if ord(letter) >= _FIRST_IDEOGRAPH else LETTER)
        if line and used + width > most:
            yield line
            line, used = "", 0.0
        line, used = line + letter, used + width
    yield line


def _text(x: float, y: float, text: str, *, kind: str = "", anchor: str = "start") -> str:
    marked = f' class="{kind}"' if kind else ""
    return f'<text{marked} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_clean(text)}</text>'


def _line(kind: str, *ends: float) -> str:
    x1, y1, x2, y2 = (f"{end:.1f}" for end in ends)
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def wan(yuan: int) -> str:
    """Return yuan in units of 10,000, exactly."""
    whole, rest = divmod(yuan, YUAN_PER_WAN)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def _axes(cost: Axis, tenths: Axis, texts: Texts) -> Iterator[str]:
    """Draw grid, axes and their numbers: 10,000 yuan across, per cent up from today's."""
    yield _text(cost.start - 8, tenths.start + 4, texts.today, anchor="end")
    for value in tenths.ticks:
        if tenths.start - tenths.at(value) < APART:
            continue
        yield _line("grid", cost.start, tenths.at(value), cost.end, tenths.at(value))
        shown = f"{value // 10}.{value % 10}%" if tenths.step % 10 else f"{value // 10}%"
        yield _text(cost.start - 8, tenths.at(value) + 4, shown, anchor="end")
    for value in cost.ticks:
        yield _line("axis", cost.at(value), tenths.start, cost.at(value), tenths.start + 5)
        yield _text(cost.at(value), tenths.start + 20, wan(value), anchor="middle")
    yield _line("axis", cost.start, tenths.start, cost.end, tenths.start)
    yield _line("axis", cost.start, tenths.start, cost.start, tenths.end)
    yield _text((cost.start + cost.end) / 2, tenths.start + 44, texts.cost, anchor="middle")
    yield _text(cost.start - 60, tenths.end - 14, texts.coverage)


def _dots(dots: Sequence[Dot], whole: int, cost: Axis, tenths: Axis) -> Iterator[str]:
    """Draw the points and the stairs between them: what a smaller budget buys, a larger one buys too."""
    places = [(cost.at(dot.cost_yuan), tenths.at(1000 * dot.people / whole)) for dot in dots]
    path = [f"M{places[0][0]:.1f} {places[0][1]:.1f}"]
    path += [f"H{x:.1f}V{y:.1f}" for x, y in places[1:]]
    yield f'<path class="stair" d="{"".join(path)}H{cost.end:.1f}"/>'
    before = ""
    for (x, y), dot in zip(places, dots, strict=True):
        at = f'cx="{x:.1f}" cy="{y:.1f}"'
        if at != before:
            yield f'<circle class="point" {at} r="4"/>'
            yield _text(x, y - 10, dot.label, anchor="middle")
        before = at


def cost_chart(dots: Sequence[Dot], today: int, whole: int, texts: Texts) -> str:
    """Draw coverage over cost, from nothing spent and today's coverage on.

    Parameters
    ----------
    dots
        Points by rising cost, one at least, none of which covers fewer people than are covered today.
    today, whole
        People who are covered today, and all of them, above 0.
    texts
        Title, names of the axes and notes. Texts are data: they are escaped.

    Returns
    -------
    svg
        A whole SVG file.
    """
    title = list(_wrapped(texts.title, 20, WIDTH - 2 * RIGHT))
    subtitle = list(_wrapped(texts.subtitle, 13, WIDTH - 2 * RIGHT))
    notes = [line for note in texts.notes for line in _wrapped(note, 12, WIDTH - 2 * RIGHT)]
    top = 30 + 26 * len(title) + LINE * len(subtitle) + 30
    floor = HEIGHT - BOTTOM
    cost = axis(0, dots[-1].cost_yuan, LEFT, WIDTH - RIGHT)
    tenths = axis(1000 * today / whole, 1000 * dots[-1].people / whole, floor, top)
    height = HEIGHT + LINE * len(notes) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        *(_text(RIGHT, 34 + 26 * n, line, kind="title") for n, line in enumerate(title)),
        *(_text(RIGHT, 34 + 26 * len(title) + LINE * n, line) for n, line in enumerate(subtitle)),
        *_axes(cost, tenths, texts),
        *_dots(dots, whole, cost, tenths),
        *(_text(RIGHT, HEIGHT + LINE * n + 4, line, kind="note") for n, line in enumerate(notes)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
