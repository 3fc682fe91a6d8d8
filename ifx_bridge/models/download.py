"""One file over HTTPS: resumable, cancellable, never longer than announced.

What arrived is kept in `PART`, beside it `PART.json` says of which version of the file it is. A
later call goes on from there if the server still has that version and can send ranges, and starts
over if not. Whether the bytes are the right ones is for the caller to check.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ifx_bridge.audio import atomic_path
from ifx_bridge.errors import Cancelled, UserError

if TYPE_CHECKING:
    from httpx2 import Request, Response

CONNECT_SECONDS, SILENCE_SECONDS = 15.0, 30.0
LARGEST_BYTES = 16 << 30
# On this machine there is no one in between who could change anything.
LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")
KEPT = "What has arrived is kept."
AGAIN = "Run the same command again to go on."


@dataclass(frozen=True)
class Version:
    """Which version of a file a part is of.

    Attributes:
        url: Where it comes from.
        etag: The server's name for this version; empty when it gives none.
        size: Of the whole, in bytes; 0 when not announced.
    """

    url: str
    etag: str
    size: int


def download(
    url: str,
    part: Path,
    *,
    size: int = 0,
    spare_bytes: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Bring a file to `part`, whole.

    Args:
        url: Its address; HTTPS, or HTTP on this machine.
        part: Where it goes; the folder exists.
        size: In bytes, where it is known beforehand.
        spare_bytes: Room on the disk that must remain.
        progress: Called with the bytes that are there and the bytes of the whole (0: unknown).
        cancelled: Asked between chunks.

    Raises:
        UserError: It could not be had; what arrived is kept.
        Cancelled: It was stopped; what arrived is kept.
    """
    import httpx2

    check_address(url)
    have = _resumable(url, part, size)
    if have is not None and have.size and part.stat().st_size == have.size:
        progress(have.size, have.size)
        return
    headers = {"Accept-Encoding": "identity"}
    if have is not None:
        headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": have.etag}
    timeout = httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
    try:
        with (
            httpx2.Client(
                follow_redirects=True, timeout=timeout, event_hooks={"request": [_check_request]}
            ) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            _receive(response, url, part, have, size, spare_bytes, progress, cancelled)
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        reason = str(error) or type(error).__name__
        raise UserError(
            f"{_host(url)} could not be reached, or broke off ({reason}).",
            kept=KEPT if part.exists() else "",
            next_step=AGAIN,
        ) from error
    except OSError as error:
        raise UserError(
            f"{part.name} could not be written ({error.strerror or error}).",
            kept=KEPT,
            next_step="Make room on the disk, then run the same command again to go on.",
        ) from error


def check_address(url: str) -> None:
    """Refuse what is no HTTPS address.

    Raises:
        UserError: It is none.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    local = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
    if not (parts.hostname and (parts.scheme == "https" or local)):
        raise UserError(f"{url} is not an HTTPS address.", next_step="Give one with https://.")


def forget(part: Path) -> None:
    """Delete a part and what is known of it."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _check_request(request: Request) -> None:
    check_address(str(request.url))  # a redirect must not lead away from HTTPS either


def _receive(
    response: Response,
    url: str,
    part: Path,
    have: Version | None,
    size: int,
    spare_bytes: int,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> None:
    if have is not None and response.status_code in (206, 416):
        start, total = _range(response)
        length = part.stat().st_size
        if response.status_code == 416 and total == length:
            return  # its size was not known, and all of it was there
        etag = _strong_etag(response) or have.etag
        if start != length or etag != have.etag or (have.size and total != have.size):
            forget(part)
            raise UserError(
                f"{part.stem} has changed on {_host(url)}; what had arrived of it is discarded.",
                next_step=AGAIN,
            )
    elif response.status_code == 200:  # also when it has no ranges, or a new version
        start, total = 0, _length(response)
    else:
        raise UserError(
            f"{_host(url)} answered {response.status_code} {response.reason_phrase} for "
            f"{part.stem}.",
            kept=KEPT if part.exists() else "",
            next_step="Try again later, or bring the file by hand: ifx-bridge models import FILE.",
        )
    if size and total and total != size:
        forget(part)
        raise UserError(
            f"{_host(url)} offers {total} bytes for {part.stem}, which has {size}: that is another "
            "file.",
            next_step="Bring the file by hand: ifx-bridge models import FILE.",
        )
    total = total or size
    _check_room(part, total - start + spare_bytes)
    if start == 0:
        part.unlink(missing_ok=True)
    version = Version(url, _strong_etag(response), total)
    with atomic_path(_note(part)) as note:
        note.write_text(json.dumps(asdict(version)), encoding="utf-8")
    done = start
    with part.open("ab" if start else "wb") as file:
        progress(done, total)
        for chunk in response.iter_raw():  # as it arrives: nothing is lost when it breaks off
            file.write(chunk)
            done += len(chunk)
            progress(done, total)
            if done > (total or LARGEST_BYTES):
                file.truncate(0)
                raise UserError(
                    f"{_host(url)} sends more than it announced; what had arrived is discarded.",
                    next_step="Bring the file by hand: ifx-bridge models import FILE.",
                )
            if cancelled():
                raise Cancelled
    if total and done < total:
        raise UserError(
            f"{_host(url)} broke off after {done} of {total} bytes.", kept=KEPT, next_step=AGAIN
        )


def _resumable(url: str, part: Path, size: int) -> Version | None:
    """What `part` is the beginning of; None when it is to be loaded from the start.

    Without a strong ETag nothing tells whether the file is still the one that was begun.
    """
    try:
        version = Version(**json.loads(_note(part).read_text(encoding="utf-8")))
        have = part.stat().st_size
    except (OSError, ValueError, TypeError):
        return None
    whole = version.size or LARGEST_BYTES
    same = version.url == url and version.etag and (not size or version.size in (0, size))
    return version if same and 0 < have <= whole else None


def _range(response: Response) -> tuple[int, int]:
    """Start (-1: none) and length of the whole (0: unknown) from a `Content-Range`."""
    try:
        span, _, total = response.headers["Content-Range"].removeprefix("bytes ").partition("/")
        start = span.partition("-")[0]
        return int(start) if start.isdigit() else -1, int(total) if total != "*" else 0
    except (KeyError, ValueError):
        return -1, 0


def _length(response: Response) -> int:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _strong_etag(response: Response) -> str:
    etag = str(response.headers.get("ETag", ""))
    return "" if etag.startswith("W/") else etag


def _check_room(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise UserError(
            f"There is not enough room in {part.parent}: {needed / 1e9:.1f} GB are needed, "
            f"{free / 1e9:.1f} GB are free.",
            kept=KEPT if part.exists() else "",
            next_step="Make room, or set IFX_MODELS to a folder on another disk.",
        )


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
