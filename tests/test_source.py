"""What a reconstruction is made from: several recordings, their cameras' names, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import options

from motionrecon.cameras.files import camera_names, load_rig
from motionrecon.cameras.files.names import matched, own_names
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import save
from motionrecon.pipeline import reconstruct
from motionrecon.run import Run
from motionrecon.source import look

FILE = Path("Calib.toml")


@pytest.mark.parametrize(
    ("cameras", "videos"),
    [
        (["cam_01", "cam_02"], ["cam01.mp4", "cam02.mp4"]),
        (["cam_01", "cam_02"], ["CAM1.MOV", "Cam-2.mov"]),
        (["cam_1", "cam_11"], ["walk_cam1.mp4", "walk_cam11.mp4"]),
        (["left", "right"], ["left.mp4", "walk right 03.mp4"]),
        (["cam_1", "cam_1_left"], ["cam_1.mp4", "cam_1_left.mp4"]),
        (["1", "2"], ["1.mp4", "2.mp4"]),
        (["cam01", "cam02"], ["cam01_json", "pose/cam02_json"]),
        (["gopro-a", "gopro-b"], ["gopro-a/GX010012.MP4", "gopro-b/GX010012.MP4"]),
        (["vorne_links", "vorne_rechts"], ["vorne_links.avi", "vorne_rechts.avi"]),
    ],
)
def test_a_camera_is_told_by_the_name_of_its_video(cameras, videos) -> None:
    assert matched(FILE, cameras, [Path(video) for video in videos]) == cameras


@pytest.mark.parametrize(
    ("cameras", "videos", "said"),
    [
        (["cam1", "cam2"], ["a.mp4", "cam2.mp4"], "a.mp4 has the name of no camera of Calib.toml .*cam1, cam2.*name"),
        (["cam1", "cam2"], ["cam1.mp4", "cam1_b.mp4"], "cam1.mp4 and cam1_b.mp4 both have the name of camera cam1"),
        (["a", "b"], ["a_b.mp4", "b.mp4"], "a_b.mp4 has the name of 2 cameras"),
    ],
)
def test_a_video_of_no_camera_is_refused(cameras, videos, said) -> None:
    with pytest.raises(InputError, match=said):
        matched(FILE, cameras, [Path(video) for video in videos])


def test_cameras_without_a_file_are_called_as_their_videos() -> None:
    assert own_names([Path("left.mp4"), Path("right.mp4")]) == ["left", "right"]
    assert own_names([Path("a/GX1.mp4"), Path("b/GX1.mp4")]) == ["a_GX1", "b_GX1"]
    assert len(set(own_names([Path("x/GX1.mp4"), Path("y/x/GX1.mov"), Path("GX1.avi")]))) == 3


def seen(count: int = 60, fps: float = 30.0) -> Keypoints:
    """Keypoints of somebody who stands still."""
    pixels = np.random.default_rng(0).uniform((500, 100), (780, 620), (33, 2))
    some = np.ones((count, 33))
    return Keypoints(
        np.tile(pixels, (count, 1, 1)), some, np.full((count, 33, 3), np.nan), some[:, 0] > 0, fps, (1280, 720)
    )


CAMERA = """
[{name}]
matrix = [[1000.0, 0.0, 640.0], [0.0, 1000.0, 360.0], [0.0, 0.0, 1.0]]
size = [1280, 720]
{pose}
"""


def rig(tmp_path: Path, *poses: str) -> Path:
    path = tmp_path / "Calib.toml"
    path.write_text("".join(CAMERA.format(name=f"cam_{i}", pose=pose) for i, pose in enumerate(poses)))
    return path


def pose(rotation: list[float], translation: list[float]) -> str:
    return f"rotation = {rotation}\ntranslation = {translation}"


def test_cameras_of_one_world(tmp_path) -> None:
    path = rig(tmp_path, pose([np.pi / 2, 0, 0], [0, 1.2, 4]), pose([1.2, 1.2, -1.2], [0, 1, 5]))
    assert camera_names(path) == ["cam_0", "cam_1"]
    cameras, posed = load_rig(path, ["cam_1", "cam_0"], [(1280, 720)] * 2)
    assert posed and all(camera.calibrated for camera in cameras)
    np.testing.assert_allclose(cameras[1].t_camera_world, [0, 1.2, 4])


def test_cameras_in_the_frame_of_the_first_know_each_other_but_no_floor(tmp_path) -> None:
    path = rig(tmp_path, pose([0, 0, 0], [0, 0, 0]), pose([0, 1.5, 0], [-4, 0, 4]))
    cameras, posed = load_rig(path, ["cam_0", "cam_1"], [(1280, 720)] * 2)
    assert posed and not any(camera.calibrated for camera in cameras)
    # the first is level: what is 2 m ahead of it lies 2 m along the world's y
    np.testing.assert_allclose(cameras[0].to_camera(np.array([0.0, 2.0, 0.0])), [0, 0, 2], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(cameras[0].eye - cameras[1].eye), np.hypot(4, 4), atol=1e-9)


def test_lenses_without_places(tmp_path) -> None:
    cameras, posed = load_rig(rig(tmp_path, "", ""), ["cam_0", "cam_1"], [(1280, 720)] * 2)
    assert not posed and not any(camera.calibrated for camera in cameras)
    with pytest.raises(InputError, match=r"camera cam_1 of .* has no rotation and translation, others have"):
        load_rig(rig(tmp_path, pose([0, 0, 0], [0, 0, 3]), ""), ["cam_0", "cam_1"], [(1280, 720)] * 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"video": ["a.mp4", "a.mp4"]}, "the same file was given twice"),
        ({"video": ["a.mp4", "b.mp4"], "offset": [0.1, 0.2]}, r"offset=\.\.\. was given 2 times for 2 videos"),
        ({"video": ["a.mp4", "b.mp4"], "fov": [60.0, 61.0, 62.0]}, r"fov=\.\.\. was given 3 times for 2 cameras"),
        (
            {"video": ["a.mp4", "b.mp4"], "filmed_fps": [60, 60, 60]},
            r"filmed_fps=\.\.\. was given 3 times for 2 cameras",
        ),
        ({"video": ["a.mp4"], "floor": 0.1}, "floor=0.1 needs camera="),
        ({"video": ["a.mp4", "b.mp4"], "offset": 1e9}, "offset=1e[+]09 is out of range"),
        ({"video": []}, "no video given"),
        ({"video": "a.mp4", "keypoints": [FILE, FILE]}, r"keypoints=... was given 2 times for 1 video; give"),
        ({"video": ["a.mp4", "b.mp4"], "keypoints": FILE}, r"keypoints=... was given once for 2 videos; give"),
        (
            {"video": "a.mp4", "camera": FILE, "camera_name": ["a", "b"]},
            r"camera_name=... was given 2 times for 1 video;",
        ),
    ],
)
def test_what_is_given_for_each_camera_is_as_many_as_cameras(given, said, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    FILE.touch()
    monkeypatch.setattr("motionrecon.source.probe", lambda path: pytest.fail("it began to look"))
    with pytest.raises(InputError, match=said):
        reconstruct(**given)


def test_each_camera_has_its_own_rate_and_the_range_is_that_of_the_same_time(tmp_path) -> None:
    """The first film is slow motion of 240 frames a second, the second an ordinary one that begins 4/8 s after it."""
    paths = [tmp_path / f"cam_{i}.npz" for i in range(2)]
    for path, count, fps in zip(paths, (720, 240), (30.0, 60.0), strict=True):
        save(seen(count, fps), path)
    given = options(keypoints=paths, camera=rig(tmp_path, "", ""), filmed_fps=[240, 60], offset=4, start=12, end=20)
    first, second = look(Run(), None, given).recordings
    assert (first.clock.fps, first.clock.shown_fps, first.clock.first) == (240, 30, 360) and len(first.keypoints) == 240
    assert (second.clock.fps, second.clock.film_fps) == (60, None)
    # From 1 to 2 s after the second film's beginning, and half a second beside.
    assert (second.start, second.end) == pytest.approx((0.5, 2.5)) and second.clock.first == 30
    first, second = look(
        Run(), None, options(keypoints=paths[::-1], filmed_fps=[60, 240], offset=-0.5, start=1.5, end=2)
    ).recordings
    assert (second.start, second.end) == pytest.approx((15.5, 20.5)) and second.clock.shown_fps == 30


@pytest.mark.parametrize("poses", [("", ""), (pose([0, 0, 0], [0, 0, 0]), pose([0, 1.5, 0], [-4, 0, 4])), ("",)])
def test_a_floor_needs_a_world(poses, tmp_path) -> None:
    paths = [tmp_path / f"cam_{i}.npz" for i in range(len(poses))]
    for path in paths:
        save(seen(), path)
    given = options(keypoints=paths, camera=rig(tmp_path, *poses), floor=0.1)
    with pytest.raises(InputError, match=r"floor=0.1 needs a calibration .*Calib.toml does not say where cameras"):
        look(Run(), None, given)


def test_a_person_of_that_number_is_not_in_files_of_one_person_each(tmp_path) -> None:
    paths = [tmp_path / f"cam_{i}.npz" for i in range(2)]
    for path in paths:
        save(seen(), path)
    for person in (2, [1, 1]):
        with pytest.raises(InputError, match=r"cam_0.npz holds one person only; person=[12] chooses"):
            look(Run(), None, options(keypoints=paths, person=person))
    assert len(look(Run(), None, options(keypoints=paths, person="largest")).recordings) == 2
