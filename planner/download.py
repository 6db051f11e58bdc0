"""Downloads a file over HTTP with bounds on everything: tries, waits, time, size. Only `planner fetch` comes here.

The standard library does it: it trusts the certificates and proxies of the system, which is what the offices of an
administration have, and hides no answer. What goes wrong is told as a `Trouble` that says whether another try may help.
"""

from __future__ import annotations

import errno
import http.client
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from planner.errors import BlockedError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

AGENT = "service-circle-planner (planner fetch)"
LONGEST_WAIT_S = 300.0
"""Longest wait before another try, whatever the server asks for, in seconds."""

_CHUNK = 1 << 16
_GZIP = 16 + zlib.MAX_WBITS
_TOO_MANY = 429
_PROXY_LOGIN = (407, 511)
_SERVER_ERROR = 500
_HTML = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True)
class Patience:
    """How long and how much a download may take.

    Attributes
    ----------
    silence_s
        Longest time without a byte; a server of maps may think for three minutes before it sends the first.
    whole_s
        Longest time of one file with all its tries.
    waits_s
        Waits before another try; as many more tries as there are waits.
    most_bytes
        Largest file, unpacked.
    sleep
        What waits.
    """

    silence_s: float = 240.0
    whole_s: float = 1800.0
    waits_s: tuple[float, ...] = (10.0, 30.0, 90.0)
    most_bytes: int = 1 << 30
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Question:
    """What is asked of a server: its address, the fields of the form, and whether they are sent by POST."""

    url: str
    form: Mapping[str, str]
    post: bool = False


@dataclass(frozen=True)
class Trouble:
    """What went wrong with a try: the key of its words, what they quote, and whether another try may help."""

    code: str
    passing: bool
    values: Mapping[str, object] = field(default_factory=dict)
    wait_s: float = 0.0


class _Broken(Exception):  # noqa: N818  (never leaves this room)
    """The answer broke off on its way."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.code)
        self.trouble = trouble


def download(question: Question, file: Path, patience: Patience, judge: Callable[[Path], Trouble | None]) -> None:
    """Download an answer into a file; it is whole, and good in the eyes of `judge`, or an error is raised.

    Parameters
    ----------
    question
        What is asked.
    file
        Where the answer goes; what stands there is replaced.
    patience
        The bounds.
    judge
        Looks at the file of a whole answer and says what is wrong with it, None for nothing.

    Raises
    ------
    BlockedError
        If no good answer came within the bounds, or it cannot be written.
    """
    if urllib.parse.urlsplit(question.url).scheme not in ("http", "https"):
        raise BlockedError(Fault("net_address", question.url))
    until = time.monotonic() + patience.whole_s
    for wait_s in (*patience.waits_s, None):
        trouble = _try(question, file, patience, until) or judge(file)
        if trouble is None:
            return
        if not trouble.passing or wait_s is None or time.monotonic() > until:
            raise BlockedError(Fault(trouble.code, question.url, values=trouble.values))
        patience.sleep(min(max(wait_s, trouble.wait_s), LONGEST_WAIT_S))


def _try(question: Question, file: Path, patience: Patience, until: float) -> Trouble | None:
    form = urllib.parse.urlencode(question.form)
    address, body = (question.url, form.encode()) if question.post else (f"{question.url}?{form}", None)
    headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip", "Accept-Language": "zh,en"}
    request = urllib.request.Request(address, body, headers)  # noqa: S310  (its scheme is looked at before)
    opener = urllib.request.build_opener()
    try:
        with _opened(opener, request, patience) as answer:
            if answer.headers.get_content_type() in _HTML:
                return Trouble("net_html", passing=False)
            left = patience.most_bytes
            with file.open("wb") as stream:
                for chunk in _inflated(answer, until):
                    left -= len(chunk)
                    if left < 0:
                        return Trouble("net_too_large", passing=False, values={"mb": patience.most_bytes >> 20})
                    stream.write(chunk)
    except _Broken as broken:
        return broken.trouble
    except OSError as error:  # what the network raises is told as `_Broken`
        code = "disk_full" if error.errno == errno.ENOSPC else "no_permission"
        raise BlockedError(Fault(code, values={"folder": str(file.parent)})) from error
    return None


def _opened(opener: urllib.request.OpenerDirector, request: urllib.request.Request, patience: Patience) -> Any:
    """Open an address.

    Raises
    ------
    _Broken
        If the server cannot be reached, is silent, or refuses.
    """
    try:
        return opener.open(request, timeout=patience.silence_s)
    except urllib.error.HTTPError as error:
        with error:
            raise _Broken(_refusal(error)) from error
    except urllib.error.URLError as error:
        raise _Broken(_unreached(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(_unreached(error)) from error


def _refusal(error: urllib.error.HTTPError) -> Trouble:
    """Say what a status other than success means."""
    asked = error.headers.get("Retry-After", "")
    wait_s = float(asked) if asked.isascii() and asked.isdigit() else 0.0
    values = {"status": error.code}
    if error.code == _TOO_MANY:
        return Trouble("net_too_many", passing=True, wait_s=wait_s)
    if error.code in _PROXY_LOGIN:
        return Trouble("net_html", passing=False)
    if error.code >= _SERVER_ERROR:
        return Trouble("net_overloaded", passing=True, values=values, wait_s=wait_s)
    return Trouble("net_status", passing=False, values=values)


def _unreached(reason: object) -> Trouble:
    if isinstance(reason, TimeoutError):
        return Trouble("net_silent", passing=True)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Trouble("net_certificate", passing=False, values={"reason": reason.verify_message})
    return Trouble("net_unreachable", passing=True, values={"reason": reason})


def _received(answer: Any, until: float) -> Iterator[bytes]:
    """Yield the bytes of an answer as they come.

    Raises
    ------
    _Broken
        If they stop coming, take too long, or are fewer than announced.
    """
    try:
        while chunk := answer.read1(_CHUNK):  # read() would wait for a whole chunk, byte by byte, for ever
            yield chunk
            if time.monotonic() > until:
                raise _Broken(Trouble("net_slow", passing=False))
    except TimeoutError as error:
        raise _Broken(Trouble("net_silent", passing=True)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(Trouble("net_cut", passing=True)) from error
    if answer.length:  # what Content-Length announced and did not come
        raise _Broken(Trouble("net_cut", passing=True))


def _inflated(answer: Any, until: float) -> Iterator[bytes]:
    """Yield the bytes of an answer, unpacked where the server packed them; see `_received`."""
    if answer.headers.get("Content-Encoding", "identity").lower() != "gzip":
        yield from _received(answer, until)
        return
    unpacker = zlib.decompressobj(_GZIP)
    for chunk in _received(answer, until):
        try:
            yield unpacker.decompress(chunk)  # a chunk unpacks to 66 MB at most
        except zlib.error as error:
            raise _Broken(Trouble("net_cut", passing=True)) from error
    if not unpacker.eof:
        raise _Broken(Trouble("net_cut", passing=True))
