"""Maps for paper: the large map as PNG and PDF, the figures of a proposal, and a small map for each planned site.

What they show is what the map page shows (`maps`), with the same colours and symbols. matplotlib is loaded when the
first of them is drawn, and only its objects are used: no pyplot, no setting of anybody else's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from planner.blocks import Picture
    from planner.mapdata import MapData


def write_print_maps(folder: Path, shown: MapData) -> None:
    """Write ``map.png`` (300 dpi) and ``map.pdf`` (lines and text), both A3 across. Same inputs give the same bytes.

    Parameters
    ----------
    folder
        Where; it exists.
    shown
        What they show: the last state (the plan where there is one), under the standards that decide.
    """
    from planner import printpages  # noqa: PLC0415  matplotlib takes a third of a second to load

    printpages.write_maps(folder, shown)


def figure_pictures(shown: MapData) -> tuple[Picture, ...]:
    """Return the figures of a proposal: coverage today and, where there is a plan, its sites and its coverage.

    Parameters
    ----------
    shown
        The result.

    Returns
    -------
    pictures
        Captions without number; tall cities on a page upright, others across.
    """
    from planner import printpages  # noqa: PLC0415

    return printpages.figures(shown)


def site_pictures(shown: MapData, site_ids: Sequence[str]) -> dict[str, Picture]:
    """Return a small map for each of some sites: what it reaches, who lives there, and its neighbours.

    Parameters
    ----------
    shown
        The result.
    site_ids
        Planned sites, as a rule. One without a service area is shown with what lies within 750 m of it; one without a
        place, with the whole.

    Returns
    -------
    pictures
        By site_id.
    """
    from planner import printpages  # noqa: PLC0415

    return printpages.site_maps(shown, site_ids)
