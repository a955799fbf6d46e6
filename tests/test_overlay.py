"""The overlay: what is drawn where, and a video that plays at the right speed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from motions import camera, kinematic, simulated, walking
from support import wait_until

from motionrecon.body.pose import pose
from motionrecon.core.landmarks import BODY, INDEX, NAMES
from motionrecon.errors import InputError, OutputError
from motionrecon.render import colours, overlay, render_still, write_overlay
from motionrecon.render.overlay import Painter
from motionrecon.render.side_view import SideView, heading_of
from motionrecon.render.skeleton import draw_skeleton
from motionrecon.result.motion import Motion


def decoded(path: Path) -> tuple[list[np.ndarray], av.VideoStream]:
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)], file.streams.video[0]


def alike(colour: np.ndarray, wanted: tuple[int, int, int], tolerance: int = 40) -> bool:
    return bool(np.abs(colour.astype(int) - wanted).max() <= tolerance)


def share_of(image: np.ndarray, wanted: tuple[int, int, int], tolerance: int = 30) -> float:
    return float((np.abs(image.astype(int) - wanted).max(axis=-1) <= tolerance).mean())


def coloured_clip(path: Path, frames: int, fps: int) -> list[tuple[int, int, int]]:
    """A small video of one colour a frame; returns the colours."""
    shades = [(20 * k % 256, 255 - 20 * k % 256, 60) for k in range(frames)]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=fps, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for shade in shades:
            picture = np.full((240, 320, 3), shade, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode(None))
    return shades


@pytest.mark.parametrize("fps", [5.0, 30000 / 1001, 60.0])
def test_the_file_is_h264_at_the_motions_rate(tmp_path: Path, fps: float) -> None:
    motion = walking(8, fps)
    write_overlay(motion, None, tmp_path / "overlay ü.mp4")
    with av.open(str(tmp_path / "overlay ü.mp4")) as file:
        stream = file.streams.video[0]
        times = [frame.time for frame in file.decode(video=0)]
        assert stream.codec.name == "h264" and stream.pix_fmt == "yuv420p"
        assert stream.width % 2 == 0 and stream.height % 2 == 0
        assert float(stream.average_rate or 0) == pytest.approx(fps, rel=1e-6)
    np.testing.assert_allclose(times, np.arange(8) / fps, atol=1e-3)


def test_a_picture_stays_as_it_is_while_it_is_written_and_others_are_drawn(tmp_path: Path, monkeypatch) -> None:
    motion, seen, drawn = walking(14), [], []
    expected = [render_still(motion, t) for t in range(14)]
    assert all((a != b).any() for a, b in pairwise(expected))

    def counted(*given: Any) -> Iterator[np.ndarray]:
        for image in genuine(*given):
            drawn.append(image)
            yield image

    def slow(image: np.ndarray) -> None:
        ahead = min(len(motion), len(seen) + 2 + overlay._AHEAD)
        assert wait_until(lambda: len(drawn) >= ahead)  # the other thread draws as far ahead as it may
        seen.append(image.copy())

    genuine = overlay._drawn
    monkeypatch.setattr(overlay, "_drawn", counted)
    monkeypatch.setattr(overlay, "mp4", lambda *given: nullcontext(slow))
    write_overlay(motion, None, tmp_path / "overlay.mp4")
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("folder", ["a:b", "file:c", "concat:d|e", "%02d"])
def test_a_folder_may_be_called_like_a_protocol_of_ffmpeg(tmp_path, monkeypatch, folder: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_overlay(walking(2), None, Path(folder) / "overlay.mp4")
    assert [path.name for path in tmp_path.iterdir()] == [folder]
    assert [path.name for path in (tmp_path / folder).iterdir()] == ["overlay.mp4"]


def test_every_frame_lies_over_its_own_frame_of_the_video(tmp_path: Path) -> None:
    shades = coloured_clip(tmp_path / "clip.mp4", 12, 30)
    write_overlay(walking(6), tmp_path / "clip.mp4", tmp_path / "overlay.mp4", start=4 / 30, end=10 / 30)
    pictures, _ = decoded(tmp_path / "overlay.mp4")
    assert len(pictures) == 6
    for picture, shade in zip(pictures, shades[4:10], strict=True):
        assert alike(picture[-10, 10], shade, 12), "the wrong frame of the video"


def test_slow_motion_is_drawn_over_its_own_pictures_and_plays_like_the_film(tmp_path: Path) -> None:
    shades = coloured_clip(tmp_path / "clip.mp4", 12, 30)
    report = {
        "frames": {"total": 6, "tracked": 6, "simulated": 0, "fps": 240.0, "film_fps": 30.0},
        "source": {"video": None, "sha256": None, "start": 4 / 30, "end": 10 / 30},
    }
    slow = replace(walking(6, 240.0), report=report)
    assert slow.clock.shown_at(2) == pytest.approx(6 / 30)
    write_overlay(slow, tmp_path / "clip.mp4", tmp_path / "overlay.mp4", start=4 / 30, end=10 / 30)
    pictures, stream = decoded(tmp_path / "overlay.mp4")
    assert float(stream.average_rate or 0) == pytest.approx(30)
    for picture, shade in zip(pictures, shades[4:10], strict=True):
        assert alike(picture[-10, 10], shade, 12), "the wrong frame of the video"


def test_a_video_that_ends_early_holds_its_last_frame(tmp_path: Path) -> None:
    shades = coloured_clip(tmp_path / "clip.mp4", 4, 30)
    write_overlay(walking(7), tmp_path / "clip.mp4", tmp_path / "overlay.mp4")
    pictures, _ = decoded(tmp_path / "overlay.mp4")
    assert len(pictures) == 7
    assert alike(pictures[-1][-10, 10], shades[-1], 12)


def test_left_is_orange_and_right_is_blue_where_the_camera_sees_them() -> None:
    motion = walking(3)
    painter = Painter(motion)
    image = painter.draw(1, None)
    scale = np.array(painter.layout.views[0].size) / motion.camera.image_size
    for side, colour in (("left", colours.LEFT), ("right", colours.RIGHT)):
        ends = motion.joints[1, [INDEX[f"{side}_elbow"], INDEX[f"{side}_wrist"]]]
        x, y = np.round(motion.camera.project(ends.mean(axis=0)) * scale).astype(int)
        assert alike(image[y, x], colour), f"the middle of the {side} forearm is {image[y, x]}"


def test_the_skeleton_follows_the_lens() -> None:
    bent = replace(camera(), distortion=np.array([-0.2, 0.05, 0.001, 0.0]))
    joints = walking(2).joints[0] + [0.9, 0, 0.4]  # towards a corner, where the lens bends most
    pixels = bent.project_through_lens(joints)
    assert np.linalg.norm(pixels - bent.project(joints), axis=1).max() > 3
    width, height = bent.image_size
    image = np.full((height, width, 3), colours.PLAIN, np.uint8)
    draw_skeleton(image, bent, joints, NAMES)
    for name in ("left_wrist", "right_ankle", "nose"):
        x, y = np.round(pixels[INDEX[name]]).astype(int)
        assert alike(image[y, x], (255, 255, 255), 60), f"no dot at the {name}"


def test_untracked_frames_are_grey_and_say_so() -> None:
    motion = walking(2)
    tracked, untracked = render_still(motion, 0), render_still(replace(motion, tracked=np.zeros(2, bool)), 0)
    assert share_of(tracked, colours.LEFT) > 0.001
    assert share_of(untracked, colours.LEFT) == share_of(untracked, colours.RIGHT) == 0
    assert share_of(untracked[:60, :200], colours.OUTLINE, 5) > 0.1, "no label in the corner"
    assert share_of(tracked[:60, :200], colours.OUTLINE, 5) == 0


def test_frames_that_the_simulation_leaves_out_say_so() -> None:
    motion = simulated()
    labelled = [bool(share_of(render_still(motion, t)[:60, :200], colours.OUTLINE, 5) > 0.1) for t in range(12)]
    assert labelled == [t in (4, 5) for t in range(12)]
    assert share_of(render_still(motion, 4), colours.LEFT) > 0.001, "only a frame without the person is grey"
    untracked = [replace(m, tracked=np.zeros(12, bool)) for m in (motion, replace(motion, ctrl=motion.ctrl[:0]))]
    np.testing.assert_array_equal(*(render_still(m, 4) for m in untracked))  # then it is that which is said


def test_ground_forces_are_drawn_up_from_the_foot() -> None:
    motion = walking(2)
    force = motion.contact_force.copy()
    force[:, [name == "left_heel" for name in motion.contact_names], 2] = 700
    assert share_of(render_still(motion, 0), colours.FORCE) == 0
    assert share_of(render_still(replace(motion, contact_force=force), 0), colours.FORCE) > 0.0005


@pytest.mark.parametrize("size", [(321, 241), (64, 48), (1080, 1920), (3840, 2160), (4000, 100)])
def test_any_image_size_gives_an_even_picture_of_bounded_size(size: tuple[int, int]) -> None:
    motion = replace(walking(2), camera=camera(*size))
    height, width, _ = render_still(motion, 0).shape
    assert height % 2 == width % 2 == 0
    assert height <= 1080 and width <= 1920


@pytest.mark.parametrize("speed", [0.0, 1.2, 6.0])
def test_the_side_view_shows_the_whole_person_in_every_frame(speed: float) -> None:
    motion = walking(60, speed=speed)
    stage = SideView(motion.joints, np.array([1.0, 0.0]), motion.camera, (480, 600), motion.fps)
    for t in range(60):
        pixels = stage.camera(t).project(motion.joints[t])
        assert ((pixels > 0) & (pixels < (480, 600))).all()
        assert np.ptp(pixels[:, 1]) > 100, "the person is too small to see"
    # At right angles to the video's camera, from above the floor, upright.
    view = stage.camera(0)
    assert abs(view.R_camera_world[2, :2] @ motion.camera.R_camera_world[2, :2]) < 1e-9
    assert np.linalg.det(view.R_camera_world) == pytest.approx(1)
    assert (-view.R_camera_world.T @ view.t_camera_world)[2] > 0.3
    assert view.R_camera_world[1, 2] < -0.9
    assert view.R_camera_world[2, 0] < 0, "the person is seen from behind"


@pytest.mark.parametrize("heading", [(-1.0, -1.0), (-1.0, 0.5), (1.0, -0.5), (2.0, 1.0)])
def test_who_walks_left_in_the_film_walks_left_from_the_side(heading: tuple[float, float]) -> None:
    motion = walking(2)
    towards = heading @ motion.camera.axes[0, [0, 2], :2]
    stage = SideView(motion.joints, towards, motion.camera, (480, 600), motion.fps)
    ways = [seen.axes[0, 0, :2] @ towards for seen in (motion.camera, stage.camera(0))]
    assert np.sign(ways[0]) == np.sign(ways[1]) == np.sign(heading[0])


def test_a_motion_with_fewer_landmarks_is_drawn_the_same() -> None:
    motion = walking(2)
    fewer = replace(motion, joint_names=BODY, joints=motion.joints[:, [INDEX[name] for name in BODY]])
    split = Painter(motion).layout.side.x
    np.testing.assert_array_equal(render_still(motion, 0)[:, :split], render_still(fewer, 0)[:, :split])
    assert share_of(render_still(fewer, 0)[:, split:], colours.LEFT, 60) > 0.002


def test_the_person_from_the_side_is_the_bodys_surface() -> None:
    motion = walking(2)
    painter = Painter(motion)
    size = painter.layout.side.size
    stage = SideView(motion.joints, heading_of(motion), motion.camera, size, motion.fps)
    at = pose(motion.model, motion.qpos[:1])
    stood = np.empty((size[1], size[0], 3), np.uint8)
    stage.draw(stood, 0, motion.body.skin.at(at)[0], motion.body.skin.radii)
    drawn = painter.layout.side.of(painter.draw(0))
    rows, columns = np.nonzero(np.abs(drawn.astype(int) - stood).max(axis=-1) > 20)
    skin = stage.camera(0).project(motion.surface.at(at))[0]
    np.testing.assert_allclose([columns.min(), rows.min()], skin.min(axis=0), atol=2)
    np.testing.assert_allclose([columns.max(), rows.max()], skin.max(axis=0), atol=2)


def test_progress_is_told_of_every_frame(tmp_path: Path) -> None:
    class Counting:
        told = 0

        def stage(self, name: str, total: int | None):
            from contextlib import nullcontext

            assert total == 5

            def advance(n: int) -> None:
                self.told += n

            return nullcontext(advance)

        def warn(self, text: str) -> None:
            raise AssertionError(text)

    progress = Counting()
    write_overlay(walking(5), None, tmp_path / "overlay.mp4", progress)
    assert progress.told == 5


@pytest.mark.parametrize("where", ["file", "input"])
def test_failures_are_one_line_and_leave_nothing(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("not a video")
    if where == "file":
        with pytest.raises(OutputError, match="file"):
            write_overlay(walking(2), None, tmp_path / "file" / "overlay.mp4")
    else:
        with pytest.raises(InputError, match="file"):
            write_overlay(walking(2), tmp_path / "file", tmp_path / "overlay.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_rate_that_no_small_fraction_gives_is_kept(tmp_path: Path) -> None:
    motion: Motion = kinematic(walking(4).qpos, fps=23.456)
    write_overlay(motion, None, tmp_path / "overlay.mp4")
    _, stream = decoded(tmp_path / "overlay.mp4")
    assert Fraction(stream.average_rate or 0) == pytest.approx(23.456, rel=1e-5)
