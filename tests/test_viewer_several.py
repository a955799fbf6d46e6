"""The viewer of several cameras: their films in step, and the look through each of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from motions import filmed_by
from support import HANGS, wait_until
from viewing import FRAMES, chromium, decode, frame_number, make_motion, write_video

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.errors import InputError
from motionrecon.result.motion import Motion
from motionrecon.result.report import Report
from motionrecon.viewer import Viewer
from motionrecon.viewer.facts import facts_of
from motionrecon.viewer.filming import bend_of
from motionrecon.viewer.films import Films, open_source
from motionrecon.viewer.layers import LAYERS
from motionrecon.viewer.parts import LinePart, WordPart
from motionrecon.viewer.poses import compute_poses
from motionrecon.viewer.source_video import SourceVideo
from motionrecon.viewer.start_view import start_view

RATES, OFFSETS = (20, 40), (0.0, 0.15)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two films: the second at twice the rate, begun three frames of the first one later, and shorter."""
    folder = tmp_path_factory.mktemp("films")
    for name, frames, fps in zip("ab", (FRAMES, 12), RATES, strict=True):
        write_video(folder / f"{name}.mp4", frames, fps=fps, size=(640, 360))
    return [folder / "a.mp4", folder / "b.mp4"]


def second(frame: int) -> int | None:
    """Which picture of the second film is of a frame of the motion."""
    picture = 2 * (frame - 3)
    return picture if 0 <= picture < 12 else None


@pytest.fixture
def motion(films: list[Path]) -> Motion:
    return filmed_by(make_motion(), *zip(films, OFFSETS, strict=True), turn=0.7)


def shown_frame(source: SourceVideo, frame: int) -> int | None:
    """The number of the film's picture that is given for a frame of the motion; None where it has none."""
    if not source.has(frame):
        return None
    for _ in range(1000):
        if jpeg := source.cached(frame):
            return frame_number(jpeg)
        source.decode_towards(frame)
    raise AssertionError(f"frame {frame} is never decoded")


@pytest.mark.parametrize("order", [range(FRAMES), range(FRAMES - 1, -1, -1), (7, 1, 4, 11, 3)])
def test_each_film_is_in_step(motion: Motion, order: range) -> None:
    for camera, wanted in enumerate((lambda k: k, second)):
        source = open_source(motion, camera)
        assert [shown_frame(source, k) for k in order] == [wanted(k) for k in order]
        source.close()


def test_a_camera_without_a_film_says_which(motion: Motion) -> None:
    cameras = [{**one, "video": None} for one in motion.report.cameras or ()]
    with pytest.raises(InputError, match="cam 2 has no video"):
        open_source(replace(motion, report={"cameras": cameras}), 1)


JSON = (None, True, -1, 0, 1e300, -1e300, 10**400, "x", "", [], {}, [[]])


def test_cameras_of_any_kind_in_a_report_are_shown_or_refused_in_words(motion: Motion) -> None:
    known, shown = [dict(one) for one in motion.report.cameras or ()], 0
    slow = {"total": FRAMES, "tracked": 11, "simulated": 0, "fps": 20.0, "film_fps": 10.0}
    for key in (*known[1], "fps"):
        for other in JSON:
            try:
                report = Report.of({"cameras": [known[0], {**known[1], key: other}], "frames": slow})
            except ValueError as error:
                assert key in str(error) or "cameras" in str(error), error
                continue
            shown += 1
            try:
                source = open_source(replace(motion, report=report), 1)
            except InputError:
                continue
            assert source.has(5) in (True, False)
            source.close()
    assert shown > 20


# ---------------------------------------------------------------- what the page is told


def test_each_camera_stands_at_its_place_with_its_name(motion: Motion) -> None:
    parts = LAYERS["camera"].parts(motion, compute_poses(motion))
    names = [part for part in parts if isinstance(part, WordPart)]
    tips = [part.points[:, 0] for part in parts if isinstance(part, LinePart)]
    assert [word.text for word in names] == ["cam 1", "cam 2"]
    for camera, tip in zip(motion.cameras, tips, strict=True):
        np.testing.assert_allclose(tip, camera.eye, atol=1e-5)
    corners = next(part.points[:, 1:] for part in parts if isinstance(part, LinePart))
    edge = motion.camera.project(corners.astype(float))[0]
    np.testing.assert_allclose(edge[[0, 2]], [[-0.5, -0.5], [639.5, 359.5]], atol=1e-2)


def test_the_page_is_told_why_a_film_is_missing(motion: Motion, open_viewer: Callable[[Motion], Viewer]) -> None:
    cameras = [dict(one) for one in motion.report.cameras or ()]
    cameras[0]["video"] = "Gone.mp4"
    films = Films.of(replace(motion, report={"cameras": cameras}))
    assert "Gone.mp4 any more" in films.missing[0] and films.missing[1] == ""
    assert films.picture(0, 5) is None and frame_number(films.picture(1, 5) or b"") == second(5)
    assert films.picture(1, 1) is None, "no picture of this moment"
    assert films.picture(1, 99) is None
    films.close()


@pytest.mark.parametrize("bend", [-0.3, 0.2])
def test_the_film_is_shown_without_its_lens(bend: float) -> None:
    camera = replace(make_motion().camera, distortion=np.array([bend, 0.05, 0.001, 0.0]))
    nodes = bend_of(camera)
    rows, columns = np.mgrid[0:33:4, 0:33:4]
    pixels = np.stack([columns / 32 * 640, rows / 32 * 360], axis=-1).reshape(-1, 2) - 0.5
    points = camera.to_world(np.concatenate([camera.rays(pixels), np.ones((len(pixels), 1))], axis=1)[None])
    taken = (camera.project_through_lens(points)[0] + 0.5) / [640, 360]
    np.testing.assert_allclose(nodes[rows, columns].reshape(-1, 2), taken, atol=1e-4)
    assert not bend_of(make_motion().camera).size, "a straight picture is left as it is"


def test_the_page_opens_beside_all_cameras() -> None:
    poses = compute_poses(make_motion())
    person = poses.position[:, 1:]
    free = start_view(person, poses.forward, np.array([[0.0, -9, 1]]))
    toward = person.mean(axis=(0, 1)) + 0.6 * (free.position - person.mean(axis=(0, 1)))
    beside = start_view(person, poses.forward, np.stack([[0.0, -9, 1], toward]))
    assert np.linalg.norm(beside.position - free.position) > 1


def test_the_numbers_tell_of_each_camera(motion: Motion) -> None:
    told = [fact.text for fact in facts_of(motion.report)]
    assert told == [f"cam {i}: 4 px from the film, begins at {at} s" for i, at in ((1, "0.000"), (2, "0.150"))]


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Any, motion: Motion, open_viewer: Callable[[Motion], Viewer]) -> Iterator[SimpleNamespace]:
    viewer = open_viewer(motion)
    tab = browser.new_page(viewport={"width": 1100, "height": 700})
    tab.set_default_timeout(1000 * HANGS)
    errors: list[str] = []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(viewer.url)
    tab.wait_for_selector("html[data-drawn]")
    assert wait_until(lambda: viewer.server.listeners == 1)
    yield SimpleNamespace(tab=tab, viewer=viewer, motion=motion)
    tab.close()
    assert errors == []


def seen_at(page: SimpleNamespace, camera: Pinhole, pixel: np.ndarray) -> np.ndarray:
    """The colour (BGR) on the stage at a pixel of the camera that is looked through."""
    stage = page.tab.locator("#stage")
    image = decode(base64.b64decode(stage.evaluate("e => e.toDataURL('image/png')").partition(",")[2])).astype(int)
    size, own = np.array(camera.image_size), np.array(image.shape[1::-1])
    factor = (own / size).min()
    x, y = ((own - factor * size) / 2 + factor * (pixel + 0.5)).round().astype(int)
    return np.asarray(image[y, x])


def shows_body_over_film(page: SimpleNamespace, camera: Pinhole, frame: int, picture: int) -> bool:
    """Whether the hands are where the camera saw them, and in the picture's corner is its film."""
    poses = compute_poses(page.motion)
    left, right = (
        seen_at(page, camera, camera.project(poses.position[frame, page.motion.model.body(name).id][None, None])[0, 0])
        for name in ("left_hand", "right_hand")
    )
    film = seen_at(page, camera, np.array([20.0, 20.0])).mean()
    return bool(left[2] > left[0] + 50 and right[0] > right[2] + 50 and abs(film - 0.92 * (10 * picture + 5)) < 8)


def test_looking_through_a_camera_shows_the_body_over_its_film_and_back(page: SimpleNamespace) -> None:
    page.viewer.seek(6)
    stage = page.tab.locator("#stage")
    before = stage.get_attribute("data-clip")
    page.tab.get_by_role("button", name="Through cam 2").click()
    assert wait_until(lambda: shows_body_over_film(page, page.motion.cameras[1], 6, second(6) or 0))
    assert page.tab.get_by_role("combobox", name="Video").input_value() == "1"
    page.tab.keyboard.press("c")  # from the last camera back to the free view
    assert wait_until(lambda: stage.get_attribute("data-clip") == before)
    page.tab.keyboard.press("c")
    page.viewer.seek(8)
    assert wait_until(lambda: shows_body_over_film(page, page.motion.camera, 8, 8))


def test_the_menu_chooses_the_film(page: SimpleNamespace) -> None:
    page.viewer.seek(5)
    page.tab.get_by_role("combobox", name="Video").select_option("1")

    def shown() -> int:
        data = page.tab.locator("#picture").evaluate("e => e.toDataURL('image/png')")
        return frame_number(base64.b64decode(data.partition(",")[2]))

    assert wait_until(lambda: shown() == second(5))
    page.viewer.seek(1)
    page.tab.get_by_text("This camera has no picture of this moment").wait_for()
    page.viewer.seek(5)
    assert wait_until(lambda: page.tab.locator("#picture").is_visible() and shown() == second(5))


def test_more_than_two_cameras_are_looked_through_from_a_list(
    browser: Any, films: list[Path], open_viewer: Callable[[Motion], Viewer]
) -> None:
    three = filmed_by(make_motion(), *((films[0], offset) for offset in (0.0, 0.1, 0.2)), turn=0.7)
    tab = browser.new_page(viewport={"width": 620, "height": 800})
    tab.set_default_timeout(1000 * HANGS)
    tab.goto(open_viewer(three).url)
    choice = tab.get_by_role("combobox", name="Look through a camera")
    choice.select_option(label="Through cam 3")
    assert wait_until(lambda: "on" in (choice.get_attribute("class") or ""))
    tab.keyboard.press("0")
    assert wait_until(lambda: choice.input_value() == "-1")
    tab.keyboard.press("c")
    assert wait_until(lambda: choice.input_value() == "0")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 620
    tab.close()
