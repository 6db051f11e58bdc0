"""A sheet of paper to draw a map on: figure, view, frame, scale bar, north arrow.

All places on paper are in points (1/72 inch) from the lower left corner, rounded to hundredths, so that a PDF stays
small and both files show the same.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import Stroke
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from PIL import Image

from planner.geodesy import EARTH_RADIUS_M
from planner.printlabels import DESCENT, FONT, Box, width

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from matplotlib.artist import Artist
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

MM, CM = 72 / 25.4, 72 / 2.54
"""Points of paper in a millimetre, and in a centimetre."""

INK, GREY, RULE = "#1f2326", "#5f666c", "#9aa0a6"

METRES_PER_DEGREE = math.radians(1.0) * EARTH_RADIUS_M

_CHUNK = 20_000  # vertices of one outline: Agg has room for so many crossings at once
_SETTINGS: Any = {
    "agg.path.chunksize": 0,
    "path.simplify": True,
    "path.simplify_threshold": 1 / 9,
    "path.snap": False,
    "pdf.compression": 6,
    "pdf.fonttype": 42,  # as text that can be searched and copied
    "text.antialiased": True,
    "text.hinting": "none",
}


def own_settings() -> AbstractContextManager[None]:
    """Return the settings that all drawing is done under: matplotlib's defaults, not those of whoever runs it."""
    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")}
    return mpl.rc_context({**defaults, **_SETTINGS})


# ---- what is seen of the earth ----


@dataclass(frozen=True)
class View:
    """A part of the earth in a frame on paper: a plane about its centre, true to scale there.

    Attributes
    ----------
    lon, lat
        The centre, in degrees of WGS-84.
    metres
        On the ground, for a point of paper.
    frame
        The rectangle on paper.
    """

    lon: float
    lat: float
    metres: float
    frame: Box

    @cached_property
    def shrink(self) -> float:
        """How much shorter a degree of longitude is than one of latitude."""
        return max(0.01, math.cos(math.radians(self.lat)))

    def on_paper(self, degrees: Real) -> Real:
        """Return places (lon, lat; shape (n, 2)) on paper."""
        per_degree = METRES_PER_DEGREE / self.metres
        middle = ((self.frame.left + self.frame.right) / 2, (self.frame.bottom + self.frame.top) / 2)
        offsets = (degrees - (self.lon, self.lat)) * (self.shrink * per_degree, per_degree)
        return np.round(offsets + middle, 2)

    def degrees(self, x: float, y: float) -> tuple[float, float]:
        """Return longitude and latitude of a place on paper."""
        per_degree = METRES_PER_DEGREE / self.metres
        right, up = x - (self.frame.left + self.frame.right) / 2, y - (self.frame.bottom + self.frame.top) / 2
        return self.lon + right / (self.shrink * per_degree), self.lat + up / per_degree

    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of what is seen, in degrees."""
        return *self.degrees(self.frame.left, self.frame.bottom), *self.degrees(self.frame.right, self.frame.top)


def view_of(bounds: tuple[float, float, float, float], frame: Box, *, least_m: float = 300.0) -> View:
    """Fit a box of degrees (west, south, east, north) into a frame; it shows `least_m` metres at least."""
    west, south, east, north = bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    shrink = max(0.01, math.cos(math.radians(lat)))
    wide = max(least_m, (east - west) * METRES_PER_DEGREE * shrink)
    high = max(least_m, (north - south) * METRES_PER_DEGREE)
    metres = max(wide / (frame.right - frame.left), high / (frame.top - frame.bottom))
    return View(lon, lat, metres, frame)


def round_length(room_m: float) -> float:
    """Return the longest of 1, 2 and 5 times a power of ten that is no longer than `room_m`."""
    power = 10.0 ** math.floor(math.log10(room_m))
    return max(step * power for step in (1, 2, 5) if step * power <= room_m * (1 + 1e-12))


# ---- the sheet ----


class Paper:
    """A sheet: what is drawn later lies above what was drawn before. It is drawn on under `own_settings`."""

    def __init__(self, wide: float, high: float) -> None:
        """Take a white sheet of so many points."""
        self.box = Box(0.0, 0.0, wide, high)
        with own_settings():
            self._figure = Figure(figsize=(wide / 72, high / 72), dpi=72, facecolor="white")
        self._at = Affine2D().scale(1 / 72) + self._figure.dpi_scale_trans
        self._font = FontProperties(fname=str(FONT))
        self._drawn = 0

    def _add(self, artist: Artist, clip: Box | None) -> None:
        artist.set_zorder(self._drawn)
        self._drawn += 1
        self._figure.add_artist(artist, clip=False)
        if clip:
            corner = Rectangle((clip.left, clip.bottom), clip.right - clip.left, clip.top - clip.bottom)
            corner.set_transform(self._at)
            artist.set_clip_path(corner)

    def lines(
        self,
        vertices: Real,
        starts: NDArray[np.bool_],
        colour: str,
        thick: float,
        *,
        dash: tuple[float, ...] = (),
        alpha: float = 1.0,
        clip: Box | None = None,
    ) -> None:
        """Draw many lines of one kind: their vertices one after the other, and where each line starts."""
        codes = np.where(starts, Outline.MOVETO, Outline.LINETO).astype(np.uint8)
        heads = np.flatnonzero(starts)
        cuts = [0, *(heads[np.searchsorted(heads, at)] for at in range(_CHUNK, len(codes), _CHUNK) if at < heads[-1])]
        for begin, end in zip(cuts, [*cuts[1:], len(codes)], strict=True):
            if begin == end:
                continue
            patch = PathPatch(
                Outline(vertices[begin:end], codes[begin:end]),
                facecolor="none",
                edgecolor=colour,
                linewidth=thick,
                linestyle=(0, dash) if dash else "solid",
                capstyle="butt" if dash else "round",
                joinstyle="round",
                alpha=alpha,
                transform=self._at,
            )
            self._add(patch, clip)

    def line(self, points: Iterable[tuple[float, float]], colour: str = INK, thick: float = 0.6) -> None:
        """Draw one line."""
        vertices = np.array(list(points), dtype=np.float64)
        self.lines(vertices, np.arange(len(vertices)) == 0, colour, thick)

    def shape(
        self, outline: Outline, *, fill: str = "none", edge: str = "none", thick: float = 0.0, alpha: float = 1.0,
        clip: Box | None = None,
    ) -> None:  # fmt: skip
        """Fill and line an outline."""
        patch = PathPatch(
            outline, facecolor=fill, edgecolor=edge, linewidth=thick, alpha=alpha, joinstyle="round", transform=self._at
        )
        self._add(patch, clip)

    def rectangle(self, box: Box, *, fill: str = "none", edge: str = "none", thick: float = 0.0) -> None:
        """Draw a rectangle."""
        self._add(
            Rectangle(
                (box.left, box.bottom), box.right - box.left, box.top - box.bottom, facecolor=fill, edgecolor=edge,
                linewidth=thick, transform=self._at,
            ),
            None,
        )  # fmt: skip

    def circles(
        self, places: Real, radii: Real, fill: Any, edge: Any, thick: Any, *, alpha: float = 1.0,
        clip: Box | None = None,
    ) -> None:  # fmt: skip
        """Draw circles in the order given; `fill`, `edge` and `thick` are one for all, or one for each."""
        if not len(places):
            return
        circles = PathCollection(
            [Outline.unit_circle()], sizes=radii**2, offsets=places, offset_transform=self._at, facecolors=fill,
            edgecolors=edge, linewidths=thick, alpha=alpha,
        )  # fmt: skip
        circles.set_transform(mpl.transforms.IdentityTransform())
        self._add(circles, clip)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        colour: str = INK,
        *,
        align: str = "left",
        halo: float = 0.0,
    ) -> None:
        """Write a plain text whose base line begins (``left``), ends (``right``) or is centred at a place."""
        if not words:
            return
        left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[align] * width(words, size)
        for outlined in (True, False) if halo else (False,):
            written = Text(
                left, y, words, color=colour, fontproperties=self._font, fontsize=size, parse_math=False, usetex=False,
                verticalalignment="baseline", horizontalalignment="left", transform=self._at,
            )  # fmt: skip
            if outlined:
                written.set_path_effects([Stroke(linewidth=halo, foreground="white", joinstyle="round")])
            self._add(written, None)

    def label(self, box: Box, words: str, size: float, colour: str) -> None:
        """Write a label into the box that was found for it."""
        self.text(box.left, box.bottom + DESCENT * size, words, size, colour, halo=size * 0.32)

    def png(self, dpi: int) -> bytes:
        """Return the sheet as a PNG of 256 colours: few are drawn, and the file is a quarter of what it would be."""
        with own_settings():
            self._figure.set_dpi(dpi)
            canvas = FigureCanvasAgg(self._figure)
            canvas.draw()  # type: ignore[no-untyped-call]
        pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        drawn = Image.fromarray(pixels[:, :, :3].copy())
        image = drawn.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        held = io.BytesIO()
        image.save(held, "png", dpi=(dpi, dpi), compress_level=6)
        return held.getvalue()

    def pdf(self, title: str, date: dt.datetime) -> bytes:
        """Return the sheet as a PDF of lines and text, dated as told."""
        held = io.BytesIO()
        with own_settings():
            named = {"Title": title, "Creator": None, "Producer": None, "CreationDate": date}
            FigureCanvasPdf(self._figure).print_pdf(held, metadata=named)  # type: ignore[no-untyped-call]
        return held.getvalue()


# ---- furniture of a map ----


def scale_bar(paper: Paper, view: View, x: float, y: float, room: float, units: tuple[str, str]) -> Box:
    """Draw a scale bar of round length from (x, y) to the right, no longer than `room`; return what it covers.

    Parameters
    ----------
    paper, view
        Where it is drawn, and the scale.
    x, y
        Its lower left corner.
    room
        Its greatest length in points.
    units
        Names of metre and kilometre.
    """
    metres = round_length(room * view.metres)
    length, high, size = metres / view.metres, 3.0, 7.0
    unit, per = (units[1], 1000.0) if metres >= 1000 else (units[0], 1.0)  # noqa: PLR2004  a kilometre
    marks = [(0.0, "0"), (0.5, f"{metres / per / 2:g}"), (1.0, f"{metres / per:g} {unit}")]
    cover = Box(x - 6, y - 4, x + length + width(marks[-1][1], size) / 2 + 6, y + high + size + 5)
    paper.shape(_rounded(cover), fill="white", alpha=0.75)
    paper.rectangle(Box(x, y, x + length, y + high), fill="white", edge=INK, thick=0.6)
    paper.rectangle(Box(x, y, x + length / 2, y + high), fill=INK)
    for share, words in marks:
        paper.text(x + share * length, y + high + 2.5, words, size, align="center")
    return cover


def north_arrow(paper: Paper, x: float, y: float, high: float, letter: str) -> Box:
    """Draw an arrow to the north, its foot centred at (x, y); return what it covers."""
    half = high * 0.28
    cover = Box(x - half - 5, y - 4, x + half + 5, y + high + 13)
    paper.shape(_rounded(cover), fill="white", alpha=0.75)
    left = [(x, y + high), (x - half, y), (x, y + high * 0.24)]
    right = [(x, y + high), (x + half, y), (x, y + high * 0.24)]
    paper.shape(polygon(left), fill=INK, edge=INK, thick=0.6)
    paper.shape(polygon(right), fill="white", edge=INK, thick=0.6)
    paper.text(x, y + high + 2.5, letter, 9, align="center")
    return cover


def polygon(points: list[tuple[float, float]]) -> Outline:
    """Return a closed outline."""
    return Outline(np.array([*points, points[0]]), closed=True)


def _rounded(box: Box) -> Outline:
    return polygon([(box.left, box.bottom), (box.right, box.bottom), (box.right, box.top), (box.left, box.top)])
