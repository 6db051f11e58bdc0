"""Bytes of the live map's load: whole numbers as varints, and the container that the page opens.

A varint is unsigned LEB128: seven bits a byte, the lowest first, the top bit set on all but the last. Signed numbers
are folded first (zigzag: 0, -1, 1, -2, … become 0, 1, 2, 3, …), so that small ones stay short.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Unsigned = NDArray[np.uint64]

MAGIC = b"SCPLIVE1"
LOAD_VERSION = 1
"""Goes up when a page's scripts could no longer read what an older planner packed, or the other way round."""

_BITS = np.uint64(7)
_LOW_BITS = np.uint64(0x7F)
_MORE = np.uint64(0x80)
_UNKNOWN_SYSTEM = 255
_SYSTEM_BYTE = 9


@dataclass(frozen=True)
class Section:
    """One row of values in the load: its bytes, and how many values they hold."""

    data: bytes
    count: int


def zigzag(values: ArrayLike) -> Unsigned:
    """Fold signed whole numbers into unsigned ones: 0, -1, 1, -2, … become 0, 1, 2, 3, …."""
    signed = np.asarray(values, dtype=np.int64)
    return ((signed << 1) ^ (signed >> 63)).view(np.uint64)


def varints(values: ArrayLike) -> bytes:
    """Write whole numbers as varints.

    Parameters
    ----------
    values
        Whole numbers from 0 on, shape (n,).

    Raises
    ------
    ValueError
        If one is below zero.
    """
    given = np.asarray(values)
    if given.size and given.dtype.kind != "u" and given.min() < 0:
        raise ValueError("a varint holds no number below zero")
    rest = given.astype(np.uint64)
    size = np.ones(len(rest), dtype=np.int64)
    above = rest >> _BITS
    while above.any():
        size += above > 0
        above >>= _BITS
    start = np.cumsum(size) - size
    found = np.zeros(int(size.sum()), dtype=np.uint8)
    rows = np.arange(len(rest))
    for place in range(int(size.max(initial=0))):
        rows = rows[size[rows] > place]
        more = np.where(size[rows] > place + 1, _MORE, np.uint64(0))
        found[start[rows] + place] = (rest[rows] & _LOW_BITS) | more
        rest[rows] >>= _BITS
    return found.tobytes()


def zigzags(values: ArrayLike) -> bytes:
    """Write signed whole numbers, shape (n,), as varints of `zigzag`."""
    return varints(zigzag(values))


def byte_planes(values: ArrayLike) -> bytes:
    """Write doubles, shape (n,), plane by plane: the lowest byte of every one, then the next lowest, to the highest."""
    return np.asarray(values, dtype="<f8").view(np.uint8).reshape(-1, 8).T.tobytes()


def container(meta: Mapping[str, Any], sections: Mapping[str, Section]) -> bytes:
    """Put sections and what is to be known about them into one row of bytes.

    Parameters
    ----------
    meta
        Anything that JSON knows; NaN and infinity are not.
    sections
        By name, in the order in which they are to stand.

    Returns
    -------
    data
        Eight bytes `MAGIC`, the length of the header (32 bits, little-endian), the header (JSON), the sections.
    """
    places, offset = {}, 0
    for name, section in sections.items():
        places[name] = [offset, len(section.data), section.count]
        offset += len(section.data)
    content = {"version": LOAD_VERSION, "sections": places, "meta": meta}
    header = json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
    return b"".join([MAGIC, struct.pack("<I", len(header)), header, *(section.data for section in sections.values())])


def crc(data: bytes) -> str:
    """Return the CRC-32 of bytes as 8 hexadecimal digits."""
    return f"{zlib.crc32(data):08x}"


def text_of(data: bytes) -> str:
    """Return bytes as the text that stands in the page: base64 of gzip, the same wherever zlib is the same."""
    packed = bytearray(gzip.compress(data, 9, mtime=0))
    packed[_SYSTEM_BYTE] = _UNKNOWN_SYSTEM  # zlib writes the system that it was built on
    return base64.b64encode(packed).decode("ascii")
