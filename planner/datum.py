"""Finds the coordinate system in which a table's points lie nearest to the roads: the datum test.

Offices and homes stand beside roads. Points that are read in the wrong system lie some 300-600 m off, at places that
have nothing to do with the roads, so the median distance to the nearest road tells the systems apart. Each system is
tried on the same points: those of different places, within the box of China, that come within `NEAR_M` of a road in
at least one of them. A median of fewer than `LEAST_PLACES` places tells nothing by itself. From `FEW_PLACES` on the
stated system is doubted all the same where the evidence is overwhelming: the median of another one is at most
`FEW_SHARE` of its own, and all places but one in ten are nearer to a road there. Of samples of Jinan's 63 testable
offices that were read in their own system, that befell 8 in 1,000 of 5 places at most, 1 of 7, and none of 10 and more.
Points that stand beside roads in no system (cells of a raster) differ by chance: the verdict is a doubt, not a proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from planner.coordinates import from_wgs84, in_china, to_wgs84
from planner.geodesy import to_mm
from planner.snapping import lonlat, snap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import ArrayLike, NDArray

    from planner.coordinates import System
    from planner.roads import Roads

Verdict: TypeAlias = Literal["agrees", "unclear", "other", "too_few", "outside", "mixed"]

TRIED: tuple[System, ...] = ("wgs84", "gcj02", "bd09")
"""Systems that are told apart; of equal medians the first is the best. CGCS2000 is WGS-84 here."""

NEAR_M = 500.0
"""A place farther than this from any road under each system says nothing about roads (metres)."""

LEAST_PLACES = 20
"""Places that a median needs."""

FEW_PLACES = 5
"""Fewer places than these are never held against the stated system: by chance all are nearer in a wrong one."""

FEW_SHARE = 1 / 3
"""Of few places the best median must be at most this share of the stated system's."""

CLEAR_SHARE = 0.75
"""The best median is clear when it is below this share of the stated system's."""

CLEAR_M = 5.0
"""The best median is clear when it is at least so much less than the stated system's (metres)."""


@dataclass(frozen=True)
class Datum:
    """What the test found about some points.

    Attributes
    ----------
    points
        How many there are that have a place.
    tested
        Different places on which the medians stand.
    medians_m
        System -> median distance to the nearest road in metres; empty where nothing was tested.
    best
        The system of the least median; None where nothing was tested.
    verdict
        ``agrees``: the stated system is the best. ``unclear``: another one is, but not by a clear margin. ``other``:
        another one is, clearly. ``too_few``: fewer than `LEAST_PLACES` places, without overwhelming evidence.
        ``outside``: no point lies in the box of China, where alone the systems differ. ``mixed``: the points are stated
        in several systems.
    """

    points: int
    tested: int
    medians_m: Mapping[System, float]
    best: System | None
    verdict: Verdict


def datum_of(roads: Roads, lon: ArrayLike, lat: ArrayLike, stated: System) -> Datum:
    """Tell which system puts points nearest to the roads.

    Parameters
    ----------
    roads
        The network, WGS-84.
    lon, lat
        Degrees as written in the table, shape (n,); NaN for a point without a place.
    stated
        The system in which the user says that they are.

    Returns
    -------
    datum
        The medians and the verdict. Another system is clearly the best when its median is below `CLEAR_SHARE` of the
        stated one's and at least `CLEAR_M` less; of few places as the module says.

    Raises
    ------
    ValueError
        If `stated` is unknown.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    placed = np.isfinite(lon) & np.isfinite(lat)
    points = int(placed.sum())
    inside = placed & in_china(lon, lat)
    if not inside.any():
        return Datum(points, 0, {}, None, "outside")
    # twenty rows at one town hall are one witness, not twenty
    places = np.unique(np.column_stack([lon[inside], lat[inside]]), axis=0)
    x, y = places.T
    away_mm = np.stack([snap(roads, *to_wgs84(x, y, system)).access_mm for system in TRIED])
    near = (away_mm >= 0).all(axis=0) & (away_mm.min(axis=0) <= to_mm(NEAR_M))
    tested = int(near.sum())
    if tested < FEW_PLACES:
        return Datum(points, tested, {}, None, "too_few")
    medians_m = {system: float(np.median(away)) / 1000 for system, away in zip(TRIED, away_mm[:, near], strict=True)}
    best = min(TRIED, key=lambda system: medians_m[system])
    stated = "wgs84" if stated == "cgcs2000" else stated
    verdict = _verdict(medians_m, stated)
    if tested < LEAST_PLACES:
        nearer = int((away_mm[TRIED.index(best), near] < away_mm[TRIED.index(stated), near]).sum())
        if verdict != "other" or medians_m[best] > FEW_SHARE * medians_m[stated] or nearer < tested - tested // 10:
            return Datum(points, tested, {}, None, "too_few")
    return Datum(points, tested, medians_m, best, verdict)


def _verdict(medians_m: Mapping[System, float], stated: System) -> Verdict:
    stated_m = medians_m[stated]
    least_m = min(medians_m.values())
    if least_m == stated_m:
        return "agrees"
    clear = least_m < CLEAR_SHARE * stated_m and stated_m - least_m >= CLEAR_M
    return "other" if clear else "unclear"


def by_file(
    roads: Roads, table: GeoDataFrame, file: pd.Series[str], stated: Mapping[str, System | None], snap_max_m: float
) -> Iterator[tuple[str, Datum, int]]:
    """Test the points of a table file by file.

    Parameters
    ----------
    roads
        The network.
    table
        Points, already taken to WGS-84 from the system of their file.
    file
        The file of each row of `table`.
    stated
        The system of each file; None for one that was read in several, whose points cannot be told apart.
    snap_max_m
        Points farther than this from a road are off the network (metres).

    Yields
    ------
    file, datum, too_far
        The file, what was found, and how many of its points are off the network.
    """
    lon, lat = lonlat(table)
    placed = np.isfinite(lon) & np.isfinite(lat)
    off = placed & (snap(roads, lon, lat, snap_max_m=snap_max_m).edge < 0)
    for name, system in stated.items():
        rows: NDArray[np.bool_] = (file == name).to_numpy(dtype=bool)
        if system is None:
            found = Datum(int((rows & placed).sum()), 0, {}, None, "mixed")
        else:
            found = datum_of(roads, *from_wgs84(lon[rows], lat[rows], system), system)
        yield name, found, int(off[rows].sum())
