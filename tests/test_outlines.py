"""Outlines in the plane: they hold every piece, nothing far from one, nest to the last bit, and match plain buffers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner import outlines
from planner._raster import stamp
from planner.outlines import APART_M, CELL_M, HOLE_M2, MARGIN_M, Pieces, beyond_m

if TYPE_CHECKING:
    from collections.abc import Sequence

    Row = tuple[float, float, float, float, float, float]

ROUNDING_M = 1e-6
"""What shapely's own arithmetic may be off by at coordinates of some thousand kilometres, in metres."""

EAST, NORTH = 417_000.0, 6_690_000.0


def pieces(rows: Sequence[Row], at: tuple[float, float] = (EAST, NORTH)) -> Pieces:
    """Pieces from rows of x0, y0, x1, y1, start, end."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 6).T
    return Pieces(table[:4] + np.array([*at, *at])[:, None], table[4:])


def lines(*steps: Pieces) -> shapely.MultiLineString:
    return shapely.multilinestrings(shapely.linestrings(np.concatenate([step.corners for step in steps])))


# raster lines, halves of cells and multiples of the margin are the hard places; anything else comes too
places = st.one_of(st.integers(-60, 60).map(lambda n: n * CELL_M / 2), st.floats(-300, 300))
fractions = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))
spans = st.tuples(fractions, fractions).map(lambda pair: (min(pair), max(pair)))
rows = st.tuples(places, places, places, places, spans).map(lambda row: (*row[:4], *row[4]))
some_steps = st.lists(st.lists(rows, max_size=6), min_size=1, max_size=4).filter(lambda steps: bool(steps[0]))

CROSS: list[Row] = [(-60, 0, 60, 0, 0, 1), (0, -60, 0, 60, 0, 1)]
SADDLE: list[Row] = [(0, 0, 0, 0, 0, 1), (120, 0, 120, 0, 0, 1), (60, 60, 60, 60, 0, 1)]


@settings(max_examples=70, deadline=None)
@given(some_steps)
@example([CROSS, [], SADDLE])
def test_outlines_hold_what_they_must_and_no_more(steps: list[list[Row]]) -> None:
    found = outlines.outlines([pieces(step) for step in steps])
    assert len(found) == len(steps)
    for count, outline in enumerate(found, start=1):
        whole = lines(*(pieces(step) for step in steps[:count]))
        assert outline.geom_type == "MultiPolygon"
        assert outline.is_valid
        held = MARGIN_M - math.sqrt(2) * CELL_M - APART_M
        assert outline.covers(shapely.buffer(whole, held - ROUNDING_M, quad_segs=2))
        vertices = shapely.points(shapely.get_coordinates(outline))
        assert shapely.distance(vertices, whole).max() <= MARGIN_M + math.sqrt(2) * CELL_M + ROUNDING_M
    for small, large in pairwise(found):
        assert large.covers(small)


@settings(max_examples=60, deadline=None)
@given(some_steps)
def test_no_place_inside_lies_beyond_the_stated_distance(steps: list[list[Row]]) -> None:
    *_, outline = outlines.outlines([pieces(step) for step in steps])
    whole = lines(*map(pieces, steps))
    west, south, east, north = outline.bounds
    x, y = np.meshgrid(np.arange(west, east, 7.0), np.arange(south, north, 7.0))
    grid = shapely.points(x.ravel(), y.ravel())
    inside = grid[shapely.contains_properly(outline, grid)]
    assert shapely.distance(inside, whole).max() <= beyond_m("fast")


@settings(max_examples=60, deadline=None)
@given(some_steps, st.randoms(use_true_random=False))
def test_an_outline_depends_on_its_pieces_only(steps: list[list[Row]], random: object) -> None:
    together = outlines.outlines([pieces(step) for step in steps])
    for count, outline in enumerate(together, start=1):
        mine = [row for step in steps[:count] for row in step]
        random.shuffle(mine)  # type: ignore[attr-defined]
        (alone,) = outlines.outlines([pieces(mine)])
        assert alone.equals_exact(outline, 0.0)
    far = (2000.0, 1500.0, 2100.0, 1500.0, 0.0, 1.0)
    (beside,) = outlines.outlines([pieces([*mine, far])])
    near = [part for part in shapely.get_parts(beside) if part.distance(outline) == 0]
    assert shapely.multipolygons(near).normalize().equals_exact(outline.normalize(), 0.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=5), st.lists(spans, min_size=5, max_size=5))
def test_a_longer_piece_raises_no_distance_to_the_last_bit(some: list[Row], longer: list[tuple[float, float]]) -> None:
    grown = [(*row[:4], min(row[4], a), max(row[5], b)) for row, (a, b) in zip(some, longer, strict=False)]
    fields = []
    for drawn in (pieces(some), pieces(grown)):
        square = np.full((90, 90), 80.0**2)
        left, bottom = int(EAST // CELL_M) - 45, int(NORTH // CELL_M) - 45
        stamp(square, left, bottom, CELL_M, 80.0, drawn.ends, drawn.between)
        x, y = np.meshgrid((np.arange(90) + left) * CELL_M, (np.arange(90) + bottom) * CELL_M)
        true = np.minimum(shapely.distance(shapely.points(x, y), lines(drawn)), 80.0)
        assert np.abs(np.sqrt(square) - true).max() < ROUNDING_M
        fields.append(square)
    assert (fields[1] <= fields[0]).all()


def ring(side: float) -> list[Row]:
    """The streets around a square block."""
    corners = [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)]
    return [(*corners[k], *corners[(k + 1) % 4], 0.0, 1.0) for k in range(4)]


@pytest.mark.parametrize("method", ["fast", "exact"])
@pytest.mark.parametrize(("side", "holes"), [(165.0, 0), (172.0, 1), (400.0, 1)])
def test_holes_stay_when_larger_than_a_block(method: outlines.Method, side: float, holes: int) -> None:
    (outline,) = outlines.outlines([pieces(ring(side))], method)
    (polygon,) = outline.geoms
    assert len(polygon.interiors) == holes
    if holes:
        assert shapely.Polygon(polygon.interiors[0]).area == pytest.approx(
            (side - 2 * MARGIN_M) ** 2, abs=4 * CELL_M**2
        )
        assert shapely.Polygon(polygon.interiors[0]).area >= HOLE_M2


def test_an_island_in_a_hole_is_a_polygon_of_its_own() -> None:
    (outline,) = outlines.outlines([pieces([*ring(600.0), (300, 300, 300, 300, 0, 1)])])
    assert outline.is_valid
    assert sorted(len(polygon.interiors) for polygon in outline.geoms) == [0, 1]


def test_outlines_that_touch_in_a_point_are_still_polygons() -> None:
    rows = [(x, y, x, y, 0.0, 1.0) for x in (0.0, 120.0, 240.0) for y in (0.0, 120.0, 240.0)]
    (outline,) = outlines.outlines([pieces(rows)])
    assert outline.is_valid


@pytest.mark.parametrize(("most", "cell"), [(30_000, 10.0), (10_000, 20.0), (2_000, 40.0), (10, 40.0)])
def test_huge_rasters_get_coarser_cells_and_keep_their_word(
    monkeypatch: pytest.MonkeyPatch, most: int, cell: float
) -> None:
    monkeypatch.setattr(outlines, "MOST_VERTICES", most)
    ends = np.random.default_rng(7).uniform(-600, 600, (2, 9, 4))
    ends[1, 0] = (-600, -600, 600, 600)
    steps = [pieces([(*row, 0.0, 1.0) for row in step.tolist()]) for step in ends]
    assert outlines.cell_m(steps[1].box) == cell
    small, large = outlines.outlines(steps)
    whole = lines(*steps)
    vertices = shapely.points(shapely.get_coordinates(large))
    assert large.is_valid
    assert large.covers(small)
    assert large.covers(whole)
    assert shapely.distance(vertices, whole).max() <= MARGIN_M + math.sqrt(2) * cell


def test_exact_outlines_are_plain_buffers_but_for_small_holes() -> None:
    rng = np.random.default_rng(5)
    steps = [pieces([(*ends, 0.2, 0.9) for ends in rng.uniform(-900, 900, (12, 4)).tolist()]) for _ in range(3)]
    found = outlines.outlines(steps, "exact")
    plain = shapely.buffer(lines(*steps), MARGIN_M, quad_segs=64)
    missing, extra = shapely.difference(plain, found[-1]), shapely.difference(found[-1], plain)
    assert missing.area < 0.001 * plain.area
    assert all(part.area < HOLE_M2 for part in shapely.get_parts(extra))
    assert all(large.buffer(1e-6).covers(small) for small, large in pairwise(found))
    *_, fast = outlines.outlines(steps)
    assert shapely.intersection(fast, found[-1]).area / shapely.union(fast, found[-1]).area >= 0.985


@settings(max_examples=40, deadline=None)
@given(rows)
def test_the_outline_of_one_street_is_its_buffer_to_half_a_metre(row: Row) -> None:
    (outline,) = outlines.outlines([pieces([row])])
    plain = shapely.buffer(lines(pieces([row])), MARGIN_M, quad_segs=64)
    assert shapely.hausdorff_distance(outline.boundary, plain.boundary, densify=0.2) < 0.5
