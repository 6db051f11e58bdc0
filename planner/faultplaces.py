"""Where a fault of a table stands: at the key of the scenario that it speaks of, else under the table's own header."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.namedfiles import named_files
from planner.packs import shipped
from planner.pathfaults import too_long
from planner.scenario import fault_at, in_pack
from planner.sourcelist import shown_path
from planner.sources import LAT_OF_PLACE, LON_OF_PLACE
from planner.words import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planner.errors import Fault
    from planner.scenario import Loaded
    from planner.tablefaults import Part

_KEY = re.compile(r"(columns|defaults|keep)\.(.+)|(id)")
"""What stands in place of a column where a fault speaks of a key of the table's section."""


def at_its_key(loaded: Loaded, fault: Fault) -> Fault:
    """Place what is wrong with a key of the scenario there: a missing file, a column or a default of a table."""
    for where, file in named_files(loaded.merged):
        if shown_path(file, loaded.folder) != fault.file:
            continue
        if fault.code in ("file_missing", "table_absent"):
            if too_long(file):
                return fault_at(loaded, "path_too_long", where, path=file, length=len(file))
            return fault_at(loaded, "named_file_missing", where, file=fault.file)
        below = _key_of(fault, _held(loaded.merged, where[:-1]))
        if below:
            return fault_at(loaded, fault.code, [*where[:-1], *below], **fault.values)
    return fault


def out_of_pack(loaded: Loaded, fault: Fault) -> Fault:
    """Place what is said of an entry of a pack that ships with the program at the scenario's key that names the pack.

    Nobody is to edit that file: the entry is changed in the scenario, under its id. The fault of the code
    ``<code>_in_pack`` says so, where there are words for it; others stand at the other place as they are.
    """
    if not (in_pack(loaded, fault) and _ships(fault.file)):
        return fault
    code = f"{fault.code}_in_pack"
    at = fault_at(loaded, code if f"fault.{code}.what" in sentences() else fault.code, ["policy"], **fault.values)
    return replace(at, rest=tuple(out_of_pack(loaded, one) for one in fault.rest))


def _ships(file: str) -> bool:
    return Path(file).resolve() in {Path(str(entry)).resolve() for entry in shipped().values()}


def _held(data: Any, where: Sequence[str | int]) -> Mapping[str, Any]:
    for part in where:
        data = data[part]
    return data if isinstance(data, dict) else {}


def _key_of(fault: Fault, section: Mapping[str, Any]) -> tuple[str, ...]:
    """Key of a table's section that a fault speaks of; none where it speaks of the table, or of another section."""
    found = _KEY.fullmatch(fault.column) if fault.row is None else None
    if found is None or (fault.sheet and section.get("sheet") not in (None, fault.sheet)):
        return ()
    if found[3]:  # a table may have a column of that name
        return ("id",) if "id" in section and fault.code.startswith("absent_header") else ()
    names = section.get(found[1])
    return (found[1], found[2]) if isinstance(names, dict) and found[2] in names else ()


def header_of(part: Part, column: str) -> str:
    """Name that the file gives a column of the contract; of a place both of its columns, but for that of a layer."""
    names = ("lon", "lat") if column == "lon" else column.split(" / ")
    found = [part.grid.headers[part.matching.place[name]] for name in names if name in part.matching.place]
    return " / ".join(found) if found and found != [LON_OF_PLACE, LAT_OF_PLACE] else column


def under_headers(faults: Iterable[Fault], parts: Mapping[str, Sequence[Part]]) -> Iterator[Fault]:
    """Give faults at rows of tables their sheet and the header of their column, where one table alone has the row."""
    lines = [(part, set(part.grid.lines)) for found in parts.values() for part in found]

    def placed(fault: Fault) -> Fault:
        holders = [part for part, rows in lines if part.source.shown == fault.file and fault.row in rows]
        if fault.rest:
            return replace(fault, rest=tuple(map(placed, fault.rest)))
        if fault.sheet or len(holders) != 1:
            return fault
        header = header_of(holders[0], fault.column) if fault.called else fault.column
        called = fault.called if header == fault.column else {}
        return replace(fault, sheet=holders[0].grid.sheet, column=header, called=called)

    return map(placed, faults)
