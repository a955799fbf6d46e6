"""The viewer of several cameras: their films in step, and the look through each of them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mujoco
import numpy as np
import pytest
import viser
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import filmed_by
from scipy.spatial.transform import Rotation
from viewing import FRAMES, chromium, decode, frame_number, make_motion, wait_until, write_video

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.errors import InputError
from motionrecon.result.motion import Motion
from motionrecon.result.report import Report
from motionrecon.viewer import Viewer
from motionrecon.viewer.layers.film import _bend
from motionrecon.viewer.looking import look_through
from motionrecon.viewer.panels.quality import report_lines
from motionrecon.viewer.panels.readout import readout
from motionrecon.viewer.panels.video import open_source
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


# ---------------------------------------------------------------- the page's parts


def in_panel(viewer: Viewer) -> int | str | None:
    """The number of the picture in the panel, or what stands instead of it."""
    content = viewer._panels[0]._html.content  # type: ignore[attr-defined]
    found = re.search(r"base64,([^\"]+)", content)
    return frame_number(base64.b64decode(found[1])) if found else re.sub("<.*?>", "", content)


def test_the_panel_shows_the_film_of_the_chosen_camera(motion: Motion, open_viewer: Callable[[Motion], Viewer]) -> None:
    viewer = open_viewer(motion)
    choose = viewer._panels[0].page.choose
    assert wait_until(lambda: in_panel(viewer) == 0)
    viewer.frame = 6
    assert wait_until(lambda: in_panel(viewer) == 6)
    choose(1)
    assert wait_until(lambda: in_panel(viewer) == second(6))
    for frame in (1, 10):
        viewer.frame = frame
        assert wait_until(lambda: in_panel(viewer) == "Cam 2 has no picture of this moment")
    choose(0)
    assert wait_until(lambda: in_panel(viewer) == 10)


def test_a_film_that_is_gone_leaves_the_others(motion: Motion, open_viewer: Callable[[Motion], Viewer]) -> None:
    cameras = [dict(one) for one in motion.report.cameras or ()]
    cameras[0]["video"] = "Gone.mp4"
    viewer = open_viewer(replace(motion, report={"cameras": cameras}))
    assert wait_until(lambda: "Gone.mp4 any more" in str(in_panel(viewer)))
    viewer.frame = 5
    viewer._panels[0].page.choose(1)
    assert wait_until(lambda: in_panel(viewer) == second(5))


def test_the_film_hangs_where_its_camera_saw_it(motion: Motion, open_viewer: Callable[[Motion], Viewer]) -> None:
    viewer = open_viewer(motion)
    viewer.frame = 6

    def canvas() -> viser.ImageHandle | None:
        handle = viewer.server.scene.get_handle_by_name("/motion/film/canvas")
        return handle if isinstance(handle, viser.ImageHandle) else None

    assert canvas() is None, "not unless it is wanted"
    for number, picture in ((0, 6), (1, second(6))):
        viewer._panels[0].page.choose(number)
        viewer.scene["film"] = True
        assert wait_until(lambda p=picture: canvas() is not None and round((canvas().image.mean() - 5) / 10) == p)
        hung, camera = canvas(), motion.cameras[number]
        turn = Rotation.from_quat(hung.wxyz, scalar_first=True)
        half = np.array([hung.render_width, hung.render_height, 0]) / 2
        corners = hung.position + turn.apply([-half, half])
        np.testing.assert_allclose(camera.project(corners[None])[0], [[-0.5, -0.5], [639.5, 359.5]], atol=1e-6)
        depth = camera.to_camera(motion.joints)[..., 2].max()
        assert (camera.to_camera(corners[None])[..., 2] > depth).all(), "before the person"
    viewer.frame = 1
    assert wait_until(lambda: canvas() is None), "a picture stays where there is none"
    viewer.frame = 4
    assert wait_until(lambda: canvas() is not None)
    viewer.scene["film"] = False
    assert viewer.server.scene.get_handle_by_name("/motion/film").visible is False


def test_the_floor_is_seen_through_before_the_film(motion: Motion, open_viewer: Callable[[Motion], Viewer]) -> None:
    viewer = open_viewer(motion)
    grid = viewer.server.scene.get_handle_by_name("/motion/floor/grid")
    assert isinstance(grid, viser.GridHandle)
    seen = []
    for film in (False, True, False):
        viewer.scene["film"] = film
        seen.append(grid.plane_opacity)
    assert seen == [1.0, 0.0, 1.0]
    viewer.scene["skeleton"] = True
    assert grid.plane_opacity == 1.0


def test_each_camera_stands_at_its_place_with_its_name(motion: Motion, open_viewer: Callable[[Motion], Viewer]) -> None:
    scene = open_viewer(motion).server.scene
    for i, camera in enumerate(motion.cameras):
        pyramid, name = (scene.get_handle_by_name(f"/motion/camera/{i}/{part}") for part in ("pyramid", "name"))
        assert isinstance(pyramid, viser.CameraFrustumHandle) and isinstance(name, viser.LabelHandle)
        np.testing.assert_allclose(pyramid.position, camera.eye[0])
        assert name.text == f"cam {i + 1}"
    alone = open_viewer(make_motion()).server.scene
    assert alone.get_handle_by_name("/motion/camera/0/name") is None, "one camera needs no name"


def test_the_boxes_follow_what_is_shown(motion: Motion, open_viewer: Callable[[Motion], Viewer]) -> None:
    viewer = open_viewer(motion)
    boxes = {getattr(box, "label", ""): box for box in viewer.server.gui._gui_input_handle_from_uuid.values()}
    viewer.scene["skeleton"] = True
    viewer.scene.follow = True
    assert boxes["Skeleton"].value and boxes["Follow"].value
    boxes["Skeleton"].value = False
    assert wait_until(lambda: not viewer.scene["skeleton"])


@settings(max_examples=50, deadline=None)
@given(
    angles=st.tuples(*3 * [st.floats(-3, 3)]),
    middle=st.tuples(st.floats(200, 440), st.floats(100, 260)),
    aspect=st.floats(0.3, 3.0),
)
def test_a_look_through_shows_all_where_the_camera_saw_it(angles, middle, aspect) -> None:
    turn = Rotation.from_euler("xyz", angles).as_matrix()
    K = np.array([[500.0, 0, middle[0]], [0, 500.0, middle[1]], [0, 0, 1]])
    camera = Pinhole(K, (640, 360), turn, np.array([0.3, -0.2, 4.0]), calibrated=True)
    camera_points = np.random.default_rng(0).normal([0, 0, 4], 0.5, (1, 20, 3))
    points = camera.to_world(camera_points)
    look = look_through(camera, points, aspect)
    ahead = (look.look_at - look.position) / np.linalg.norm(look.look_at - look.position)
    seen = (points[0] - look.position) @ np.stack([np.cross(ahead, look.up), -look.up, ahead]).T
    np.testing.assert_allclose(seen, camera_points[0], atol=1e-9)
    assert np.linalg.norm(look.look_at - look.position) == pytest.approx(camera_points[0, :, 2].mean())
    corners = np.abs((np.array([[-0.5, -0.5], [639.5, 359.5]]) - middle) / 500)
    high = np.tan(look.fov / 2)
    assert (corners <= np.array([high * aspect, high]) + 1e-9).all(), "the film's edge is out of sight"
    assert (corners >= np.array([high * aspect, high]) - 1e-9).any(), "smaller than it could be"


@pytest.mark.parametrize("bend", [-0.3, 0.2])
def test_the_film_is_shown_without_its_lens(bend: float) -> None:
    camera = replace(make_motion().camera, distortion=np.array([bend, 0.05, 0.001, 0.0]))
    map_ = _bend(camera, 320, 180)
    rows, columns = np.mgrid[0:180:17, 0:320:23]
    pixels = 2 * (np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) - 0.5
    points = camera.to_world(np.concatenate([camera.rays(pixels), np.ones((len(pixels), 1))], axis=1)[None])
    taken = (camera.project_through_lens(points)[0] + 0.5) / 2 - 0.5
    assert np.abs(map_[rows, columns].reshape(-1, 2) - taken).max() < 0.1
    assert not _bend(make_motion().camera, 320, 180).size, "a straight picture is left as it is"


def test_the_page_opens_beside_all_cameras() -> None:
    poses = compute_poses(make_motion())
    person = poses.position[:, 1:]
    free = start_view(person, poses.forward, np.array([[0.0, -9, 1]]))
    toward = person.mean(axis=(0, 1)) + 0.6 * (free.position - person.mean(axis=(0, 1)))
    beside = start_view(person, poses.forward, np.stack([[0.0, -9, 1], toward]))
    assert np.linalg.norm(beside.position - free.position) > 1


def test_the_numbers_tell_of_each_camera(motion: Motion) -> None:
    assert report_lines(motion.report) == ["cam 1: 4 px, begins at 0.000 s", "cam 2: 4 px, begins at 0.150 s"]
    seen = np.ones((2, FRAMES), bool)
    seen[1, [4, 5]] = seen[0, 5] = False
    told = [readout(replace(motion, tracked_by=seen), compute_poses(motion), frame) for frame in (3, 4, 5)]
    assert ["Not seen by cam 2" in text for text in told] == [False, True, False]
    assert "The person was not seen" in told[2]


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(
    browser: Any, motion: Motion, open_viewer: Callable[[Motion], Viewer], request: pytest.FixtureRequest
) -> Iterator[SimpleNamespace]:
    viewer = open_viewer(getattr(request, "param", lambda m: m)(motion))
    tab = browser.new_page(viewport={"width": 760, "height": 420})
    errors: list[str] = []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(viewer.url)
    tab.wait_for_selector("canvas")
    tab.add_style_tag(content=".mantine-Notifications-root { display: none }")
    assert wait_until(lambda: bool(viewer.server.get_clients()))
    yield SimpleNamespace(tab=tab, viewer=viewer, motion=motion, errors=errors)
    tab.close()
    assert errors == []


def client_of(page: SimpleNamespace) -> viser.ClientHandle:
    (client,) = page.viewer.server.get_clients().values()
    return client


def looks_as(page: SimpleNamespace, camera: Pinhole) -> bool:
    """Whether the browser's own camera stands and looks as another one."""
    own, turn = client_of(page).camera, np.zeros(9)
    mujoco.mju_quat2Mat(turn, own.wxyz)
    same_place = np.abs(own.position - camera.eye[0]).max() < 1e-3
    return bool(same_place and np.abs(turn.reshape(3, 3).T - camera.axes[0]).max() < 1e-3)


def shows_body_over_film(page: SimpleNamespace, camera: Pinhole, frame: int, picture: int) -> bool:
    """Whether the hands are where the camera saw them, and about them is its film."""
    image, own = decode(page.tab.screenshot()).astype(int), client_of(page).camera
    focal = own.image_height / 2 / np.tan(own.fov / 2)
    poses = compute_poses(page.motion)

    def at(point: np.ndarray) -> np.ndarray:
        x, y, z = camera.to_camera(point[None, None])[0, 0]
        return image[round(own.image_height / 2 + focal * y / z), round(own.image_width / 2 + focal * x / z)]

    left, right = (at(poses.position[frame, page.motion.model.body(f"{side}_hand").id]) for side in ("left", "right"))
    # Inside the picture's upper left corner there is nothing but film.
    film = at(camera.to_world(np.array([[[*camera.rays(np.array([20.0, 20.0])), 1.0]]]))[0, 0]).mean()
    hands = left[2] > left[0] + 50 and right[0] > right[2] + 50
    return bool(hands and abs(film - (10 * picture + 5)) < 10)


def test_looking_through_a_camera_shows_the_body_over_its_film_and_back(page: SimpleNamespace) -> None:
    page.viewer.frame = 6
    before = client_of(page).camera.position.copy()
    page.tab.get_by_role("button", name="cam 2").click()
    camera = page.motion.cameras[1]
    assert wait_until(lambda: looks_as(page, camera))
    assert wait_until(lambda: shows_body_over_film(page, camera, 6, second(6)))
    assert page.tab.get_by_role("combobox", name="Video").input_value() == "cam 2"
    page.tab.get_by_role("button", name="cam 1").click()
    assert wait_until(lambda: looks_as(page, page.motion.camera))
    page.viewer.frame = 8
    assert wait_until(lambda: shows_body_over_film(page, page.motion.camera, 8, 8))
    assert not page.tab.get_by_label("Follow").is_checked() and page.tab.get_by_label("Film").is_checked()
    page.tab.get_by_role("button", name="Back").click()
    assert wait_until(lambda: np.abs(client_of(page).camera.position - before).max() < 1e-3)
    assert wait_until(lambda: not page.viewer.scene["film"] and page.viewer.scene["camera"])
    page.tab.get_by_role("button", name="Back").wait_for(state="hidden")


def test_the_menu_chooses_the_film(page: SimpleNamespace) -> None:
    page.viewer.frame = 5
    page.tab.get_by_role("combobox", name="Video").click()
    page.tab.get_by_role("option", name="cam 2").click()
    assert wait_until(lambda: page.viewer.scene.chosen == 1)
    assert wait_until(lambda: in_panel(page.viewer) == second(5))


def alone(motion: Motion) -> Motion:
    """The motion with its first camera only."""
    source = {"video": (motion.report.cameras or ())[0].video, "sha256": None, "start": None, "end": None}
    return replace(motion, further_cameras=(), tracked_by=None, report={"source": source})


@pytest.mark.parametrize("page", [alone], indirect=True)
def test_one_camera_can_be_looked_through_too(page: SimpleNamespace) -> None:
    page.viewer.frame = 4
    assert page.tab.get_by_role("combobox", name="Video").count() == 0, "nothing to choose"
    page.tab.get_by_role("button", name="Look through the camera").click()
    assert wait_until(lambda: looks_as(page, page.motion.camera))
    assert wait_until(lambda: shows_body_over_film(page, page.motion.camera, 4, 4))
