"""Applies road what-ifs to a network that was read: edits and `Roads` in, other `Roads` out.

What is closed, slowed or one-way speaks of the road file's segments (`planner.alongside`); new roads are joined to what
stays open (`planner.newroads`). So the order of the edits changes nothing: of several speeds the slowest counts, and
two directions for one segment contradict each other, which is a fault.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import shapely

from planner.alongside import NEAR_M, along, in_plane, left_of
from planner.errors import Fault, TableError
from planner.geodesy import MM_PER_M, great_circle_mm
from planner.newroads import END_M, NewRoad, with_new_roads
from planner.osmfile import on_islands, without_islands
from planner.osmways import kind_of
from planner.roads import ROAD_KINDS
from planner.speeds import CLASS_KPH, OTHER, drive_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.alongside import Plane
    from planner.newroads import Joined
    from planner.roadedits import Edit, Edits
    from planner.roads import Roads
    from planner.terms import Mode

    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

FAR_DEG = 0.01
"""An edit that lies farther than this from the roads' box, in degrees, is not among them."""

VERY_LONG_M = 5000
"""An edit of more of the roads than this, in metres, is to be looked at."""

LEFT_M = 2 * NEAR_M
"""Longest part of a drawn line, in metres, without a road that it means: a line may be drawn so far past a junction, or
begin so far before one, with nothing lost; what is longer is likely part of a segment that is taken whole or not."""

_MANY_TIMES, _SPARE_M = 1.5, 2 * NEAR_M
_ENDS = 2


@dataclass(frozen=True, eq=False)
class Effect:
    """What one edit did to one network.

    Attributes
    ----------
    segments, mm
        Segments that were changed or are new, and their length in whole millimetres.
    joins, free_ends
        Of a new road: places where it is joined to others, and ends that are joined to nothing.
    lines
        The segments, in WGS-84 degrees, for a map.
    way_id
        The way that a new road is; None for others.
    idle
        Nothing came of it: the road was as slow before, or one-way already.
    against
        Number of another edit that wants a segment one-way the other way round.
    same_segment
        Both ends of a new road are joined to one segment, and nothing else is.
    apart
        A new road that is left out: no road ties it to the rest, and it is too short to stay alone.
    """

    segments: int
    mm: int
    lines: NDArray[np.object_]
    way_id: int | None = None
    joins: int = 0
    free_ends: int = 0
    idle: bool = False
    against: int | None = None
    same_segment: bool = False
    apart: bool = False


@dataclass(frozen=True, eq=False)
class Rerouted:
    """Networks with all edits, and without.

    Attributes
    ----------
    before, after
        Roads by mode.
    edits
        The edits.
    effects
        By mode, what each edit did that concerns it, by its number.
    doubts
        What is not wrong, but to be looked at.
    """

    before: Mapping[Mode, Roads]
    after: Mapping[Mode, Roads]
    edits: Edits
    effects: Mapping[Mode, Mapping[int, Effect]]
    doubts: tuple[Fault, ...]


def rerouted(
    read: Callable[[Mode], Roads],
    modes: Sequence[Mode],
    edits: Edits,
    *,
    island_min_m: float,
    drive_factor: float,
    class_kph: Mapping[str, float],
) -> Rerouted:
    """Apply edits to the networks of some modes.

    Parameters
    ----------
    read
        Gives the network of a mode with every piece, however short.
    modes
        The networks that are used.
    edits
        What is changed.
    island_min_m
        As in `planner.osmfile.read_roads`: short pieces are left out once all edits are made.
    drive_factor, class_kph
        As in `planner.osmfile.read_roads`.

    Raises
    ------
    TableError
        If an edit lies outside the roads, means no segment or a way that is not there, if a gate opens nothing, if two
        edits contradict each other, or if no road is left.
    """
    whole = {mode: read(mode) for mode in modes}
    outside = [edits.fault("edit_outside", edit) for edit in edits.rows if _outside(edit, whole.values())]
    if outside:
        raise TableError(*outside)
    after: dict[Mode, Roads] = {}
    effects: dict[Mode, Mapping[int, Effect]] = {}
    for mode, roads in whole.items():
        rows = [edit for edit in edits.rows if mode in edit.modes]
        changed, found = reroute(roads, rows, island_min_m=island_min_m, drive_factor=drive_factor, class_kph=class_kph)
        if not changed.n_edges:
            raise TableError(Fault("edits_close_all", edits.shown, edits.sheet))
        after[mode] = without_islands(changed, island_min_m)
        stays = set(after[mode].way_id.tolist())
        effects[mode] = {n: replace(one, apart=one.way_id not in {None, *stays}) for n, one in found.items()}
    faults = [fault for edit in edits.rows for fault in _missed(edits, edit, whole, effects)]
    if faults:
        raise TableError(*faults)
    doubts = (*edits.doubts, *(doubt for edit in edits.rows for doubt in _doubts(edits, edit, effects)))
    before = {mode: without_islands(roads, island_min_m) for mode, roads in whole.items()}
    return Rerouted(before, after, edits, effects, doubts)


def reroute(
    roads: Roads,
    edits: Sequence[Edit],
    *,
    island_min_m: float,
    drive_factor: float,
    class_kph: Mapping[str, float],
) -> tuple[Roads, dict[int, Effect]]:
    """Apply edits to one network, in any order of them.

    Parameters
    ----------
    roads
        The network with every piece.
    edits
        Those that concern its mode.
    island_min_m, drive_factor, class_kph
        As in `planner.osmfile.read_roads`. Islands stay; what they are, once roads are closed, tells what is joined.

    Returns
    -------
    roads
        The network; of what was closed the nodes stay. Without segments where all of it was closed.
    effects
        What each edit did, by its number.
    """
    plane = in_plane(roads)
    drawn = {edit.number: _meant(roads, plane, edit) for edit in edits if edit.kind not in ("add", "entrance")}
    changed, effects = _changed(roads, edits, drawn, drive_factor)
    new = sorted((edit for edit in edits if edit.kind in ("add", "entrance")), key=_shape_first)
    if not new or not changed.n_edges:
        return changed, effects
    lines = [_new_road(roads.mode, edit, drive_factor, class_kph) for edit in new]
    joined = with_new_roads(changed, on_islands(changed, island_min_m), lines)
    for number, edit in enumerate(new):
        effects[edit.number] = _effect_of_new(joined, number, lines[number])
    return joined.roads, effects


def _shape_first(edit: Edit) -> tuple[object, ...]:
    """Order of new roads that does not hang on their order in the layer."""
    places = tuple(zip(edit.lon.tolist(), edit.lat.tolist(), strict=True))
    return places, edit.kind, edit.kph or 0.0, edit.highway, edit.number


def _new_road(mode: Mode, edit: Edit, drive_factor: float, class_kph: Mapping[str, float]) -> NewRoad:
    kph = edit.kph or {**CLASS_KPH, **class_kph}.get(edit.highway, CLASS_KPH[OTHER])
    kind = "path" if edit.kind == "entrance" else kind_of(edit.highway)
    return NewRoad(edit.lon, edit.lat, kph * drive_factor if mode == "drive" else 0.0, ROAD_KINDS.index(kind))


def _effect_of_new(joined: Joined, number: int, line: NewRoad) -> Effect:
    """Tell what came of a new road."""
    way_id = int(joined.way_id[number])
    edges = np.flatnonzero(joined.roads.way_id == way_id)
    joins = [join for join in joined.joins if join.line == number]
    last = len(line.lon) - 1
    ring = last > 0 and (line.lon[0], line.lat[0]) == (line.lon[-1], line.lat[-1])
    tied = {join.vertex for join in joins}
    at_ends = [[join.edge for join in joins if join.vertex == end] for end in (0, last)]
    return Effect(
        *_extent(joined.roads, edges),
        way_id=way_id,
        joins=len(joins),
        free_ends=0 if ring else len({0, last} - tied),
        same_segment=last > 0 and len(joins) == _ENDS and at_ends[0] == at_ends[1],
    )


def _extent(roads: Roads, edges: Whole) -> tuple[int, int, NDArray[np.object_]]:
    """Count segments, add up their lengths and draw them."""
    ends = [np.column_stack([roads.lon[node[edges]], roads.lat[node[edges]]]) for node in (roads.u, roads.v)]
    return len(edges), int(roads.length_mm[edges].sum()), shapely.linestrings(np.stack(ends, axis=1))


# --- what is there already ---------------------------------------------------------------------------------------


def _meant(roads: Roads, plane: Plane, edit: Edit) -> tuple[Whole, Flags]:
    """Segments that an edit speaks of: those along its line, of its way where one is named; else the whole way."""
    if len(edit.lon):
        edges, forward = along(roads, plane, edit.lon, edit.lat)
        of_way = np.ones(len(edges), dtype=bool) if edit.way_id is None else roads.way_id[edges] == edit.way_id
        return edges[of_way], forward[of_way]
    edges = np.flatnonzero(roads.way_id == edit.way_id)
    return edges, np.ones(len(edges), dtype=bool)


def _changed(
    roads: Roads, edits: Sequence[Edit], meant: Mapping[int, tuple[Whole, Flags]], drive_factor: float
) -> tuple[Roads, dict[int, Effect]]:
    """Close, slow and turn the segments that edits mean."""
    keep = np.ones(roads.n_edges, dtype=bool)
    time_ms, forward, backward = roads.drive_ms.copy(), roads.forward.copy(), roads.backward.copy()
    against = _contradictions({e.number: meant[e.number] for e in edits if e.kind == "one_way"})
    effects = {}
    for edit in edits:
        if edit.number not in meant:
            continue
        edges, ahead = meant[edit.number]
        idle = False
        if edit.kind == "close":
            keep[edges] = False
        elif edit.kind == "slow" and edit.kph is not None:
            slowed = drive_ms(roads.length_mm[edges], np.full(len(edges), edit.kph * drive_factor))
            idle = bool((slowed <= roads.drive_ms[edges]).all())
            time_ms[edges] = np.maximum(time_ms[edges], slowed)
        else:
            idle = bool(((roads.forward[edges] == ahead) & (roads.backward[edges] != ahead)).all())
            forward[edges], backward[edges] = ahead, ~ahead
        effects[edit.number] = Effect(*_extent(roads, edges), idle=idle, against=against.get(edit.number))
    kept = {name: getattr(roads, name)[keep] for name in ("way_id", "segment", "u", "v", "length_mm", "kind")}
    changed = replace(roads, **kept, drive_ms=time_ms[keep], forward=forward[keep], backward=backward[keep])
    return changed, effects


def _contradictions(turned: Mapping[int, tuple[Whole, Flags]]) -> dict[int, int]:
    """Find the edits that want a segment one-way the other way round than an earlier one, with the first of these."""
    against: dict[int, int] = {}
    for (earlier, (edges, ahead)), (later, (others, others_ahead)) in combinations(turned.items(), 2):
        _, mine, theirs = np.intersect1d(edges, others, return_indices=True)
        if (ahead[mine] != others_ahead[theirs]).any():
            against.setdefault(later, earlier)
    return against


# --- faults and doubts -------------------------------------------------------------------------------------------


def _outside(edit: Edit, networks: Iterable[Roads]) -> bool:
    """Whether an edit touches the box of no network."""
    if not len(edit.lon):
        return False
    box = edit.lon.min() - FAR_DEG, edit.lat.min() - FAR_DEG, edit.lon.max() + FAR_DEG, edit.lat.max() + FAR_DEG
    boxes = [roads.bounds for roads in networks]
    return not any(box[0] <= b[2] and b[0] <= box[2] and box[1] <= b[3] and b[1] <= box[3] for b in boxes)


def _missed(
    edits: Edits, edit: Edit, whole: Mapping[Mode, Roads], effects: Mapping[Mode, Mapping[int, Effect]]
) -> Iterator[Fault]:
    """Find an edit that means nothing, opens nothing, or contradicts another one.

    One that only concerns a network which is not read cannot be judged; walking is, whenever a scenario is run.
    """
    found = [effects[mode][edit.number] for mode in edit.modes if mode in effects]
    against = next((one.against for one in found if one.against is not None), None)
    if against is not None:
        yield edits.fault("edit_contradicts", edit, other=against)
    if not found or ("walk" not in whole and len(found) < len(edit.modes)):
        return
    if edit.kind == "entrance":
        if max(one.joins for one in found) < _ENDS:
            yield edits.fault("edit_opens_nothing", edit, metres=f"{END_M:g}")
    elif edit.kind != "add" and not any(one.segments for one in found):
        named = [roads for mode, roads in whole.items() if mode in edit.modes and (roads.way_id == edit.way_id).any()]
        if edit.way_id is not None and not named:
            yield edits.fault("edit_way_unknown", edit, "way_id", way=edit.way_id)
        else:
            yield edits.fault("edit_means_nothing", edit, metres=f"{NEAR_M:g}")


def _doubts(edits: Edits, edit: Edit, effects: Mapping[Mode, Mapping[int, Effect]]) -> Iterator[Fault]:
    """Say what is to be looked at of an edit."""
    found = [effects[mode][edit.number] for mode in edit.modes if mode in effects]
    if not found:
        yield edits.fault("edit_unread", edit)
        return
    metres = max(one.mm for one in found) / MM_PER_M
    drawn = float(great_circle_mm(edit.lon[1:], edit.lat[1:], edit.lon[:-1], edit.lat[:-1]).sum()) / MM_PER_M
    if edit.kind not in ("add", "entrance"):
        if metres > VERY_LONG_M:
            yield edits.fault("edit_long", edit, km=f"{metres / 1000:.1f}")
        if len(edit.lon) and metres > _MANY_TIMES * drawn + _SPARE_M:
            yield edits.fault("edit_parallel", edit, metres=f"{metres:.0f}", drawn=f"{drawn:.0f}")
        yield from _partly(edits, edit, found, drawn)
        if all(one.idle for one in found):
            yield edits.fault("edit_idle", edit)
        return
    free = max(one.free_ends for one in found)
    if free:
        yield edits.fault("edit_free_end", edit, count=free, metres=f"{END_M:g}")
    if any(one.same_segment for one in found):
        yield edits.fault("edit_same_segment", edit)
    if any(one.apart for one in found):
        yield edits.fault("edit_apart", edit)


def _partly(edits: Edits, edit: Edit, found: Iterable[Effect], drawn_m: float) -> Iterator[Fault]:
    """Doubt an edit that changes less of the roads than was drawn, in all networks together."""
    lines = np.concatenate([one.lines for one in found])
    if not (len(edit.lon) and len(lines)):
        return
    left_m = left_of(edit.lon, edit.lat, lines) * drawn_m
    if left_m.max(initial=0.0) > LEFT_M:
        values = {"drawn": drawn_m, "taken": drawn_m - left_m.sum(), "rest": left_m.max()}
        yield edits.fault("edit_partly", edit, **{name: f"{metres:.0f}" for name, metres in values.items()})
