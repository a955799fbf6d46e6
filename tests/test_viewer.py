"""The viewer: its clock, poses, video and panel, and the page itself in a headless browser."""

from __future__ import annotations

import base64
import inspect
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mujoco
import numpy as np
import pytest
import viser
from viewing import FPS, FRAMES, chromium, decode, frame_number, make_motion, wait_until, write_video

from motionrecon.body import build
from motionrecon.body.pieces import pieces, tapered
from motionrecon.body.skin import skin_of
from motionrecon.errors import InputError
from motionrecon.result.motion import Motion
from motionrecon.result.report import Report
from motionrecon.viewer import Viewer, view
from motionrecon.viewer.colours import LEFT, UNSEEN
from motionrecon.viewer.layers import LAYERS, Layer
from motionrecon.viewer.meshes import arrow_mesh
from motionrecon.viewer.panels.quality import report_lines
from motionrecon.viewer.panels.readout import marks, readout, strip
from motionrecon.viewer.panels.video import open_source
from motionrecon.viewer.poses import Poses, compute_poses
from motionrecon.viewer.source_video import SourceVideo
from motionrecon.viewer.start_view import start_view
from motionrecon.viewer.timeline import Timeline


def shown_frame(source: SourceVideo, frame: int) -> int:
    """The number of the video's frame whose picture is given for a frame of the motion."""
    for _ in range(1000):
        if jpeg := source.cached(frame):
            return frame_number(jpeg)
        source.decode_towards(frame)
    raise AssertionError(f"frame {frame} is never decoded")


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


# ---------------------------------------------------------------- timeline


def test_time_runs_only_while_playing(clock: Clock) -> None:
    timeline = Timeline(100, 50.0, clock)
    clock.now += 1
    assert timeline.frame == 0
    timeline.play()
    clock.now += 0.5
    assert timeline.frame == 25
    timeline.pause()
    clock.now += 9
    assert timeline.frame == 25


def test_frames_are_dropped_rather_than_time_lost(clock: Clock) -> None:
    timeline = Timeline(1000, 60.0, clock)
    timeline.play()
    for _ in range(10):  # a drawer that comes by three times a second
        clock.now += 1 / 3
        assert timeline.frame == pytest.approx((clock.now - 100) * 60, abs=1)


def test_loop_goes_around_and_no_loop_ends_on_the_last_frame(clock: Clock) -> None:
    timeline = Timeline(10, 10.0, clock)
    timeline.play()
    clock.now += 1.25
    assert timeline.frame == 2
    timeline.loop = False
    clock.now += 5
    assert (timeline.frame, timeline.playing) == (9, False)
    timeline.play()  # starts over
    assert timeline.frame == 0


def test_a_new_speed_counts_from_now(clock: Clock) -> None:
    timeline = Timeline(1000, 10.0, clock)
    timeline.play()
    clock.now += 1
    timeline.speed = 0.5
    clock.now += 2
    assert timeline.frame == 20
    for speed in (99, float("inf"), float("nan")):
        timeline.speed = speed
        assert timeline.speed == 2.0


def test_seek_is_clamped_and_steps_pause(clock: Clock) -> None:
    timeline = Timeline(10, 10.0, clock)
    timeline.frame = 99
    assert timeline.frame == 9
    timeline.play()
    timeline.step(1)
    assert (timeline.frame, timeline.playing) == (0, False)
    timeline.loop = False
    timeline.step(-1)
    assert timeline.frame == 0


def test_changes_are_announced(clock: Clock) -> None:
    timeline = Timeline(10, 10.0, clock)
    for change in (timeline.play, timeline.pause, lambda: timeline.step(1), lambda: setattr(timeline, "frame", 3)):
        timeline.changed.clear()
        change()
        assert timeline.changed.is_set()


# ---------------------------------------------------------------- poses and meshes


def test_poses_are_mujocos() -> None:
    motion = make_motion()
    poses = compute_poses(motion)
    data = mujoco.MjData(motion.model)
    data.qpos[:] = motion.qpos[7]
    mujoco.mj_forward(motion.model, data)
    np.testing.assert_allclose(poses.position[7], data.xpos)
    np.testing.assert_allclose(poses.wxyz[7], data.xquat)
    np.testing.assert_allclose(poses.forward[7], [1, 0, 0], atol=1e-12)


def test_foot_force_is_summed_at_the_centre_of_pressure() -> None:
    poses = compute_poses(make_motion())
    assert poses.feet == ("left_foot",)
    np.testing.assert_allclose(poses.force[:, 0, 2], 400.0)
    np.testing.assert_allclose(poses.pressure[0, 0], [-0.1, 0.2, 0.0], atol=1e-12)  # all on the heel
    np.testing.assert_allclose(poses.pressure[-1, 0], [0.1, 0.2, 0.0], atol=1e-12)  # all on the toe
    assert poses.weight == pytest.approx(64 * 9.81)


@pytest.mark.parametrize(
    ("geom", "low", "high"),
    [
        ('type="capsule" fromto="0 0 0 0.4 0 0" size="0.1"', (-0.1, -0.1, -0.1), (0.5, 0.1, 0.1)),
        ('type="sphere" pos="0 0 1" size="0.1"', (-0.1, -0.1, 0.9), (0.1, 0.1, 1.1)),
        ('type="ellipsoid" size="0.1 0.2 0.3"', (-0.1, -0.2, -0.3), (0.1, 0.2, 0.3)),
        ('type="box" size="0.1 0.2 0.3" euler="0 0 90"', (-0.2, -0.1, -0.3), (0.2, 0.1, 0.3)),
        ('type="cylinder" size="0.1 0.3"', (-0.1, -0.1, -0.3), (0.1, 0.1, 0.3)),
    ],
)
def test_meshes_fill_their_geoms(geom: str, low: tuple[float, ...], high: tuple[float, ...]) -> None:
    model = mujoco.MjModel.from_xml_string(
        f'<mujoco><worldbody><geom size=".1"/><body name="b"><freejoint/><geom {geom}/></body></worldbody></mujoco>'
    )
    (mesh,) = pieces(model, skin_of(model))
    np.testing.assert_allclose(mesh.vertices.min(axis=0), low, atol=0.005)
    np.testing.assert_allclose(mesh.vertices.max(axis=0), high, atol=0.005)
    assert volume(mesh.vertices, mesh.faces) > 0, "faces must be counter-clockwise, or the browser shows the inside"


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Of what a closed mesh encloses; negative if its faces look inwards."""
    corners = vertices[faces]
    return float(np.einsum("fc,fc->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def test_a_tapered_limb_is_as_thick_at_each_end_as_it_should_be() -> None:
    ends, radii = np.array([[0.0, 0, 0], [0.0, 0.4, 0]]), np.array([0.1, 0.05])
    vertices, faces = tapered(ends, radii)
    first, second = vertices[: len(vertices) // 2], vertices[len(vertices) // 2 :]
    np.testing.assert_allclose(np.linalg.norm(first - ends[0], axis=1), 0.1)
    np.testing.assert_allclose(np.linalg.norm(second - ends[1], axis=1), 0.05)
    assert np.ptp(vertices[:, 1]) == pytest.approx(0.55)
    cone = np.pi * 0.4 * (0.1**2 + 0.1 * 0.05 + 0.05**2) / 3 + np.pi * 2 / 3 * (0.1**3 + 0.05**3)
    assert volume(vertices, faces) == pytest.approx(cone, rel=0.06)
    for turned in (np.array([[0.0, 0, 0.4], [0.0, 0, 0]]), np.zeros((2, 3))):
        assert volume(*tapered(turned, radii)) > 0


def test_the_persons_body_is_drawn_as_one_piece_a_limb_and_the_trunk_bends_between_two() -> None:
    body = build(1.75)
    drawn = pieces(body.model, body.skin)
    assert all(volume(piece.vertices, piece.faces) > 0 for piece in drawn)
    names = {piece.name for piece in drawn}
    assert {"left_foot", "right_foot", "left_shank", "pelvis", "torso", "head"} <= names
    (waist,) = (piece for piece in drawn if piece.second is not None)
    assert (waist.first, waist.second) == (body.model.body("pelvis").id, body.model.body("torso").id)
    assert set(waist.share) == {0.0, 1.0}
    # At rest, its ends are as round as they are, and where the bodies that carry them have them.
    links = [i for i, (a, b) in enumerate(body.skin.bodies) if a != b]
    for end, shift in ((0, np.zeros(3)), (1, waist.rest_position)):
        vertices = waist.vertices[waist.share == end]
        distance = np.linalg.norm(vertices[:, None] - (body.skin.ends[links, end] + shift), axis=-1)
        np.testing.assert_allclose(np.abs(distance - body.skin.radii[links, end]).min(axis=1), 0, atol=1e-9)


def test_arrow_is_one_long() -> None:
    vertices, faces = arrow_mesh()
    assert vertices[:, 2].min() == pytest.approx(0)
    assert vertices[:, 2].max() == pytest.approx(1)
    assert faces.max() == len(vertices) - 1


def test_start_view_is_in_front_of_the_person_and_shows_all_of_them() -> None:
    poses = compute_poses(make_motion())
    start = start_view(poses.position[:, 1:], poses.forward, np.array([[-9.0, 0, 1]]))
    assert start.position[0] > 1 and start.position[2] > start.look_at[2]
    ray = (start.look_at - start.position) / np.linalg.norm(start.look_at - start.position)
    to_points = poses.position[:, 1:].reshape(-1, 3) - start.position
    angle = np.arccos(to_points @ ray / np.linalg.norm(to_points, axis=1))
    assert angle.max() < start.fov / 2
    assert not start.follow


def test_a_long_walk_is_followed() -> None:
    path = np.zeros((50, 3, 3))
    path[..., 0] = np.linspace(0, 8, 50)[:, None]
    assert start_view(path, np.tile([1.0, 0, 0], (50, 1)), np.array([[0.0, 4, 1]])).follow


def test_the_video_camera_does_not_stand_across_the_person_at_opening() -> None:
    poses = compute_poses(make_motion())
    for azimuth in np.radians(np.arange(0, 360, 5)):
        eye = 2.0 * np.array([np.cos(azimuth), np.sin(azimuth), 0.7])
        start = start_view(poses.position[:, 1:], poses.forward, eye[None])
        line, way = start.look_at - start.position, eye - start.position
        cosine = way @ line / np.linalg.norm(way) / np.linalg.norm(line)
        assert way @ line > line @ line or np.degrees(np.arccos(cosine)) > 20, azimuth
        assert start.position[0] > start.look_at[0], "the person is seen from the front"


# ---------------------------------------------------------------- source video


@pytest.mark.parametrize("order", [range(24), range(23, -1, -1), (20, 3, 21, 11, 12, 0, 23)])
def test_any_frame_of_the_video_is_found(tmp_path: Path, order: tuple[int, ...]) -> None:
    write_video(tmp_path / "clip.mp4", 24)
    source = SourceVideo(tmp_path / "clip.mp4", count=24, fps=20.0, image_size=(64, 48))
    assert [shown_frame(source, k) for k in order] == list(order)
    source.close()


def test_video_from_a_start_and_on_a_faster_clock(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", 24)
    source = SourceVideo(tmp_path / "clip.mp4", count=20, fps=40.0, image_size=(64, 48), start=0.5)
    # At 40 fps every picture serves two frames; halfway between two, the later one counts.
    assert [shown_frame(source, k) for k in range(8)] == [10, 11, 11, 12, 12, 13, 13, 14]
    source.close()


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_slow_motion_is_shown_beside_its_own_pictures(tmp_path: Path, start: float) -> None:
    write_video(tmp_path / "clip.mp4", 24)
    report = {
        "source": {"video": str(tmp_path / "clip.mp4"), "sha256": None, "start": start, "end": None},
        "frames": {"total": FRAMES, "tracked": 11, "simulated": 0, "fps": 160.0, "film_fps": 20.0},
    }
    source = open_source(replace(make_motion(**report), fps=160.0))
    assert [shown_frame(source, k) for k in (0, 5, 11)] == [round(20 * start) + k for k in (0, 5, 11)]
    source.close()


def test_a_video_that_ends_early_stays_on_its_last_picture(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", 6)
    source = SourceVideo(tmp_path / "clip.mp4", count=20, fps=20.0, image_size=(64, 48))
    assert [shown_frame(source, k) for k in (19, 2, 12)] == [5, 2, 5]
    source.close()


def test_pictures_are_small(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", 2, size=(1280, 720))
    source = SourceVideo(tmp_path / "clip.mp4", count=2, fps=20.0, image_size=(1280, 720))
    shown_frame(source, 0)
    jpeg = source.cached(0)
    assert jpeg is not None
    assert decode(jpeg).shape == (270, 480, 3)
    source.close()


def test_missing_and_broken_videos_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"walk\.mp4 any more"):
        SourceVideo(tmp_path / "walk.mp4", count=1, fps=20.0, image_size=(64, 48))
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"text\.mp4 cannot be read"):
        SourceVideo(tmp_path / "text.mp4", count=1, fps=20.0, image_size=(64, 48))


# ---------------------------------------------------------------- panel


def test_readout_tells_time_contact_and_missing_people() -> None:
    motion = make_motion()
    poses = compute_poses(motion)
    assert "<b>0.20 s</b> &nbsp; frame 4 of 0–11" in readout(motion, poses, 4)
    assert "Left foot: 400 N, 0.64 × weight" in readout(motion, poses, 4)
    assert "not seen" not in readout(motion, poses, 4)
    assert "not seen" in readout(motion, poses, 5)


def test_readout_tells_frames_without_simulation_from_feet_in_the_air() -> None:
    motion = make_motion()
    steps = (FRAMES - 1) * motion.steps_per_frame
    ctrl = np.zeros((steps, motion.model.nu + 1))
    ctrl[6 * motion.steps_per_frame :] = np.nan  # the simulation reaches frame 6 and ends there
    start = np.hstack([0, motion.qpos[0], motion.qvel[0]])[None]
    force = motion.contact_force.copy()
    force[[0, *range(6, FRAMES)]] = 0
    motion = replace(
        motion, ctrl=ctrl, segments=start, contact_force=force, joint_torque=np.zeros((FRAMES, ctrl.shape[1]))
    )
    poses = compute_poses(motion)
    said = [readout(motion, poses, frame).partition("Left foot: ")[2] for frame in range(FRAMES)]
    assert all(said[frame].startswith("in the air") for frame in (0, 6))
    assert all(said[frame].startswith("400 N") for frame in range(1, 6))
    assert all(said[frame].startswith("not simulated") for frame in range(7, FRAMES))


REPORT: dict[str, Any] = {
    "source": {"video": "gone.mp4", "sha256": "0", "start": 0.5, "end": None},
    "options": {"height": 1.7},
    "versions": {"motionrecon": "0.1.0"},
    "person": {"height": 1.7, "mass": 64.0, "lengths": {"thigh": 0.4}},
    "camera": {"pose": "calibrated", "focal_length": "given", "focal_px": 600.0, "pitch_deg": -3.0},
    "frames": {"total": FRAMES, "tracked": 11, "simulated": 0, "fps": FPS},
    "seconds": {"output": 1.0},
    "quality": {"reprojection_px": 4.2, "skate_percent": 1.0, "penetration_mm": 0.0},
    "windows": [],
    "fallbacks": 0,
    "warnings": ["w"],
}
JSON = (None, True, 7, -1, 1.5, 1e300, 10**400, float("nan"), "x", "", [], [1], {}, {"a": 1}, [[]], [None, "w"])


def broken_reports() -> Iterator[dict[str, Any]]:
    """The report without each of its keys, and with something of every other type in its place; and so inside."""
    for key, value in REPORT.items():
        yield {name: v for name, v in REPORT.items() if name != key}
        yield from (REPORT | {key: other} for other in JSON)
        for inner in value if isinstance(value, dict) else ():
            yield REPORT | {key: {name: v for name, v in value.items() if name != inner}}
            yield from (REPORT | {key: value | {inner: other}} for other in JSON)


def test_a_report_of_any_kind_is_shown_or_refused_in_words() -> None:
    motion, shown = make_motion(), 0
    for content in broken_reports():
        try:
            report = Report.of(json.loads(json.dumps(content)))
        except ValueError as error:
            assert any(key in f"{error}" for key in REPORT), error
            continue
        shown += 1
        assert all(isinstance(line, str) for line in report_lines(report))
        with pytest.raises(InputError, match=r"without a video|any more"):
            open_source(replace(motion, report=report))
    assert shown > 50
    assert report_lines(Report.of(REPORT)) == ["Reprojection: 4.2 px", "Skate: 1 %", "Penetration: 0 mm", "Warning: w"]


@pytest.mark.parametrize("content", ["[]", "{", '{"quality": 7}', '{"warnings": {"a": 1}}', '{"source": [1]}', ""])
def test_a_folder_with_a_broken_report_is_refused(tmp_path: Path, content: str) -> None:
    make_motion().save(tmp_path)
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(InputError, match=r"report\.json"):
        view(tmp_path, open_browser=False)


def test_the_strip_marks_frames_without_a_person_and_without_simulation() -> None:
    motion = make_motion()
    assert list(marks(motion)) == [(5 / 12, 6 / 12, "nobody seen")]  # kinematic: nothing was to be simulated
    assert list(marks(replace(motion, tracked=np.ones(FRAMES, bool)))) == []
    steps = (FRAMES - 1) * motion.steps_per_frame
    ctrl = np.zeros((steps, 1))
    ctrl[6 * motion.steps_per_frame :] = np.nan  # the simulation reaches frame 6 and ends there
    start = np.hstack([0, motion.qpos[0], motion.qvel[0]])[None]
    partly = replace(motion, ctrl=ctrl, segments=start, joint_torque=np.zeros((FRAMES, 1)))
    assert list(marks(partly)) == [(5 / 12, 6 / 12, "nobody seen"), (7 / 12, 1.0, "not simulated")]
    page = strip(list(marks(partly)), 0.5)
    assert "left: 41.67%; width: 8.33%" in page and "nobody seen" in page and "not simulated" in page
    assert "not simulated" not in strip(list(marks(motion)), 0.5)


def test_a_single_lost_frame_of_a_long_motion_is_marked() -> None:
    lost = np.zeros(100_000, bool)
    lost[77_777] = True
    motion = SimpleNamespace(tracked=~lost, simulated=~lost, ctrl=(), __len__=None)
    (run,) = marks(_Long(motion))
    assert run[0] <= 0.77777 < run[1] and run[1] - run[0] < 0.005


class _Long:
    """As much of a long motion as the strip asks for."""

    def __init__(self, motion: SimpleNamespace) -> None:
        self.tracked, self.simulated, self.ctrl = motion.tracked, motion.simulated, motion.ctrl

    def __len__(self) -> int:
        return len(self.tracked)


# ---------------------------------------------------------------- serving


def test_serves_localhost_only_and_takes_the_next_free_port(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        viewer = view(make_motion(), port=port, open_browser=False, block=False)
    try:
        assert viewer.server.get_host() == "127.0.0.1"
        assert viewer.url == f"http://127.0.0.1:{viewer.server.get_port()}"
        assert (used := viewer.server.get_port()) != port
        assert f"at {viewer.url}, on port {used} because {port} is taken (" in capsys.readouterr().out
    finally:
        viewer.stop()
        viewer.stop()  # harmless
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", viewer.server.get_port()), timeout=1)


def test_opens_the_browser_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    for wanted in (True, False):
        viewer = view(make_motion(), open_browser=wanted, block=False)
        viewer.stop()
        assert opened == ([viewer.url] if wanted else [])
        opened.clear()


def test_handle_seeks_and_plays(open_viewer: Callable[[Motion], Viewer]) -> None:
    viewer = open_viewer(make_motion())
    viewer.frame = 7
    assert viewer.frame == 7
    viewer.play()
    assert viewer.playing
    assert wait_until(lambda: viewer.frame != 7)
    viewer.pause()
    assert not viewer.playing


def test_forces_are_drawn_where_and_as_long_as_they_act(open_viewer: Callable[[Motion], Viewer]) -> None:
    viewer = open_viewer(make_motion())
    arrow = viewer.server.scene.get_handle_by_name("/motion/forces/left_foot")
    words = viewer.server.scene.get_handle_by_name("/motion/forces/newtons_left_foot")
    assert isinstance(arrow, viser.MeshHandle) and isinstance(words, viser.LabelHandle)
    assert viewer.scene["forces"] and arrow.visible, "shown when the page opens"
    viewer.scene.show(FRAMES - 1)
    assert words.text == "400 N"
    np.testing.assert_allclose(arrow.position, [0.1, 0.2, 0.0], atol=1e-9)
    np.testing.assert_allclose(arrow.wxyz, [1, 0, 0, 0], atol=1e-9)  # straight up
    assert arrow.scale == pytest.approx(0.45 * 400 / (64 * 9.81))
    still = open_viewer(replace(make_motion(), contact_force=np.zeros((FRAMES, 2, 3))))
    assert not still.scene["forces"], "nothing to show"


def test_only_what_hides_something_is_seen_through(open_viewer: Callable[[Motion], Viewer]) -> None:
    viewer = open_viewer(make_motion())

    def opaque() -> list[bool]:
        meshes = [viewer.server.scene.get_handle_by_name(f"/motion/body/{i}") for i in range(4)]
        return [isinstance(mesh, viser.MeshHandle) and mesh.opacity is None for mesh in meshes]

    assert opaque() == [False, True, True, True]  # the foot hangs on the pelvis, in which its arrow ends
    viewer.scene["skeleton"] = True
    assert opaque() == [False] * 4
    viewer.scene.forces = viewer.scene["skeleton"] = False
    assert opaque() == [True] * 4 and not viewer.scene.forces
    with pytest.raises(AttributeError, match="no layer 'force'; it has body, skeleton, forces"):
        _ = viewer.scene.force


def test_frames_without_a_person_are_grey_and_say_so(open_viewer: Callable[[Motion], Viewer]) -> None:
    viewer = open_viewer(make_motion())
    words = viewer.server.scene.get_handle_by_name("/motion/body/unseen")
    hand = viewer.server.scene.get_handle_by_name("/motion/body/1")
    assert isinstance(hand, viser.MeshHandle) and words is not None
    seen = {}
    for frame in (4, 5, 6):
        viewer.scene.show(frame)
        seen[frame] = words.visible, tuple(hand.color)
    assert seen == {4: (False, LEFT), 5: (True, UNSEEN), 6: (False, LEFT)}


class Trail(Layer):
    """The layer of a test: where the pelvis has been. It is all that a new layer takes, but for a line in LAYERS."""

    label = "Trail"

    def __init__(self, scene: viser.SceneApi, node: str, motion: Motion, poses: Poses) -> None:
        super().__init__(scene, node, motion, poses)
        self._dots = scene.add_point_cloud(f"{node}/dots", poses.position[:1, 1], (0, 160, 0), point_size=0.03)

    def draw(self, frame: int) -> None:
        self._dots.points = self.poses.position[: frame + 1, 1]


def test_a_new_layer_is_a_class_and_a_line(
    open_viewer: Callable[[Motion], Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(inspect.getsource(Trail).splitlines()) <= 40
    monkeypatch.setitem(LAYERS, "trail", Trail)
    viewer = open_viewer(make_motion())
    viewer.scene.show(7)
    dots = viewer.server.scene.get_handle_by_name("/motion/trail/dots")
    assert isinstance(dots, viser.PointCloudHandle)
    np.testing.assert_allclose(dots.points, np.tile([0, 0, 1], (8, 1)), atol=1e-3)
    boxes = [handle for handle in viewer.server.gui._gui_input_handle_from_uuid.values()]
    assert "Trail" in [getattr(box, "label", "") for box in boxes]
    viewer.scene["trail"] = False
    viewer.scene.show(2)
    assert len(dots.points) == 8, "what is hidden costs nothing"
    viewer.scene["trail"] = True
    assert len(dots.points) == 3, "what is shown again is up to date"


def test_following_keeps_the_person_in_place(open_viewer: Callable[[Motion], Viewer]) -> None:
    motion = make_motion()
    walk = motion.qpos.copy()
    walk[:, 0] = np.linspace(0, 8, FRAMES)
    viewer = open_viewer(replace(motion, qpos=walk, fps=2.0))
    world = viewer.server.scene.get_handle_by_name("/motion")
    assert world is not None and viewer.scene.follow  # a walk this long is followed from the start
    for frame in (0, 6, FRAMES - 1):
        viewer.scene.show(frame)
        np.testing.assert_allclose(world.position[0] + walk[frame, 0], 0.0, atol=0.3)  # the path is smoothed
    viewer.scene.follow = False
    np.testing.assert_allclose(world.position, 0.0)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_nonsense_port_is_refused(port: int) -> None:
    with pytest.raises(InputError, match="port="):
        view(make_motion(), port=port, open_browser=False, block=False)


def test_a_folder_without_a_motion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"motion\.npz"):
        view(tmp_path, open_browser=False)
    make_motion().save(tmp_path)
    (tmp_path / "motion.npz").write_bytes((tmp_path / "motion.npz").read_bytes()[:1000])
    with pytest.raises(InputError, match=r"motion\.npz"):
        view(tmp_path, open_browser=False)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    make_motion().save(tmp_path / "walk é")
    code = "import sys; from motionrecon.viewer import view; view(sys.argv[1], open_browser=False)"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code, str(tmp_path / "walk é")],  # -P: the installed package
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert "http://127.0.0.1:" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out.strip(), err) == (0, "", "")


# ---------------------------------------------------------------- the page in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def opened(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The page of a viewer and its `errors` so far. One for all tests: to open one takes seconds."""
    clip = tmp_path_factory.mktemp("page") / "clip.mp4"
    write_video(clip, FRAMES)
    viewer = view(make_motion(source={"video": str(clip), "start": 0.0}), open_browser=False, block=False)
    tab = browser.new_page(viewport={"width": 760, "height": 420})
    errors: list[str] = []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(viewer.url)
    tab.wait_for_selector("canvas")
    tab.add_style_tag(content=".mantine-Notifications-root { display: none }")  # "software rendering", over the body
    assert wait_until(lambda: bool(viewer.server.get_clients()))
    yield SimpleNamespace(tab=tab, viewer=viewer, errors=errors)
    tab.close()
    viewer.stop()


@pytest.fixture
def page(opened: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The page as it was when it was opened."""
    opened.viewer.pause()
    opened.viewer.frame = 0
    assert wait_until(lambda: number_box(opened).input_value() == "0")
    yield opened
    assert opened.errors == []


def number_box(page: SimpleNamespace) -> Any:
    """The box beside the timeline's slider, into which a frame can be typed."""
    return page.tab.locator("input[inputmode]").first


def picture(page: SimpleNamespace) -> np.ndarray:
    """What the tab shows (H, W, 3), BGR."""
    return decode(page.tab.screenshot())


@cache
def hands() -> list[np.ndarray]:
    """(T, 3) where the left hand is, and where the right one."""
    motion = make_motion()
    poses = compute_poses(motion)
    return [poses.position[:, motion.model.body(name).id] for name in ("left_hand", "right_hand")]


def hands_in_picture(page: SimpleNamespace, frame: int) -> list[tuple[int, int]]:
    """Pixels at which the left and the right hand of a frame must be, by the pose of the browser's own camera."""
    (client,) = page.viewer.server.get_clients().values()
    camera = client.camera
    world_camera = np.zeros(9)
    mujoco.mju_quat2Mat(world_camera, camera.wxyz)
    pixels = []
    for points in hands():
        x, y, z = world_camera.reshape(3, 3).T @ (points[frame] - camera.position)
        focal = camera.image_height / 2 / np.tan(camera.fov / 2)
        pixels.append((round(camera.image_width / 2 + focal * x / z), round(camera.image_height / 2 + focal * y / z)))
    return pixels


def shows_frame(page: SimpleNamespace, image: np.ndarray, frame: int) -> bool:
    """Whether there is orange where the left hand of this frame must be, and blue where its right one must be."""
    (left, right) = (image[y, x].astype(int) for x, y in hands_in_picture(page, frame))
    return left[2] > left[0] + 50 and right[0] > right[2] + 50


def shows_only(page: SimpleNamespace, *frames: int) -> bool:
    """Whether the picture fits these frames of the motion and no other."""
    image = picture(page)
    return [frame for frame in range(FRAMES) if shows_frame(page, image, frame)] == list(frames)


def scrub(page: SimpleNamespace, frame: int) -> None:
    """Move the timeline's knob as a user would."""
    knob = page.tab.get_by_role("slider").first
    knob.focus()
    knob.press("Home")
    for _ in range(frame):
        knob.press("ArrowRight")


def test_page_shows_the_frame_that_the_user_scrubs_to(page: SimpleNamespace) -> None:
    assert wait_until(lambda: shows_only(page, 0))
    for frame in (7, 2):
        scrub(page, frame)
        page.tab.get_by_text(f"frame {frame} of 0–{FRAMES - 1}").wait_for()
        assert wait_until(partial(shows_only, page, frame))
        assert page.viewer.frame == frame
        assert wait_until(partial(shows_video, page, frame))


def shows_video(page: SimpleNamespace, frame: int) -> bool:
    """Whether the panel shows this frame of the video."""
    element = page.tab.locator('img[src^="data:image/jpeg"]')
    assert element.is_visible()
    natural, shown = element.evaluate("e => [e.naturalWidth / e.naturalHeight, e.clientWidth / e.clientHeight]")
    assert shown == pytest.approx(natural, rel=0.02)  # not squeezed
    return frame_number(base64.b64decode(element.get_attribute("src").partition(",")[2])) == frame


def test_page_plays_and_pauses(page: SimpleNamespace) -> None:
    seen: set[str] = set()

    def advanced() -> bool:
        seen.add(page.tab.get_by_text("of 0–").inner_text())
        return len(seen) > 2

    page.tab.get_by_role("button", name="Play").click()
    assert wait_until(advanced), seen
    page.tab.get_by_role("button", name="Pause").click()
    assert wait_until(lambda: not page.viewer.playing)
    assert wait_until(lambda: shows_only(page, page.viewer.frame))


def test_toggles_change_the_picture(page: SimpleNamespace) -> None:
    assert wait_until(lambda: shows_only(page, 0))
    page.tab.get_by_label("Body").uncheck()
    assert wait_until(lambda: shows_only(page))
    page.tab.get_by_label("Body").check()
    assert wait_until(lambda: shows_only(page, 0))
    box = page.tab.get_by_label("Body")
    assert box.evaluate("e => document.activeElement !== e"), "a box that keeps the focus eats the hotkeys"
    page.tab.keyboard.press("l")
    assert wait_until(lambda: page.viewer.frame == 1)
    page.viewer.frame = 0
    for label in ("Skeleton", "Follow"):
        page.tab.get_by_label(label).check()
    assert wait_until(lambda: page.viewer.scene["skeleton"] and page.viewer.scene.follow)


def test_a_typed_frame_is_shown_and_one_outside_the_motion_is_put_right(page: SimpleNamespace) -> None:
    knob, box = page.tab.get_by_role("slider").first, number_box(page)
    for typed, shown in (("7", 7), ("99", FRAMES - 1), ("0", 0), ("99", FRAMES - 1), ("3", 3)):
        box.fill(typed)
        assert wait_until(lambda shown=shown: page.viewer.frame == shown)
        page.tab.get_by_text(f"frame {shown} of 0–{FRAMES - 1}").wait_for()
        assert wait_until(lambda shown=shown: box.input_value() == knob.get_attribute("aria-valuenow") == str(shown))
    page.viewer.frame = 9  # from elsewhere, while the box has the focus
    assert wait_until(lambda: box.input_value() == knob.get_attribute("aria-valuenow") == "9")
    box.press("Enter")
    page.tab.keyboard.press("j")  # a hotkey, as the box has let go of the focus
    assert wait_until(lambda: page.viewer.frame == 8)


def test_a_typed_frame_is_kept_while_the_motion_plays(page: SimpleNamespace) -> None:
    page.viewer.play()
    number_box(page).fill("7")
    assert wait_until(lambda: page.viewer.frame == 7 and not page.viewer.playing)
    time.sleep(0.5)
    assert wait_until(lambda: number_box(page).input_value() == "7")  # a busy browser shows late what it was sent
    assert page.viewer.frame == 7


def test_a_motion_of_one_frame_whose_video_is_gone(
    browser: Any, open_viewer: Callable[[Motion], Viewer], tmp_path: Path
) -> None:
    motion = make_motion(source={"video": str(tmp_path / "Gone.mp4")})
    rows = {name: getattr(motion, name)[:1] for name in ("joints", "qpos", "qvel", "root_wrench", "contact_force")}
    single = replace(motion, **rows, joint_torque=motion.joint_torque[:1], tracked=motion.tracked[:1])
    viewer = open_viewer(single)
    tab = browser.new_page(viewport={"width": 760, "height": 420})
    tab.goto(viewer.url)
    tab.get_by_text("Gone.mp4 any more").wait_for()
    tab.get_by_text("frame 0 of 0–0").wait_for()
    box = tab.locator("input[inputmode]").first
    box.fill("1")
    assert wait_until(lambda: box.input_value() == "0")
    assert viewer.frame == 0 and tab.get_by_role("button", name="Play").is_disabled()
    tab.close()
