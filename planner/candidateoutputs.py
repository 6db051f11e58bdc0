"""What candidates leave behind: a table to look through, a map, and a record of where they come from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner import owners, provenance, record, report
from planner.bookkeys import label, pages
from planner.candidatebook import Book, write_book
from planner.candidateground import BESIDE_M
from planner.candidatestudy import SOURCES
from planner.errors import BlockedError, Fault, ScenarioError
from planner.hashing import sha256_of
from planner.onlinebase import online_bases
from planner.packing import bounds, road_layer
from planner.page import Labels, footer, page, site_layer, site_layers
from planner.pageload import page_words
from planner.scenario import fault_at
from planner.scenariobook import is_book
from planner.sourcelist import shown_path
from planner.venues import SAME_M
from planner.words import layer_name, listed, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from planner.candidatestudy import Proposed
    from planner.inputs import Inputs
    from planner.schema import Scenario
    from planner.terms import Language

SUFFIX = "-candidates"
"""What the name of the result folder has after the scenario's."""

MARK = "candidates.json"
"""The file by which a whole result is known."""

TABLE = "candidates.xlsx"
"""The table that a scenario may name."""

RESULT_FILES = frozenset({"map.html", TABLE, MARK})
"""Names of everything that a result holds."""

_OWN = "own"  # candidates of the user's own tables, on the map
_SCHEMA = 1


def refuse_used(inputs: Inputs, folder: Path) -> None:
    """See that a new search would not replace a table that the user has looked through.

    Parameters
    ----------
    inputs
        What was read.
    folder
        Where the candidates are to be written.

    Raises
    ------
    ScenarioError
        If a table of the scenario lies there.
    BlockedError
        If the table there is another than the one that was written.
    """
    used = [
        fault_at(inputs.loaded, "candidates_in_use", ["sites", "table", number, "file"], file=table.file)
        for number, table in enumerate(inputs.scenario.sites.table)
        if folder.resolve() in Path(table.file).resolve().parents
    ]
    if used:
        raise ScenarioError(*used)
    if (folder / TABLE).is_file() and sha256_of(folder / TABLE) != _written(folder):
        raise BlockedError(Fault("candidates_changed", str(folder / TABLE)))


def _written(folder: Path) -> str | None:
    """SHA-256 of the table as it was written; None where the record does not tell."""
    try:
        found = json.loads((folder / MARK).read_bytes())["table_sha256"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return str(found)


def write(proposed: Proposed, folder: Path, begin: Callable[[str], None]) -> dict[str, Any]:
    """Write the table, the map and the record.

    Parameters
    ----------
    proposed
        The candidates.
    folder
        An empty folder.
    begin
        Called with the name of each step as it begins.

    Returns
    -------
    record
        The content of candidates.json.
    """
    inputs, shown = proposed.inputs, _in_words(proposed)
    found = _record(proposed) | owners.part(inputs.loaded, folder.parent / (inputs.scenario.name + SUFFIX), MARK)
    begin("map")
    (folder / "map.html").write_bytes(_map(proposed, shown, found))
    begin("files")
    write_book(_book(proposed, shown, found), folder / TABLE)
    told = {**found, "table_sha256": sha256_of(folder / TABLE)}
    report.write_json(told, folder / MARK)
    return told


def _metres(value: object) -> str:
    return f"{float(str(value)):g}"


def _type_names(scenario: Scenario) -> dict[str, str]:
    return {facility.type: facility.name for facility in scenario.facility}


# ---- the record ----


def _record(proposed: Proposed) -> dict[str, Any]:
    inputs, scenario, table = proposed.inputs, proposed.inputs.scenario, proposed.table
    section = scenario.candidates
    kiosks = inputs.options[(inputs.options["state"] == "new")].merge(
        inputs.sites.frame.loc[inputs.sites.frame["open_today"], ["site_id"]], on="site_id"
    )
    return {
        "schema": _SCHEMA,
        **provenance.head(inputs),
        "parameters": {
            "types": proposed.types,
            "features": list(section.features),
            "near": list(section.near),
            "near_count": section.near_count,
            "within_m": float(section.within_m),
            "grid_m": None if section.grid_m is None else float(section.grid_m),
            "same_m": SAME_M,
            **provenance.road_parameters(scenario),
        },
        "attribution": say("map.attribution", scenario.language),
        "features": dict(proposed.features),
        "inputs": provenance.input_records(inputs),
        "roads": record.roads_record({"walk": inputs.networks["walk"]}),
        "doubts": provenance.doubt_records(inputs),
        "candidates": len(table),
        "by_source": {source: int((table["source"] == source).sum()) for source in SOURCES},
        "by_kind": {kind: int((table["kind"] == kind).sum()) for kind in section.features},
        "left_out": dict(proposed.left_out),
        "units_far": _units_far(proposed.table),
        "no_price": _no_price(proposed),
        "at_existing": {
            "sites": kiosks["site_id"].drop_duplicates().tolist(),
            "types": {code: name for code, name in _type_names(scenario).items() if code in set(kiosks["type"])},
        },
    }


def _units_far(table: pd.DataFrame) -> int:
    """Count the candidates whose district or town is that of a demand point which is not beside them."""
    return sum(any(away_m is not None and away_m > BESIDE_M for _, away_m in pairs) for pairs in table["units_from"])


def _no_price(proposed: Proposed) -> list[dict[str, str]]:
    """Types and build methods of the candidates that nothing gives a cost for: a run would refuse them."""
    prices = proposed.prices
    used = prices["method"].isin(proposed.table["build_method"])
    missing = prices[used & (prices["cost_once_yuan"].isna() | prices["cost_yearly_yuan"].isna())]
    pairs = missing[["type", "method"]].drop_duplicates().itertuples(index=False, name=None)
    return [{"type": kind, "method": method} for kind, method in pairs]


# ---- the table ----


def _in_words(proposed: Proposed) -> pd.DataFrame:
    """Return the candidates with their source and reason in words."""
    scenario = proposed.inputs.scenario
    language, within = scenario.language, _metres(scenario.candidates.within_m)
    sources, reasons = [], []
    for item in proposed.table.to_dict("records"):
        kind = say(f"candidates.venue.{item['kind']}", language) if item["kind"] else ""
        sources.append(say(f"candidates.source.{item['source']}", language, kind=kind))
        parts = [_layer_reason(layer, amount, within, language) for layer, amount in item["gathered"]]
        if item["source"] != "dense":
            parts.insert(0, say(f"candidates.reason.{item['source']}", language, kind=kind))
        reasons.append(say("candidates.and", language).join(parts))
    units = [_units_told(pairs, language) for pairs in proposed.table["units_from"]]
    return proposed.table.assign(source=sources, reason=reasons, units_from=units)


def _units_told(pairs: Sequence[tuple[str, int | None]], language: Language) -> str:
    """Say where district and town are from, once where both are from the same."""
    levels: dict[str, list[str]] = {}
    for level, away_m in pairs:
        how = "area" if away_m is None else "near"
        told = say(f"candidates.units_from.{how}", language, m=away_m)
        levels.setdefault(told, []).append(say(f"candidates.unit.{level}", language))
    parts = (
        say("candidates.unit_from", language, units=listed(of, language), told=told) for told, of in levels.items()
    )
    return say("candidates.and", language).join(parts)


def _layer_reason(layer: str, amount: int, within: str, language: Language) -> str:
    return say("candidates.reason.dense", language, layer=layer_name(layer, language), m=within, n=f"{amount:,}")


def _book(proposed: Proposed, shown: pd.DataFrame, found: Mapping[str, Any]) -> Book:
    scenario = proposed.inputs.scenario
    language, names = scenario.language, _type_names(scenario)
    values = {"title": scenario.title, "date": found["data_date"], "attribution": found["attribution"]}
    notes = [say(f"candidatebook.note.{number}", language, **values) for number in range(1, 9)]
    return Book(
        table=shown,
        types={code: names[code] for code in proposed.types},
        prices=proposed.prices,
        within_m=_metres(scenario.candidates.within_m),
        notes=notes,
        language=language,
        date=scenario.data_date,
    )


# ---- the map ----


def _map(proposed: Proposed, shown: pd.DataFrame, found: Mapping[str, Any]) -> bytes:
    scenario, roads = proposed.inputs.scenario, proposed.inputs.networks["walk"]
    labels, words = _labels(scenario, found), page_words(scenario.language, "map", "candidatemap")
    sites = _map_sites(proposed, shown)
    packed = _by_source(site_layer(sites, labels, words), sites, scenario.language)
    data = {
        "words": words,
        "record": {"scenario": scenario.name, "date": found["data_date"]},
        "footer": footer(labels),
        "bounds": bounds(shapely.get_coordinates(sites.geometry.to_numpy()), roads),
        "roads": road_layer(roads),
        "sites": packed,
        "facts": _facts(found),
    }
    layers = [replace(layer, show=True) for layer in site_layers(packed)]
    layers.append(replace(layers[0], maker="roads", arguments=(), name=say("map.roads", scenario.language)))
    return page(data, labels, layers, script="candidates.js")


def _map_sites(proposed: Proposed, shown: pd.DataFrame) -> gpd.GeoDataFrame:
    """Today's outlets and the user's own candidates, then the new ones, as `page.site_layer` takes them."""
    frame = proposed.inputs.sites.frame
    mine = frame[(frame["open_today"] | (frame["status"] == "candidate")) & frame.geometry.notna()]
    own = mine.assign(types=mine["type"], state=np.where(mine["open_today"], "today", "candidate"), source=_OWN)
    new = gpd.GeoDataFrame(
        shown.assign(types="", state="candidate", source=proposed.table["source"]),
        geometry=gpd.points_from_xy(shown["lon"], shown["lat"], crs=4326),
    )
    columns = ["site_id", "name", "types", "state", "source", "district", "town", "geometry"]
    both = pd.concat([own[columns], new[[*columns, "people", "reason"]]], ignore_index=True)
    sites = gpd.GeoDataFrame(both, geometry="geometry", crs=4326)
    return sites.assign(number=0, estimated=False, cost_once_yuan=None, cost_yearly_yuan=None)


def _by_source(packed: Mapping[str, Any], sites: gpd.GeoDataFrame, language: Language) -> dict[str, Any]:
    """Group candidates by where they come from, with their reasons in place of types."""
    groups = [group for group in packed["groups"] if group["state"] != "candidate"]
    for form, source in enumerate((*SOURCES, _OWN)):
        rows = np.flatnonzero((sites["state"] == "candidate") & (sites["source"] == source)).tolist()
        name = say(f"candidatemap.from_{source}", language)
        groups += [{"state": "candidate", "form": form, "name": name, "rows": rows}] if rows else []
    types = [
        types if pd.isna(reason) else reason for types, reason in zip(packed["types"], sites["reason"], strict=True)
    ]
    return {**packed, "groups": groups, "types": types}


def _facts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name what was looked for, for the page."""
    language, used = found["language"], found["parameters"]
    near = listed((layer_name(layer, language) for layer in used["near"]), language)
    metres = {key: "" if used[key] is None else f"{used[key]:g}" for key in ("within_m", "grid_m")}
    values = {
        "all": str(found["candidates"]),
        "venues": str(found["by_source"]["venue"]),
        "near": near,
        "within": say("areamap.metres", language, value=metres["within_m"]),
        "grid": say("areamap.metres", language, value=metres["grid_m"]) if metres["grid_m"] else "",
    }
    return [(say(f"candidatemap.{key}", language), value) for key, value in values.items()]


def _labels(scenario: Scenario, found: Mapping[str, Any]) -> Labels:
    return Labels(
        title=say("candidates.title", scenario.language, title=scenario.title),
        language=scenario.language,
        type_names=_type_names(scenario),
        notes=(
            say("candidates.note", scenario.language, m=_metres(scenario.candidates.within_m)),
            *provenance.source_notes(scenario.language, found["inputs"]),
        ),
        review_number=scenario.document.review_number,
        maker=scenario.document.maker,
        document_note=scenario.document_note,
        online=online_bases(scenario.map, scenario.language),
    )


# ---- the terminal ----


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say in sentences what was found and what was not taken, from candidates.json."""
    language: Language = found["language"]
    yield say("summary.title", language, title=found["title"], date=found["data_date"])
    sources = [say(f"candidates.count.{key}", language, count=n) for key, n in found["by_source"].items() if n]
    yield say("candidates.summary", language, count=found["candidates"], sources=listed(sources, language))
    kinds = [
        say("candidates.kind", language, kind=say(f"candidates.venue.{kind}", language), count=n)
        for kind, n in found["by_kind"].items()
        if n
    ]
    if kinds:
        yield say("candidates.kinds", language, kinds=listed(kinds, language))
    absent = [say(f"candidates.venue.{kind}", language) for kind in found["features"].get("absent", ())]
    if absent:
        yield say("candidates.absent", language, file=found["features"]["file"], kinds=listed(absent, language))
    if found["left_out"]:
        told = [say(f"candidates.left_out.{why}", language, count=n) for why, n in found["left_out"].items()]
        yield say("candidates.left", language, reasons=listed(told, language))
    added = found["at_existing"]
    if added["sites"]:
        values = {"count": len(added["sites"]), "types": listed(added["types"].values(), language)}
        yield say("candidates.at_existing", language, **values)
    if found["units_far"]:
        yield say("candidates.units_far", language, count=found["units_far"], m=BESIDE_M)
    for item in found["no_price"]:
        yield say("candidates.no_price", language, **item)
    yield from provenance.doubt_lines(found["doubts"], language)


def last_lines(found: Mapping[str, Any], scenario: Path, folder: Path) -> Iterator[str]:
    """Say where the results are, how to go on, and what to write into the scenario file."""
    language = found["language"]
    yield say("candidates.written", language, folder=folder, table=folder / TABLE, map=folder / "map.html")
    yield say("candidates.look", language)
    shown = shown_path(str((folder / TABLE).resolve()), scenario.resolve().parent)
    values = {"file": shown, "sheet": say("candidatebook.sites", language), "coordinates": "wgs84"}
    if is_book(scenario):
        yield say("candidates.paste_book", language)
        page = next(page for page in pages() if page.section == ("sites", "table"))
        yield from (f"{label(page, key, language)}: {values[key.name]}" for key in page.keys if key.name in values)
        return
    yield say("candidates.paste", language)
    yield "[[sites.table]]"
    yield from report.toml_text(values).splitlines()
