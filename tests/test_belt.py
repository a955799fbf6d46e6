"""Who walks on a treadmill walks over its belt; who does anything else is on a floor that stands."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import people
import pytest

from motionrecon.background.motion import UNKNOWN
from motionrecon.body import Body
from motionrecon.body.capsules.body import Capsules
from motionrecon.body.pose import pose
from motionrecon.cameras.carried import Carried
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.cli.summary import summary
from motionrecon.core.gravity import GRAVITY
from motionrecon.core.landmarks import INDEX
from motionrecon.data.make_poses import FOLDER, HEIGHT
from motionrecon.errors import InputError
from motionrecon.ground.plane import Plane
from motionrecon.keypoints.file import save
from motionrecon.keypoints.types import Keypoints
from motionrecon.kinematics.belt import belt, fitted_to, slip
from motionrecon.kinematics.fit import Fitted, Weights, fitted
from motionrecon.pipeline import reconstruct
from motionrecon.result.facts import facts_of
from motionrecon.result.motion import Motion
from motionrecon.views import Figure, View

#: m/s at which somebody walks in the recording, along +x.
SPEED = 1.2
SIDE, OBLIQUE = (0.0, -4.0, 1.3), (2.8, -2.8, 1.3)


@cache
def walker() -> tuple[Capsules, float, np.ndarray]:
    """Somebody, frames per second, and how they walked on a floor past the origin; a recording for tuning."""
    with np.load(FOLDER / "tune.npz", allow_pickle=False) as kept:
        k = [str(name) for name in kept["names"]].index("train/walking/walking_5")
        qpos = kept["qpos"][kept["first"][k] : kept["first"][k + 1]].astype(float)
        fps = float(kept["fps"])
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    body = Capsules.build(HEIGHT)
    lowest = pose(body.model, qpos).at(body.soles)[..., 2] - body.soles.radii
    qpos[:, 2] -= np.percentile(lowest.min(axis=1), 20)
    qpos[:, :2] -= qpos[:, :2].mean(axis=0)
    return body, fps, qpos


def on_a_belt(speed: float = SPEED) -> np.ndarray:
    """The same on the spot, on a belt."""
    _, fps, qpos = walker()
    time = np.arange(len(qpos)) / fps
    there = qpos.copy()
    there[:, 0] -= speed * (time - time.mean())
    return there


def ridden(views: tuple[View, ...], body: Body) -> Fitted:
    """The fit over the belt that the views show."""
    weights = Weights(height_known=True)
    standing = fitted(views, body, Plane(), weights)
    it = belt(standing.figure(views, body, Plane()))
    assert it is not None
    return fitted_to(it, standing, views, body, Plane(), weights)


def seen(qpos: np.ndarray, eye: tuple[float, float, float] = OBLIQUE) -> people.Seen:
    body, fps, _ = walker()
    return people.see(body, qpos, people.camera(eye), fps, noise=1.0, depth_noise=0.02)


def figure(qpos: np.ndarray, eye: tuple[float, float, float] = OBLIQUE) -> Figure:
    return seen(qpos, eye).figure


@pytest.mark.parametrize("eye", [SIDE, OBLIQUE, (0.5, 4.0, 2.0)])
def test_the_feet_of_somebody_on_a_belt_tell_its_speed(eye: tuple[float, float, float]) -> None:
    found = belt(figure(on_a_belt(), eye))
    assert found is not None and found.told and found.fastest < 1.3 * found.slowest
    assert found.velocity == pytest.approx([SPEED, 0.0, 0.0], abs=0.15)


def test_who_walks_over_a_floor_steps_on_the_spot_or_stands_is_on_none() -> None:
    body, fps, qpos = walker()
    assert belt(figure(qpos)) is None
    assert belt(figure(people.stepping(body, 60, fps))) is None
    assert belt(figure(people.stepping(body, 60, fps, lift=0.0))) is None
    assert belt(figure(on_a_belt()[:15])) is None  # too short to tell
    arrives = np.concatenate(
        [qpos, qpos[-1:] + on_a_belt() - on_a_belt()[:1]]
    )  # who walks up to it, for half of the time
    assert belt(figure(arrives)) is None


def test_who_glides_backward_over_a_floor_is_on_none_that_they_walk_on() -> None:
    there = on_a_belt()
    assert belt(figure(there[::-1])) is None


def test_a_camera_that_turns_tells_of_no_belt() -> None:
    some = figure(on_a_belt())
    turning = PanTiltZoom(some.views[0].camera, np.tile(np.eye(3), (len(some), 1, 1)), np.ones(len(some)))
    assert belt(replace(some, views=(replace(some.views[0], camera=turning),))) is None


def test_the_fit_is_over_the_belt_and_the_camera_is_carried_past_it() -> None:
    it = seen(on_a_belt())
    found = ridden((it.view,), it.body)
    fig = found.figure((it.view,), it.body, Plane())
    camera = fig.views[0].camera
    assert isinstance(camera, Carried) and fig.belt is not None
    assert fig.belt == pytest.approx([SPEED, 0.0, 0.0], abs=0.1)
    assert np.linalg.norm(slip(fig)) < 0.05
    hips = fig.landmarks[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1)
    seconds = (len(fig) - 1) / fig.clock.fps
    assert hips[-1, 0] - hips[0, 0] == pytest.approx(SPEED * seconds, rel=0.12)
    there = camera.to_world(camera.to_camera(fig.landmarks))
    assert np.allclose(there, fig.landmarks)
    marks = pose(fig.body.model, fig.qpos).at(fig.body.marks)
    assert np.median(np.linalg.norm(camera.project(marks) - it.pixels, axis=-1)) < 5.0
    assert np.median(np.linalg.norm(fig.landmarks - camera.path[:, None] - it.joints, axis=-1)) < 0.12


def test_of_a_camera_that_moves_nobody_knows_how_no_belt_is_told() -> None:
    some = figure(on_a_belt())
    assert belt(replace(some, views=(replace(some.views[0], camera_motion=UNKNOWN),))) is None


def test_a_belt_whose_speed_changes_is_told() -> None:
    slow, quick = on_a_belt(), on_a_belt()[::2]  # as if filmed at half the rate: the same walk, twice as quick
    found = belt(figure(np.concatenate([slow, quick, quick])), sure=True)
    assert found is not None
    assert found.slowest == pytest.approx(SPEED, abs=0.3) and found.fastest == pytest.approx(2 * SPEED, abs=0.6)


@pytest.mark.parametrize("seconds", [2, 6])
def test_a_gap_in_which_nobody_is_seen_changes_neither_speed_nor_up(seconds: int) -> None:
    body, fps, _ = walker()
    gap = round(seconds * fps)
    qpos = np.concatenate([on_a_belt(), np.repeat(on_a_belt()[-1:], gap, axis=0), on_a_belt()])
    whole = seen(qpos).view
    there = slice(len(on_a_belt()), len(on_a_belt()) + gap)
    pixels, guess, weight, tracked = whole.pixels.copy(), whole.points_3d.copy(), whole.weight.copy(), whole.seen.copy()
    pixels[there], guess[there], weight[there], tracked[there] = np.nan, np.nan, 0.0, False
    camera = replace(whole.camera, calibrated=False)
    view = replace(whole, pixels=pixels, points_3d=guess, weight=weight, seen=tracked, camera=camera)
    found = ridden((view,), body)
    assert np.linalg.norm(found.belt) == pytest.approx(SPEED, abs=0.15)
    assert np.degrees(np.arccos(np.clip((found.turn.T @ [0.0, 0.0, 1.0])[2], -1.0, 1.0))) < 4.0
    fig = found.figure((view,), body, Plane())
    depth = fig.views[0].camera.to_camera(fig.landmarks)[:, 23:25, 2].mean(axis=1)
    assert np.ptp(depth[there]) < 0.5, "before the camera the body waits, though the belt goes on below it"


def test_a_long_clip_is_fitted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motionrecon.kinematics.fit.LONGEST", 30)
    monkeypatch.setattr("motionrecon.kinematics.fit.OVERLAP", 8)
    it = seen(on_a_belt())
    found = ridden((it.view,), it.body)
    fig = found.figure((it.view,), it.body, Plane())
    assert np.linalg.norm(slip(fig)) < 0.08
    assert np.abs(np.diff(fig.qpos[:, 0]) * it.fps - SPEED).max() < 1.0


@pytest.mark.parametrize("roll", [0.0, 12.0])
def test_up_is_found_before_a_belt_as_before_a_floor(roll: float) -> None:
    it, level, rolled = seen(on_a_belt(), SIDE), people.camera(SIDE), people.camera(SIDE, roll=np.radians(roll))
    view = people.see(it.body, it.qpos, rolled, it.fps, noise=1.0, depth_noise=0.02).view
    view = replace(view, camera=replace(level, calibrated=False))  # whoever says where it is takes it to be level
    found = ridden((view,), it.body)
    assert np.linalg.norm(found.belt) == pytest.approx(SPEED, abs=0.15) and found.belt[2] == 0.0
    up = level.R_camera_world.T @ rolled.R_camera_world @ [0.0, 0.0, 1.0]
    assert np.degrees(np.arccos(np.clip(up @ found.turn.T @ [0.0, 0.0, 1.0], -1.0, 1.0))) < 6.0


def kept(path: Path, it: people.Seen) -> Path:
    save(Keypoints(it.pixels, it.confidence, it.points_3d, it.confidence.any(axis=1), it.fps, people.SIZE), path)
    return path


def test_a_result_over_a_belt_is_told_kept_and_read(tmp_path: Path) -> None:
    it = seen(on_a_belt())
    given = kept(tmp_path / "seen.npz", it)
    motion = reconstruct(keypoints=given, height=HEIGHT, body="capsules", focal_px=1000.0, output=tmp_path / "out")
    assert motion.report.belt_speed == pytest.approx(SPEED, abs=0.2)
    assert motion.simulated.mean() > 0.8
    weight = motion.model.body_mass.sum() * GRAVITY
    assert motion.contact_force[motion.simulated, :, 2].sum(axis=1).mean() == pytest.approx(weight, rel=0.1)
    assert "treadmill" in summary(motion, tmp_path / "out", 1.0) and facts_of(tmp_path / "out")["treadmill"]
    kept_of = reconstruct(
        keypoints=given,
        height=HEIGHT,
        body="capsules",
        focal_px=1000.0,
        output=tmp_path / "out",
        force=True,
        physics=False,
    )
    assert np.allclose(kept_of.qpos, motion.kinematic_qpos), "the fit is not made again"
    motion.save(tmp_path / "out", force=True)
    again = Motion.load(tmp_path / "out")
    assert isinstance(again.camera, Carried) and np.allclose(again.camera.path, motion.camera.path)
    assert again.report.belt_speed == motion.report.belt_speed
    with np.load(tmp_path / "out" / "motion.npz") as arrays:
        content = dict(arrays)
    for path, said in ((content["camera_path"][:-1], "camera_path"), (content["camera_path"] * np.nan, "camera_path")):
        np.savez(tmp_path / "out" / "motion.npz", **(content | {"camera_path": path}))
        with pytest.raises(InputError, match=said):
            Motion.load(tmp_path / "out")


def test_a_speed_that_changes_is_warned_of_when_the_fit_is_resumed_too(tmp_path: Path) -> None:
    slow, quick = on_a_belt(), on_a_belt()[::2]
    given = kept(tmp_path / "seen.npz", seen(np.concatenate([slow, quick, quick])))
    told = {"height": HEIGHT, "body": "capsules", "focal_px": 1000.0, "treadmill": "yes", "physics": False}
    told["camera_motion"] = "static"  # or all but the first passage would be other shots
    for _ in range(2):
        motion = reconstruct(keypoints=given, output=tmp_path / "out", force=True, **told)
        assert any("the treadmill's belt moves at" in warning for warning in motion.report.warnings)


def test_cameras_that_were_found_before_a_belt_are_kept_as_they_stand(tmp_path: Path) -> None:
    body, fps, _ = walker()
    both = [
        people.see(body, on_a_belt(), people.camera(eye), fps, noise=0.5, depth_noise=0.02) for eye in (SIDE, OBLIQUE)
    ]
    motion = reconstruct(
        keypoints=[kept(tmp_path / f"{k}.npz", it) for k, it in enumerate(both)],
        height=HEIGHT,
        body="capsules",
        focal_px=1000.0,
        offset=0.0,
        physics=False,
        output=tmp_path / "out",
    )
    assert motion.report.belt_speed == pytest.approx(SPEED, abs=0.2)
    assert all(isinstance(camera, Carried) for camera in Motion.load(tmp_path / "out").cameras)
    assert "[0]" in (tmp_path / "out" / "cameras.toml").read_text()


def test_somebody_may_say_that_there_is_a_belt_or_none(tmp_path: Path) -> None:
    given = kept(tmp_path / "seen.npz", seen(on_a_belt()[:22]))
    told = {"height": HEIGHT, "body": "capsules", "focal_px": 1000.0, "physics": False, "keypoints": given}
    assert reconstruct(**told).report.belt_speed is None
    assert reconstruct(**told, treadmill="yes").report.belt_speed == pytest.approx(SPEED, abs=0.3)
    short = reconstruct(**(told | {"keypoints": kept(tmp_path / "short.npz", seen(on_a_belt()[:10]))}), treadmill="yes")
    assert short.report.belt_speed is None and "treadmill=yes changes nothing" in short.report.warnings[-1]
    told["keypoints"] = kept(tmp_path / "all.npz", seen(on_a_belt()))
    assert reconstruct(**told, treadmill="no").report.belt_speed is None
    with pytest.raises(InputError, match="treadmill=maybe"):
        reconstruct(**told, treadmill="maybe")
