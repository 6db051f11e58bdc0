"""Figures as they are printed: shares rounded down, gaps rounded up, so that nothing reads better than it is."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from planner.terms import Language

ABSENT = "—"
"""Printed where there is no figure."""


def status_of(plan: Mapping[str, Any]) -> str:
    """Return how the status of a plan in a record is told: nothing is claimed of one that was given and not sought.

    Returns
    -------
    status
        ``given``: it meets all goals and keeps all rules. ``given_short``: it does not. ``given_unknown``: nobody can
        tell in the time. Else the status as it stands.
    """
    status = str(plan.get("status"))
    given = {"infeasible": "given_short", "unknown": "given_unknown"}
    return given.get(status, "given") if plan.get("given") else status


def permille_down(part: int, whole: int) -> int:
    """Share in tenths of a percent, rounded down, so that 89.96 % never reads as 90.0 %."""
    return part * 1000 // whole


def _tenths(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}%"


def percent(part: int | None, whole: int | None) -> str:
    """Return a share in per cent, rounded down to one decimal: 89.96 % never reads as 90.0 %."""
    return ABSENT if part is None or not whole else _tenths(permille_down(part, whole))


def percent_of(share: float | None) -> str:
    """Return a share between 0 and 1 in per cent, rounded down to one decimal."""
    return ABSENT if share is None else _tenths(math.floor(Decimal(str(share)) * 1000))


def exact_percent(share: float) -> str:
    """Return a share as it was asked for, in per cent with all its decimals."""
    text = format(Decimal(str(share)) * 100, "f")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def gap_percent(gap: float | None) -> str:
    """Return a gap in per cent, rounded up to two decimals."""
    return ABSENT if gap is None else f"{(Decimal(str(gap)) * 100).quantize(Decimal('0.01'), ROUND_CEILING)}%"


def money(yuan: int, language: Language) -> str:
    """Return an amount of yuan exactly: in 万元 in Chinese, in full in English."""
    if language == "en":
        return f"{yuan:,} yuan"
    whole, rest = divmod(yuan, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") + "万元"


def rounded_up(value: float, thousandths: int) -> int:
    """Round up to so many thousandths, in such units: what lies beyond a whole cutoff must not read as lying at it.

    Coverage is exact to the thousandth (a millimetre, a millisecond): the value is taken to it first.
    """
    return -(-round(value * 1000) // thousandths)
