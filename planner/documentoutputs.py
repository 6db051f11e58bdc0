"""The documents of a result that are printed and signed: maps on paper, the siting proposal, a page for each site."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from planner import printmaps
from planner.errors import BlockedError, Fault
from planner.hashing import sha256_of
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


def spare_edited(final: Path) -> None:
    """See that nobody's work on a document would be lost: an opinion filled in, a sentence put otherwise.

    Parameters
    ----------
    final
        The folder of a result that is about to be replaced; it may be absent.

    Raises
    ------
    BlockedError
        If a document there is no longer the one that was written.
    """
    try:
        record = json.loads((final / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    written = record.get("documents", {}) if isinstance(record, dict) else {}
    edited = [name for name in (PROPOSAL, SITE_PAGES) if name in written and (final / name).is_file()]
    edited = [name for name in edited if sha256_of(final / name) != written[name]]
    if edited:
        raise BlockedError(Fault("document_edited", values={"folder": str(final), "files": ", ".join(edited)}))


def write(shown: MapData, folder: Path, begin: Callable[[str], None]) -> dict[str, str]:
    """Write the print maps, the proposal where a plan was asked for, and a page for each site that it opens.

    A proposal also says that nothing need be built, that no plan can do what is asked, or that none was found in time.

    Parameters
    ----------
    shown
        What the maps show; its record is the content of run.json.
    folder
        The folder of the result.
    begin
        Called with the name of each step as it begins.

    Returns
    -------
    documents
        Name and SHA-256 of each document that people fill in or put otherwise: `spare_edited` holds them against it.
    """
    begin("print")
    printmaps.write_print_maps(folder, shown)
    record: Mapping[str, Any] = shown.record
    plan = record["plan"]
    if plan["status"] == "none":
        return {}
    begin("documents")
    write_docx(folder / PROPOSAL, proposal(record, printmaps.figure_pictures(shown)))
    if not plan["opened"]:
        return {PROPOSAL: sha256_of(folder / PROPOSAL)}
    sites = [row["site_id"] for row in plan["opened"]]
    write_docx(folder / SITE_PAGES, site_pages(record, printmaps.site_pictures(shown, sites)))
    return {name: sha256_of(folder / name) for name in (PROPOSAL, SITE_PAGES)}
