"""What printed maps show of the earth: the whole, the part where most people live, and how a sheet is shared out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner.papermaps import METRES_PER_DEGREE, View, view_of
from planner.printlabels import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.printscene import Bounds, Real, Scene

_NEAR = np.array([[-0.02], [0.02]])  # degrees about the roads
_TAIL, _CORE = 0.004, 0.1  # share of people left out at each side: of the whole, and of its core
_LARGE_M = 20_000.0  # from here on a map may show the core of the whole alone
_MOST = 0.7  # share of planned sites that the core must hold
_NARROW, _WIDE = 0.40, 0.66  # shares of a sheet that the main view takes beside an enlarged one
_GAP = 10.0


def main_bounds(shared: Scene) -> Bounds:
    """Return the box of degrees that a map shows: where people live near roads, with every planned site there.

    Where it is large and four fifths of them, west to east and south to north, live on less than a quarter of it, and
    most planned sites lie there, the map shows that part alone; an inset shows the whole.
    """
    (west, south), (east, north) = (corner.tolist() for corner in _whole(shared))
    near = _within(shared.places, (west, south), (east, north))
    if near.any():
        core = np.column_stack([_middle(shared.places[near, axis], shared.people[near], _CORE) for axis in (0, 1)])
        core += (core[1] - core[0]) * [[-0.12], [0.12]]
        large = max(east - west, north - south) * METRES_PER_DEGREE > _LARGE_M
        small = large and np.prod(core[1] - core[0]) < (east - west) * (north - south) / 4
        kept = _within(_planned(shared), *core)
        if small and kept.sum() >= _MOST * len(kept):
            (west, south), (east, north) = core.tolist()
    pad = 0.035 * max(east - west, north - south, 0.004)
    return west - pad, south - pad, east + pad, north + pad


def _within(places: Real, low: Any, high: Any) -> NDArray[np.bool_]:
    return np.asarray(((places >= low) & (places <= high)).all(axis=1))


def _planned(shared: Scene) -> Real:
    """Places of the planned sites; of all sites where none is planned."""
    rows = [row for group in shared.sites["groups"] if group["state"] == "planned" for row in group["rows"]]
    return shared.site_places[rows] if rows else shared.site_places


def _whole(shared: Scene) -> Real:
    """Corners (2, 2) of the box about all planned sites and nearly all people, of those that lie near roads."""
    network = shared.shown.roads
    low, high = np.reshape(network.bounds if network.n_nodes else (-180.0, -90.0, 180.0, 90.0), (2, 2)) + _NEAR

    planned, at, weights = _planned(shared), shared.places, shared.people
    near = _within(at, low, high)
    if near.any():
        at, weights, planned = at[near], weights[near], planned[_within(planned, low, high)]
    corners = [np.column_stack([_middle(at[:, axis], weights, _TAIL) for axis in (0, 1)])] if len(at) else []
    corners += [planned] if len(planned) else []
    if not corners:
        return np.asarray([low, high] - _NEAR, dtype=np.float64)
    found = np.concatenate(corners)
    return np.array([found.min(axis=0), found.max(axis=0)])


def _middle(values: Real, weights: NDArray[np.int64], tail: float) -> Real:
    """Return the values below and above which so small a share of the weight lies."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(np.maximum(weights[order], 1))
    low, high = np.searchsorted(share, [share[-1] * tail, share[-1] * (1 - tail)])
    return values[order][[low, min(high, len(values) - 1)]]


def densest(view: View, shared: Scene, frame: Box) -> View:
    """Return the part of a view where most people live, enlarged to fill a frame."""
    cell, zoom = 6.0, 2.6
    left, bottom, right, top = view.frame
    wide, high = (max(1, int(side / zoom // cell)) for side in (frame.right - frame.left, frame.top - frame.bottom))
    nx, ny = int((right - left) // cell) + 1, int((top - bottom) // cell) + 1
    at = (view.on_paper(shared.places) - (left, bottom)) // cell
    seen = ((at >= 0) & (at < (nx, ny))).all(axis=1)
    grid = np.zeros((max(nx, wide) + 1, max(ny, high) + 1), dtype=np.int64)
    np.add.at(grid, tuple(at[seen].astype(np.int64).T + 1), shared.people[seen])
    total = grid.cumsum(axis=0).cumsum(axis=1)
    windows = total[wide:, high:] - total[:-wide, high:] - total[wide:, :-high] + total[:-wide, :-high]
    x, y = np.unravel_index(int(windows.argmax()), windows.shape)
    lon, lat = view.degrees(left + (float(x) + wide / 2) * cell, bottom + (float(y) + high / 2) * cell)
    return View(lon, lat, view.metres / zoom, frame)


def frames(bounds: Bounds, room: Box) -> tuple[Box, Box | None]:
    """Share the room out: of a tall city the main view leaves room for an enlarged part beside it."""
    view = view_of(bounds, room)
    west, south, east, north = bounds
    wide, high = (east - west) * view.shrink, north - south
    share = wide / high * (room.top - room.bottom) / (room.right - room.left)
    if share > _WIDE:
        return room, None
    cut = room.left + max(share, _NARROW) * (room.right - room.left)
    return Box(room.left, room.bottom, cut, room.top), Box(cut + _GAP, room.bottom, room.right, room.top)


def cropped(view: View, shared: Scene) -> bool:
    """Whether people or sites lie outside a view."""
    places = np.concatenate([shared.places, shared.site_places])
    (west, south, east, north), (lon, lat) = view.bounds(), places.T
    return bool(((lon < west) | (lon > east) | (lat < south) | (lat > north)).any())


def box_of(other: View, view: View) -> Box:
    """Return on paper what another view shows."""
    west, south, east, north = other.bounds()
    (left, bottom), (right, top) = view.on_paper(np.array([[west, south], [east, north]])).tolist()
    frame = view.frame
    return Box(max(left, frame.left), max(bottom, frame.bottom), min(right, frame.right), min(top, frame.top))
