"""The clock of a run: names the running step to the user, and keeps the seconds of each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Called with the name of each step as it begins, and with nothing when the last one has ended.

    Attributes
    ----------
    seconds
        Step -> its seconds; a step that began several times has all of them.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._step = ""
        self._since = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def __call__(self, step: str) -> None:
        """End the running step and begin the next."""
        now = time.perf_counter()
        if self._step:
            self.seconds[self._step] = self.seconds.get(self._step, 0.0) + now - self._since
        self._step, self._since = step, now
        if step:
            self._show(step)
