"""OSCQuery: our OSC addresses as a JSON tree over HTTP, for controllers that ask what there is.

What the proposal calls core: the tree with FULL_PATH, CONTENTS, TYPE, ACCESS and DESCRIPTION, parts
of it by path, one attribute by query (`?TYPE`), and `?HOST_INFO`. Read only, on the one address
that OSC is bound to; nothing is announced in the network, nothing is streamed.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from ifx_bridge.daw.osc import Address, Table
from ifx_bridge.errors import UserError

# Numbers of the proposal: what can be read, what can be written.
READ, WRITE = 1, 2
NAME = "IFX Bridge"


def tree(table: Table) -> dict[str, Any]:
    """The whole tree of a table: what comes in can be written, what goes out read."""
    root: dict[str, Any] = {"FULL_PATH": "/", "ACCESS": 0, "CONTENTS": {}}
    about = table.settings.get("about", {})
    for side, access in ((table.into, WRITE), (table.out, READ)):
        for address in side.values():
            node = _node(root, address)
            node["ACCESS"] |= access
            node["TYPE"] = "".join(kind for _, kind in address.arguments)
            node["DESCRIPTION"] = about.get(address.name, "")
    return root


def _node(root: dict[str, Any], address: Address) -> dict[str, Any]:
    node, path = root, ""
    for part in address.pattern.strip("/").split("/"):
        path += f"/{part}"
        contents = node.setdefault("CONTENTS", {})
        node = contents.setdefault(part, {"FULL_PATH": path, "ACCESS": 0})
    return node


def host_info(osc_port: int, osc_ip: str) -> dict[str, Any]:
    """What `?HOST_INFO` says: where OSC goes, and which attributes there are."""
    return {
        "NAME": NAME,
        "OSC_PORT": osc_port,
        "OSC_IP": osc_ip,
        "OSC_TRANSPORT": "UDP",
        "EXTENSIONS": {"ACCESS": True, "DESCRIPTION": True, "TYPE": True},
    }


class OscQuery:
    """Answers OSCQuery over HTTP until it is closed.

    Args:
        table: The addresses.
        osc_port: Where OSC is received.
        bind: Address to listen on.
        port: Of HTTP; by custom, the number that OSC has over UDP.

    Raises:
        UserError: The port is taken.
    """

    def __init__(
        self, table: Table, osc_port: int, *, bind: str = "127.0.0.1", port: int | None = None
    ) -> None:
        root, info = tree(table), host_info(osc_port, bind)

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def do_GET(self) -> None:
                status, found = answer(root, info, self.path)
                data = b"" if found is None else json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                return

        chosen = osc_port if port is None else port
        try:
            self._server = ThreadingHTTPServer((bind, chosen), Handler)
        except OSError as error:
            raise UserError(
                f"OSCQuery cannot listen on port {chosen} of {bind} ({error.strerror or error}).",
                next_step="OSC works without it.",
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def answer(root: dict[str, Any], info: dict[str, Any], request: str) -> tuple[int, Any]:
    """Status and JSON for a request's path and query."""
    url = urlsplit(request)
    if url.query == "HOST_INFO":
        return 200, info
    node = root
    for part in filter(None, unquote(url.path).split("/")):
        node = node.get("CONTENTS", {}).get(part)
        if node is None:
            return 404, {"error": "there is no such address"}
    if not url.query:
        return 200, node
    if url.query not in node:
        # As the proposal has it: known but not there is no content, unknown a bad request.
        return (204, None) if url.query in ("VALUE", "RANGE", "TYPE", "CONTENTS") else (400, None)
    return 200, {url.query: node[url.query]}
