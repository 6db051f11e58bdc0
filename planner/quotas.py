"""Shares whole people out, to the last one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal


def share_out(total: int, weights: Sequence[int], ids: Sequence[str]) -> list[int]:
    """Share a whole number out in proportion to weights, by the largest remainder.

    Parameters
    ----------
    total
        What is shared out, 0 or more.
    weights
        Whole numbers, 0 or more; where all are 0, each part counts alike.
    ids
        Of equal remainders the part with the lower id goes first.

    Returns
    -------
    parts
        Whole numbers, each less than 1 from its exact share, whose sum is `total`; the same for every part in whatever
        order they are given.

    Raises
    ------
    ValueError
        If there is something to share out, and nobody to take it.
    """
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    if not whole:
        if total:
            raise ValueError(f"nothing takes {total}")
        return []
    shares = [divmod(total * weight, whole) for weight in weights]
    parts = [part for part, _ in shares]
    first = sorted(range(len(parts)), key=lambda at: (-shares[at][1], ids[at]))
    for at in first[: total - sum(parts)]:
        parts[at] += 1
    return parts


def share_within(total: int, weights: Sequence[int], limits: Sequence[int], ids: Sequence[str]) -> list[int]:
    """Share a whole number out as `share_out` does, where no part may exceed its limit.

    Parameters
    ----------
    total
        What is shared out, no more than all limits together.
    weights, ids
        As of `share_out`; where nobody who has room left weighs anything, parts go by their limits.
    limits
        The most that each part may be. What a part cannot take is handed on to those that have room, by their weights.

    Returns
    -------
    parts
        Whole numbers whose sum is `total`; those of `share_out` where these keep all limits.

    Raises
    ------
    ValueError
        If there is more to share out than all limits together.
    """
    if total > sum(limits):
        raise ValueError(f"{total} are more than may be taken")
    parts, free = [0] * len(weights), list(range(len(weights)))
    while free:
        by = weights if any(weights[at] for at in free) else limits
        shared = share_out(total - sum(parts), [by[at] for at in free], [ids[at] for at in free])
        full = {at for at, part in zip(free, shared, strict=True) if part > limits[at]}
        for at, part in zip(free, shared, strict=True):
            if at in full or not full:
                parts[at] = min(part, limits[at])
        free = [at for at in free if full and at not in full]
    return parts


def urban_part(total: int, share: Decimal) -> int:
    """Return how many of `total` people are urban: the nearest whole number to the exact share, a half goes up."""
    return int(Fraction(share) * total + Fraction(1, 2))
