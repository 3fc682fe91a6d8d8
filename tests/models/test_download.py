"""Downloads from a real server: whole, broken off, resumed, changed, cancelled, refused."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.models import download as module
from ifx_bridge.models.download import download
from tests.file_server import Served, serve

DATA = os.urandom(1_000_003)


class _Usage(NamedTuple):
    free: int


@pytest.fixture
def served() -> Iterator[Served]:
    with serve(Served(DATA)) as server:
        yield server


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "file.bin.part"


def broken_off(served: Served, part: Path, after: int = 400_000) -> None:
    served.cut = after
    with pytest.raises(UserError, match="broke") as caught:
        download(served.url, part, size=len(DATA))
    assert caught.value.kept
    assert part.stat().st_size == after
    served.cut = 0


def test_whole(served: Served, part: Path) -> None:
    seen: list[tuple[int, int]] = []
    download(served.url, part, progress=lambda done, total: seen.append((done, total)))
    assert part.read_bytes() == DATA
    assert seen[0] == (0, len(DATA)) and seen[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    download(served.url, part)  # nothing left to ask for
    assert len(served.asked) == 1


def test_without_a_length(served: Served, part: Path) -> None:
    served.announced = False
    download(served.url, part)
    assert part.read_bytes() == DATA
    download(served.url, part)  # the server says that nothing is left
    assert part.read_bytes() == DATA


def test_goes_on_where_it_broke_off(served: Served, part: Path) -> None:
    broken_off(served, part)
    seen: list[int] = []
    download(served.url, part, size=len(DATA), progress=lambda done, total: seen.append(done))
    assert served.asked[-1]["Range"] == "bytes=400000-"
    assert seen[0] == 400_000
    assert part.read_bytes() == DATA


def test_breaks_off_again_and_again(served: Served, part: Path) -> None:
    served.cut = 150_000
    for _ in range(6):
        with pytest.raises(UserError, match="broke"):
            download(served.url, part)
    download(served.url, part)
    assert part.read_bytes() == DATA


def test_starts_over_where_there_are_no_ranges(served: Served, part: Path) -> None:
    broken_off(served, part)
    served.ranges = False
    download(served.url, part)
    assert part.read_bytes() == DATA


def test_starts_over_when_the_file_has_changed(served: Served, part: Path) -> None:
    broken_off(served, part)
    served.etag, served.data = '"two"', DATA[::-1]
    download(served.url, part)
    assert part.read_bytes() == DATA[::-1]


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_starts_over_where_no_version_is_known(served: Served, part: Path, etag: str) -> None:
    served.etag = etag
    broken_off(served, part)
    download(served.url, part)
    assert "Range" not in served.asked[-1]
    assert part.read_bytes() == DATA


def test_a_server_that_mixes_versions_is_noticed(served: Served, part: Path) -> None:
    broken_off(served, part)
    served.data = DATA + b"more"  # under the same name
    with pytest.raises(UserError, match="has changed"):
        download(served.url, part)
    assert not part.exists()
    download(served.url, part)
    assert part.read_bytes() == DATA + b"more"


def test_a_damaged_note_starts_over(served: Served, part: Path) -> None:
    for note in ("{", "[]", '{"url": 3}', ""):
        broken_off(served, part)
        part.with_name(f"{part.name}.json").write_text(note)
        download(served.url, part)
        assert part.read_bytes() == DATA
        module.forget(part)


def test_cancelled_keeps_what_is_there(served: Served, part: Path) -> None:
    with pytest.raises(Cancelled):
        download(served.url, part, cancelled=lambda: part.stat().st_size >= 0)
    there = part.stat().st_size
    assert 0 < there < len(DATA)
    download(served.url, part)
    assert served.asked[-1]["Range"] == f"bytes={there}-"
    assert part.read_bytes() == DATA


def test_another_size_than_known_is_refused_at_once(served: Served, part: Path) -> None:
    with pytest.raises(UserError, match="which has 5: that is another file"):
        download(served.url, part, size=5)
    assert not part.exists()


def test_more_than_known_is_discarded(served: Served, part: Path) -> None:
    served.announced = False
    with pytest.raises(UserError, match="more than it announced"):
        download(served.url, part, size=1000)
    assert part.stat().st_size == 0


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_other_answers(served: Served, part: Path, status: int) -> None:
    served.status = status
    with pytest.raises(UserError, match=f"answered {status}"):
        download(served.url, part)
    assert not part.exists()


def test_redirects_are_followed_but_never_out_of_https(served: Served, part: Path) -> None:
    with serve(Served(b"", status=302, location=served.url)) as first:
        download(first.url, part)
        assert part.read_bytes() == DATA
        module.forget(part)
        first.location = "http://example.invalid/file.bin"
        with pytest.raises(UserError, match="not an HTTPS address"):
            download(first.url, part)
        first.location = first.url
        with pytest.raises(UserError, match=r"redirects"):
            download(first.url, part)


@pytest.mark.parametrize(
    "url", ["ftp://a/b", "http://a.example/b", "file:///etc/passwd", "x", "https://", "http://[1"]
)
def test_other_addresses_are_refused(part: Path, url: str) -> None:
    with pytest.raises(UserError, match="not an HTTPS address"):
        download(url, part)


def test_offline(part: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(UserError, match=r"127\.0\.0\.1 could not be reached"):
        download(f"http://127.0.0.1:{port}/file.bin", part)
    with pytest.raises(UserError, match=r"host\.invalid could not be reached"):
        download("https://host.invalid/file.bin", part)


def test_silence_ends_it(served: Served, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.3)
    served.pause = 2.0
    with pytest.raises(UserError, match="broke off"):
        download(served.url, part)
    assert part.stat().st_size > 0


def test_room_is_checked_first(served: Served, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: _Usage(len(DATA) + 5))
    with pytest.raises(UserError, match="not enough room"):
        download(served.url, part, spare_bytes=10)
    assert not part.exists()
    download(served.url, part, spare_bytes=5)


def test_a_full_disk_keeps_what_is_there(
    served: Served, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def limited(path: Path, *args: Any, **options: Any) -> IO[Any]:
        file: IO[Any] = real(path, *args, **options)
        if path == part:
            write = file.write

            def full(data: bytes) -> int:
                if file.tell() > 300_000:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return write(data)

            file.write = full  # type: ignore[method-assign]
        return file

    monkeypatch.setattr(Path, "open", limited)
    with pytest.raises(UserError, match="No space left on device") as caught:
        download(served.url, part)
    assert "kept" in caught.value.kept
    monkeypatch.setattr(Path, "open", real)
    download(served.url, part)
    assert "Range" in served.asked[-1]
    assert part.read_bytes() == DATA
