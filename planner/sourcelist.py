"""What a scenario asks to be read, as far as its sections can be used: one wrong section hides no other's faults."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from planner import columns as col
from planner import placing, sourceschema, tables, totals
from planner.contractnames import facility_codes
from planner.sources import Hierarchy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.scenario import Loaded
    from planner.standards import Standard
    from planner.terms import Mode

S = TypeVar("S", bound=BaseModel)


def shown_path(file: str, folder: Path) -> str:
    """Path of a file as seen from the scenario's folder, with forward slashes."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return Path(file).as_posix()


def _entries(merged: Mapping[str, Any], section: str, key: str = "table") -> list[Mapping[str, Any]]:
    holder = merged.get(section)
    found = holder.get(key, []) if isinstance(holder, dict) else []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def usable_section(model: type[S], data: Any) -> S | None:
    """Return one section of a scenario that may have faults; None where this one has: they are told already."""
    known = {key: value for key, value in data.items() if key in model.model_fields} if isinstance(data, dict) else {}
    try:
        return model.model_validate(known)
    except ValidationError:
        return None


def table_sources(loaded: Loaded, section: str) -> list[tables.TableSource]:
    """List the tables of a section, ``demand`` or ``sites``, that can be read, whatever is wrong elsewhere."""
    found = []
    for entry in _entries(loaded.merged, section):
        model = sourceschema.DemandTableSection if section == "demand" else sourceschema.TableSection
        table = usable_section(model, entry)
        if table is None:
            continue
        tree = getattr(table, "hierarchy", None)
        source = _source(loaded, table, hierarchy=None if tree is None else Hierarchy(**tree.model_dump()))
        if source is not None:
            found.append(source)
    return found


def contract_of(loaded: Loaded, section: str) -> Sequence[col.Column]:
    """Return the columns that tables of a section, ``demand`` or ``sites``, are read by."""
    if section == "demand":
        return tables.demand_contract(counted=counts_people(loaded))
    return col.with_types(col.SITE_COLUMNS, facility_names(loaded))


def _source(loaded: Loaded, section: BaseModel | None, **more: Any) -> tables.TableSource | None:
    """Say how the file of a section is read; None for no section."""
    if section is None:
        return None
    values = section.model_dump(exclude={"hierarchy", "name"}) | more
    file = values.pop("file")
    return tables.TableSource(file=Path(file), shown=shown_path(file, loaded.folder), **values)


def rows_used(loaded: Loaded, found: Mapping[str, tables.Table | None]) -> dict[str, int | None]:
    """Count the rows in use of each file of people or sites, by where the rows came from.

    Parameters
    ----------
    loaded
        The scenario.
    found
        ``demand`` and ``sites`` -> the table that its files gave; None where they were refused.

    Returns
    -------
    used
        File as shown -> rows; None for a file of a table that was refused. Files that only help (places, checks,
        official totals) have no rows of their own in a table, and are not in it.
    """
    used: dict[str, int | None] = {}
    for section, table in found.items():
        count = None if table is None else Counter(table.origin["file"].tolist())
        for file in {source.shown for source in table_sources(loaded, section)}:
            before = used.get(file, 0)  # sheets of one workbook may hold both
            used[file] = None if count is None or before is None else before + count[file]
    return used


def places_asked(loaded: Loaded) -> placing.Asked:
    """Say what puts rows in their place, as far as the scenario's sections can be read."""
    demand, layers = (loaded.merged.get(name) for name in ("demand", "areas"))
    areas = {}
    for level in placing.LEVELS:
        section = usable_section(sourceschema.AreaSection, _entry(layers, f"{level}s"))
        source = _source(loaded, section)
        if section is not None and source is not None:
            areas[level] = (source, section.name)
    places = usable_section(sourceschema.PlacesSection, _entry(demand, "places"))
    verdicts = usable_section(sourceschema.VerdictsSection, _entry(demand, "verdicts"))
    # every line of the list names its own system: its points are taken as they are written
    return placing.Asked(areas, _source(loaded, places), _source(loaded, verdicts, coordinates="wgs84"))


def exclusions_asked(loaded: Loaded) -> tables.TableSource | None:
    """Say where no site may be; None where nothing is excluded."""
    layer = usable_section(sourceschema.LayerSection, _entry(loaded.merged.get("candidates"), "exclude"))
    return _source(loaded, layer)


def totals_asked(loaded: Loaded) -> list[totals.Asked]:
    """List the tables of official totals that can be read."""
    found = []
    for entry in _entries(loaded.merged, "demand", "totals"):
        section = usable_section(sourceschema.TotalsSection, entry)
        if section is not None:
            shown, read = (
                shown_path(section.file, loaded.folder),
                section.model_dump(include={"columns", "keep", "sheet"}),
            )
            source = tables.TableSource(Path(section.file), shown, **read)
            raster = "" if section.raster is None else shown_path(section.raster, loaded.folder)
            found.append(totals.asked_of(section, source, raster))
    return found


def counts_people(loaded: Loaded) -> bool:
    """Tell whether every demand table must count its people: not where totals are spread over its rows."""
    return all(asked.spread != "units" for asked in totals_asked(loaded))


def _entry(holder: Any, key: str) -> Any:
    return holder.get(key) if isinstance(holder, dict) else None


def facility_names(loaded: Loaded) -> dict[str, str] | None:
    """Return the facility types of a scenario by their codes and names; empty for what may mean several of them.

    None where not every code can be read: that is told already.
    """
    found = loaded.merged.get("facility")
    facilities = found if isinstance(found, list) else [None]
    if not all(isinstance(entry, dict) and isinstance(entry.get("type"), str) for entry in facilities):
        return None
    return facility_codes(facilities)


def modes_asked(standards: Sequence[Standard]) -> list[Mode]:
    """List the networks to read; walking always, for it is the base map."""
    found: list[Mode] = ["walk"]
    if any(standard.mode == "drive" and standard.metric == "road" for standard in standards):
        found.append("drive")
    return found
