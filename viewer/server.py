"""A server for one user on one machine: it answers its own page, and nobody else.

Any page that is open in the same browser can send requests to 127.0.0.1. Two things keep a motion, and the video
beside it, from such a page:

- **Host.** Only this machine's own names, with the port that is served, are answered. A page whose name was pointed at
  127.0.0.1 after it had been loaded (DNS rebinding) still sends its own name.
- **Origin.** What names another origin is refused, and so is what another site embeds, as browsers say by themselves.
"""

from __future__ import annotations

import contextlib
import email.message
import http
import http.server
import json
import queue
import re
import socket
import threading
from collections.abc import Callable
from typing import Any

from motionrecon.errors import InputError

_ADDRESS = "127.0.0.1"  # a motion is nobody else's business: never an address that the network can reach
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_LAST_PORT = 65535
_HTTP_PORT = 80  # the one that browsers leave out of addresses
_FILM = re.compile(r"/film/(\d{1,4})/(\d{1,4})/(\d{1,9})")
_PATIENCE = 30.0  # seconds that a silent connection is kept
_CHUNK = 1 << 16  # bytes that are written at once: patience is for each, so that a slow line gets all of a large answer
_HEARTBEAT = 10.0  # seconds after which a page that listens is told nothing, to learn whether it is still there

#: The picture of a result's camera in a frame; None where there is none.
Picture = Callable[[int, int, int], bytes | None]


class LocalServer:
    """Serves a page, what it shows, its films' pictures and commands to it on 127.0.0.1, to this machine's browsers.

    Args:
        page: the HTML.
        document: what it shows, as it asks for it; `show` replaces it.
        picture: gives pictures, in any thread.
        port: where to serve; the next free one is taken if it is in use.

    Raises:
        InputError: neither that port nor any above it can be had.
    """

    def __init__(self, page: str, document: bytes, picture: Picture, *, port: int) -> None:
        self.page, self.document, self.picture = page.encode("utf-8", "replace"), document, picture
        self._told: dict[str, Any] = {}
        self._listeners: set[queue.SimpleQueue[dict[str, Any] | None]] = set()
        self._lock = threading.Lock()
        self._server = _bind(port, self)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.name = "motionrecon-viewer"
        self._thread.start()

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{_ADDRESS}:{self.port}"

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return len(self._listeners)

    def show(self, document: bytes) -> None:
        """Let every open page, and every one that opens from now on, show something else."""
        self.document = document
        self.send(document=True)

    def tell(self, **state: Any) -> None:
        """Tell every open page something, and every one that opens from now on."""
        self._told = state
        self.send(**state)

    def send(self, **command: Any) -> None:
        """Tell every open page something."""
        with self._lock:
            for listener in self._listeners:
                listener.put(command)

    def commands(self, write: Callable[[bytes], None]) -> None:
        """Write what is sent from now on, until the server stops or nobody listens any more."""
        mine: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._lock:
            self._listeners.add(mine)
        try:
            write(b"data: " + json.dumps(self._told).encode() + b"\n\n")
            while True:
                try:
                    command = mine.get(timeout=_HEARTBEAT)
                except queue.Empty:
                    write(b": still here\n\n")
                    continue
                if command is None:
                    return
                write(b"data: " + json.dumps(command).encode() + b"\n\n")
        finally:
            with self._lock:
                self._listeners.discard(mine)

    def stop(self) -> None:
        """End the server and its threads."""
        with self._lock:
            for listener in self._listeners:
                listener.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def refusal(headers: email.message.Message, port: int) -> str | None:
    """Why a request to the server at ``port`` is not answered; None if it is."""
    hosts = [host.lower() for host in headers.get_all("Host") or []]
    own = {f"{name}:{port}" for name in _NAMES} | (set(_NAMES) if port == _HTTP_PORT else set())
    if len(hosts) != 1 or hosts[0] not in own:
        return (
            f"This viewer answers as http://{_ADDRESS}:{port} on its own machine only. "
            f"Through ssh, forward the same port: ssh -L {port}:{_ADDRESS}:{port} HOST"
        )
    origins = headers.get_all("Origin") or []
    if origins and [origin.lower() for origin in origins] != ["http://" + hosts[0]]:
        return "This viewer answers its own page only."
    # What browsers add: a link to here is followed, but nothing is embedded in, or loaded by, the page of another site.
    sites, targets = headers.get_all("Sec-Fetch-Site") or [], headers.get_all("Sec-Fetch-Dest") or []
    if any(site not in ("same-origin", "none") for site in sites) and targets != ["document"]:
        return "This viewer answers its own page only."
    return None


class _Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = False  # two viewers must not share a port
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, owner: LocalServer) -> None:
        self.owner = owner
        super().__init__((_ADDRESS, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a connection that breaks off is no error of ours."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE

    def do_GET(self) -> None:
        owner = self.server.owner
        reason = refusal(self.headers, owner.port)
        if reason is not None:
            return self._answer(http.HTTPStatus.FORBIDDEN, "text/plain; charset=utf-8", (reason + "\n").encode())
        if self.path == "/":
            return self._answer(http.HTTPStatus.OK, "text/html; charset=utf-8", owner.page)
        if self.path == "/document":
            return self._answer(http.HTTPStatus.OK, "application/octet-stream", owner.document)
        if self.path == "/commands":
            return self._stream(owner)
        if found := _FILM.fullmatch(self.path):
            try:
                picture = owner.picture(*(int(number) for number in found.groups()))
            except (InputError, IndexError):
                picture = None
            if picture is not None:
                return self._answer(http.HTTPStatus.OK, "image/jpeg", picture)
            return self._answer(http.HTTPStatus.NO_CONTENT, "image/jpeg", b"")
        self._answer(http.HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"There is nothing here.\n")

    def _answer(self, status: http.HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self._common(kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for first in range(0, len(body), _CHUNK):
            self.wfile.write(body[first : first + _CHUNK])

    def _stream(self, owner: LocalServer) -> None:
        self.send_response(http.HTTPStatus.OK)
        self._common("text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()

        def write(data: bytes) -> None:
            self.wfile.write(data)
            self.wfile.flush()

        self.close_connection = True
        with contextlib.suppress(OSError):
            owner.commands(write)

    def _common(self, kind: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cache-Control", "no-store")

    def version_string(self) -> str:
        """What the server calls itself: nothing that a stranger could use."""
        return "motionrecon"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the viewer prints one line of its own."""


def _bind(wanted: int, owner: LocalServer) -> _Server:
    """A server at the first port from ``wanted`` on that can be had."""
    for port in range(wanted, _LAST_PORT + 1):
        with contextlib.suppress(OSError, socket.error):
            return _Server(port, owner)
    raise InputError(f"port={wanted}: it is taken, and so are all above it; give another port")
