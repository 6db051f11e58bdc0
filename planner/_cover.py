"""Compiled kernels over who covers whom: rows with equal sets, sums over open options, and cuts."""

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


@kernel
def _mixed(key: int) -> np.uint64:
    """Scatter a number over 64 bits (the finaliser of SplitMix64: Steele, Lea & Flood 2014)."""
    bits = np.uint64(key) + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@kernel
def _same_set(indptr: Whole | Small, indices: Small, row: int, other: int) -> bool:
    """Compare two rows of sorted columns member by member."""
    length = indptr[row + 1] - indptr[row]
    if indptr[other + 1] - indptr[other] != length:
        return False
    for k in range(length):  # noqa: SIM110  (a closure costs in a kernel)
        if indices[indptr[row] + k] != indices[indptr[other] + k]:
            return False
    return True


@kernel
def equal_rows(indptr: Whole | Small, indices: Small, rows: Whole, code: NDArray[np.uint64]) -> tuple[Small, Whole]:
    """Group rows that hold the same columns.

    Parameters
    ----------
    indptr, indices
        Rows of sorted columns.
    rows
        The rows to group, shape (n,).
    code
        `column_codes` of the columns.

    Returns
    -------
    group, first
        Group of each row, numbered as they are met, shape (n,); the first row of each group.
    """
    group = np.empty(len(rows), dtype=np.int32)
    first = np.empty(1024, dtype=np.int64)
    first_code = np.empty(1024, dtype=np.uint64)
    table = np.full(4096, -1, dtype=np.int32)
    count = 0
    for i in range(len(rows)):
        row = rows[i]
        total = np.uint64(indptr[row + 1] - indptr[row])
        for k in range(indptr[row], indptr[row + 1]):
            total += code[indices[k]]
        mask = np.uint64(len(table) - 1)
        slot = total & mask
        while True:
            held = table[slot]
            if held < 0 or (first_code[held] == total and _same_set(indptr, indices, row, first[held])):
                break
            slot = (slot + np.uint64(1)) & mask
        if held >= 0:
            group[i] = held
            continue
        if count == len(first):
            first = np.concatenate((first, np.empty_like(first)))
            first_code = np.concatenate((first_code, np.empty_like(first_code)))
        first[count], first_code[count], table[slot], group[i] = row, total, count, count
        count += 1
        if 2 * count > len(table):
            table = np.full(2 * len(table), -1, dtype=np.int32)
            mask = np.uint64(len(table) - 1)
            for g in range(count):
                slot = first_code[g] & mask
                while table[slot] >= 0:
                    slot = (slot + np.uint64(1)) & mask
                table[slot] = g
    return group, first[:count].copy()


@kernel
def column_codes(columns: int) -> NDArray[np.uint64]:
    """Return a scattered number for each column: their sum is the same for equal sets."""
    codes = np.empty(columns, dtype=np.uint64)
    for column in range(columns):
        codes[column] = _mixed(column)
    return codes


@kernel
def summed(weight: Whole, group: Small, groups: int) -> Whole:
    """Sum whole weights by group; group -1 is left out."""
    total = np.zeros(groups, dtype=np.int64)
    for i in range(len(group)):
        if group[i] >= 0:
            total[group[i]] += weight[i]
    return total


@kernel
def covered_by(indptr: Whole | Small, rows: Small, opened: Floats, n_rows: int) -> Floats:
    """Sum for each row what is opened of the options that cover it; `indptr` and `rows`: rows by option."""
    total = np.zeros(n_rows)
    for option in range(len(opened)):
        share = opened[option]
        if share != 0.0:
            for k in range(indptr[option], indptr[option + 1]):
                total[rows[k]] += share
    return total


@kernel
def cuts_at(
    part_start: Whole,
    part_row: Small,
    part_weight: Floats,
    indptr: Whole | Small,
    indices: Small,
    covered: Floats,
    x: Floats,
    least: Floats,
) -> tuple[Small, Floats, Whole, Small, Floats, Whole, Small]:
    """Cut what each part leaves uncovered from below: theta >= sum over S of w (1 - a x), S the rows not covered.

    The cuts of Cordeau, Furini & Ljubic (2019), one for each part. A row with one option always belongs to S: w (1 - x)
    is the whole truth about it.

    Parameters
    ----------
    part_start, part_row, part_weight
        Rows and weights of each part.
    indptr, indices
        Options that cover each row.
    covered
        Sums a x at the point at which the cuts touch.
    x, least
        The point that is to be cut off: cuts that hold there with theta = `least` are left out.

    Returns
    -------
    part, constant, start, column, coefficient, set_start, set_entry
        Cuts coefficient x + theta_part >= constant, where the columns of the thetas follow the options, and the entries
        of the parts that make up S.
    """
    n_parts, n_options = len(part_start) - 1, len(x)
    kept_part, kept_constant = np.empty(n_parts, dtype=np.int32), np.empty(n_parts)
    start, set_start = np.zeros(n_parts + 1, dtype=np.int64), np.zeros(n_parts + 1, dtype=np.int64)
    column, coefficient = np.empty(1024, dtype=np.int32), np.empty(1024)
    entries = np.empty(part_start[-1], dtype=np.int32)
    total, kept = np.zeros(n_options), 0
    for part in range(n_parts):
        constant, filled = 0.0, set_start[kept]
        total[:] = 0.0
        for e in range(part_start[part], part_start[part + 1]):
            row, weight = part_row[e], part_weight[e]
            low, high = indptr[row], indptr[row + 1]
            if covered[row] >= 1.0 and high - low > 1:
                continue
            constant += weight
            entries[filled] = e
            filled += 1
            for k in range(low, high):
                total[indices[k]] += weight
        at = constant
        for j in range(n_options):
            at -= total[j] * x[j]
        if at <= least[part]:
            continue
        count = start[kept]
        if count + n_options >= len(column):
            grown = 2 * (count + n_options + 1)
            wider, longer = np.empty(grown, dtype=np.int32), np.empty(grown)
            wider[:count], longer[:count] = column[:count], coefficient[:count]
            column, coefficient = wider, longer
        for j in range(n_options):
            if total[j] != 0.0:
                column[count], coefficient[count] = j, total[j]
                count += 1
        column[count], coefficient[count] = n_options + part, 1.0
        count += 1
        kept_part[kept], kept_constant[kept] = part, constant
        kept += 1
        start[kept], set_start[kept] = count, filled
    return (
        kept_part[:kept],
        kept_constant[:kept],
        start[: kept + 1],
        column[: start[kept]],
        coefficient[: start[kept]],
        set_start[: kept + 1],
        entries[: set_start[kept]],
    )


@kernel
def without_any(indptr: Whole | Small, indices: Small, opened: Flags) -> Flags:
    """Tell which rows hold none of the open options."""
    left = np.ones(len(indptr) - 1, dtype=np.bool_)
    for row in range(len(left)):
        for k in range(indptr[row], indptr[row + 1]):
            if opened[indices[k]]:
                left[row] = False
                break
    return left


@kernel
def clusters(
    indptr: Whole | Small, indices: Small, col_ptr: Whole | Small, col_row: Small, weight: Floats, most: int
) -> tuple[Small, int]:
    """Gather rows around options, each time the one that covers the most weight of what is left.

    Parameters
    ----------
    indptr, indices, col_ptr, col_row
        Options by row, and rows by option.
    weight
        Weights of the rows.
    most
        Most clusters, the last for all that remains.

    Returns
    -------
    cluster, count
        Cluster of each row, and how many there are.
    """
    cluster = np.full(len(weight), -1, dtype=np.int32)
    gain = np.zeros(len(col_ptr) - 1)
    for row in range(len(weight)):
        for k in range(indptr[row], indptr[row + 1]):
            gain[indices[k]] += weight[row]
    for number in range(most - 1):
        best = np.argmax(gain) if len(gain) else 0
        if len(gain) == 0 or gain[best] <= 0.0:
            break
        for e in range(col_ptr[best], col_ptr[best + 1]):
            row = col_row[e]
            if cluster[row] < 0:
                cluster[row] = number
                for k in range(indptr[row], indptr[row + 1]):
                    gain[indices[k]] -= weight[row]
        gain[best] = 0.0
    count = cluster.max() + 1 if len(cluster) else 0
    if (cluster < 0).any():
        cluster[cluster < 0] = count
        count += 1
    return cluster, count
