"""Compiled kernel of the local search: open, close and exchange options while that makes a plan better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner._compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Small = NDArray[np.int32]
    Flags = NDArray[np.bool_]

BREACH = 1e15
"""Price of breaking a rule by one: above every objective."""

SPARE = 16
"""How many more options the search may open than the greedy phase left open."""


@kernel
def _breach(total: float, low: float, high: float) -> float:
    """By how much a rule is broken."""
    return max(low - total, 0.0) + max(total - high, 0.0)


@kernel
def _breach_of_move(
    entering: int,
    leaving: int,
    ptr: Whole | Small,
    rule: Small,
    factor: Floats,
    total: Floats,
    low: Floats,
    high: Floats,
) -> float:
    """Change of what is broken when an option is opened, or another closed, or both (-1: none)."""
    change = 0.0
    if entering >= 0:
        for k in range(ptr[entering], ptr[entering + 1]):
            i, after = rule[k], factor[k]
            if leaving >= 0:
                for q in range(ptr[leaving], ptr[leaving + 1]):
                    if rule[q] == i:
                        after -= factor[q]
            change += _breach(total[i] + after, low[i], high[i]) - _breach(total[i], low[i], high[i])
    if leaving >= 0:
        for k in range(ptr[leaving], ptr[leaving + 1]):
            i, shared = rule[k], False
            if entering >= 0:
                for q in range(ptr[entering], ptr[entering + 1]):
                    shared = shared or rule[q] == i
            if not shared:
                change += _breach(total[i] - factor[k], low[i], high[i]) - _breach(total[i], low[i], high[i])
    return change


@kernel
def _count_row(
    row: int,
    sign: float,
    ptr: Whole | Small,
    option: Small,
    weight: Floats,
    count: Small,
    owner: Whole,
    slot: Small,
    gain: Floats,
    drop: Floats,
    shared: Floats,
) -> None:
    """Add (or with sign -1 take away) what one row says about gains, losses and exchanges."""
    worth = sign * weight[row]
    if count[row] == 0:
        for k in range(ptr[row], ptr[row + 1]):
            gain[option[k]] += worth
    elif count[row] == 1:
        drop[owner[row]] += worth
        place = slot[owner[row]]
        if len(shared):
            for k in range(ptr[row], ptr[row + 1]):
                shared[place, option[k]] += worth


@kernel
def _switch(
    k: int,
    change: int,
    ptr: Whole | Small,
    option: Small,
    col_ptr: Whole | Small,
    col_row: Small,
    weight: Floats,
    count: Small,
    owner: Whole,
    slot: Small,
    gain: Floats,
    drop: Floats,
    shared: Floats,
) -> None:
    """Open (change 1) or close (-1) an option and keep the sums true."""
    for e in range(col_ptr[k], col_ptr[k + 1]):
        row = col_row[e]
        if weight[row] != 0.0 and count[row] <= 1 + (change < 0):
            _count_row(row, -1.0, ptr, option, weight, count, owner, slot, gain, drop, shared)
        count[row] += change
        owner[row] += change * k
        if weight[row] != 0.0 and count[row] <= 1:
            _count_row(row, 1.0, ptr, option, weight, count, owner, slot, gain, drop, shared)


@kernel
def improve(
    ptr: Whole | Small,
    option: Small,
    col_ptr: Whole | Small,
    col_row: Small,
    weight: Floats,
    price: Floats,
    rule_ptr: Whole | Small,
    rule: Small,
    factor: Floats,
    low: Floats,
    high: Floats,
    opened: Flags,
    free: Flags,
    most_entries: int,
    moves: int,
) -> Flags:
    """Make a plan better by its best single move, again and again (Teitz & Bart 1968, with the sums kept).

    First only openings and closings; when none is left, exchanges as well.

    Parameters
    ----------
    ptr, option, col_ptr, col_row
        Options by row, and rows by option.
    weight, price
        What an uncovered row and an open option cost.
    rule_ptr, rule, factor, low, high
        Rules by option, and their bounds. A breach is worth `BREACH` for each unit.
    opened, free
        The plan to begin with, and which options may be switched.
    most_entries
        Exchanges are left out if their table would be larger.
    moves
        Most moves.

    Returns
    -------
    opened
        A plan that no single move makes better, or the last one after so many moves.
    """
    n, n_rows = len(price), len(ptr) - 1
    opened = opened.copy()
    count, owner = np.zeros(n_rows, dtype=np.int32), np.zeros(n_rows, dtype=np.int64)
    gain, drop, total = np.zeros(n), np.zeros(n), np.zeros(len(low))
    shared, slot = np.zeros((0, n)), np.full(n, -1, dtype=np.int32)
    for k in range(n):
        if opened[k]:
            for e in range(col_ptr[k], col_ptr[k + 1]):
                count[col_row[e]] += 1
                owner[col_row[e]] += k
            for e in range(rule_ptr[k], rule_ptr[k + 1]):
                total[rule[e]] += factor[e]
    for row in range(n_rows):
        _count_row(row, 1.0, ptr, option, weight, count, owner, slot, gain, drop, shared)
    exchanging = False
    at_slot = np.empty(0, dtype=np.int32)
    for _ in range(moves):
        best, entering, leaving = -1e-6, -1, -1
        for k in range(n):
            if not free[k]:
                continue
            if opened[k]:
                change = drop[k] - price[k] + BREACH * _breach_of_move(-1, k, rule_ptr, rule, factor, total, low, high)
                if change < best:
                    best, entering, leaving = change, -1, k
            elif not exchanging or (at_slot < 0).any():
                change = price[k] - gain[k] + BREACH * _breach_of_move(k, -1, rule_ptr, rule, factor, total, low, high)
                if change < best:
                    best, entering, leaving = change, k, -1
        if exchanging:
            for place in range(len(at_slot)):
                j = at_slot[place]
                if j < 0 or not free[j]:
                    continue
                out = drop[j] - price[j]
                for k in range(n):
                    change = out + price[k] - gain[k] - shared[place, k]
                    # a breach that heals is looked for by single moves; here only what does not break more
                    if change < best and free[k] and not opened[k]:
                        change += BREACH * _breach_of_move(k, j, rule_ptr, rule, factor, total, low, high)
                        if change < best:
                            best, entering, leaving = change, k, j
        if entering < 0 and leaving < 0:
            if exchanging:
                break
            places = opened.sum() + SPARE
            if places * n > most_entries:
                break
            exchanging = True
            shared, at_slot = np.zeros((places, n)), np.full(places, -1, dtype=np.int32)
            place = 0
            for k in range(n):
                if opened[k]:
                    slot[k], at_slot[place] = place, k
                    place += 1
            for row in range(n_rows):
                if count[row] == 1:
                    for e in range(ptr[row], ptr[row + 1]):
                        shared[slot[owner[row]], option[e]] += weight[row]
            continue
        if leaving >= 0:
            _switch(leaving, -1, ptr, option, col_ptr, col_row, weight, count, owner, slot, gain, drop, shared)
            opened[leaving] = False
            for e in range(rule_ptr[leaving], rule_ptr[leaving + 1]):
                total[rule[e]] -= factor[e]
            if exchanging:
                shared[slot[leaving], :] = 0.0
                at_slot[slot[leaving]] = -1
                slot[leaving] = -1
        if entering >= 0:
            if exchanging:
                place = 0
                while at_slot[place] >= 0:
                    place += 1
                slot[entering], at_slot[place] = place, entering
            _switch(entering, 1, ptr, option, col_ptr, col_row, weight, count, owner, slot, gain, drop, shared)
            opened[entering] = True
            for e in range(rule_ptr[entering], rule_ptr[entering + 1]):
                total[rule[e]] += factor[e]
    return opened
