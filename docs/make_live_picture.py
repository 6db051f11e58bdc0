"""The picture of the live map in the README: ``python docs/make_live_picture.py maps/sample-2026/map.html``.

It opens the map of the sample in Chromium, closes an outlet of today as a person would, and keeps what is then on the
screen, in few colours: the README is read over slow lines.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

PICTURE = Path(__file__).with_name("sample-live.png")
SIZE: ViewportSize = {"width": 1366, "height": 768}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
COLORS = 256
MOST_BYTES = 200_000
OUTLET = "采石就业服务站"
SHOW = """name => {
  const { session } = plannerLive.now;
  session.focus({ site: session.meta.sites.find((site) => site.name === name).id });
}"""


def screen(page_file: Path) -> bytes:
    """Return the screen, as PNG, once the outlet is closed and its people are led to others."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, offline=True)
        page.goto(page_file.resolve().as_uri())
        page.evaluate("() => plannerLive.ready")
        page.locator("#pm-live").click()
        page.evaluate(SHOW, OUTLET)
        page.get_by_role("button", name="假如撤掉").first.click()
        page.wait_for_timeout(1500)  # until all is drawn: no test waits for it
        shown = page.screenshot()
        browser.close()
    return shown


def main(page_file: Path) -> None:
    """Write the picture.

    Raises
    ------
    ValueError
        If it is larger than a README should load.
    """
    found = io.BytesIO()
    Image.open(io.BytesIO(screen(page_file))).convert("RGB").quantize(
        COLORS, Image.Quantize.MAXCOVERAGE, kmeans=2
    ).save(found, "PNG", optimize=True)
    if found.tell() > MOST_BYTES:
        message = f"{found.tell()} bytes: fewer colours, please"
        raise ValueError(message)
    PICTURE.write_bytes(found.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
