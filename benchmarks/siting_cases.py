"""Seeded siting problems for the benchmark: people in the towns of a city, sites among them, and who reaches what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

CITY_M = 40_000.0
"""Side of the square in which the city lies."""

SCATTERED = 0.1
"""Share of the points that lie anywhere, not in a town."""

NOISE_SIGMAS = 3.0
"""Noise factors beyond so many standard deviations are cut off."""

PAIRS_AT_ONCE = 4_000_000
"""Distances computed in one go: never sites x points."""


@dataclass(frozen=True)
class City:
    """What a case is drawn from.

    Attributes
    ----------
    points, sites
        How many.
    cutoff_m
        A point is covered by a site no farther than this.
    noise
        Standard deviation of the logarithm of the factor by which each distance is multiplied; 0: none.
    towns, spread_m
        How many, and the standard deviation of places around the centre of a town of middle size.
    seed
        Of the generator.
    """

    points: int
    sites: int
    cutoff_m: float
    noise: float = 0.0
    towns: int = 60
    spread_m: float = 600.0
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Drawn:
    """A city as arrays: places in metres, shape (n, 2), people by point, and which sites cover which points."""

    point_m: Floats
    site_m: Floats
    people: Whole
    covers: csr_array


def _around_towns(rng: np.random.Generator, city: City) -> Floats:
    """Places of points: most around the centres of towns of unlike size, some anywhere."""
    count = city.points
    centre_m = rng.uniform(0.1 * CITY_M, 0.9 * CITY_M, size=(city.towns, 2))
    size = rng.lognormal(0.0, 1.0, city.towns)
    town = rng.choice(city.towns, size=count, p=size / size.sum())
    spread_m = city.spread_m * np.sqrt(size)
    place_m = centre_m[town] + rng.normal(size=(count, 2)) * spread_m[town][:, None]
    scattered = rng.random(count) < SCATTERED
    place_m[scattered] = rng.uniform(0.0, CITY_M, size=(int(scattered.sum()), 2))
    return np.clip(place_m, 0.0, CITY_M)


def _covers(rng: np.random.Generator, city: City, point_m: Floats, site_m: Floats) -> csr_array:
    """Find the pairs within the cutoff, block by block of points."""
    widest = np.exp(NOISE_SIGMAS * city.noise)
    counts, columns = [], []
    step = max(1, PAIRS_AT_ONCE // city.sites)
    for low in range(0, city.points, step):
        block = point_m[low : low + step].astype(np.float32)
        east = block[:, 0, None] - site_m[None, :, 0].astype(np.float32)
        north = block[:, 1, None] - site_m[None, :, 1].astype(np.float32)
        square = east * east + north * north
        near = square <= np.float32((city.cutoff_m * widest) ** 2)
        if city.noise:
            factor = np.exp(np.clip(rng.normal(size=int(near.sum())), -NOISE_SIGMAS, NOISE_SIGMAS) * city.noise)
            near[near] = np.sqrt(square[near]) * factor <= city.cutoff_m
        counts.append(near.sum(axis=1, dtype=np.int64))
        columns.append(np.nonzero(near)[1].astype(np.int32))
    indptr = np.zeros(city.points + 1, dtype=np.int64)
    np.cumsum(np.concatenate(counts), out=indptr[1:])
    indices = np.concatenate(columns)
    index = np.int32 if indptr[-1] < np.iinfo(np.int32).max else np.int64
    held = np.ones(len(indices), dtype=np.int8)
    return csr_array((held, indices, indptr.astype(index)), shape=(city.points, city.sites))


def draw(city: City) -> Drawn:
    """Draw a city: the same arrays for the same seed."""
    rng = np.random.default_rng(city.seed)
    point_m = _around_towns(rng, city)
    near = rng.integers(0, city.points, city.sites)
    site_m = np.clip(point_m[near] + rng.normal(0.0, 200.0, size=(city.sites, 2)), 0.0, CITY_M)
    people = np.maximum(1, rng.lognormal(3.0, 1.0, city.points)).astype(np.int64)
    return Drawn(point_m, site_m, people, _covers(rng, city, point_m, site_m))
