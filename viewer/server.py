"""A viser server for one user on one machine: it answers its own page, and nobody else.

Any page that is open in the same browser can send requests to 127.0.0.1. Three things keep a motion, and the video
beside it, from such a page:

- **Host.** Only this machine's own names, with the port that is served, are answered. A page whose name was pointed at
  127.0.0.1 after it had been loaded (DNS rebinding) still sends its own name.
- **Origin.** A websocket is opened only for the page that came from here, which is what a browser says by itself and no
  script can change; so is anything else that names an origin. What another site embeds is refused as well.
- **Sharing.** viser can open a tunnel to a public address when its page asks for one. Here it never does.

viser has no hook for the first two, so its call of ``websockets.asyncio.server.serve`` is wrapped while it starts; a
viser that no longer makes this call is refused, not trusted.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import http
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

import viser
import websockets.asyncio.server
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from motionrecon.core.together import Together
from motionrecon.errors import InputError

_ADDRESS = "127.0.0.1"  # a motion is nobody else's business: never an address that the network can reach
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_LAST_PORT = 65535
_HTTP_PORT = 80  # the one that browsers leave out of addresses

#: viser's page ignores its hotkeys while a box has the focus, and a checkbox keeps it once it was clicked, a number
#: once it was typed.
_SCRIPT = """<script>
addEventListener("change", e => { if (e.target.type === "checkbox") e.target.blur() }, true)
addEventListener("keydown", e => { if (e.key === "Enter" && e.target.tagName === "INPUT") e.target.blur() }, true)
</script>"""

#: Where websockets reports what clients do wrong, with tracebacks: rubbish from outside is no error of ours.
_SILENT = logging.getLogger("motionrecon.viewer.websockets")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_starting = threading.Lock()  # over the moment in which `serve` is wrapped

Answer = Callable[[ServerConnection, Request], Response | None]


class LocalServer(viser.ViserServer):
    """Serves viser's page on 127.0.0.1 to this machine's browsers.

    Args:
        port: where to serve; the next free one is taken if it is in use.
        name: of what is shown; the page's title begins with it.

    Raises:
        InputError: neither that port nor any above it can be had.
        RuntimeError: viser starts its server in a way that cannot be guarded.
    """

    def __init__(self, *, port: int, name: str) -> None:
        port = _free_port(port)
        address = _Address(_ADDRESS)
        with _guarded_serve(f"{name} · motionrecon"), quiet():
            super().__init__(host=address, port=port, label=name, verbose=False)
        if not address.guarded:
            with quiet():
                self.stop()
            raise RuntimeError(f"viser {viser.__version__} cannot be kept from answering other pages")

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{_ADDRESS}:{self.get_port()}"

    def request_share_url(self, verbose: bool = True) -> None:
        """Refuse: a page of this server may ask for a public address, and does not get one."""

    def disconnect_share_url(self) -> None:
        """Do nothing: there is never a share to end."""

    def stop(self) -> None:
        """End the server and its threads."""
        with quiet():
            super().stop()


def refusal(headers: Headers, port: int) -> str | None:
    """Why a request to the server at ``port`` is not answered; None if it is."""
    hosts = [host.lower() for host in headers.get_all("Host")]
    own = {f"{name}:{port}" for name in _NAMES} | (set(_NAMES) if port == _HTTP_PORT else set())
    if len(hosts) != 1 or hosts[0] not in own:
        return (
            f"This viewer answers as http://{_ADDRESS}:{port} on its own machine only. "
            f"Through ssh, forward the same port: ssh -L {port}:{_ADDRESS}:{port} HOST"
        )
    origins = headers.get_all("Origin")
    wanted = ["http://" + hosts[0]]
    is_websocket = any("websocket" in value.lower() for value in headers.get_all("Upgrade"))
    if (origins or is_websocket) and [origin.lower() for origin in origins] != wanted:
        return "This viewer answers its own page only."
    # What browsers add: a link to here is followed, but nothing is embedded in, or loaded by, the page of another site.
    sites, targets = headers.get_all("Sec-Fetch-Site"), headers.get_all("Sec-Fetch-Dest")
    if any(site not in ("same-origin", "none") for site in sites) and targets != ["document"]:
        return "This viewer answers its own page only."
    return None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    import rich

    console = rich.get_console()
    before, console.quiet = console.quiet, True
    try:
        yield
    finally:
        console.quiet = before


#: A context that keeps viser from printing where it listens: the viewer prints one line of its own.
quiet = Together(_quiet)


def _free_port(wanted: int) -> int:
    """The first port from ``wanted`` on that can be had. viser would look beyond the last one, and wait for ever."""
    for port in range(wanted, _LAST_PORT + 1):
        with contextlib.suppress(OSError), socket.create_server((_ADDRESS, port)):
            return port
    raise InputError(f"port={wanted}: it is taken, and so are all above it; give another port")


class _Address(str):
    """The host that viser is given, by which its call of `serve` is known from any other in this process."""

    guarded = False


class _Serve(Protocol):
    def __call__(self, handler: Any, host: Any = None, port: Any = None, **options: Any) -> Any: ...


@contextlib.contextmanager
def _guarded_serve(title: str) -> Iterator[None]:
    """Within the block, a server that viser starts at an `_Address` is guarded."""
    with _starting:
        serve: _Serve = websockets.asyncio.server.serve

        def guarded(handler: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
            if isinstance(host, _Address) and options.get("process_request"):
                host.guarded = True
                options["process_request"] = _guarded(options["process_request"], title)
                options["logger"] = _SILENT
                asyncio.get_running_loop().set_exception_handler(_ignore)
                host = str(host)
            return serve(handler, host, port, **options)

        setattr(websockets.asyncio.server, "serve", guarded)  # noqa: B010 - mypy takes a plain assignment for an error
        try:
            yield
        finally:
            setattr(websockets.asyncio.server, "serve", serve)  # noqa: B010


def _guarded(answer: Callable[..., Any], title: str) -> Callable[..., Response | Awaitable[Response] | None]:
    """viser's answers to those who may have them, and its page under our title."""

    def answer_own(connection: ServerConnection, request: Request) -> Response | None:
        reason = refusal(request.headers, connection.local_address[1])
        if reason is not None:
            return connection.respond(http.HTTPStatus.FORBIDDEN, reason + "\n")
        # The page is changed below, and is only sent through this machine: nothing is won by compressing it.
        request.headers.pop("Accept-Encoding", None)
        response: Response | None = answer(connection, request)
        if response is not None:
            _frame(response, title)
        return response

    return answer_own


def _frame(response: Response, title: str) -> None:
    """Give viser's page our title and script, in place, and let no other page have or show it."""
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if response.headers.get("Content-Type", "").startswith("text/html"):
        named = b"<title>" + html.escape(title).encode("utf-8", "replace") + b"</title>"
        body = response.body.replace(b"<title>Viser</title>", named, 1)
        response.body = body.replace(b"</head>", _SCRIPT.encode() + b"</head>", 1)
        del response.headers["Content-Length"]
        response.headers["Content-Length"] = str(len(response.body))


def _ignore(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What goes wrong in a task that serves one message was caused by that message."""
    _SILENT.debug("a message failed: %s", context.get("message"))
