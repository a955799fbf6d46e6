"""The viewer answers its own page and nobody else: requests, websockets, rubbish, and pages of another origin."""

from __future__ import annotations

import asyncio
import functools
import http.server
import logging
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import viser
import websockets
import websockets.asyncio.server
from viewing import chromium, make_motion, wait_until
from websockets.datastructures import Headers

from motionrecon.errors import InputError
from motionrecon.viewer import Viewer, view
from motionrecon.viewer.server import _SILENT, LocalServer, refusal
from motionrecon.viewer.timeline import MIN_SPEED

PROTOCOL = websockets.Subprotocol(f"viser-v{viser.__version__}")


@pytest.fixture(scope="module")
def viewer() -> Iterator[Viewer]:
    viewer = view(make_motion(), open_browser=False, block=False)
    yield viewer
    viewer.stop()


@pytest.fixture
def port(viewer: Viewer) -> int:
    return int(viewer.server.get_port())


# ---------------------------------------------------------------- the rule


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LocalHost:8080"])
def test_own_names_are_answered(host: str) -> None:
    assert refusal(Headers([("Host", host)]), 8080) is None
    assert refusal(Headers([("Host", host), ("Origin", f"http://{host}")]), 8080) is None
    assert refusal(Headers([("Host", host), ("Origin", f"http://{host}"), ("Upgrade", "websocket")]), 8080) is None


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["127.0.0.1"],
        ["127.0.0.1:8081"],
        ["127.0.0.1:80800"],
        ["127.0.0.1.:8080"],
        ["127.1:8080"],
        ["0.0.0.0:8080"],
        ["localhost.evil.test:8080"],
        ["evil.test:8080"],
        ["user@127.0.0.1:8080"],
        ["192.168.1.7:8080"],
        ["127.0.0.1:8080", "evil.test:8080"],
    ],
)
def test_any_other_host_is_refused(hosts: list[str]) -> None:
    reason = refusal(Headers([("Host", host) for host in hosts]), 8080)
    assert reason is not None and "http://127.0.0.1:8080" in reason


def test_the_port_that_browsers_leave_out_may_be_left_out() -> None:
    assert refusal(Headers([("Host", "localhost")]), 80) is None
    assert refusal(Headers([("Host", "localhost"), ("Origin", "http://localhost")]), 80) is None


@pytest.mark.parametrize(
    "origins",
    [
        ["null"],
        ["http://evil.test"],
        ["http://127.0.0.1"],
        ["http://127.0.0.1:8081"],
        ["https://127.0.0.1:8080"],
        ["http://localhost:8080"],  # another name of this machine is another origin
        ["http://127.0.0.1:8080.evil.test"],
        ["http://127.0.0.1:8080", "http://evil.test"],
    ],
)
@pytest.mark.parametrize("upgrade", [[], [("Upgrade", "websocket")]])
def test_any_other_origin_is_refused(origins: list[str], upgrade: list[tuple[str, str]]) -> None:
    headers = [("Host", "127.0.0.1:8080"), *(("Origin", origin) for origin in origins), *upgrade]
    assert refusal(Headers(headers), 8080) is not None


@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "h2c, websocket"])
def test_a_websocket_says_where_it_comes_from(upgrade: str) -> None:
    assert refusal(Headers([("Host", "127.0.0.1:8080"), ("Upgrade", upgrade)]), 8080) is not None


@pytest.mark.parametrize(
    ("site", "target", "answered"),
    [
        ("none", "document", True),  # typed into the address bar
        ("same-origin", "empty", True),
        ("cross-site", "document", True),  # a link in somebody's notebook
        ("cross-site", "iframe", False),
        ("cross-site", "script", False),
        ("cross-site", "empty", False),
        ("same-site", "image", False),  # another port of this machine
    ],
)
def test_what_another_site_embeds_is_refused(site: str, target: str, answered: bool) -> None:
    headers = [("Host", "127.0.0.1:8080"), ("Sec-Fetch-Site", site), ("Sec-Fetch-Dest", target)]
    assert (refusal(Headers(headers), 8080) is None) == answered


# ---------------------------------------------------------------- the server


def status(port: int, *headers: str) -> str:
    """The first line of the answer to a GET with these headers."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall("\r\n".join(["GET / HTTP/1.1", *headers, "", ""]).encode())
        return connection.makefile("rb").readline().decode().strip()


def test_requests_of_others_get_403(port: int) -> None:
    assert status(port, f"Host: 127.0.0.1:{port}") == "HTTP/1.1 200 OK"
    for headers in ([], ["Host: evil.test"], [f"Host: 127.0.0.1:{port}", "Origin: http://evil.test"]):
        assert status(port, *headers) == "HTTP/1.1 403 Forbidden"


async def messages(port: int, *sent: str | bytes, origin: str | None = None, host: str | None = None) -> int:
    """Open a websocket, send messages, and count the bytes that come back within a moment."""
    received = 0
    async with websockets.connect(
        f"ws://127.0.0.1:{port}",
        origin=websockets.Origin(origin) if origin else None,
        subprotocols=[PROTOCOL],
        additional_headers={"Host": host} if host else None,
        max_size=None,
    ) as connection:
        received += len(await connection.recv())
        for message in sent:
            await connection.send(message)
        try:
            while True:
                received += len(await asyncio.wait_for(connection.recv(), 0.7))
        except (TimeoutError, websockets.ConnectionClosed):
            return received


def test_websockets_of_others_are_refused(port: int) -> None:
    assert asyncio.run(messages(port, origin=f"http://127.0.0.1:{port}")) > 1000
    for origin, host in (
        (None, None),
        ("http://evil.test", None),
        (f"http://evil.test:{port}", f"evil.test:{port}"),  # a name that was pointed at this machine
        (f"http://localhost:{port}", None),
    ):
        with pytest.raises(websockets.InvalidStatus, match="403"):
            asyncio.run(messages(port, origin=origin, host=host))


def test_a_page_cannot_have_it_shared(port: int, viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("viser._viser.ViserTunnel", lambda *args: opened.append(args))
    requests = [msgspec.msgpack.encode({"type": f"ShareUrl{what}"}) for what in ("Request", "Disconnect")]
    assert asyncio.run(messages(port, *requests, origin=f"http://127.0.0.1:{port}")) > 1000
    assert opened == []
    assert viewer.server.request_share_url() is None
    assert opened == []


def test_rubbish_prints_nothing(port: int, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    own = f"http://127.0.0.1:{port}"
    update = {"type": "GuiUpdateMessage", "uuid": "0", "updates": {"value": "x"}}
    for message in ("text", b"", b"\xff\x00", msgspec.msgpack.encode(7), msgspec.msgpack.encode({"type": "No"})):
        asyncio.run(messages(port, message, origin=own))
    asyncio.run(messages(port, msgspec.msgpack.encode(update), msgspec.msgpack.encode({"type": update}), origin=own))
    for raw in (b"\xff" * 5000, b"GET / HTTP/1.1\r\nHost", b"\r\n\r\n", b"GET /%ff/../../etc/passwd HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            assert b"passwd" not in connection.recv(1000)
    assert status(port, f"Host: 127.0.0.1:{port}") == "HTTP/1.1 200 OK"  # it still serves
    assert capfd.readouterr() == ("", "")
    # (pytest listens to every logger; this one has no other listener.)
    assert {record.name for record in caplog.records if record.levelno >= logging.WARNING} <= {_SILENT.name}


def test_odd_values_from_the_page_print_nothing_and_stop_nothing(
    port: int, viewer: Viewer, capfd: pytest.CaptureFixture[str]
) -> None:
    here = {"wxyz": [1, 0, 0, 0], "position": [0, 0, 0], "look_at": [1, 0, 0], "up_direction": [0, 0, 1], "fov": 1.0}
    size = {"image_height": 9, "image_width": 9, "near": 0.1, "far": 9.0}
    sent = [{"type": "ViewerCameraMessage", **here, **size}]  # until it has said this, nobody listens to a page
    for uuid in [*viewer.server.gui._gui_input_handle_from_uuid, "unknown"]:
        values = (float("nan"), float("inf"), -1e300, 10**18, True, -5, "x", {}, None, [])
        for update in (*({"value": value} for value in values), {"no_such": 1}):
            sent.append({"type": "GuiUpdateMessage", "uuid": uuid, "updates": update})  # noqa: PERF401
    asyncio.run(messages(port, *map(msgspec.msgpack.encode, sent), origin=f"http://127.0.0.1:{port}"))
    assert capfd.readouterr() == ("", "")
    assert (viewer._timeline.speed, viewer._timeline.loop) == (MIN_SPEED, False), "what could be used was not"
    viewer.pause()
    viewer.frame = 3
    assert wait_until(lambda: viewer._shown == 3), "the thread that draws is dead"


def test_the_last_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        last = taken.getsockname()[1]
        monkeypatch.setattr("motionrecon.viewer.server._LAST_PORT", last)
        with pytest.raises(InputError, match=f"port={last}: it is taken"):
            LocalServer(port=last, name="walk")


def test_a_viser_that_cannot_be_guarded_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    serve = websockets.asyncio.server.serve
    # As if viser had kept a reference of its own to the function that is wrapped.
    monkeypatch.setattr("motionrecon.viewer.server._guarded", lambda answer, title: answer)
    monkeypatch.setattr("motionrecon.viewer.server._Address.__setattr__", lambda *_: None, raising=False)
    with pytest.raises(RuntimeError, match="cannot be kept from answering"):
        LocalServer(port=8080, name="walk")
    assert websockets.asyncio.server.serve is serve


def test_the_title_says_what_is_shown_and_is_no_markup() -> None:
    server = LocalServer(port=8080, name="<b>walk é</b>")
    try:
        with urllib.request.urlopen(server.url) as answer:
            page = answer.read().decode()
            assert answer.headers["X-Frame-Options"] == "DENY"
        assert "<title>&lt;b&gt;walk é&lt;/b&gt; · motionrecon</title>" in page
        assert "<title>Viser</title>" not in page
    finally:
        server.stop()


# ---------------------------------------------------------------- a page of another origin in a real browser

ATTACK = """
const target = location.hash.slice(1), got = [];
const attempt = (name, promise) => promise.then(text => got.push(name + ": " + text), () => got.push(name + ": no"));
const socket = new Promise((resolve, reject) => {
    const channel = new WebSocket("ws://" + target, ["PROTOCOL"]);
    channel.onmessage = event => resolve(event.data.size);
    channel.onerror = channel.onclose = reject;
});
const script = new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = "http://" + target + "/";
    element.onload = () => resolve("loaded"); element.onerror = reject;
    document.body.append(element);
});
const frame = document.createElement("iframe");
frame.src = "http://" + target + "/";
document.body.append(frame);
Promise.all([
    attempt("fetch", fetch("http://" + target + "/").then(answer => answer.text())),
    attempt("websocket", socket),
    attempt("script", script),
    new Promise(resolve => frame.onload = resolve),
]).then(() => document.title = got.sort().join(", "));
"""


@pytest.fixture
def foreign_port(tmp_path: Path) -> Iterator[int]:
    """Serves a page that tries what it can to read from the viewer named in its address."""
    page = f"<body><script>{ATTACK.replace('PROTOCOL', PROTOCOL)}</script></body>"
    (tmp_path / "attack.html").write_text(page)
    handler = functools.partial(_Silent, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_page_of_another_origin_gets_nothing(viewer: Viewer, port: int, foreign_port: int) -> None:
    with chromium("--host-resolver-rules=MAP *.test 127.0.0.1", "--no-proxy-server") as browser:
        tab = browser.new_page()
        for site in ("127.0.0.1", "localhost", "evil.test"):
            for target in ("127.0.0.1", "localhost", "rebound.test"):
                tab.goto("about:blank")
                tab.goto(f"http://{site}:{foreign_port}/attack.html#{target}:{port}")
                assert wait_until(lambda: bool(tab.title())), (site, target)
                assert tab.title() == "fetch: no, script: no, websocket: no", (site, target)
        assert viewer.server.get_clients() == {}  # not in a frame of that page either
        answer = tab.goto(f"http://rebound.test:{port}/")
        assert answer.status == 403 and "on its own machine only" in answer.text()
        # A link on a foreign page may be followed, and the viewer's own page works.
        tab.goto(f"http://evil.test:{foreign_port}/attack.html#{port}")
        tab.evaluate("url => { location.href = url }", viewer.url)
        tab.wait_for_selector("canvas")
        assert wait_until(lambda: len(viewer.server.get_clients()) == 1)
        assert tab.title() == "motion · motionrecon"
