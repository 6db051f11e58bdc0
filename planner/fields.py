"""The kinds of value that a scenario may hold, and what is said of a wrong one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from planner.columns import MOST
from planner.words import in_both

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
"""A time of day."""

CODE = r"^[^;\s=+\-@][^;\s]*$"
"""A code of a type of facility: lists have semicolons between codes, and cells that begin with = + - @ are formulas."""

DIGITS = 24
"""Longest number that a scenario may write, and largest power of ten: exact arithmetic takes as long as they are."""

WEIGHT_DECIMALS = 3
"""Decimals of a weight: people are counted in whole parts of the smallest, and sums must stay within 64 bits."""


def _plain_number(value: object) -> object:
    """Refuse texts and flags, which pydantic would read as numbers."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("decimal_type", "a number")
    if (
        isinstance(value, Decimal)
        and value.is_finite()
        and (abs(value.adjusted()) > DIGITS or len(str(value)) > DIGITS)
    ):
        raise PydanticCustomError("number_form", "a number of fewer digits")
    return value


def _few_decimals(value: Decimal) -> Decimal:
    if value != round(value, WEIGHT_DECIMALS):
        raise PydanticCustomError("places_many", "a number of fewer decimals")
    return value


Number = Annotated[Decimal, BeforeValidator(_plain_number), Field(allow_inf_nan=False)]
Yuan = Annotated[int, Field(ge=0, le=10**13, strict=True)]
SiteYuan = Annotated[int, Field(ge=0, le=MOST["yuan"], strict=True)]
People = Annotated[int, Field(ge=0, le=MOST["people"], strict=True)]
Share = Annotated[Number, Field(gt=0, le=1)]
Weight = Annotated[Number, Field(ge=1, le=100), AfterValidator(_few_decimals)]
Name = Annotated[str, Field(min_length=1, strict=True)]
FacilityCode = Annotated[str, Field(min_length=1, strict=True, pattern=CODE)]
Flag = Annotated[bool, Field(strict=True)]
Natural = Annotated[int, Field(ge=0, le=10**9, strict=True)]

_TENTH, _WHOLE = 10, 100
"""Percents that are taken for a share written so: 90 for 0.9; less may be a slip of another kind."""

_VALUE_CODES = {
    "decimal": "value_number",
    "number": "value_digits",
    "places": "value_places",
    "int": "value_whole",
    "string": "value_text",
    "date": "value_date",
    "bool": "value_flag",
    "tuple": "value_list",
    "too": "value_list",
    "model": "value_table",
    "dict": "value_table",
    "literal": "value_choice",
}
_PATTERNS = {CLOCK: "clock", CODE: "code"}
"""What is said of a text that is not of its pattern."""

_BOUNDS = ("gt", "ge", "lt", "le")


def _plain(bound: object) -> str:
    """Return a bound as digits; pydantic tells some bounds as the text of a Decimal's representation."""
    return str(bound).removeprefix("Decimal('").removesuffix("')")


def wrong_value(item: Mapping[str, Any]) -> tuple[str, dict[str, object]]:
    """Return the code of a wrong value's fault, and what it quotes.

    Parameters
    ----------
    item
        One error as pydantic lists it.
    """
    context = item.get("ctx", {})
    text = str(item["input"])
    bounds = [in_both(f"bound.{name}", number=_plain(context[name])) for name in _BOUNDS if name in context]
    if bounds and _plain(context.get("le")) == "1" and _TENTH <= item["input"] <= _WHOLE:
        return "value_share", {"text": text, "bound": bounds[0], "meant": f"{Decimal(item['input']) / 100:f}"}
    if bounds:
        return "value_range", {"text": text, "bound": bounds[0]}
    if context.get("pattern") in _PATTERNS:
        return "value_pattern", {"text": text, "form": in_both(f"pattern.{_PATTERNS[context['pattern']]}")}
    code = _VALUE_CODES.get(item["type"].split("_")[0], "value_form")
    return code, {"text": text, "expected": context.get("expected", "")}
