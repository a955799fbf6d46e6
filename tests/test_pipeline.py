"""The whole road from Python: what comes back, what is written, and what is not done twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import people
import pytest
from clips import demo_images, empty_images, write_clip
from scipy.spatial.transform import Rotation
from support import options

import motionrecon
from motionrecon import pipeline
from motionrecon.body.pose import pose
from motionrecon.core import landmarks
from motionrecon.core.arrays import pack, unpack
from motionrecon.core.progress import Silent
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints, load_keypoints
from motionrecon.keypoints.file import save
from motionrecon.keypoints.layouts import LAYOUTS
from motionrecon.kinematics import stage as kinematics
from motionrecon.physics.windows import stage as physics
from motionrecon.physics.windows.course import simulate_clip
from motionrecon.physics.windows.stretch import Stretch
from motionrecon.result.motion import Motion
from motionrecon.result.replay import replay
from motionrecon.run import Run
from motionrecon.source import look
from motionrecon.views import bridged

FRAMES = 16
QUICK = {"height": 1.75, "window": 0.4, "overlap": 0.2}


class Heard(Silent):
    """Notes the stages with the units done, and the warnings."""

    def __init__(self) -> None:
        self.stages: dict[str, tuple[int | None, list[int]]] = {}
        self.warnings: list[str] = []

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        self.stages[name] = (total, [])
        yield self.stages[name][1].append

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "a walk.mp4", demo_images(FRAMES))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("result") / "walk"


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="module")
def motion(clip, folder, heard) -> Motion:
    return motionrecon.reconstruct(clip, output=folder, progress=heard, **QUICK)


def test_the_motion_that_comes_back(motion):
    assert len(motion) == FRAMES and motion.fps == 30
    assert motion.joints.shape == (FRAMES, 33, 3) and motion.joint_names == landmarks.NAMES
    assert motion.tracked.all()
    head, feet = motion.joints[:, landmarks.INDEX["nose"], 2], motion.joints[:, -4:, 2]
    assert head.min() > 1.2 and head.max() < 1.9
    assert -0.03 < feet.min() < 0.06
    model = mujoco.MjModel.from_xml_string(motion.model_xml)
    assert model.opt.timestep == pytest.approx(motion.timestep) == 1 / 120
    assert motion.ctrl.shape == ((FRAMES - 1) * 4, model.nu)
    np.testing.assert_allclose(replay(motion), motion.qpos, atol=1e-9)
    assert motion.contact_force[..., 2].sum(1).mean() > 200


def test_the_files(motion, folder):
    assert {path.name for path in folder.iterdir()} == {
        "motion.npz",
        "model.xml",
        "report.json",
        "motion.bvh",
        "overlay.mp4",
        "cache",
        ".motionrecon.json",
    }
    loaded = Motion.load(folder)
    np.testing.assert_array_equal(loaded.qpos, motion.qpos)
    np.testing.assert_array_equal(loaded.ctrl, motion.ctrl)
    assert loaded.model_xml == motion.model_xml


def test_the_report(motion, folder, clip):
    report = json.loads((folder / "report.json").read_text())
    assert report["source"]["video"] == str(clip.resolve())
    assert len(report["source"]["sha256"]) == 64
    assert report["options"]["height"] == 1.75 and report["person"]["height_from"] == "given"
    assert {"mujoco", "mediapipe", "numpy", "motionrecon"} <= set(report["versions"])
    assert report["person"]["height"] == 1.75 and report["person"]["mass"] == pytest.approx(22.5 * 1.75**2)
    assert report["frames"] == {"total": FRAMES, "tracked": FRAMES, "simulated": FRAMES, "fps": 30}
    assert report["frames"]["simulated"] == motion.simulated.sum()
    assert {"keypoints", "kinematics", "physics", "output"} <= set(report["seconds"])
    assert min(report["seconds"].values()) >= 0
    quality = report["quality"]
    assert 0 < quality["reprojection_px"] < 15 and 0 < quality["reprojection_percent"] < 5
    assert 0 <= quality["skate_percent"] <= 100 and quality["penetration_mm"] < 10
    spans = [(w["first_frame"], w["last_frame"]) for w in report["windows"]]
    assert spans[0][0] == 0 and spans[-1][1] == FRAMES - 1
    assert report["camera"]["focal_length"] == "found" and report["camera"]["pose"] == "estimated"
    assert isinstance(report["warnings"], list)
    assert motion.report.gait is None and "gait" not in report, "nobody walks a whole stride in so few frames"
    assert motion.report.no_gait == report["no_gait"] and report["no_gait"]


def test_every_stage_tells_its_progress_to_the_end(motion, heard):
    assert {"keypoints", "kinematics", "physics"} <= set(heard.stages)
    for name, (total, done) in heard.stages.items():
        assert total is None or sum(done) == total, name


def test_what_is_finished_is_not_done_again(motion, folder, clip, monkeypatch):
    def never(*arguments, **options):
        raise AssertionError("this was done before")

    resumed = []

    def resuming(windows, resume, *arguments):
        resumed.append(resume.frame)
        return simulate_clip(windows, resume, *arguments)

    monkeypatch.setattr(kinematics, "fitted", never)
    monkeypatch.setattr(physics, "simulate_clip", resuming)
    heard = Heard()
    again = motionrecon.reconstruct(clip, output=folder, force=True, progress=heard, **QUICK)
    assert resumed == [FRAMES - 1]
    assert not heard.stages.get("keypoints", (0, []))[1], "nothing is detected again"
    np.testing.assert_array_equal(again.qpos, motion.qpos)
    np.testing.assert_array_equal(again.contact_force, motion.contact_force)
    assert again.report["windows"] == motion.report["windows"]
    # Another height needs another fit.
    with pytest.raises(AssertionError, match="done before"):
        motionrecon.reconstruct(clip, output=folder, force=True, **QUICK | {"height": 1.6})


def test_without_physics_and_without_files(clip):
    motion = motionrecon.reconstruct(clip, physics=False, **QUICK)
    assert len(motion) == FRAMES
    assert motion.ctrl.shape[0] == motion.segments.shape[0] == 0
    assert not motion.contact_force.any() and not motion.joint_torque.any()
    assert motion.report["windows"] == () and "physics" not in motion.report["seconds"]
    assert np.isnan(replay(motion)).all()


# Keypoints instead of a video


def keypoints_of(frames: int, gap: slice | None = None) -> tuple[people.Seen, Keypoints]:
    """Somebody who steps on the spot, seen by the assumed camera, and the file's content."""
    body = people.person()
    qpos = people.stepping(body, frames, lift=0.8, period=1.5)
    focal = 0.5 * 1280 / np.tan(np.radians(65) / 2)
    camera = replace(people.camera(), K=np.array([[focal, 0, 640], [0, focal, 360], [0, 0, 1]]))
    seen = people.see(body, qpos, camera, noise=2.0, depth_noise=0.02)
    pixels, confidence, tracked = seen.pixels.copy(), seen.confidence.copy(), np.ones(frames, bool)
    points = seen.points_3d.copy()
    if gap is not None:
        pixels[gap], points[gap], confidence[gap], tracked[gap] = np.nan, np.nan, 0.0, False
    return seen, Keypoints(pixels, confidence, points, tracked, 30.0, people.SIZE)


def hip_centred(points: np.ndarray) -> np.ndarray:
    return points - points[:, 23:25].mean(1, keepdims=True)


def error(motion: Motion, seen: people.Seen) -> float:
    """Mean distance of the hip-centred joints in the camera's frame, metres."""
    found = hip_centred(motion.camera.to_camera(motion.joints))
    true = hip_centred(seen.camera.to_camera(seen.joints))
    return float(np.linalg.norm(found - true, axis=-1).mean())


def test_a_keypoint_file_instead_of_a_video(tmp_path):
    seen, keypoints = keypoints_of(40, gap=slice(15, 18))
    save(keypoints, tmp_path / "seen.npz")
    motion = motionrecon.reconstruct(
        keypoints=tmp_path / "seen.npz", output=tmp_path / "out", height=1.75, physics=False
    )
    assert error(motion, seen) < 0.07
    assert motion.tracked.tolist() == keypoints.tracked.tolist()
    assert motion.report["source"]["video"] is None
    assert motion.report["frames"]["tracked"] == 37
    assert (tmp_path / "out" / "overlay.mp4").exists()


def test_a_part_of_a_keypoint_file(tmp_path):
    _, keypoints = keypoints_of(40)
    save(keypoints, tmp_path / "seen.npz")
    motion = motionrecon.reconstruct(keypoints=tmp_path / "seen.npz", start=0.5, end=1.0, physics=False)
    assert len(motion) == 15
    with pytest.raises(InputError, match=r"start=2 lies outside .*seen\.npz, which lasts 1\.33 s"):
        motionrecon.reconstruct(keypoints=tmp_path / "seen.npz", start=2.0, end=3.0, physics=False)


def test_a_long_gap_is_not_simulated(tmp_path):
    _, keypoints = keypoints_of(40, gap=slice(12, 30))
    save(keypoints, tmp_path / "seen.npz")
    motion = motionrecon.reconstruct(keypoints=tmp_path / "seen.npz", **QUICK)
    assert "not tracked" in [w["status"] for w in motion.report["windows"]]
    assert np.isnan(motion.ctrl[13 * 4 : 29 * 4]).all()
    assert np.isfinite(motion.ctrl[: 8 * 4]).all()
    assert np.isfinite(motion.joints).all()
    # The body waits where the simulation left it, on the floor, and does not jump when it is seen again.
    steps = np.linalg.norm(np.diff(motion.joints, axis=0), axis=-1).max(1)
    assert steps[10:31].max() < 0.15
    assert np.abs(motion.joints[12:30, 27:, 2].min(1)).max() < 0.06
    assert np.abs(motion.joints[20, :, 2] - motion.joints[18, :, 2]).max() < 0.02


def test_openpose_files_instead_of_detection(clip, tmp_path):
    """They have no 3D, and no hands."""
    seen, keypoints = keypoints_of(FRAMES)
    (tmp_path / "json").mkdir()
    (body_25,) = (layout for layout in LAYOUTS if layout.name == "BODY_25")
    for t in range(FRAMES):
        points = np.zeros((25, 3))
        for name, place in body_25.places.items():
            points[place] = [*(keypoints.pixels[t, landmarks.INDEX[name]] / 2), 0.9]  # the clip is half as large
        content = {"people": [{"pose_keypoints_2d": points.ravel().tolist()}]}
        (tmp_path / "json" / f"walk_{t:012d}_keypoints.json").write_text(json.dumps(content))
    motion = motionrecon.reconstruct(clip, keypoints=tmp_path / "json", height=1.75, physics=False)
    assert len(motion) == FRAMES and motion.tracked.all()
    assert error(motion, seen) < 0.15


@pytest.mark.parametrize("seen", [0, 3])
def test_too_few_frames_with_a_person(tmp_path, seen):
    _, keypoints = keypoints_of(10, gap=slice(seen, 10))
    save(keypoints, tmp_path / "empty.npz")
    with pytest.raises(InputError, match=r"empty\.npz"):
        motionrecon.reconstruct(keypoints=tmp_path / "empty.npz", output=tmp_path / "out")
    assert not (tmp_path / "out" / "report.json").exists()


def test_a_video_beside_keypoints_is_looked_at_before_the_work(tmp_path, monkeypatch):
    _, keypoints = keypoints_of(10)
    save(keypoints, tmp_path / "seen.npz")
    monkeypatch.setattr(kinematics, "fitted", None)  # not reached
    for given, said in (
        ({"video": "absent.mp4"}, r"no such file: absent\.mp4"),
        ({"start": 2.0}, "start=2 lies outside"),
    ):
        with pytest.raises(InputError, match=said):
            motionrecon.reconstruct(**given, keypoints=tmp_path / "seen.npz", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_keypoints_that_are_sure_of_nothing(tmp_path):
    _, keypoints = keypoints_of(10)
    save(replace(keypoints, confidence=np.zeros_like(keypoints.confidence)), tmp_path / "unsure.npz")
    with pytest.raises(InputError, match=r"unsure\.npz: a person is seen in 0 frames"):
        motionrecon.reconstruct(keypoints=tmp_path / "unsure.npz")


def test_nothing_given():
    with pytest.raises(InputError, match="give a video file, or keypoints="):
        motionrecon.reconstruct()


# Slow motion


def filmed(folder: Path, qpos: np.ndarray, fps: float) -> dict[str, Path | float]:
    """Keypoints of a motion filmed at `fps` that say 30, and the camera's calibration, as `reconstruct` takes them."""
    seen = people.see(people.person(), qpos, people.camera(), fps=fps, noise=0.5, depth_noise=0.01)
    tracked = np.ones(len(qpos), bool)
    save(Keypoints(seen.pixels, seen.confidence, seen.points_3d, tracked, 30.0, people.SIZE), folder / "slow.npz")
    camera = people.camera()
    turn = Rotation.from_matrix(camera.R_camera_world).as_rotvec()
    (folder / "camera.toml").write_text(
        f"[cam]\nsize = {list(people.SIZE)}\nmatrix = {camera.K.tolist()}\ndistortions = [0, 0, 0, 0]\n"
        f"rotation = {turn.tolist()}\ntranslation = {camera.t_camera_world.tolist()}\n"
    )
    return {"keypoints": folder / "slow.npz", "camera": folder / "camera.toml", "height": 1.75, "filmed_fps": fps}


def test_who_sways_in_slow_motion_is_pushed_as_in_true_time(tmp_path):
    fps, body = 120.0, people.person()
    given = filmed(tmp_path, people.stepping(body, 40, fps=fps, lift=0.0, period=0.8), fps) | QUICK
    motion = motionrecon.reconstruct(**given)
    assert motion.fps == 120 and motion.timestep == 1 / 120 and motion.time[-1] == pytest.approx(39 / 120)
    assert motion.report.frames.fps == 120 and motion.report.frames.film_fps == 30
    assert motion.clock.shown_at(39) == pytest.approx(39 / 30)
    pushed = motion.contact_force.sum(1)
    assert pushed[:, 2].mean() / (9.81 * body.mass) == pytest.approx(1.0, abs=0.1)
    com = pose(motion.model, motion.qpos).com[:, :2]
    needed = body.mass * np.diff(com, 2, axis=0) * fps**2  # in the film's time, a sixteenth
    assert (pushed[1:-1, :2] * needed).sum() / (needed**2).sum() == pytest.approx(1.0, abs=0.05)
    # A file that says what it was filmed at gives the same.
    keypoints = load_keypoints(given["keypoints"])
    save(replace(keypoints, fps=fps), tmp_path / "true.npz")
    true = motionrecon.reconstruct(**given | {"keypoints": tmp_path / "true.npz", "filmed_fps": None})
    np.testing.assert_array_equal(true.qpos, motion.qpos)
    np.testing.assert_array_equal(true.contact_force, motion.contact_force)
    assert true.report.frames.film_fps is None


@pytest.mark.parametrize("body", ["anny", "capsules"])
def test_who_falls_in_slow_motion_falls_with_gravity(tmp_path, body):
    fps, frames = 120.0, 40
    qpos = np.tile(people.person().rest_qpos, (frames, 1))
    time = np.arange(frames) / fps
    qpos[:, 2] += 1.2 - 0.5 * 9.81 * time**2
    motion = motionrecon.reconstruct(**filmed(tmp_path, qpos, fps) | QUICK, body=body)
    assert motion.time[-1] == pytest.approx(time[-1])
    assert motion.simulated.all(), "in the film's time the person would hover, on something that is not simulated"
    assert not motion.contact_force.any()
    com = pose(motion.model, motion.qpos).com[:, 2]
    assert 2 * np.polyfit(motion.time, com, 2)[0] == pytest.approx(-9.81, abs=0.05)


def test_a_part_of_a_film_in_slow_motion_is_cut_in_the_players_time(tmp_path):
    given = filmed(tmp_path, np.tile(people.person().rest_qpos, (60, 1)), 240.0)
    motion = motionrecon.reconstruct(**given, start=0.5, end=1.0, physics=False)
    assert len(motion) == 15 and motion.fps == 240
    assert motion.clock.shown_at(0) == pytest.approx(0.5) and motion.clock.shown_at(15) == pytest.approx(1.0)


# Parts


def test_short_gaps_are_bridged_and_long_ones_are_not():
    tracked = np.array([0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0], bool)
    assert bridged(tracked, 2).tolist() == [False, True, True, True, True, True, False, False, False, True, False]
    assert bridged(tracked, 3).tolist() == [False, *[True] * 9, False]
    assert bridged(tracked, 0).tolist() == tracked.tolist()


def test_a_cut_cuts_everything(tmp_path):
    _, keypoints = keypoints_of(30)
    save(keypoints, tmp_path / "seen.npz")

    def cut(start: float | None, end: float | None) -> Keypoints:
        found = look(Run(), None, options(keypoints=tmp_path / "seen.npz", start=start, end=end))
        assert found.leader.clock.first == round((start or 0.0) * 30)
        return found.leader.keypoints

    part = cut(0.2, 0.5)
    np.testing.assert_array_equal(part.pixels, keypoints.pixels[6:15])
    assert len(part.confidence) == len(part.points_3d) == len(part.tracked) == 9
    assert len(cut(None, None)) == 30
    assert len(cut(0.5, 1.02)) == 15
    with pytest.raises(InputError, match=r"end=99 lies outside .*, which lasts 1\.00 s"):
        cut(0.5, 99.0)


def test_a_stretch_survives_its_checkpoint(motion, folder):
    saved = next((folder / "cache").glob("physics-*.npz"))
    with np.load(saved) as file:
        stretch = unpack(Stretch, dict(file))
    assert stretch.frame == FRAMES - 1
    np.testing.assert_array_equal(stretch.ctrl, motion.ctrl)
    for key, value in pack(stretch).items():
        np.testing.assert_array_equal(value, dict(np.load(saved))[key])


def test_options_are_those_of_the_command_line():
    with pytest.raises(InputError, match="height=17"):
        motionrecon.reconstruct("x.mp4", height=17)


def test_keypoints_of_another_video_are_refused(clip, folder, tmp_path):
    """Neither another picture size nor another length is this clip."""
    keypoints = load_keypoints(next((folder / "cache").glob("keypoints-*.npz")))
    for other in (
        replace(keypoints, image_size=(640, 480)),
        replace(keypoints, fps=keypoints.fps / 2),
    ):
        path = tmp_path / "other.npz"
        save(other, path)
        with pytest.raises(InputError, match="right video"):
            pipeline.reconstruct(clip, keypoints=path, physics=False)


def test_a_refused_run_leaves_no_folder(tmp_path):
    empty = write_clip(tmp_path / "empty.mp4", empty_images(8))
    with pytest.raises(InputError):
        pipeline.reconstruct(empty, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
