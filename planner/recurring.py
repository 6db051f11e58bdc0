"""Units whose people stand in the tables more than once: figures of people hang on it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from planner.allotment import FIGURE_FROM
from planner.doubts import Doubt, apart, at_one_place, few, lines_of
from planner.errors import Fault
from planner.words import LANGUAGES, layer_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from planner.doubts import Points

_CODE = "[0-9]{12}"
_GIVEN = frozenset({"shared", "spread", "official"})
"""Rows whose people come from an official total: equal figures say nothing of them."""


def again(points: Points) -> Iterator[Doubt]:
    """Doubt units whose people stand in two tables, or in two rows without places, where no other doubt says so."""
    frame, own = points.frame.reset_index(drop=True), points.own
    found = []
    for first, later in _recurring(points):
        one, other = first[0], later[0]
        alike = all(frame[key].iloc[one] == frame[key].iloc[other] for key in ("name", "setting"))
        told = own[one] if own[other] else not own[one] and frame["town"].iloc[one] == frame["town"].iloc[other] != ""
        if not (len(first) == len(later) == 1 and alike and told):
            people = int(frame["people"].iloc[later].sum())
            values = {"name": points.name(other), "people": people, "rows": lines_of(points, [*first, *later])}
            found.append(Doubt("demand", other, "people", "unit_again", values))
    yield from few(points, found)


def people_twice(points: Points) -> Iterator[Fault]:
    """Say once for each layer how many people are likely counted twice."""
    rows = {row for _, later in _recurring(points) for row in later}
    rows |= {row for alike in at_one_place(points)[1] for row in alike[1:]}
    rows |= set(apart(points)["row"].tolist())
    of_layer: defaultdict[str, list[int]] = defaultdict(list)
    for row in sorted(rows):
        if points.frame["people"].iloc[row] > 0:
            of_layer[str(points.frame["layer"].iloc[row])].append(row)
    for layer, found in of_layer.items():
        about = points.frame.iloc[found]
        values = {"units": about["unit_id"].nunique(), "people": int(about["people"].sum())}
        named = {language: layer_name(layer, language) for language in LANGUAGES}
        yield Fault("people_twice", values={**values, "layer": named, "rows": lines_of(points, found)})


def _recurring(points: Points) -> Iterator[tuple[list[int], list[int]]]:
    """Rows of a unit, and those that likely count the same people once more.

    That is a unit with a 12-digit code that counts as many people in two tables, however they are put into rows and
    wherever these lie; and two rows alone of one name and code with equal people, of which one at least has no place
    of its own. Those with places are told by `apart` and `at_one_place`.
    """
    frame = points.frame.reset_index(drop=True)
    keys = frame[["layer", "unit_id", "name", "people"]].assign(table=_tables(points), own=points.own)
    keys = keys[~(frame[FIGURE_FROM].isin(_GIVEN).to_numpy() if FIGURE_FROM in frame else np.zeros(len(frame), bool))]
    unit = ["layer", "unit_id"]
    coded = keys[keys["unit_id"].str.fullmatch(_CODE)]
    sums = coded.groupby([*unit, "table"], sort=False)["people"].sum()
    sums = sums[sums > 0].reset_index()
    sums = sums[sums.duplicated([*unit, "people"], keep=False)].rename(columns={"people": "total"})
    for _, same in coded.reset_index().merge(sums).groupby([*unit, "total"], sort=False):
        first = same["table"] == same["table"].iloc[0]
        yield same["index"][first].tolist(), same["index"][~first].tolist()
    pairs = keys[keys["people"] > 0]
    groups = pairs.groupby([*unit, "name"], sort=False)
    two = (groups["people"].transform("size") == 2) & (groups["people"].transform("nunique") == 1)  # noqa: PLR2004
    two &= groups["table"].transform("nunique") == 1
    for _, rows in pairs[two & ~groups["own"].transform("all")].groupby([*unit, "name"], sort=False):
        yield [rows.index[0]], [rows.index[1]]


def _tables(points: Points) -> NDArray[np.int64]:
    """Give every row the number of its table: tables come one after the other, two sheets of one file too."""
    origin = points.frame[[]].reset_index(drop=True).assign(file=list(points.file), line=points.line)
    begins = (origin["file"] != origin["file"].shift()) | (origin["line"] <= origin["line"].shift())
    return np.cumsum(begins.to_numpy(dtype=np.int64))
