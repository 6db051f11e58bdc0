"""The SHA-256 of files, by which inputs are known again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits; the file is never in memory as a whole.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
