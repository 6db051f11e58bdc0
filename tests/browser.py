"""Chromium without a network, and what tests of pages do with it."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Two frames and a moment: the page is laid out and painted before a test touches it.
PAINTED = (
    """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"""
)


class Watch:
    """What a page did that it must not do."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.troubles: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("dialog", self.dismiss)

    def dismiss(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    @property
    def outside(self) -> list[str]:
        return [url for url in self.requests if not url.startswith(("file:", "data:"))]


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium while it is needed.

    Raises
    ------
    pytest.skip.Exception
        If there is no Chromium, or no playwright to drive it.
    """
    if CHROMIUM is None:
        pytest.skip("needs Chromium: no chromium, chromium-browser or google-chrome on the path")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright to drive Chromium")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def open_page(browser: Browser, path: Path, **options: Any) -> tuple[Page, Watch]:
    """Open a file in a context of its own: without a network and in a large window, unless `options` say otherwise."""
    given = {"offline": True, "viewport": {"width": 1400, "height": 900}, **options}
    page = browser.new_context(**given).new_page()
    page.set_default_timeout(10_000)
    watch = Watch(page)
    page.goto(path.as_uri())
    page.evaluate(PAINTED)
    return page, watch


ON_MAP = """find => {
    const map = window[document.querySelector(".folium-map").id];
    const found = [];
    map.eachLayer((layer) => { if (layer instanceof L[find]) { found.push(layer.options.fillColor || ""); } });
    return found;
}"""

CLICK_POINT = """row => {
    const map = window[document.querySelector(".folium-map").id];
    map.eachLayer((layer) => {
        if (layer instanceof L.CircleMarker && layer.row === row) {
            layer.fire("click", {latlng: layer.getLatLng()}, true);
        }
    });
}"""
