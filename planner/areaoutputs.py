"""What drawn service areas leave behind: a map, a GeoPackage, and a record of how they were drawn."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planner import outlines, owners, provenance, record, report
from planner.areamap import write_area_map
from planner.areastudy import UNITS
from planner.editoutputs import edits_named
from planner.onlinebase import online_bases
from planner.page import Labels
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from geopandas import GeoDataFrame

    from planner.areastudy import Drawn
    from planner.schema import Scenario
    from planner.terms import Language

SUFFIX = "-isochrones"
"""What the name of the result folder has after the scenario's."""

MARK = "isochrones.json"
"""The file by which a whole result is known."""

RESULT_FILES = frozenset({"map.html", "isochrones.gpkg", MARK})
"""Names of everything that a result holds."""

OFF_SHOWN = 10
"""Sites off the roads that are named in the terminal."""

_SCHEMA = 1


def write(drawn: Drawn, folder: Path, begin: Callable[[str], None]) -> dict[str, Any]:
    """Write the map, the GeoPackage and the record.

    Parameters
    ----------
    drawn
        The areas.
    folder
        An empty folder.
    begin
        Called with the name of each step as it begins.

    Returns
    -------
    record
        The content of isochrones.json.
    """
    asked, scenario = drawn.asked, drawn.asked.inputs.scenario
    found = _record(drawn) | owners.part(asked.inputs.loaded, folder.parent / (scenario.name + SUFFIX), MARK)
    begin("map")
    write_area_map(
        folder / "map.html",
        roads=asked.roads,
        sites=_map_sites(asked.sites),
        areas={_name(unit, value, scenario.language): drawn.of(unit, value).geometry for unit, value in asked.cutoffs},
        facts=_facts(found),
        scenario=scenario.name,
        data_date=found["data_date"],
        labels=_labels(scenario, found),
    )
    begin("files")
    report.write_gpkg({"isochrones": _table(drawn)}, folder / "isochrones.gpkg", scenario.data_date)
    report.write_json(found, folder / MARK)
    return found


def _name(unit: str, value: object, language: Language) -> str:
    return say(f"isochrones.{unit}", language, value=f"{Decimal(str(value)).normalize():f}")


def _record(drawn: Drawn) -> dict[str, Any]:
    asked, inputs, wish, scenario = drawn.asked, drawn.asked.inputs, drawn.asked.wish, drawn.asked.inputs.scenario
    return {
        "schema": _SCHEMA,
        **provenance.head(inputs),
        "parameters": {
            "mode": wish.mode,
            "direction": "towards" if wish.towards_site else "away",
            "method": wish.method,
            "margin_m": outlines.MARGIN_M,
            "hole_m2": outlines.HOLE_M2,
            **provenance.road_parameters(scenario),
        },
        "attribution": say("map.attribution", scenario.language),
        "inputs": provenance.input_records(inputs),
        "roads": record.roads_record({wish.mode: asked.roads}) | edits_named(inputs.rerouted),
        "sites": {
            "open_today": int(asked.sites["open_today"].sum()),
            "candidates": int((asked.sites["status"] == "candidate").sum()),
            "drawn": int(drawn.areas["site_id"].nunique()),
            "off_network": list(drawn.off_network),
        },
        "cutoffs": [{unit: float(value), "areas": len(drawn.of(unit, value))} for unit, value in asked.cutoffs],
    }


def _table(drawn: Drawn) -> GeoDataFrame:
    """One row for each area: the layer of the GeoPackage."""
    wish = drawn.asked.wish
    named = drawn.areas.merge(
        drawn.asked.sites[["site_id", "name", "type"]], on="site_id", how="left", validate="many_to_one"
    )
    shown = named.assign(
        mode=wish.mode,
        direction="towards" if wish.towards_site else "away",
        method=wish.method,
        margin_m=outlines.MARGIN_M,
    )
    cutoff = [column for column, _ in UNITS.values() if column in shown]
    return shown[["site_id", "name", "type", "mode", "direction", *cutoff, "method", "margin_m", "geometry"]]


def _map_sites(sites: GeoDataFrame) -> GeoDataFrame:
    """Rows of the map: where each site stands and what it is."""
    return sites.assign(
        types=sites["type"],
        state=sites["open_today"].map({True: "today", False: "candidate"}),
        number=0,
        estimated=False,
        people=None,
        cost_once_yuan=None,
        cost_yearly_yuan=None,
    )


def _facts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name what the areas were drawn with, for the page."""
    language, used, sites = found["language"], found["parameters"], found["sites"]
    values = {
        "mode": say(f"isochrones.{used['mode']}", language),
        "direction": say(f"isochrones.{used['direction']}", language),
        "method": say(f"isochrones.{used['method']}", language),
        "margin": say("areamap.metres", language, value=f"{used['margin_m']:g}"),
        "sites": str(sites["drawn"]),
        "off_network": str(len(sites["off_network"])),
    }
    return [(say(f"areamap.{key}", language), value) for key, value in values.items()]


def _labels(scenario: Scenario, found: Mapping[str, Any]) -> Labels:
    used = found["parameters"]
    numbers = {key: f"{used[key]:g}" for key in ("walk_kph", "drive_factor", "snap_max_m", "margin_m", "hole_m2")}
    return Labels(
        title=say("isochrones.title", scenario.language, title=scenario.title),
        language=scenario.language,
        type_names={facility.type: facility.name for facility in scenario.facility},
        notes=(
            say(f"isochrones.note.{used['mode']}", scenario.language, **numbers),
            say("isochrones.note.outline", scenario.language, **numbers),
            *provenance.source_notes(scenario.language, found["inputs"]),
        ),
        review_number=scenario.document.review_number,
        maker=scenario.document.maker,
        document_note=scenario.document_note,
        online=online_bases(scenario.map, scenario.language),
    )


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say in sentences what was drawn, from isochrones.json."""
    language, used, off = found["language"], found["parameters"], found["sites"]["off_network"]
    names = [_name(unit, item[unit], language) for item in found["cutoffs"] for unit in UNITS if unit in item]
    yield say("summary.title", language, title=found["title"], date=found["data_date"])
    yield say(
        "isochrones.summary",
        language,
        mode=say(f"isochrones.{used['mode']}", language),
        direction=say(f"isochrones.{used['direction']}", language),
        sites=found["sites"]["drawn"],
        areas=sum(item["areas"] for item in found["cutoffs"]),
        cutoffs=listed(names, language),
    )
    if off:
        ids = listed(off[:OFF_SHOWN], language)
        yield say("isochrones.off_network", language, count=len(off), ids=ids)
