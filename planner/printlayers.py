"""What lies on a printed map: land, roads, reach, people, sites and their names, as on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from matplotlib.path import Path as Outline

from planner.papermaps import MM
from planner.printlabels import Box, Label, placed, plain, shortened
from planner.printscene import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from planner.mapdata import MapData, State
    from planner.papermaps import Paper, View
    from planner.printscene import Flags, Real, Scene


class Dot(NamedTuple):
    """How people of one kind are drawn: fill, edge, thickness of the edge in points."""

    fill: str
    edge: str
    thick: float


# Okabe-Ito, as in assets/map/map.js: blues are today's, greens are the plan's, vermilion is what is left.
DOTS: dict[str, Dot] = {
    "covered": Dot("#56b4e9", "#ffffff", 0.3),
    "newly": Dot("#009e73", "#ffffff", 0.3),
    "uncovered": Dot("#d55e00", "#ffffff", 0.3),
    "unassessable": Dot("#ffffff", "#7d8287", 0.8),
}
SITE_COLOURS = {"today": "#005a8f", "planned": "#00593f", "candidate": "#8a8f94", "closed": "#4d5257"}
REACH = {"today": "#e3f0fa", "plan": "#dcf1e9"}
REACH_EDGES = {"today": "#8dbadb", "plan": "#6fbfa3"}
WATER, BORDER, PLACE = "#d3e5f0", "#8a7f94", "#737a80"
EDITS = {"close": "#a50f15", "add": "#117733", "slow": "#b8860b", "one_way": "#6a3d9a", "entrance": "#00838f"}
EDIT_DASHES = {"close": (3.0, 2.0), "slow": (0.8, 2.4), "one_way": (5.0, 2.0, 0.8, 2.0), "entrance": (1.7, 1.3)}
"""Kinds of edits differ by their dashes as well: some of their colours are one to the colour-blind."""

# Colour, and points of thickness where a point of paper is 40 m.
_ROADS = {"path": ("#dddbd5", 0.3), "minor": ("#d3d1cb", 0.42), "medium": ("#c1bfb8", 0.8), "major": ("#a9a69f", 1.3)}

# As in assets/map/page.js, a type's form by its place among the types; y grows downwards.
_FORMS = (
    ((-6, -6), (6, -6), (6, 6), (-6, 6)),
    ((0, -7.8), (7.8, 0), (0, 7.8), (-7.8, 0)),
    ((0, -7.6), (7.4, 5.6), (-7.4, 5.6)),
    ((-3.9, -6.8), (3.9, -6.8), (7.8, 0), (3.9, 6.8), (-3.9, 6.8), (-7.8, 0)),
    ((0, 7.6), (-7.4, -5.6), (7.4, -5.6)),
    ((-2.6, -7.4), (2.6, -7.4), (2.6, -2.6), (7.4, -2.6), (7.4, 2.6), (2.6, 2.6), (2.6, 7.4), (-2.6, 7.4),
     (-2.6, 2.6), (-7.4, 2.6), (-7.4, -2.6), (-2.6, -2.6)),
    ((0, -7.8), (7.4, -2.4), (4.6, 6.3), (-4.6, 6.3), (-7.4, -2.4)),
    ((-4.5, -6.5), (4.5, -6.5), (7.5, 5.5), (-7.5, 5.5)),
)  # fmt: skip
# Triangles are slim where a number stands: how much larger they are drawn, and where the number looks centred.
_TRIANGLES = {2: (1.22, -1.9), 4: (1.22, 1.9)}
_SCALES = {"today": 0.62, "planned": 0.86, "candidate": 0.5, "closed": 0.62}
_FIRST = 1.4  # how much larger the site is that a map is about
_LONGEST = 18.0  # of a site's name, in sizes of the font
DISTRICT_SIZE, TOWN_SIZE = 11.0, 7.5
_RANK = {"candidate": 0, "closed": 1, "today": 2, "planned": 3}


# ---- land and roads ----


def outline(shape: Any, view: View) -> Outline | None:
    """Return areas as one outline on paper, holes left open; None for nothing."""
    parts = [part for part in shapely.get_parts([shape]) if part.geom_type == "Polygon"]
    rings = shapely.get_rings(shapely.orient_polygons(np.array(parts, dtype=object)))
    if not len(rings):
        return None
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(vertices), Outline.LINETO, dtype=np.uint8)
    first = np.diff(ring, prepend=-1) > 0
    codes[first] = Outline.MOVETO
    codes[np.roll(first, -1)] = Outline.CLOSEPOLY
    return Outline(view.on_paper(vertices), codes)


def land(paper: Paper, view: View, shown: MapData) -> None:
    """Draw water."""
    bounds = shapely.box(*view.bounds())
    for shape in shown.land.water[shapely.intersects(shown.land.water, bounds)]:
        if shape.geom_type.endswith("Polygon"):
            if water := outline(shape, view):
                paper.shape(water, fill=WATER, clip=view.frame)
        else:
            _rings(paper, view, shapely.get_parts([shape]), WATER, 0.9)


def boundaries(paper: Paper, view: View, shown: MapData, thick: float = 0.9) -> None:
    """Draw the outlines of districts."""
    for _, shape in shown.land.boundaries:
        _rings(paper, view, shapely.get_parts(shapely.boundary([shape])), BORDER, thick, (7, 2.5, 1.5, 2.5))


def _rings(
    paper: Paper, view: View, lines: NDArray[np.object_], colour: str, thick: float, dash: tuple[float, ...] = ()
) -> None:
    vertices, line = shapely.get_coordinates(lines, return_index=True)
    starts = np.diff(line, prepend=-1) > 0
    paper.lines(view.on_paper(vertices), starts, colour, thick, dash=dash, clip=view.frame)


def roads(
    paper: Paper, view: View, shared: Scene, *, only: Iterable[str] = ("path", "minor", "medium", "major")
) -> None:
    """Draw the roads by class, the greatest last."""
    factor = float(np.clip((40 / view.metres) ** 0.5, 0.5, 1.6))
    for kind in only:
        if kind in shared.roads:
            colour, thick = _ROADS[kind]
            vertices, starts = shared.roads[kind].within(view.bounds())
            paper.lines(view.on_paper(vertices), starts, colour, thick * factor, clip=view.frame)


def edits(paper: Paper, view: View, shown: MapData) -> None:
    """Draw road edits."""
    for edit in shown.edits:
        lines = unpacked(edit["lines"])
        dash = EDIT_DASHES.get(edit["kind"], ())
        paper.lines(view.on_paper(lines.vertices), lines.starts, EDITS[edit["kind"]], 2.0, dash=dash, clip=view.frame)


def reach(paper: Paper, view: View, shared: Scene, state: State) -> None:
    """Tint what is reached today and, with the plan, what it adds."""
    for when in shared.states[: shared.states.index(state) + 1]:
        if when in shared.reach and (area := outline(shared.reach[when], view)):
            paper.shape(area, fill=REACH[when], edge=REACH_EDGES[when], thick=0.5, clip=view.frame)


# ---- people ----


def radii(people: NDArray[np.int64], biggest: int, most: float) -> Real:
    """Return radii in points: areas by people, `most` for the most people; never too small to be seen."""
    return np.asarray(np.maximum(0.55, most * np.sqrt(people / max(1, biggest))), dtype=np.float64)


def seen(view: View, shared: Scene) -> Flags:
    """Tell which people lie in a view."""
    west, south, east, north = view.bounds()
    lon, lat = shared.places.T
    return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))


def biggest_radius(view: View, shared: Scene) -> float:
    """Return the radius of the most people at which all circles seen cover no more than a fifth of where they lie."""
    rows = seen(view, shared)
    if not rows.any():
        return 4.0
    cells = np.unique((view.on_paper(shared.places[rows]) // (4 * MM)).astype(np.int64), axis=0)
    room = len(cells) * (4 * MM) ** 2
    total = float((shared.people[rows] / max(1, shared.people.max())).sum())
    return float(np.clip((0.22 * room / np.pi / max(total, 1e-9)) ** 0.5, 1.5, 7.0))


def people(paper: Paper, view: View, shared: Scene, state: State, most: float, *, faded: Flags | None = None) -> None:
    """Draw the people, most first so that few lie above; `faded` ones are pale."""
    kinds, at = shared.kinds[state], view.on_paper(shared.places)
    known = (kinds != "") & seen(view, shared)
    order = np.argsort(-shared.people, kind="stable")
    for pale in (True, False):
        rows = order[known[order] & ((np.zeros(len(known), dtype=bool) if faded is None else faded)[order] == pale)]
        dots = [DOTS[kind] for kind in kinds[rows]]
        paper.circles(
            at[rows], radii(shared.people[rows], int(shared.people.max(initial=1)), most), [dot.fill for dot in dots],
            [dot.edge for dot in dots], [dot.thick for dot in dots], alpha=0.35 if pale else 0.92, clip=view.frame,
        )  # fmt: skip


# ---- sites ----


class Symbol(NamedTuple):
    """A site on paper."""

    x: float
    y: float
    row: int
    state: str
    form: int
    number: int

    def half(self, factor: float) -> float:
        """Half of its width."""
        return 8.0 * _SCALES[self.state] * factor

    def box(self, factor: float) -> Box:
        """Return what it covers."""
        half = self.half(factor)
        return Box(self.x - half, self.y - half, self.x + half, self.y + half)


def symbols(view: View, shared: Scene, states: Iterable[str]) -> list[Symbol]:
    """Return the sites of some states that are seen, the first of the build order last, to lie above."""
    at, found = view.on_paper(shared.site_places), []
    for group in shared.sites["groups"]:
        if group["state"] in states:
            found += [
                Symbol(x, y, row, group["state"], group["form"], int(shared.sites["number"][row] or 0))
                for row, (x, y) in zip(group["rows"], at[group["rows"]].tolist(), strict=True)
            ]
    inner = Box(view.frame.left + 2, view.frame.bottom + 2, view.frame.right - 2, view.frame.top - 2)
    inside = [one for one in found if Box(one.x, one.y, one.x, one.y).inside(inner)]
    return sorted(inside, key=lambda one: (_RANK[one.state], -one.number, -one.row))


def symbol(paper: Paper, one: Symbol, factor: float, clip: Box | None = None) -> None:
    """Draw a site: its type's form in its state's colour, with its number of the build order."""
    scale = _SCALES[one.state] * factor
    if one.state == "closed":
        vertices = np.array([(-5, -5), (5, 5), (-5, 5), (5, -5)]) * scale + (one.x, one.y)
        for colour, thick in (("#ffffff", 3.2 * factor), (SITE_COLOURS["closed"], 1.4 * factor)):
            paper.lines(vertices, np.array([True, False, True, False]), colour, thick, clip=clip)
        return
    form = _FORMS[one.form % len(_FORMS)]
    larger, lift = _TRIANGLES.get(one.form % len(_FORMS), (1.0, 0.0)) if one.number else (1.0, 0.0)
    scale *= larger
    vertices = np.array([*form, form[0]], dtype=np.float64) * (scale, -scale) + (one.x, one.y)
    shape, colour = Outline(vertices, closed=True), SITE_COLOURS[one.state]
    paper.shape(shape, edge="#ffffff", thick=2.0 * factor, clip=clip)
    paper.shape(shape, fill="#ffffff" if one.state == "candidate" else colour, edge=colour, thick=0.5, clip=clip)
    if one.number:
        size = (7.4 if one.number < 100 else 5.8) * factor  # noqa: PLR2004  three figures need a smaller size
        paper.text(one.x, one.y - 0.36 * size + lift * scale, str(one.number), size, "#ffffff", align="center")


def sites(paper: Paper, view: View, shared: Scene, found: Sequence[Symbol], factor: float, first: str = "") -> None:
    """Draw sites, `first` above all others and larger."""
    for one in sorted(found, key=lambda one: shared.site_ids[one.row] == first):
        symbol(paper, one, grown(one, shared, factor, first), view.frame)


def grown(one: Symbol, shared: Scene, factor: float, first: str) -> float:
    """Return how large a site is drawn where `first` is the one that the map is about."""
    return factor * (_FIRST if shared.site_ids[one.row] == first else 1.0)


# ---- names ----


def area_labels(view: View, shared: Scene) -> list[tuple[Label, str]]:
    """Names of districts and towns whose people have their middle in view, there; districts first."""
    labels = []
    for middle in shared.middles:
        x, y = view.on_paper(np.array([[middle.lon, middle.lat]]))[0].tolist()
        if Box(x, y, x, y).inside(view.frame):
            size = TOWN_SIZE if middle.is_town else DISTRICT_SIZE
            labels.append((Label(plain(middle.name), x, y, size, centred=True), PLACE))
    return labels


def site_labels(
    found: Sequence[Symbol], shared: Scene, size: float, factor: float, first: str = ""
) -> list[tuple[Label, str]]:
    """Names of sites: `first`, then those of the plan in the order of building; each name once at a place."""
    labels, known = [], set()
    ordered = found[::-1]
    of_map = [one for one in ordered if shared.site_ids[one.row] == first]
    for one in [*of_map, *ordered]:
        name = plain(shared.sites["name"][one.row])
        if name and (name, one.x, one.y) not in known:
            known.add((name, one.x, one.y))
            gap = one.half(grown(one, shared, factor, first)) + 0.5
            text = shortened(name, size, _LONGEST * size)
            labels.append((Label(text, one.x, one.y, size, gap), SITE_COLOURS[one.state]))
    return labels


def names(paper: Paper, view: View, labels: Sequence[tuple[Label, str]], taken: Sequence[Box]) -> None:
    """Write the labels that find room, the first ones first."""
    inner = Box(view.frame.left + 3, view.frame.bottom + 3, view.frame.right - 3, view.frame.top - 3)
    found = placed([label for label, _ in labels], inner, taken)
    for (label, colour), box in reversed(list(zip(labels, found, strict=True))):
        if box:
            paper.label(box, label.text, label.size, colour)
