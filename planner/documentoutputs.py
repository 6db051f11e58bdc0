"""The documents of a result that are printed and signed: maps on paper, the siting proposal, a page for each site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner import printmaps
from planner.proposal import proposal
from planner.sitepages import site_pages
from planner.wordfile import write_docx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from planner.mapdata import MapData

PROPOSAL, SITE_PAGES = "proposal.docx", "site_pages.docx"

RESULT_FILES = frozenset({"map.png", "map.pdf", PROPOSAL, SITE_PAGES})
"""Names of everything that is written here."""


def write(shown: MapData, folder: Path, begin: Callable[[str], None]) -> None:
    """Write the print maps and, where there is a plan, the proposal and the pages of its sites.

    Parameters
    ----------
    shown
        What the maps show; its record is the content of run.json.
    folder
        The folder of the result.
    begin
        Called with the name of each step as it begins.
    """
    begin("print")
    printmaps.write_print_maps(folder, shown)
    record: Mapping[str, Any] = shown.record
    opened = record["plan"].get("opened", [])
    if not opened:
        return
    begin("documents")
    write_docx(folder / PROPOSAL, proposal(record, printmaps.figure_pictures(shown)))
    sites = [row["site_id"] for row in opened]
    write_docx(folder / SITE_PAGES, site_pages(record, printmaps.site_pictures(shown, sites)))
