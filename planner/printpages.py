"""Printed maps put together: the large map, the figures of the proposal, and a small map for each planned site."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.blocks import Picture
from planner.papermaps import CM, GREY, INK, MM, Paper, north_arrow, own_settings, scale_bar, view_of
from planner.printdistricts import district_shares
from planner.printlabels import Box, plain, shortened, width
from planner.printlayers import (
    REACH,
    REACH_EDGES,
    TOWN_SIZE,
    area_labels,
    biggest_radius,
    boundaries,
    edits,
    grown,
    land,
    names,
    outline,
    people,
    reach,
    roads,
    site_labels,
    sites,
    symbols,
)
from planner.printlegend import (
    Column,
    foot,
    foot_lines,
    keys_seen,
    legend,
    list_height,
    people_keys,
    reach_key,
    reach_keys,
    site_keys,
    site_list,
    strip,
    strip_height,
)
from planner.printscene import scene
from planner.printviews import box_of, cropped, densest, frames, main_bounds
from planner.words import listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from planner.mapdata import MapData, State
    from planner.papermaps import View
    from planner.printscene import Bounds, Scene

_A3_MM = (420.0, 297.0)
_DPI = 300
_MARGIN, _GAP, _COLUMN = 26.0, 10.0, 236.0
_SITE_CM, _SITE_DPI = (15.5, 8.5), 220
_LEAST_M = 1500.0  # that a small map shows
_INSET, _LEAST_INSET, _TAG = 165.0, 96.0, 8.4


# ---- a map in its frame ----


def _map(
    paper: Paper,
    view: View,
    shared: Scene,
    state: State,
    most: float,
    *,
    size: float,
    factor: float = 1.0,
    bar: float = 110.0,
    arrow: float = 0.0,
    tag: str = "",
    marked: View | None = None,
    inset: Box | None = None,
    within: Any = None,
    first: str = "",
) -> None:
    """Draw all layers of a state, and name what there is room to name.

    Parameters
    ----------
    paper, view, shared, state
        Where, of what, and when.
    most
        Radius of the most people, in points.
    size
        Of site names, in points.
    factor
        Of site symbols.
    bar, arrow
        Greatest length of the scale bar and height of the north arrow, in points; none of 0.
    tag
        What the frame shows, written into its corner.
    marked
        Another view, whose outline is drawn.
    inset
        Where in the frame the whole is shown small.
    within
        Area in degrees; people outside are drawn pale.
    first
        Id of the site that is named before all others.
    """
    paper.rectangle(view.frame, fill="#fdfdfb")
    if within is None:
        reach(paper, view, shared, state)
    elif area := outline(within, view):
        paper.shape(area, fill=REACH["plan"], edge=REACH_EDGES["plan"], thick=0.8, clip=view.frame)
    land(paper, view, shared.shown)
    roads(paper, view, shared)
    boundaries(paper, view, shared.shown)
    people(paper, view, shared, state, most, faded=None if within is None else _outside(shared, within))
    edits(paper, view, shared.shown)
    states = ("today", "closed", "planned") if state == "plan" else ("today", "closed")
    shown = symbols(view, shared, states)
    sites(paper, view, shared, shown, factor, first)
    taken = [one.box(grown(one, shared, factor, first)) for one in shown]
    furniture = _furniture(paper, view, shared, bar, arrow, tag, [*taken, *([inset] if inset else [])])
    if inset:
        _locator(paper, view, inset, shared, state)
        furniture.append(inset)
    if marked:
        paper.rectangle(box_of(marked, view), edge=INK, thick=0.9)
    areas, named = area_labels(view, shared), site_labels(shown, shared, size, factor, first)
    n_districts = sum(label.size > TOWN_SIZE for label, _ in areas)
    labels = [*areas[:n_districts], *named, *areas[n_districts:]]
    names(paper, view, labels, [*taken, *furniture])
    paper.rectangle(view.frame, edge=INK, thick=0.9)


def _outside(shared: Scene, area: Any) -> NDArray[np.bool_]:
    shapely.prepare(area)
    return np.asarray(~shapely.contains_xy(area, shared.places))


def _furniture(
    paper: Paper, view: View, shared: Scene, bar: float, arrow: float, tag: str, taken: Sequence[Box]
) -> list[Box]:
    """Draw scale bar, north arrow and tag, each in a corner where it hides nothing; return what they cover.

    Where every corner would hide something of `taken`, the first one is used.
    """
    frame, found = view.frame, list[Box]()

    def free(wide: float, high: float, corners: str) -> Box:
        """Return a box in the first free corner: ``l`` or ``r``, ``t`` or ``b``."""
        boxes = []
        for side, end in zip(corners[::2], corners[1::2], strict=True):
            left = frame.left if side == "l" else frame.right - wide
            bottom = frame.bottom if end == "b" else frame.top - high
            boxes.append(Box(left, bottom, left + wide, bottom + high))
        return next((box for box in boxes if not any(box.meets(other) for other in [*taken, *found])), boxes[0])

    if bar:
        units = shared.words["metre"], shared.words["kilometre"]
        box = free(bar + 36, 26, "lbrb")
        found.append(scale_bar(paper, view, box.left + 12, box.bottom + 10, bar, units))
    if arrow:
        box = free(40, arrow + 40, "rtlt")
        found.append(north_arrow(paper, box.left + 20, box.bottom + 16, arrow, shared.words["north"]))
    if tag:
        words = shortened(plain(tag), _TAG, frame.right - frame.left - 16)
        box = free(width(words, _TAG) + 14, _TAG + 9, "ltrtrblb")
        paper.rectangle(box, fill="white", edge=INK, thick=0.6)
        paper.text(box.left + 7, box.top - _TAG - 3.2, words, _TAG)
        found.append(box)
    return found


# ---- the large map ----


def write_maps(folder: Path, shown: MapData) -> None:
    """Write ``map.png`` and ``map.pdf``; see `printmaps.write_print_maps`."""
    with own_settings():
        paper = large(scene(shown))
        date = moment(shown.record["data_date"])
        (folder / "map.pdf").write_bytes(paper.pdf(plain(shown.labels.title), date))
        (folder / "map.png").write_bytes(paper.png(_DPI))


def moment(date: str) -> dt.datetime:
    """Return the begin of a day, the only time that a file carries."""
    return dt.datetime.combine(dt.date.fromisoformat(date), dt.time(), dt.UTC)


def large(shared: Scene) -> Paper:
    """Draw the large map: title on top, views on the left, legend on the right, notes and imprint at the foot."""
    state, words = shared.states[-1], shared.words
    paper = Paper(*(side * MM for side in _A3_MM))
    inner = Box(_MARGIN, _MARGIN, paper.box.right - _MARGIN, paper.box.top - _MARGIN)
    lines = foot_lines(shared, inner.right - inner.left)
    bottom = inner.bottom + 20 + 9.0 * len(lines)
    foot(paper, shared, lines, Box(inner.left, inner.bottom, inner.right, bottom - 5))
    top = _title(paper, shared, inner)
    bounds = main_bounds(shared)
    main, beside = frames(bounds, Box(inner.left, bottom, inner.right - _COLUMN - _GAP, top))
    view = view_of(bounds, main)
    most, sizes = biggest_radius(view, shared), list[tuple[str, float]]()
    enlarged = densest(view, shared, beside) if beside else None
    if enlarged:
        sizes = [(words["key_size_both"], most), (words["key_size_enlarged"], biggest_radius(enlarged, shared))]
        _map(paper, enlarged, shared, state, sizes[1][1], size=7.0, tag=words["enlarged"])
    column = Column(paper, inner.right - _COLUMN, inner.right, top + 9)
    legend(column, shared, state, sizes or [(words["key_size"], most)])
    inset_due = cropped(view, shared) or not enlarged
    spare = column.y - bottom - list_height(shared) - (_LEAST_INSET + _GAP if inset_due else 0)
    district_shares(column, shared, spare)
    high = float(np.clip(column.y - list_height(shared) - _GAP - bottom, _LEAST_INSET, _INSET))
    inset, low = Box(column.left, bottom, column.right, bottom + high), bottom
    if column.y > inset.top + 30 and inset_due:
        low = inset.top + _GAP
        if cropped(view, shared):
            _locator(paper, view, inset, shared, state)
        else:
            enlarged = densest(view, shared, inset)
            _map(paper, enlarged, shared, state, most, size=5.6, factor=0.8, bar=60, tag=words["enlarged"])
    site_list(column, shared, low)
    _map(paper, view, shared, state, most, size=6.4, factor=0.92 if beside else 1.0, arrow=34, marked=enlarged)
    return paper


def _title(paper: Paper, shared: Scene, inner: Box) -> float:
    """Write title and subtitle; return the height below them."""
    labels, size, room = shared.shown.labels, 23.0, inner.right - inner.left
    paper.text(inner.left, inner.top - size, shortened(plain(labels.title), size, room), size)
    named = listed((labels.standard_names.get(one, one) for one in shared.decides), labels.language)
    parts = shared.words["subtitle"].format(
        date=shared.shown.record["data_date"], scenario=shared.shown.record["scenario"]
    )
    words = f"{plain(parts)}　{plain(shared.words['decided'].format(names=named))}"
    paper.text(inner.left, inner.top - size - 19, shortened(words, 10, room), 10, GREY)
    return inner.top - size - 31


def _locator(paper: Paper, view: View, frame: Box, shared: Scene, state: State) -> None:
    """Draw where the view lies in the whole: greatest roads, boundaries, people, and planned sites outside the view."""
    places = np.concatenate([shared.places, shared.site_places, np.array(view.bounds()).reshape(2, 2)])
    (west, south), (east, north) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    pad = 0.04 * max(east - west, north - south)
    whole = view_of((west - pad, south - pad, east + pad, north + pad), frame)
    paper.rectangle(frame, fill="#fdfdfb")
    land(paper, whole, shared.shown)
    roads(paper, whole, shared, only=("major",))
    boundaries(paper, whole, shared.shown, 0.6)
    people(paper, whole, shared, state, 1.6)
    seen = box_of(view, whole)
    outside = [one for one in symbols(whole, shared, ("planned",)) if not Box(one.x, one.y, one.x, one.y).inside(seen)]
    sites(paper, whole, shared, outside if state == "plan" else [], 0.75)
    paper.rectangle(seen, edge=INK, thick=1.0)
    taken = [seen, *(one.box(0.75) for one in outside)]
    _furniture(paper, whole, shared, 0.3 * (frame.right - frame.left), 0.0, shared.words["locator"], taken)
    paper.rectangle(frame, edge=INK, thick=0.9)


# ---- figures of the proposal ----


def figures(shown: MapData) -> tuple[Picture, ...]:
    """Return the figures; see `printmaps.figure_pictures`."""
    shared = scene(shown)
    with own_settings():
        return tuple(_figure(shared, state) for state in shared.states)


def _figure(shared: Scene, state: State) -> Picture:
    bounds, labels, words = main_bounds(shared), shared.shown.labels, shared.words
    across = view_of(bounds, Box(0, 0, 1, 1))
    share = (bounds[2] - bounds[0]) * across.shrink / (bounds[3] - bounds[1])
    wide = share > 1.15  # noqa: PLR2004  a page across holds more of it
    wide_cm = 24.0 if wide else 15.6
    room = wide_cm * CM
    keys = [
        *site_keys(shared, ("today", "planned", "closed") if state == "plan" else ("today", "closed"), counted=False),
        *people_keys(shared, state),
        *reach_keys(shared, state),
    ]
    below = strip_height(keys, room - 8)
    high = float(np.clip(room / share, 11 * CM, (14.5 if wide else 19.5) * CM - below))
    paper = Paper(room, high + below)
    view = view_of(bounds, Box(0.5, below, room - 0.5, high + below - 0.5))
    corner = Box(view.frame.right - 0.26 * room, below + 0.5, view.frame.right, below + 0.5 + 0.2 * room)
    inset = corner if cropped(view, shared) else None
    most = biggest_radius(view, shared)
    _map(paper, view, shared, state, most, size=5.6, factor=0.8, arrow=26, bar=90, inset=inset)
    strip(paper, keys, Box(4, 0, room - 4, below - 2))
    named = listed((labels.standard_names.get(one, one) for one in shared.decides), labels.language)
    return Picture(
        png=paper.png(_DPI),
        caption=words[f"figure_{state}"].format(names=plain(named)),
        width_cm=wide_cm,
        height_cm=round((high + below) / CM, 2),
        alt=words[f"figure_{state}_alt"],
        wide=wide,
    )


# ---- small maps of planned sites ----


def site_maps(shown: MapData, site_ids: Sequence[str]) -> dict[str, Picture]:
    """Return a small map for each site; see `printmaps.site_pictures`."""
    shared = scene(shown)
    with own_settings():
        return {site_id: _site_map(shared, site_id) for site_id in dict.fromkeys(site_ids)}


def _site_map(shared: Scene, site_id: str) -> Picture:
    labels, words, state = shared.shown.labels, shared.words, shared.states[-1]
    name = plain(labels.site_names.get(site_id, site_id)) or words["unnamed"]
    wide, high = (side * CM for side in _SITE_CM)
    standard, area = _area_of(shared, site_id, state)
    bounds = _site_bounds(shared, site_id, area)
    below = 0.0
    while True:  # a lower frame shows more of the ground, and its keys may take another line
        view = view_of(bounds, Box(0.5, below + 0.5, wide - 0.5, high - 0.5), least_m=_LEAST_M)
        keys = [*keys_seen(view, shared, state), *([reach_key(shared, standard)] if standard else [])]
        if strip_height(keys, wide - 8) <= below:
            break
        below = strip_height(keys, wide - 8)
    paper = Paper(wide, high)
    most = biggest_radius(view, shared)
    _map(paper, view, shared, state, most, size=7.0, bar=80, arrow=20, within=area, first=site_id)
    strip(paper, keys, Box(4, 0, wide - 4, below - 2))
    return Picture(
        png=paper.png(_SITE_DPI),
        caption=words["site_caption"].format(name=name),
        width_cm=_SITE_CM[0],
        height_cm=_SITE_CM[1],
        alt=words["site_alt"].format(name=name),
    )


def _area_of(shared: Scene, site_id: str, state: State) -> tuple[str, Any]:
    """Return the standard under which a site has the service area that is to be shown, and that area.

    Of those that what is planned there serves, deciding ones first, the one under which most people have it as their
    new nearest site: a kiosk in a station is not shown with the reach of the station.
    """
    areas = shared.shown.areas
    own = areas[(areas["site_id"] == site_id) & (areas["state"] == state) & areas.geometry.notna()]
    record, decides = shared.shown.record, shared.decides
    planned = {row.get("type") for row in record.get("plan", {}).get("opened", ()) if row["site_id"] == site_id}
    foreign = {item["id"]: planned.isdisjoint(item.get("served_by", ())) for item in record["standards"]}
    known = [item["id"] for item in record["standards"] if (own["standard"] == item["id"]).any()]
    if not known:
        return "", None
    best = min(known, key=lambda one: (foreign[one], one not in decides, -shared.newly.get((site_id, one), 0)))
    return best, shapely.union_all(own.geometry[own["standard"] == best].to_numpy())


def _site_bounds(shared: Scene, site_id: str, area: Any) -> Bounds:
    """Box of degrees about a site and what it reaches."""
    rows = np.flatnonzero(shared.site_ids == site_id)
    corners = [shared.site_places[rows]]
    if area is not None:
        corners.append(np.array(shapely.bounds(area)).reshape(2, 2))
    found = np.concatenate(corners)
    if not len(found):
        return main_bounds(shared)
    (west, south), (east, north) = found.min(axis=0).tolist(), found.max(axis=0).tolist()
    pad = 0.05 * max(east - west, north - south)
    return west - pad, south - pad, east + pad, north + pad
