"""Compiled kernel that makes a plan cheaper while all its goals and rules hold, in whole numbers."""

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


RULE = 1e12
"""What a unit of a rule that is short is worth: more than any goal."""


@kernel
def _switch(
    k: int,
    change: int,
    col_ptr: Small,
    col_row: Small,
    loss: Whole,
    goal_ptr: Small,
    goal: Small,
    weight: Whole,
    rule_ptr: Small,
    rule: Small,
    factor: Whole,
    count: Small,
    left: Whole,
    total: Whole,
) -> int:
    """Open (1) or close (-1) an option in all sums; returns the change of the loss."""
    change_of_loss = 0
    for e in range(col_ptr[k], col_ptr[k + 1]):
        row = col_row[e]
        count[row] += change
        if (change > 0 and count[row] == 1) or (change < 0 and count[row] == 0):
            change_of_loss -= change * loss[row]
            for g in range(goal_ptr[row], goal_ptr[row + 1]):
                left[goal[g]] -= change * weight[g]
    for e in range(rule_ptr[k], rule_ptr[k + 1]):
        total[rule[e]] += change * factor[e]
    return change_of_loss


@kernel
def _holds(left: Whole, allowed: Whole, total: Whole, minimum: Whole, maximum: Whole) -> bool:
    for g in range(len(left)):
        if left[g] > allowed[g]:
            return False
    for i in range(len(total)):  # noqa: SIM110  (a closure costs in a kernel)
        if total[i] < minimum[i] or total[i] > maximum[i]:
            return False
    return True


@kernel
def mend(
    col_ptr: Small,
    col_row: Small,
    loss: Whole,
    price: Whole,
    goal_ptr: Small,
    goal: Small,
    weight: Whole,
    allowed: Whole,
    rule_ptr: Small,
    rule: Small,
    factor: Whole,
    minimum: Whole,
    maximum: Whole,
    opened: Flags,
    worth: Floats,
) -> Flags:
    """Open options until no goal is missed and no rule is short: each time the one that helps most for its price.

    The parameters are those of `trim`, and `worth`: what a unit of each goal is worth. A unit of a rule is worth more
    than all. No option is opened that takes a rule above its maximum.

    Returns
    -------
    opened
        The last plan, whether it holds everything or there was nothing more to open.
    """
    opened = opened.copy()
    count, left, total = np.zeros(len(loss), dtype=np.int32), np.zeros_like(allowed), np.zeros_like(minimum)
    for row in range(len(loss)):
        for g in range(goal_ptr[row], goal_ptr[row + 1]):
            left[goal[g]] += weight[g]
    args = (col_ptr, col_row, loss, goal_ptr, goal, weight, rule_ptr, rule, factor, count, left, total)
    for k in range(len(price)):
        if opened[k]:
            _switch(k, 1, *args)
    help_of = np.zeros(len(allowed), dtype=np.int64)
    while not _holds(left, allowed, total, minimum, maximum):
        best, entering = 0.0, -1
        for k in range(len(price)):
            if opened[k]:
                continue
            helps, fits = 0.0, True
            for e in range(rule_ptr[k], rule_ptr[k + 1]):
                i = rule[e]
                fits = fits and (factor[e] <= 0 or total[i] + factor[e] <= maximum[i])
                if factor[e] > 0 and total[i] < minimum[i]:
                    helps += RULE * min(factor[e], minimum[i] - total[i])
            if not fits:
                continue
            help_of[:] = 0
            for e in range(col_ptr[k], col_ptr[k + 1]):
                row = col_row[e]
                if count[row] == 0:
                    for g in range(goal_ptr[row], goal_ptr[row + 1]):
                        help_of[goal[g]] += weight[g]
            for g in range(len(allowed)):
                helps += worth[g] * max(0, min(help_of[g], left[g] - allowed[g]))
            if helps / max(price[k], 1) > best:
                best, entering = helps / max(price[k], 1), k
        if entering < 0:
            break
        _switch(entering, 1, *args)
        opened[entering] = True
    return opened


@kernel
def trim(
    col_ptr: Small,
    col_row: Small,
    loss: Whole,
    price: Whole,
    goal_ptr: Small,
    goal: Small,
    weight: Whole,
    allowed: Whole,
    rule_ptr: Small,
    rule: Small,
    factor: Whole,
    minimum: Whole,
    maximum: Whole,
    opened: Flags,
) -> Flags:
    """Close the dearest options that can be spared, then exchange options for cheaper ones, until neither goes on.

    Parameters
    ----------
    col_ptr, col_row, loss, price
        Rows by option, what an uncovered row costs and what an open option costs.
    goal_ptr, goal, weight, allowed
        Goals by row, and what each allows.
    rule_ptr, rule, factor, minimum, maximum
        Rules by option, and their bounds.
    opened
        A plan that holds all of them.

    Returns
    -------
    opened
        A plan that holds all of them and costs no more.
    """
    opened = opened.copy()
    count, left, total = np.zeros(len(loss), dtype=np.int32), np.zeros_like(allowed), np.zeros_like(minimum)
    for row in range(len(loss)):
        for g in range(goal_ptr[row], goal_ptr[row + 1]):
            left[goal[g]] += weight[g]
    args = (col_ptr, col_row, loss, goal_ptr, goal, weight, rule_ptr, rule, factor, count, left, total)
    for k in range(len(price)):
        if opened[k]:
            _switch(k, 1, *args)
    order = np.argsort(-price, kind="mergesort")
    no_losses = not loss.any()
    better = True
    while better:
        better = False
        for k in order:
            if not opened[k]:
                continue
            lost = _switch(k, -1, *args) - price[k]
            opened[k] = False
            if lost < 0 and _holds(left, allowed, total, minimum, maximum):
                better = True
                continue
            best, entering = 0, -1
            for other in range(len(price)):
                # where nothing is lost on rows, only a cheaper option can do better
                if opened[other] or other == k or (no_losses and price[other] >= price[k]):
                    continue
                change = lost + price[other] + _switch(other, 1, *args)
                if change < best and _holds(left, allowed, total, minimum, maximum):
                    best, entering = change, other
                _switch(other, -1, *args)
            if entering < 0:
                entering = k
            else:
                better = True
            _switch(entering, 1, *args)
            opened[entering] = True
    return opened
