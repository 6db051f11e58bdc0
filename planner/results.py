"""The result folder: written beside its place, put there in one step, recovered after a crash.

A run writes into ``.NAME.writing``, then NAME becomes ``.NAME.previous``, the new folder becomes NAME, and the previous
one is dropped. At every moment one whole result exists under NAME or ``.NAME.previous``; the next command of any kind
puts it back under NAME.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from planner.errors import BlockedError, Fault
from planner.pathfaults import path_fault, too_long

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

RETRY_SECONDS = 5.0
"""How long a folder that another program holds open is waited for, in seconds."""

_PAUSE_SECONDS = 0.1

_LITTER = (".", "~$", "desktop.ini", "Thumbs.db")
"""Starts of names that systems and office programs leave in any folder."""


def _writing(out: Path, name: str) -> Path:
    return out / f".{name}.writing"


def _previous(out: Path, name: str) -> Path:
    return out / f".{name}.previous"


def _dropped(out: Path, name: str) -> Path:
    return out / f".{name}.dropped"


def _drop(folder: Path, out: Path, name: str) -> None:
    """Delete a folder; it is renamed first, so that no half-deleted folder ever bears a name that means something."""
    dropped = _dropped(out, name)
    if dropped.exists():
        shutil.rmtree(dropped, ignore_errors=True)
    if folder.exists():
        folder.rename(dropped)
        shutil.rmtree(dropped, ignore_errors=True)


def _put_back(out: Path, name: str) -> None:
    """Undo an interrupted run: NAME comes back from ``.NAME.previous``, leftovers go."""
    previous = _previous(out, name)
    if previous.exists():
        if (out / name).exists():
            _drop(previous, out, name)
        else:
            previous.rename(out / name)
    for left in (_writing(out, name), _dropped(out, name)):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _strangers(final: Path, known: Collection[str], mark: str) -> list[str]:
    """Names of what stands where a result is to go and is none."""
    if not final.exists():
        return []
    if not final.is_dir():
        return [final.name]
    names = [path.name for path in final.iterdir() if not path.name.startswith(_LITTER)]
    foreign = [name for name in names if name not in known]
    whole = not names or mark in names
    return sorted(foreign or ([] if whole else names))


@contextmanager
def _locked(out: Path, name: str, *, wait_seconds: float | None = None) -> Iterator[None]:
    lock = FileLock(out / f".{name}.lock", timeout=RETRY_SECONDS if wait_seconds is None else wait_seconds)
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise BlockedError(Fault("result_busy", values={"folder": name})) from error
    except OSError as error:
        raise _blocked(out, error) from error
    try:
        yield
    finally:
        lock.release()


def _blocked(out: Path, error: OSError) -> BlockedError:
    """Say why nothing can be written below a folder."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return BlockedError(Fault("disk_full", values={"folder": str(out)}))
    if isinstance(error, PermissionError | NotADirectoryError | FileExistsError):
        return BlockedError(Fault("no_permission", values={"folder": str(out)}))
    return BlockedError(path_fault(out, error))


def _rehearse(file: Path) -> None:
    """Write and remove a file of a path so long that the system may refuse it, before anything long is begun."""
    if too_long(file):
        with tempfile.TemporaryDirectory(dir=file.parents[1], prefix=file.parent.name[:-8]) as folder:
            (Path(folder) / file.name).touch()


def recover(out: Path, name: str) -> None:
    """Put the last whole result back under its name after a crash; does nothing where all is well.

    Leaves everything as it is while another run is writing this result.
    """
    if any(os.path.lexists(left(out, name)) for left in (_previous, _writing, _dropped)):
        with suppress(BlockedError), _locked(out, name, wait_seconds=0.0):
            _put_back(out, name)


def make_ready(out: Path, name: str, known: Collection[str], *, mark: str) -> None:
    """See that a result can be written, before anything long is begun.

    Parameters
    ----------
    out
        The folder that holds all results; made where it is not there.
    name
        Name of the result.
    known
        Names of the files of a result. A folder that holds anything else is not ours to replace.
    mark
        The file by which a whole result is known.

    Raises
    ------
    BlockedError
        If the folder cannot be written to, or the result would take the place of something else.
    """
    try:
        strangers = _strangers(out / name, known, mark)
        if strangers:
            values = {"folder": str(out / name), "files": ", ".join(strangers[:5])}
            raise BlockedError(Fault("not_a_result", values=values))
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
        _rehearse(_previous(out, name) / max(known, key=len))
    except OSError as error:
        raise _blocked(out, error) from error


def _sync(folder: Path) -> None:
    """Force the files of a folder, and where the system can its entries, to the disk."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb+") as stream:
                os.fsync(stream.fileno())
    if os.name == "posix":
        for path in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _rename_patiently(source: Path, target: Path) -> bool:
    """Rename, trying again while another program holds the folder open; tells whether it worked."""
    until = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            source.rename(target)
        except PermissionError:
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE_SECONDS)
        else:
            return True


def _kept_beside(writing: Path, out: Path, name: str) -> Path:
    """Keep a finished result that cannot take its place as ``NAME.new``."""
    new = out / f"{name}.new"
    if new.exists():
        _drop(new, out, name)
    writing.rename(new)
    return new


def _publish(out: Path, name: str) -> None:
    final, writing, previous = out / name, _writing(out, name), _previous(out, name)
    if final.exists() and not _rename_patiently(final, previous):
        new = _kept_beside(writing, out, name)
        raise BlockedError(Fault("result_open", values={"folder": str(final), "new": str(new)}))
    if not _rename_patiently(writing, final):
        if previous.exists():
            previous.rename(final)
        new = _kept_beside(writing, out, name)
        raise BlockedError(Fault("result_open", values={"folder": str(final), "new": str(new)}))
    with suppress(OSError):  # the new result stands; what is left of the old one goes with the next command
        _drop(previous, out, name)


@contextmanager
def result_folder(out: Path, name: str) -> Iterator[Path]:
    """Give a folder to write a result into; on leaving it takes its place under `name`, whole or not at all.

    Parameters
    ----------
    out
        The folder that holds all results; made where it is not there.
    name
        Name of the result.

    Yields
    ------
    folder
        An empty folder.

    Raises
    ------
    BlockedError
        If the disk is full, another run is writing this result, the system refuses a path, or the old result is held
        open by another program (the new one is then kept as ``NAME.new``).
    """
    with _locked(out, name):
        writing = _writing(out, name)
        try:
            _put_back(out, name)
            writing.mkdir(parents=True)
            yield writing
            _sync(writing)
            _publish(out, name)
        except OSError as error:
            shutil.rmtree(writing, ignore_errors=True)
            raise _blocked(out, error) from error
        except BlockedError:
            raise
        except BaseException:
            shutil.rmtree(writing, ignore_errors=True)
            raise
