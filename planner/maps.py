"""The map: one HTML file that carries everything it shows and asks the network for nothing.

folium builds the page (map, layers, layer control, first view); the many points and lines travel once, as compact
arrays in a JSON block, and a small script draws them on canvases. Names are data: they stand in that block and reach
the page as text only. The page's own policy lets no script run but the three that are written here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import folium
import jinja2
import numpy as np
import pandas as pd
import shapely
from branca.element import Element, Figure
from folium.template import Template

from planner.figures import gap_percent, percent, percent_of, permille_down
from planner.packing import area_layers, bounds, packed_points, road_layer
from planner.words import say, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from geopandas import GeoDataFrame

    from planner.roads import Roads
    from planner.terms import Language

STATES = ("today", "plan")
_REASON_CODES = {"beyond": "b", "demand_off_network": "f", "no_route": "r", "no_site": "s", "not_assessable": "n"}
_UNSAFE_IN_HTML = re.compile(r"[&<>\"'`$\\{}]")
_UNSAFE_IN_JSON = re.compile("[<>&`$\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class MapLabels:
    """The words that a map takes from its scenario.

    Attributes
    ----------
    title
        Heading of the page.
    language
        ``zh`` or ``en``.
    type_names, standard_names, site_names
        Facility type code, standard id and site id -> name as printed. The order of `type_names` gives each type
        its symbol.
    notes
        Lines of the footer: how figures are counted, sources.
    review_number
        Number of the map review (审图号); empty leaves a blank to fill in.
    maker
        Who made the map; may be empty.
    document_note
        What the map may be used for; may be empty.
    """

    title: str
    language: Language
    type_names: Mapping[str, str]
    standard_names: Mapping[str, str]
    site_names: Mapping[str, str]
    notes: tuple[str, ...]
    review_number: str
    maker: str
    document_note: str


def write_map(
    path: Path,
    *,
    record: Mapping[str, Any],
    roads: Roads,
    demand: GeoDataFrame,
    sites: GeoDataFrame,
    coverage: pd.DataFrame,
    areas: GeoDataFrame,
    labels: MapLabels,
) -> None:
    """Write the map of one result. Same inputs give the same bytes.

    Parameters
    ----------
    path
        The HTML file to write; its folder exists.
    record
        The content of ``run.json``: every figure of the legend comes from it.
    roads
        Walk network, drawn as the base map.
    demand
        Demand points (contract table). Points without a place are not drawn.
    sites
        One row per facility or candidate: site_id, name, types (codes joined by ``;``, the first one decides the
        symbol and the layer), state (``today``, ``planned``, ``candidate``, ``closed``), number (order of
        building, 0 unless planned), cost_once_yuan, cost_yearly_yuan (nullable), estimated, people (served,
        nullable), district, town, geometry.
    coverage
        Coverage table; of several years the last one is shown. Points that a standard has no row for are left out
        of its layer.
    areas
        Service areas: standard, state (``today``, ``plan``), site_id, geometry (polygons); may be empty.
    labels
        Names and footer.

    Raises
    ------
    KeyError
        If the record, a table or a reason does not keep its contract.
    """
    placed = demand[demand.geometry.notna() & ~demand.geometry.is_empty].reset_index(drop=True)
    shown = sites[sites.geometry.notna() & ~sites.geometry.is_empty].reset_index(drop=True)
    places = np.concatenate([shapely.get_coordinates(table.geometry.to_numpy()) for table in (placed, shown)])
    states = [state for state in STATES if (coverage["state"] == state).any()]
    standards = [item["id"] for item in record["standards"]]
    site_ids = sorted(set(coverage["site_id"].dropna()) - {""})
    data = {
        "words": {key[4:]: words[labels.language] for key, words in sentences().items() if key.startswith("map.")},
        "states": states,
        "record": _figures(record, labels, states),
        "footer": [labels.notes, labels.review_number, labels.maker, labels.document_note],
        "bounds": bounds(places, roads),
        "roads": road_layer(roads),
        "points": _points(placed),
        "coverage": _coverages(coverage, standards, states, placed["demand_id"], site_ids),
        "siteNames": [labels.site_names.get(site_id, site_id) for site_id in site_ids],
        "reasons": {code: f"reason.{reason}" for reason, code in _REASON_CODES.items()},
        "sites": _sites(shown, labels),
        "areas": area_layers(areas, standards, STATES),
    }
    path.write_bytes(_page(data, labels).encode("utf-8", "replace"))


# ---- names and figures ----


def _as_html(text: str) -> str:
    return _UNSAFE_IN_HTML.sub(lambda found: f"&#{ord(found[0])};", text)


def _as_json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _figures(record: Mapping[str, Any], labels: MapLabels, states: Sequence[str]) -> dict[str, Any]:
    """Return the record's figures for the legend, shares and gap as they are printed."""
    plan = record.get("plan", {})
    fields = ("status", "best_effort", "cost_once_yuan", "cost_yearly_yuan", "estimated_yuan")
    rates = [
        {
            **{key: item[key] for key in ("people", "not_assessable")},
            "name": labels.standard_names.get(item["id"], item["id"]),
            "states": [_rate(item[f"covered_{state}"], item["people"]) for state in states],
        }
        for item in record["standards"]
    ]
    goals = [
        {
            "name": " ".join(str(part) for part in (goal["id"], goal.get("scope")) if part),
            "met": bool(goal["met"]),
            **{key: percent_of(goal.get(key)) for key in ("target", *STATES)},
        }
        for goal in record.get("goals", ())
    ]
    return {
        "scenario": record["scenario"],
        "date": record["data_date"],
        "standards": rates,
        "goals": goals,
        "plan": {
            **{key: plan.get(key) for key in fields},
            "gap": gap_percent(plan.get("gap")),
            "opened": len(plan.get("opened", ())),
        },
    }


def _rate(covered: int | None, people: int) -> dict[str, Any]:
    tenths = permille_down(covered, people) if covered is not None and people else 0
    return {"covered": covered, "share": percent(covered, people), "tenths": tenths}


# ---- tables ----


def _whole(column: pd.Series[Any]) -> list[int | None]:
    return [None if pd.isna(value) else int(value) for value in column]


def _where(table: pd.DataFrame) -> list[str]:
    pairs = zip(table["district"], table["town"], strict=True)
    return [" ".join(dict.fromkeys(str(name) for name in pair if pd.notna(name) and name)) for pair in pairs]


def _points(placed: GeoDataFrame) -> dict[str, Any]:
    return {
        "place": packed_points(placed.geometry),
        "name": [str(name) for name in placed["name"]],
        "place_of": _where(placed),
        "people": [int(people) for people in placed["people"]],
    }


def _rounded_up(values: pd.Series[Any], thousandths: int) -> list[int]:
    """Round up to so many thousandths: what lies beyond a whole cutoff must not read as lying at it."""
    return [-1 if pd.isna(value) else -(-round(value * 1000) // thousandths) for value in values]


def _coverages(
    coverage: pd.DataFrame,
    standards: Sequence[str],
    states: Sequence[str],
    demand_ids: pd.Series[str],
    site_ids: Sequence[str],
) -> list[dict[str, Any]]:
    """Pack each standard and state as columns beside the points; sites by their place in `site_ids`."""
    tables = []
    for number, standard in enumerate(standards):
        for state in states:
            rows = coverage[(coverage["standard"] == standard) & (coverage["state"] == state)]
            rows = rows.sort_values("year", kind="stable").drop_duplicates("demand_id", keep="last")
            known = rows.set_index("demand_id").reindex(demand_ids)
            packed = {
                "standard": number,
                "state": state,
                "code": "".join(map(_code, known["covered"], known["reason"])),
                "site": pd.Index(site_ids).get_indexer(pd.Index(known["site_id"])).tolist(),
                "metres": _rounded_up(known["metres"], 1000),
                "minutes": _rounded_up(known["seconds"], 6000),  # tenths of a minute
            }
            tables.append(packed)
    return tables


def _code(covered: object, reason: object) -> str:
    if pd.isna(covered):  # type: ignore[call-overload]
        return "-"
    return "c" if covered else _REASON_CODES[str(reason)]


def _sites(shown: GeoDataFrame, labels: MapLabels) -> dict[str, Any]:
    codes = [[code for code in str(types).split(";") if code] for types in shown["types"]]
    types = list(dict.fromkeys([*labels.type_names, *sorted(code for row in codes for code in row), ""]))
    groups: dict[tuple[str, int], list[int]] = {}
    for number, state in enumerate(shown["state"]):
        form = types.index(codes[number][0] if codes[number] else "") if state in {"today", "planned"} else 1
        groups.setdefault((state, form), []).append(number)

    def name(state: str, form: int) -> str:
        type_name = labels.type_names.get(types[form], types[form]) or say("map.unnamed", labels.language)
        return say(f"map.sites_{state}", labels.language, name=type_name)

    order = {state: place for place, state in enumerate(("today", "planned", "candidate", "closed"))}
    return {
        "groups": [
            {"state": state, "form": form, "name": name(state, form), "rows": groups[state, form]}
            for state, form in sorted(groups, key=lambda key: (order[key[0]], key[1]))
        ],
        "place": packed_points(shown.geometry),
        "name": [str(text) for text in shown["name"]],
        "types": [
            say("map.join", labels.language).join(labels.type_names.get(code, code) for code in row) for row in codes
        ],
        "place_of": _where(shown),
        "estimated": [bool(value) for value in shown["estimated"]],
        **{key: _whole(shown[key]) for key in ("number", "people", "cost_once_yuan", "cost_yearly_yuan")},
    }


# ---- the page ----


class _OfflineMap(folium.Map):  # type: ignore[misc]  # folium carries no types
    """folium's map without its links: they would be asked from the web, and its class-level lists are shared."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012  folium's own interface
    default_css: list[tuple[str, str]] = []  # noqa: RUF012
    _template = Template(
        """{% macro html(this, kwargs) %}<div class="folium-map" id="{{ this.get_name() }}"></div>{% endmacro %}
        {% macro script(this, kwargs) %}var {{ this.get_name() }} = plannerMap.start(L.map(
            {{ this.get_name()|tojson }}, {center: {{ this.location|tojson }}, ...{{ this.options|tojavascript }}}
        ));{% endmacro %}"""
    )


class _ArrayLayer(folium.map.Layer):  # type: ignore[misc]
    """A layer of the layer control that the page's script draws from the arrays."""

    _template = Template(
        """{% macro script(this, kwargs) %}
        var {{ this.get_name() }} = plannerMap.{{ this.maker }}(...{{ this.arguments|tojavascript }});{% endmacro %}"""
    )

    def __init__(self, maker: str, arguments: list[int | str], name: str, *, overlay: bool, show: bool) -> None:
        super().__init__(name=_as_html(name), overlay=overlay, show=show)
        self._name, self.maker, self.arguments = maker, maker, arguments


class _Page(Figure):  # type: ignore[misc]
    """The HTML page. Data and scripts enter here, not by folium's elements, which would read them as templates."""

    def __init__(self, data: Mapping[str, Any], labels: MapLabels) -> None:
        super().__init__()
        self._data, self._labels = data, labels

    def render(self, **kwargs: Any) -> str:
        for child in self._children.values():
            child.render(**kwargs)
        styles = [_asset("leaflet/leaflet.css"), _asset("map/map.css")]
        scripts = [_asset("leaflet/leaflet.js"), _asset("map/map.js"), self.script.render(**kwargs)]
        page: jinja2.Template = jinja2.Template(_asset("map/page.html.jinja"), keep_trailing_newline=True)
        return page.render(
            lang={"zh": "zh-CN"}.get(self._labels.language, self._labels.language),
            policy=_policy(scripts, styles),
            title=_as_html(self._labels.title),
            noscript=say("map.noscript", self._labels.language),
            body=self.html.render(**kwargs),
            data=_as_json(self._data),
            styles=styles,
            scripts=scripts,
        )


def _asset(name: str) -> str:
    text = (files("planner") / "assets" / name).read_text(encoding="utf-8")
    # Leaflet's icons and source map would be asked for beside the page; nothing drawn here needs them.
    return re.sub(r"background-image: url\(images/.*?\);|behavior: url\(.*?\);|//# sourceMappingURL=.*", "", text)


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Forbid every fetch, and every script and style but these: a name that became HTML could do nothing."""

    def sources(texts: Sequence[str]) -> str:
        hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        return " ".join(f"'sha256-{value}'" for value in hashes)

    return (
        f"default-src 'none'; script-src {sources(scripts)}; style-src {sources(styles)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _layers(data: Mapping[str, Any], language: Language) -> Iterator[_ArrayLayer]:
    """Yield the people of each standard, to be shown one at a time, then facilities, areas and roads."""
    used: dict[str, int] = {}

    def unique(name: str) -> str:
        used[name] = used.get(name, 0) + 1
        return name if used[name] == 1 else f"{name} ({used[name]})"

    for number, standard in enumerate(data["record"]["standards"]):
        for state in data["states"]:
            name = unique(say("map.layer", language, name=standard["name"], state=say(f"map.{state}", language)))
            show = number == 0 and state == data["states"][-1]
            yield _ArrayLayer("people", [number, state], name, overlay=False, show=show)
    for number, group in enumerate(data["sites"]["groups"]):
        show = group["state"] != "candidate"
        yield _ArrayLayer("sites", [number], unique(group["name"]), overlay=True, show=show)
    for number, area in enumerate(data["areas"]):
        standard, state = data["record"]["standards"][area["standard"]]["name"], say(f"map.{area['state']}", language)
        name = unique(say("map.areas", language, name=standard, state=state))
        yield _ArrayLayer("areas", [number], name, overlay=True, show=False)
    yield _ArrayLayer("roads", [], unique(say("map.roads", language)), overlay=True, show=True)


def _numbered(root: Element) -> None:
    """Replace folium's random ids by numbers in the order of the tree."""
    waiting, number = [root], 0
    while waiting:
        element = waiting.pop()
        element._id = str(number)  # noqa: SLF001  folium offers no other way
        number += 1
        waiting.extend(reversed(element._children.values()))  # noqa: SLF001


def _page(data: Mapping[str, Any], labels: MapLabels) -> str:
    page = _Page(data, labels)
    (south, west), (north, east) = data["bounds"]
    view = _OfflineMap(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_control=False,
        zoom_snap=0.25,
        attribution_control=False,
        max_zoom=19,
        zoom_start=12,
    )
    page.add_child(view)
    for layer in _layers(data, labels.language):
        view.add_child(layer)
    view.add_child(folium.LayerControl(collapsed=False))
    view.fit_bounds(data["bounds"], padding=(24, 24), max_zoom=16)
    _numbered(page)
    return str(page.render())
