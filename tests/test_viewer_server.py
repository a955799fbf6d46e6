"""The viewer answers its own page and nobody else: requests, rubbish, and pages of another origin."""

from __future__ import annotations

import email.message
import functools
import http.server
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import HANGS, wait_until
from viewing import FRAMES, chromium, frame_number, make_motion, write_video

from motionrecon.errors import InputError
from motionrecon.viewer import Viewer, view
from motionrecon.viewer.server import LocalServer, refusal


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    clip = tmp_path_factory.mktemp("served") / "clip.mp4"
    write_video(clip, FRAMES)
    viewer = view(make_motion(source={"video": str(clip), "start": 0.0}), open_browser=False, block=False)
    yield viewer
    viewer.stop()


@pytest.fixture
def port(viewer: Viewer) -> int:
    return viewer.server.port


def headers_of(pairs: Iterable[tuple[str, str]]) -> email.message.Message:
    message = email.message.Message()
    for name, value in pairs:
        message[name] = value
    return message


# ---------------------------------------------------------------- the rule


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LocalHost:8080"])
def test_own_names_are_answered(host: str) -> None:
    assert refusal(headers_of([("Host", host)]), 8080) is None
    assert refusal(headers_of([("Host", host), ("Origin", f"http://{host}")]), 8080) is None


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
    reason = refusal(headers_of([("Host", host) for host in hosts]), 8080)
    assert reason is not None and "http://127.0.0.1:8080" in reason


def test_the_port_that_browsers_leave_out_may_be_left_out() -> None:
    assert refusal(headers_of([("Host", "localhost")]), 80) is None
    assert refusal(headers_of([("Host", "localhost"), ("Origin", "http://localhost")]), 80) is None


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
def test_any_other_origin_is_refused(origins: list[str]) -> None:
    headers = [("Host", "127.0.0.1:8080"), *(("Origin", origin) for origin in origins)]
    assert refusal(headers_of(headers), 8080) is not None


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
    assert (refusal(headers_of(headers), 8080) is None) == answered


# ---------------------------------------------------------------- the server


def status(port: int, *headers: str) -> str:
    """The first line of the answer to a GET with these headers."""
    with socket.create_connection(("127.0.0.1", port), timeout=HANGS) as connection:
        connection.sendall("\r\n".join(["GET / HTTP/1.1", *headers, "", ""]).encode())
        return connection.makefile("rb").readline().decode().strip()


def test_requests_of_others_get_403(port: int) -> None:
    assert status(port, f"Host: 127.0.0.1:{port}") == "HTTP/1.1 200 OK"
    for headers in ([], ["Host: evil.test"], [f"Host: 127.0.0.1:{port}", "Origin: http://evil.test"]):
        assert status(port, *headers) == "HTTP/1.1 403 Forbidden"


def test_pictures_of_the_film_and_nothing_else_are_served(viewer: Viewer) -> None:
    for frame in (7, 0, 11):
        with urllib.request.urlopen(f"{viewer.url}/film/0/0/{frame}") as answer:
            assert answer.headers["Content-Type"] == "image/jpeg" and frame_number(answer.read()) == frame
    for absent in ("film/0/0/12", "film/1/0/0", "film/0/1/0"):
        with urllib.request.urlopen(f"{viewer.url}/{absent}") as answer:
            assert answer.status == 204 and answer.read() == b""
    for wrong in ("film/0/0/-1", "film/0/0/1/", "film/0/0/9999999999", "motion.npz", "..%2f..%2fetc/passwd", "?x"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{viewer.url}/{wrong}")


def test_rubbish_prints_nothing(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    own = f"Host: 127.0.0.1:{port}".encode()
    for raw in (
        b"\xff" * 5000,
        b"GET / HTTP/1.1\r\nHost",
        b"\r\n\r\n",
        b"GET /%ff/../../etc/passwd HTTP/1.1\r\n" + own + b"\r\n\r\n",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n" + own + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + own + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + own + b"\r\nContent-Length: 5\r\n\r\nhello",
        b"GET / HTTP/9.9\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=HANGS) as connection:
            try:
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
                assert b"root:" not in connection.recv(100_000)
            except ConnectionError:
                pass  # it had read enough
    assert status(port, f"Host: 127.0.0.1:{port}") == "HTTP/1.1 200 OK"  # it still serves
    assert capfd.readouterr() == ("", "")


def test_a_page_that_goes_is_forgotten_and_stopping_ends_all_that_listen() -> None:
    server = LocalServer("", b"", lambda *_: None, port=8080)
    threads = threading.active_count()
    request = f"GET /commands HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    listening = socket.create_connection(("127.0.0.1", server.port), timeout=HANGS)
    listening.sendall(request)
    assert wait_until(lambda: server.listeners == 1)
    server.send(frame=3)
    got = b""
    while b"frame" not in got:
        got += listening.recv(1000)
    assert b'data: {"frame": 3}\n\n' in got
    server.stop()
    assert wait_until(lambda: server.listeners == 0 and threading.active_count() < threads)
    listening.close()


def test_a_slow_line_gets_all_of_a_large_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motionrecon.viewer.server._Handler.timeout", 0.5)
    server = LocalServer("", bytes(24 << 20), lambda *_: None, port=8080)
    got = 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=HANGS) as reader:
        reader.sendall(f"GET /document HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        while part := reader.recv(1 << 19):
            got += len(part)
            time.sleep(0.02)
            if got > 24 << 20:
                break
    server.stop()
    assert got > 24 << 20


def test_the_last_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        last = taken.getsockname()[1]
        monkeypatch.setattr("motionrecon.viewer.server._LAST_PORT", last)
        with pytest.raises(InputError, match=f"port={last}: it is taken"):
            LocalServer("", b"", lambda *_: None, port=last)


def test_no_other_page_may_show_it(viewer: Viewer) -> None:
    with urllib.request.urlopen(viewer.url) as answer:
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


# ---------------------------------------------------------------- a page of another origin in a real browser

ATTACK = """
const target = location.hash.slice(1), got = [];
const attempt = (name, promise) => promise.then(text => got.push(name + ": " + text), () => got.push(name + ": no"));
const commands = new Promise((resolve, reject) => {
    const channel = new EventSource("http://" + target + "/commands");
    channel.onopen = () => resolve("open");
    channel.onerror = () => { channel.close(); reject(); };
});
const image = new Promise((resolve, reject) => {
    const element = document.createElement("img");
    element.src = "http://" + target + "/film/0/0/0";
    element.onload = () => resolve("loaded"); element.onerror = reject;
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
    attempt("commands", commands),
    attempt("image", image),
    attempt("script", script),
    new Promise(resolve => frame.onload = resolve),
]).then(() => document.title = got.sort().join(", "));
"""


@pytest.fixture
def foreign_port(tmp_path: Path) -> Iterator[int]:
    """Serves a page that tries what it can to read from the viewer named in its address."""
    page = f"<body><script>{ATTACK}</script></body>"
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
        tab.set_default_timeout(1000 * HANGS)
        for site in ("127.0.0.1", "localhost", "evil.test"):
            for target in ("127.0.0.1", "localhost", "rebound.test"):
                tab.goto("about:blank")
                tab.goto(f"http://{site}:{foreign_port}/attack.html#{target}:{port}")
                assert wait_until(lambda: bool(tab.title())), (site, target)
                assert tab.title() == "commands: no, fetch: no, image: no, script: no", (site, target)
        assert viewer.server.listeners == 0  # not in a frame of that page either
        answer = tab.goto(f"http://rebound.test:{port}/")
        assert answer.status == 403 and "on its own machine only" in answer.text()
        # A link on a foreign page may be followed, and the viewer's own page works.
        tab.goto(f"http://evil.test:{foreign_port}/attack.html#{port}")
        tab.evaluate("url => { location.href = url }", viewer.url)
        tab.wait_for_selector("canvas")
        assert wait_until(lambda: viewer.server.listeners == 1)
        assert tab.title() == "motion · motionrecon"
