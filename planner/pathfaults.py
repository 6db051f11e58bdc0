"""What is wrong with a path that the system refuses to read or write."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from planner.errors import Fault

LONGEST = 259
"""Characters that Windows takes where long paths are not switched on."""

LONGEST_NAME_BYTES = 255
"""Bytes that most systems take for one name within a path."""


def is_file(path: Path) -> bool:
    """Whether a file is there; no, where the name is one that no system takes: pathlib would raise."""
    return os.path.isfile(path)  # noqa: PTH113


def unreadable(path: Path, shown: str) -> Fault | None:
    """Say why what is there must not be opened as a file; None where it may be, or nothing is there.

    A pipe would wait for ever for its other end, a device may never come to one.

    Parameters
    ----------
    path
        What was to be read.
    shown
        Its path as the user wrote it.

    Returns
    -------
    fault
        ``not_a_file`` for a folder, a pipe or a device, ``path_nul`` for a name with a character that none can hold.
    """
    if "\0" in str(path):
        return Fault("path_nul", shown.replace("\0", "\ufffd"))
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except (OSError, ValueError):  # a name that no system takes
        return None
    return None if stat.S_ISREG(mode) else Fault("not_a_file", shown)


def too_long(path: Path | str) -> bool:
    """Whether a path is longer than some system takes; Windows then says only that the file is not there."""
    names = Path(path).parts
    return len(str(path)) > LONGEST or any(len(os.fsencode(name)) > LONGEST_NAME_BYTES for name in names)


def path_fault(path: Path | str, error: OSError | None = None) -> Fault:
    """Say why a path was refused.

    Parameters
    ----------
    path
        What was to be read or written; the path that the error names goes before it.
    error
        What the system said; None where it only found nothing there.

    Returns
    -------
    fault
        ``path_too_long`` where that may be the reason, else ``path_refused`` with what the system said.
    """
    shown = str((error.filename2 or error.filename if error else None) or path)
    absent = error is None or error.errno in (errno.ENOENT, errno.ENAMETOOLONG, errno.EINVAL)
    if absent and too_long(shown):
        return Fault("path_too_long", values={"path": shown, "length": len(shown)})
    return Fault("path_refused", values={"path": shown, "reason": error.strerror or error if error else ""})
