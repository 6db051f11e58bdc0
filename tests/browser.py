"""Chromium without a network, and what tests of pages do with it."""

from __future__ import annotations

import atexit
import shutil
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page, Playwright

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

    def forget(self) -> None:
        """Begin anew, for the next test in the same tab."""
        self.requests.clear()
        self.troubles.clear()

    def dismiss(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":  # a page with edits is left: the browser asks
            dialog.accept()
            return
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    @property
    def outside(self) -> list[str]:
        return [url for url in self.requests if not url.startswith(("file:", "data:"))]


class _Driver:
    """Chromium as it runs in this process: to begin one takes longer than most tests of a page."""

    def __init__(self) -> None:
        sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright to drive Chromium")
        self.playwright: Playwright = sync_api.sync_playwright().start()
        self.chromium = self.launch()
        atexit.register(self.end)

    def launch(self) -> Browser:
        return self.playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

    def running(self) -> Browser:
        """Return the browser, or another if it broke down."""
        if not self.chromium.is_connected():
            self.chromium = self.launch()
        return self.chromium

    def end(self) -> None:
        self.chromium.close()
        self.playwright.stop()


_driver = cache(_Driver)


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium while it is needed: one for all tests of a process; what is opened in it is closed at the end.

    Raises
    ------
    pytest.skip.Exception
        If there is no Chromium, or no playwright to drive it.
    """
    if CHROMIUM is None:
        pytest.skip("needs Chromium: no chromium, chromium-browser or google-chrome on the path")
    chromium = _driver().running()
    before = chromium.contexts
    try:
        yield chromium
    finally:
        for context in chromium.contexts:
            if context not in before:
                context.close()


def new_tab(browser: Browser, **options: Any) -> tuple[Page, Watch]:
    """Open a tab in a context of its own: without a network and in a large window, unless `options` say otherwise."""
    given = {"offline": True, "viewport": {"width": 1400, "height": 900}, **options}
    page = browser.new_context(**given).new_page()
    page.set_default_timeout(10_000)
    return page, Watch(page)


def turn_to(page: Page, path: Path) -> None:
    """Open a file in a tab, which keeps nothing of what stood in it."""
    page.goto(path.as_uri())
    page.evaluate(PAINTED)


def open_page(browser: Browser, path: Path, **options: Any) -> tuple[Page, Watch]:
    """Open a file in a tab of its own, with the options of `new_tab`."""
    page, watch = new_tab(browser, **options)
    turn_to(page, path)
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
