"""A real OpenAI-compatible HTTP server on loopback that answers what a test tells it to.

The shapes are those of hosted and local servers, with fields missing and fields to spare.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = dict[str, Any] | tuple[Any, ...] | Callable[[BaseHTTPRequestHandler], None]
USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


@dataclass
class Chat:
    """The server's script and what it was asked.

    Attributes:
        url: Of its API, with a model.
        replies: What it says, in order; the last one again and again.
        asked: Bodies of the requests.
        headers: Of the requests.
    """

    url: str
    replies: list[Reply] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def says(self, *replies: Reply) -> Chat:
        """Add to the script."""
        self.replies += replies
        return self

    @property
    def tools_asked(self) -> list[list[str]]:
        """Names of the tools of every request that had some."""
        return [[t["function"]["name"] for t in a["tools"]] for a in self.asked if "tools" in a]


def calls(*called: tuple[str, Any], usage: Any = USAGE, **message: Any) -> dict[str, Any]:
    """An answer with tool calls; arguments that are text are sent as they are."""
    rows = [
        {"id": f"call_{i}", "type": "function",
         "function": {"name": n, "arguments": a if isinstance(a, str) else json.dumps(a)}}
        for i, (n, a) in enumerate(called)
    ]  # fmt: skip
    content = {"role": "assistant", "content": None, "tool_calls": rows or None, **message}
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": content}],
        "usage": usage, "x_groq": {"id": 1},
    }  # fmt: skip


def text(said: Any, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """An answer in words, or with JSON as its words."""
    content = said if isinstance(said, str) else json.dumps(said)
    return {
        "choices": [{"message": {"role": "assistant", "content": content, **message},
                     "finish_reason": finish}],
        "usage": USAGE,
    }  # fmt: skip


def error(status: int, message: str, headers: dict[str, str] | None = None, **more: Any) -> Reply:
    """A refusal."""
    return (status, {"error": {"message": message, **more}}, headers or {})


def meaning(
    toward: str = "", away: str = "", start: Any = None, moves: Any = None, **more: Any
) -> dict[str, Any]:
    """The parser's answer."""
    data = {"toward": [toward] if toward else [], "away": [away] if away else [], "amount": 1.0}
    data |= {"explanation": "As you wish."} | more
    if start is not None:
        data["start"] = start
    if moves is not None:
        data["moves"] = moves
    return text(data)


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Break off in the middle of an answer."""
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.wfile.flush()
    handler.connection.close()


@contextmanager
def serve() -> Iterator[Chat]:
    """A server on a free port, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": "/models/tiny.gguf"}]}, {})

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            chat.asked.append(json.loads(self.rfile.read(length)))
            chat.headers.append({k.lower(): v for k, v in self.headers.items()})
            reply = chat.replies.pop(0) if len(chat.replies) > 1 else chat.replies[0]
            if callable(reply):
                with contextlib.suppress(OSError):
                    reply(self)
            elif isinstance(reply, tuple):
                self._send(*reply)
            else:
                self._send(200, reply, {})

        def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            kind = "text/html" if isinstance(body, bytes) else "application/json"
            for name, value in {"content-type": kind, **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def hang(handler: BaseHTTPRequestHandler) -> None:
        """Say nothing until the other side goes away."""
        handler.connection.settimeout(10)
        if handler.connection.recv(1) == b"":
            chat.closed.set()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    chat = Chat(f"http://127.0.0.1:{server.server_port}/v1#m")
    chat.hang = hang  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
