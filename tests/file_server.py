"""A file on a real HTTP server of this machine, which can do what servers do to downloads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """How the file is served; may be changed between requests.

    Attributes:
        data: The file.
        etag: Its version; empty for none.
        ranges: Whether parts can be had.
        announced: Whether the length is said beforehand.
        cut: Bytes after which the connection breaks off; 0 for never.
        status: Another answer than the file.
        location: Where the answer sends on to.
        chunk: Bytes at once.
        pause: Seconds between chunks.
        asked: Headers of the requests so far.
    """

    data: bytes
    etag: str = '"one"'
    ranges: bool = True
    announced: bool = True
    cut: int = 0
    status: int = 200
    location: str = ""
    chunk: int = 1 << 16
    pause: float = 0.0
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serve(served: Served, name: str = "file.bin") -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.asked.append(dict(self.headers))
            start, status = 0, served.status
            wanted = self.headers.get("Range", "")
            if wanted and served.ranges and self.headers.get("If-Range") == served.etag:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                status = 206 if start < len(served.data) else 416
            body = served.data[start:] if status in (200, 206) else b""
            self.send_response(status)
            if served.location:
                self.send_header("Location", served.location)
            if served.etag:
                self.send_header("ETag", served.etag)
            if status == 206:
                whole = len(served.data)
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            if status == 416:
                self.send_header("Content-Range", f"bytes */{len(served.data)}")
            if served.announced or not body:
                self.send_header("Content-Length", str(len(body)))
            else:
                self.send_header("Connection", "close")
            self.end_headers()
            body = body[: served.cut] if served.cut else body
            try:
                for at in range(0, len(body), served.chunk):
                    self.wfile.write(body[at : at + served.chunk])
                    time.sleep(served.pause)
            except OSError:
                pass
            if served.cut or not served.announced:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    served.url = f"http://127.0.0.1:{server.server_port}/{name}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
