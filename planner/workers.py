"""Work in threads: for kernels, which let go of the interpreter's lock."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

J = TypeVar("J")
R = TypeVar("R")

MOST_THREADS = 8
"""Threads used where nobody says how many."""


def in_threads(work: Callable[[J], R], jobs: Iterable[J], threads: int) -> Iterator[R]:
    """Work on jobs in some threads; results in the order of the jobs, only a few ahead of the one taken."""
    if threads == 1:
        yield from map(work, jobs)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        waiting = deque[Any]()
        for job in jobs:
            waiting.append(pool.submit(work, job))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # after an error, or for a caller who has seen enough, what waits is not begun
        pool.shutdown(cancel_futures=True)


def workers_for(jobs: int, asked: int | None) -> int:
    """Return the number of threads to use: as many as asked for, else one for each processor, up to `MOST_THREADS`."""
    most = min(os.cpu_count() or 1, MOST_THREADS) if asked is None else asked
    return max(1, min(most, jobs))


def blocks_of(count: int, size: int) -> list[tuple[int, int]]:
    """Cut a row of things into blocks: first and last, exclusive."""
    return [(low, min(low + size, count)) for low in range(0, count, size)]
