"""The viewer of a reconstruction that runs: what it shows of each stage, and that nothing holds the run up."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from clips import demo_images, write_clip
from support import HANGS, wait_until
from viewing import chromium

import motionrecon
from motionrecon import cli
from motionrecon.body.tangent import difference, integrate
from motionrecon.core.progress import Calls, Silent
from motionrecon.errors import InputError
from motionrecon.physics.windows.stretch import Status, Stretch
from motionrecon.result.preview import preview
from motionrecon.so_far import SoFar
from motionrecon.viewer.document import document_of
from motionrecon.viewer.live import LiveViewer
from motionrecon.viewer.sketch import sketch_of

FRAMES = 16
QUICK = {"height": 1.75, "window": 0.3, "overlap": 0.15}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[SoFar]:
    """All that a run of a short clip shows to who watches it."""
    clip = write_clip(tmp_path_factory.mktemp("clip") / "walk.mp4", demo_images(FRAMES))
    shown: list[SoFar] = []
    motionrecon.reconstruct(clip, watch=shown.append, **QUICK)
    return shown


def half(found: list[SoFar]) -> SoFar:
    """After the first window."""
    return next(one for one in found if one.stretch is not None)


# ---------------------------------------------------------------- what the run tells


def test_each_stage_adds_its_own(found: list[SoFar]) -> None:
    known = [[name for name, value in vars(one).items() if value is not None] for one in found]
    assert [names[-1] for names in known[:3]] == ["options", "views", "figure"]
    assert {names[-1] for names in known[3:-1]} == {"stretch"} and known[-1][-1] == "motion"
    reached = [one.stretch.frame for one in found if one.stretch is not None]
    assert len(reached) > 3 and reached == sorted(reached) and reached[-1] == FRAMES - 1


def test_a_preview_is_the_result_as_far_as_it_was_simulated(found: list[SoFar]) -> None:
    result = found[-1].motion
    assert result is not None and preview(found[-1]) is result
    assert half(found).figure is not None and half(found).stretch is not None
    reached = half(found).stretch.frame
    early = preview(half(found))
    assert 0 < reached < FRAMES - 1 and early.simulated.tolist() == [k <= reached for k in range(FRAMES)]
    np.testing.assert_allclose(early.qpos[: reached + 1], result.qpos[: reached + 1], atol=1e-12)
    # From there on it goes back to the kinematic motion, by a cubic that arrives behind the last frame.
    kinematic = half(found).figure.qpos
    part = (np.arange(reached + 1, FRAMES) - reached) / (FRAMES - reached)
    left = (1 - part**2 * (3 - 2 * part))[:, None] * difference(kinematic[reached], early.qpos[reached])
    np.testing.assert_allclose(early.qpos[reached + 1 :], integrate(kinematic[reached + 1 :], left), atol=1e-12)
    whole = preview(found[-2], early)
    assert whole.body is early.body
    np.testing.assert_allclose(whole.qpos, result.qpos, atol=1e-12)
    np.testing.assert_allclose(whole.contact_force, result.contact_force, atol=1e-9)
    with pytest.raises(InputError, match="no motion yet"):
        preview(found[0])


def test_the_page_knows_what_is_done_what_failed_and_what_is_to_come(found: list[SoFar]) -> None:
    film = sketch_of(found[0], "walk", "")
    assert film.running and film.through == 0 and film.results[0].count == FRAMES
    assert not film.results[0].films[0].points.size and film.results[0].films[0].size == (640, 360)
    points = sketch_of(found[1], "walk", "").results[0].films[0].points
    assert points.shape == (FRAMES, 33, 2) and 0 < np.nanmean(points) < 1

    def stretches(stretch: Stretch) -> list[tuple[int, int, str]]:
        motion = preview(replace(found[2], stretch=stretch))
        document = document_of([motion], ["walk"], reached=stretch.frame)
        assert document.running and document.results[0].pending.tolist() == [k > stretch.frame for k in range(FRAMES)]
        return [(one.start, one.end, one.what) for one in document.results[0].stretches]

    done = half(found).stretch
    assert done is not None
    assert stretches(done) == [(done.frame + 1, FRAMES, "still to come")]
    failed = replace(
        done,
        ctrl=np.concatenate([done.ctrl, np.full_like(done.ctrl, np.nan)]),
        wrench=np.concatenate([done.wrench, 0 * done.wrench]),
        frame=2 * done.frame,
        windows=(*done.windows, replace(done.windows[0], first_frame=done.frame, status=Status.FAILED)),
    )
    end = failed.frame + 1
    assert stretches(failed) == [(done.frame + 1, end, "not simulated"), (end, FRAMES, "still to come")]


# ---------------------------------------------------------------- nothing holds it up


def test_a_browser_that_never_reads_holds_nothing_up(found: list[SoFar], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motionrecon.viewer.server._Handler.timeout", 10 * HANGS)  # the server does not give up on it
    with LiveViewer("walk", open_browser=False) as live:
        live.show(found[0])
        assert live.url is not None
        port = int(live.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            deaf.sendall(f"GET /commands HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert live._server is not None and wait_until(lambda: live._server.listeners == 1)
            progress, large = live.watched(Silent()), "physics" * 1_000_000  # more than the system keeps for it

            def show() -> None:
                for one in found[1:]:
                    live.show(one)
                    with progress.stage(large, 100) as advance:
                        advance(100)

            shows = threading.Thread(target=show, daemon=True)
            shows.start()
            shows.join(HANGS)
            assert not shows.is_alive()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    live.stop()  # harmless


def test_progress_is_told_to_both_and_to_who_comes_later(found: list[SoFar]) -> None:
    told: list[tuple[str, int, int | None]] = []
    with LiveViewer("walk", open_browser=False) as live:
        progress = live.watched(Calls(lambda *one: told.append(one)))
        with progress.stage("before there is a page", None) as advance:
            advance(1)
        live.show(found[0])
        with progress.stage("physics", 15) as advance:
            advance(4)
        assert told[-1] == ("physics", 4, 15)
        with urllib.request.urlopen(f"{live.url}/commands", timeout=HANGS) as stream:
            first = json.loads(stream.readline().removeprefix(b"data: "))
        assert first["doing"]["stage"] == "physics" and first["doing"]["total"] == 15


# ---------------------------------------------------------------- the command


@pytest.fixture
def run(found: list[SoFar], monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A pipeline that shows what a run found, and then does what the test puts into `does`."""
    made = SimpleNamespace(does=None, url=None)

    def reconstruct(video: Path, *, watch: Any, **given: Any) -> Any:
        for one in found:
            watch(one)
        made.url = watch.__self__.url
        if made.does:
            raise made.does
        return found[-1].motion

    monkeypatch.setattr("motionrecon.pipeline.reconstruct", reconstruct)
    monkeypatch.setattr("motionrecon.viewer.live._has_screen", lambda: False)
    return made


def is_served(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=2).status == 200)
    except OSError:
        return False


def test_the_command_tells_the_address_and_shows_the_result_until_ctrl_c(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waited = []

    def wait(live: LiveViewer) -> None:
        waited.append(wait_until(lambda: b'"running":false' in urllib.request.urlopen(f"{live.url}/document").read()))

    monkeypatch.setattr(LiveViewer, "wait", wait)
    assert cli.main(["reconstruct", "walk.mp4", "--view", "--quiet"]) == 0
    assert capsys.readouterr().out == f"Watch it at {run.url} (Ctrl-C ends)\n"
    assert waited == [True] and not is_served(run.url)


def test_ctrl_c_while_it_runs_ends_both(run: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    run.does = KeyboardInterrupt()
    assert cli.main(["reconstruct", "walk.mp4", "--view", "--quiet"]) == 130
    assert "resumes after the last finished stage or window" in capsys.readouterr().err
    assert not is_served(run.url)
    run.does = InputError("nobody is there")
    assert cli.main(["reconstruct", "walk.mp4", "--view", "--quiet"]) == 2
    assert capsys.readouterr().err == "motionrecon: nobody is there\n" and not is_served(run.url)


# ---------------------------------------------------------------- the page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


def test_the_page_grows_with_the_run(found: list[SoFar], browser: Any) -> None:
    tab = browser.new_page(viewport={"width": 1100, "height": 700})
    tab.set_default_timeout(1000 * HANGS)
    errors: list[str] = []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    with LiveViewer("walk", open_browser=False) as live:
        live.show(found[0])
        progress = live.watched(Silent())
        tab.goto(live.url)
        tab.wait_for_selector("#picture[data-frame='0']")
        assert tab.locator("[aria-pressed=true]").inner_text() == "Look through the camera"
        assert tab.locator("#dots").is_hidden() and tab.locator("figure").count() == 0

        live.show(found[1])
        tab.locator("#dots").wait_for(state="visible")

        live.show(found[2])
        tab.get_by_text("still to be simulated").wait_for()
        assert tab.locator("[aria-pressed=true]").count() == 0, "the page turns to the person"
        assert tab.locator("#marks .pending").evaluate("e => e.style.width") == "100%"
        assert tab.locator("#now").inner_text().endswith("Not simulated yet")

        with progress.stage("physics", FRAMES - 1) as advance:
            advance(4)
            live.show(half(found))
            reached = half(found).stretch.frame
            tab.wait_for_selector(f"html[data-drawn='{reached}']")
            tab.locator(".word.force:not([hidden])").first.wait_for()
            tab.get_by_text(f"Physics 0 of {FRAMES - 1}").wait_for()
            tab.keyboard.press("d")
            tab.locator("figure select").nth(1).select_option(label="Hip flexion angle (°)")
            tab.keyboard.press("Home")
            tab.wait_for_selector("html[data-drawn='0']")
            dark = tab.locator("html").get_attribute("class")

        live.show(found[-1])
        tab.locator("#marks .pending").wait_for(state="detached")
        tab.get_by_text("still to be simulated").wait_for(state="detached")
        assert tab.locator("html").get_attribute("data-drawn") == "0", "what the user chose stays"
        assert tab.locator("html").get_attribute("class") == dark
        assert (
            tab.locator("figure select").nth(1).evaluate("e => e.selectedOptions[0].label") == "Hip flexion angle (°)"
        )
        tab.keyboard.press("l")
        tab.wait_for_selector("html[data-drawn='1']")
        live._server.tell(doing=None)  # as `wait` does
        tab.locator("#doing").wait_for(state="hidden")
        assert errors == []
    tab.locator("#lost").wait_for(state="visible")
    tab.close()
