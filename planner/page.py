"""Pages with a map: one HTML file that carries everything it shows and asks the network for nothing.

folium builds the page (map, layers, layer control, first view); the many points and lines travel once, as compact
arrays in a JSON block, and small scripts draw them on canvases. Names are data: they stand in that block and reach
the page as text only. The page's own policy lets no script run but those that are written here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import folium
import jinja2
import pandas as pd
from branca.element import Element, Figure
from folium.template import Template

from planner import pageload
from planner.packing import packed_points
from planner.pageload import page_words
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from geopandas import GeoDataFrame

    from planner.onlinebase import OnlineBase
    from planner.pageload import Load
    from planner.terms import Language

_UNSAFE_IN_HTML = re.compile(r"[&<>\"'`$\\{}]")
_UNSAFE_IN_JSON = re.compile("[<>&`$\u2028\u2029\ud800-\udfff]")
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_STYLES = ("leaflet/leaflet.css", "map/map.css", "map/layers.css")
_FIRST_SCRIPTS = ("leaflet/leaflet.js", "map/page.js", "map/roads.js", "map/cards.js", "map/layers.js")
_EVERY_SCRIPT = ("map/search.js", "map/printview.js")
_PAPERS = {"pm-a4": "map/a4.css", "pm-a3": "map/a3.css"}
"""Sizes of paper, each a style that is off until it is printed on: id in the page -> its file."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The words that a page takes from its scenario.

    Attributes
    ----------
    title
        Heading of the page.
    language
        ``zh`` or ``en``.
    type_names
        Facility type code -> name as printed. Their order gives each type its symbol.
    notes
        Lines of the footer: how figures are counted, sources.
    review_number
        Number of the map review (审图号); empty leaves a blank to fill in.
    maker
        Who made the map; may be empty.
    document_note
        What the map may be used for; may be empty.
    online
        Base maps from the internet that the page's user may turn on; without any the page cannot ask the network.
    """

    title: str
    language: Language
    type_names: Mapping[str, str]
    notes: tuple[str, ...]
    review_number: str
    maker: str
    document_note: str
    online: tuple[OnlineBase, ...] = ()


@dataclass(frozen=True)
class Layer:
    """An entry of the layer control, drawn by the page's script.

    Attributes
    ----------
    maker, arguments
        Function of the script that draws it, and what it is called with.
    name
        As printed.
    overlay
        False for layers of which one is shown at a time.
    show
        Whether it is shown at first.
    """

    maker: str
    arguments: tuple[int | str, ...]
    name: str
    overlay: bool
    show: bool


def footer(labels: Labels, live: Load | None = None) -> list[Any]:
    """Return what the foot of a page says; of what it carries as well, where it carries anything."""
    return [[*labels.notes, *(live.foot if live else ())], labels.review_number, labels.maker, labels.document_note]


# ---- facilities ----


def site_layer(shown: GeoDataFrame, labels: Labels, words: Mapping[str, str]) -> dict[str, Any]:
    """Pack facilities and candidates, in groups of one symbol.

    Parameters
    ----------
    shown
        One row for each: site_id, name, types (codes joined by ``;``: the first one decides the symbol and the layer,
        whose name counts the others), state (``today``, ``planned``, ``candidate``, ``closed``), number (order of
        building, 0 unless planned), cost_once_yuan, cost_yearly_yuan (nullable), estimated, people (served, nullable),
        district, town, geometry.
    labels
        Names and footer of the page.
    words
        Its words, as `page_words` gives them.
    """
    codes = [[code for code in str(types).split(";") if code] for types in shown["types"]]
    types = list(dict.fromkeys([*labels.type_names, *sorted(code for row in codes for code in row), ""]))
    groups: dict[tuple[str, int], list[int]] = {}
    for number, state in enumerate(shown["state"]):
        form = types.index(codes[number][0] if codes[number] else "") if state in {"today", "planned"} else 1
        groups.setdefault((state, form), []).append(number)

    def type_name(code: str) -> str:
        return labels.type_names.get(code, code) or say("map.unnamed", labels.language)

    def name(state: str, form: int) -> str:
        """Name a group by its first type; where places have others besides, say how many of them."""
        others = Counter(code for row in groups[state, form] for code in codes[row][1:])
        also = (
            say("map.also_at", labels.language, n=others[code], name=type_name(code)) for code in types if others[code]
        )
        besides = listed(also, labels.language) if state in {"today", "planned"} else ""
        named = type_name(types[form]) + (say("map.also", labels.language, others=besides) if besides else "")
        return words[f"sites_{state}"].format(name=named)

    order = {state: place for place, state in enumerate(("today", "planned", "candidate", "closed"))}
    return {
        "groups": [
            {"state": state, "form": form, "name": name(state, form), "rows": groups[state, form]}
            for state, form in sorted(groups, key=lambda key: (order[key[0]], key[1]))
        ],
        "place": packed_points(shown.geometry),
        "name": [str(text) for text in shown["name"]],
        "types": [listed((labels.type_names.get(code, code) for code in row), labels.language) for row in codes],
        "place_of": places_named(shown),
        "estimated": [bool(value) for value in shown["estimated"]],
        **{key: _whole(shown[key]) for key in ("number", "people", "cost_once_yuan", "cost_yearly_yuan")},
    }


def site_layers(sites: Mapping[str, Any]) -> list[Layer]:
    """Entries of the layer control for facilities."""
    groups = enumerate(sites["groups"])
    return [
        Layer("sites", (n,), group["name"], overlay=True, show=group["state"] != "candidate") for n, group in groups
    ]


def places_named(table: pd.DataFrame) -> list[str]:
    """District and town of each row, each once."""
    pairs = zip(table["district"], table["town"], strict=True)
    return [" ".join(dict.fromkeys(str(name) for name in pair if pd.notna(name) and name)) for pair in pairs]


def _whole(column: pd.Series[Any]) -> list[int | None]:
    return [None if pd.isna(value) else int(value) for value in column]


# ---- the page ----


def without_turns(text: str) -> str:
    """Return a text without the marks that would turn the words and figures around it."""
    return _TURNING.sub("", text)


def _as_html(text: str) -> str:
    return _UNSAFE_IN_HTML.sub(lambda found: f"&#{ord(found[0])};", without_turns(text))


def _as_json(value: object) -> str:
    """Write data for the page's scripts, without marks that would turn the words and figures around a name."""
    text = without_turns(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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

    def __init__(self, layer: Layer, name: str) -> None:
        super().__init__(name=_as_html(name), overlay=layer.overlay, show=layer.show)
        self._name, self.maker, self.arguments = layer.maker, layer.maker, list(layer.arguments)


class _Page(Figure):  # type: ignore[misc]
    """The HTML page. Data and scripts enter here, not by folium's elements, which would read them as templates."""

    def __init__(self, data: Mapping[str, Any], labels: Labels, script: str, live: Load | None) -> None:
        super().__init__()
        self._data, self._labels, self._script, self._live = data, labels, script, live

    def render(self, **kwargs: Any) -> str:
        for child in self._children.values():
            child.render(**kwargs)
        online = self._labels.online
        styles, scripts = pageload.files_of(self._live)
        styles = [_asset(name) for name in (*_STYLES, *styles)]
        papers = {name: _asset(file) for name, file in _PAPERS.items()}
        names = [*_FIRST_SCRIPTS, f"map/{self._script}", *_EVERY_SCRIPT, *(["map/online.js"] if online else [])]
        scripts = [*map(_asset, [*names, *scripts]), self.script.render(**kwargs)]
        page: jinja2.Template = jinja2.Template(_asset("map/page.html.jinja"), keep_trailing_newline=True)
        return page.render(
            lang={"zh": "zh-CN"}.get(self._labels.language, self._labels.language),
            policy=_policy(scripts, [*styles, *papers.values()], [host for base in online for host in base.hosts]),
            title=_as_html(self._labels.title),
            noscript=say("map.noscript", self._labels.language),
            body=self.html.render(**kwargs),
            data=_as_json(self._data),
            live=self._live,
            styles=styles,
            papers=papers,
            scripts=scripts,
        )


def _asset(name: str) -> str:
    text = (files("planner") / "assets" / name).read_text(encoding="utf-8")
    # Leaflet's icons and source map would be asked for beside the page; nothing drawn here needs them.
    return re.sub(r"background-image: url\(images/.*?\);|behavior: url\(.*?\);|//# sourceMappingURL=.*", "", text)


def _policy(scripts: Sequence[str], styles: Sequence[str], hosts: Sequence[str]) -> str:
    """Forbid every script and style but these, and every fetch but pictures of some hosts.

    A name that became HTML could do nothing.
    """

    def sources(texts: Sequence[str]) -> str:
        hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        return " ".join(f"'sha256-{value}'" for value in hashes)

    return (
        f"default-src 'none'; script-src {sources(scripts)}; style-src {sources(styles)}; "
        f"img-src {' '.join(['data:', *hosts])}; "
        "base-uri 'none'; form-action 'none'"
    )


def _shell(words: Mapping[str, str], labels: Labels) -> dict[str, Any]:
    """Return what the scripts of every page read: the words beside the page's own, and base maps to be asked for."""
    shell = page_words(labels.language, "mappage", *(("maponline",) if labels.online else ()))
    online = [
        {"urls": base.urls, "attribution": base.attribution, "zoom": base.max_zoom, "hosts": len(base.hosts)}
        for base in labels.online
    ]
    return {"words": {**shell, **words}, **({"online": online} if online else {})}


def _online_layers(labels: Labels) -> Iterator[Layer]:
    for number, base in enumerate(labels.online):
        yield Layer("online", (number,), base.name, overlay=True, show=False)


def _numbered(root: Element) -> None:
    """Replace folium's random ids by numbers in the order of the tree."""
    waiting, number = [root], 0
    while waiting:
        element = waiting.pop()
        element._id = str(number)  # noqa: SLF001  folium offers no other way
        number += 1
        waiting.extend(reversed(element._children.values()))  # noqa: SLF001


def page(
    data: Mapping[str, Any], labels: Labels, layers: Iterable[Layer], *, script: str, live: Load | None = None
) -> bytes:
    """Build a page. Same arguments give the same bytes.

    Parameters
    ----------
    data
        What the script draws: ``bounds`` and whatever else it reads.
    labels
        Words of the page.
    layers
        Entries of the layer control; equal names get a number.
    script
        Name of the script in ``assets/map`` that makes the layers.
    live
        What the page carries so that an edited plan can be counted in it; without it its scripts are left out as well.

    Returns
    -------
    page
        The HTML file's content.
    """
    told = {**data, **_shell(data["words"], labels), **pageload.data_of(live, labels.language)}
    whole = _Page(told, labels, script, live)
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
    whole.add_child(view)
    used: dict[str, int] = {}
    for layer in (*layers, *_online_layers(labels)):
        used[layer.name] = used.get(layer.name, 0) + 1
        again = f" ({used[layer.name]})" if used[layer.name] > 1 else ""
        view.add_child(_ArrayLayer(layer, layer.name + again))
    view.add_child(folium.LayerControl(collapsed=False))
    view.fit_bounds(data["bounds"], padding=(24, 24), max_zoom=16)
    _numbered(whole)
    return str(whole.render()).encode("utf-8", "replace")
