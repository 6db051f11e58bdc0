"""How large the blocks of an OpenStreetMap .pbf are once they are unpacked, without unpacking them.

A .pbf is a row of blobs: four bytes with the length of a header, the header with the length of the blob, and the blob,
which says how long its content is (https://wiki.openstreetmap.org/wiki/PBF_Format). osmium holds it to that.
"""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_HEADER = 64 << 10
_BLOB_LENGTH, _RAW_SIZE = 3, 2  # numbers of the fields in a header and in a blob
_VARINT, _BYTES = 0, 2  # kinds of fields
_MOST_FIELDS = 16
_LONGEST_BLOB = 1 << 30


def unpacked_sizes(stream: IO[bytes]) -> Iterator[int]:
    """Yield the bytes that each blob takes by its own account, in the order of the file.

    Parameters
    ----------
    stream
        The file, from its beginning.

    Raises
    ------
    ValueError
        If it is no such file, cut off, or has a blob of more than 1 GiB.
    """
    while len(start := stream.read(4)) == 4:  # noqa: PLR2004
        header = stream.read(min(int.from_bytes(start, "big"), _LONGEST_HEADER))
        length = _field(io.BytesIO(header), len(header), _BLOB_LENGTH)
        begin = stream.tell()
        yield _field(stream, begin + length, _RAW_SIZE)
        stream.seek(begin + length)


def _field(stream: IO[bytes], end: int, wanted: int) -> int:
    """Return the largest number that a field has in a message that ends somewhere; 0 where there is none."""
    found = 0
    for _ in range(_MOST_FIELDS):
        if stream.tell() >= end:
            return found
        number, kind = divmod(_varint(stream), 8)
        value = _varint(stream)
        if number == 0 or kind not in {_VARINT, _BYTES} or value > _LONGEST_BLOB:
            break
        if kind == _BYTES:
            stream.seek(value, os.SEEK_CUR)
        elif number == wanted:
            found = max(found, value)
    raise ValueError("no blob of a .pbf, or one of more than 1 GiB")


def _varint(stream: IO[bytes]) -> int:
    """Read a number of up to 64 bits, seven of them a byte; 0 at the end of the file."""
    value = 0
    for shift in range(0, 64, 7):
        byte = (stream.read(1) or b"\0")[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004
            break
    return value
