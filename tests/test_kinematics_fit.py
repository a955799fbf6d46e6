"""The kinematic fit finds a known motion again, and its solver solves what it says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import people
import pytest
from people import Seen
from scipy.spatial.transform import Rotation

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.tangent import PLACE, QUATERNION, difference
from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.core import landmarks, so3
from motionrecon.core.clock import Clock
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.fit import fit
from motionrecon.kinematics.gravity import gravity, levelled
from motionrecon.kinematics.solver import _Normal, solve
from motionrecon.kinematics.standing import standing_points
from motionrecon.kinematics.start import first_guess
from motionrecon.kinematics.state import HEIGHT, SHAPE, TILT, Trajectory
from motionrecon.kinematics.terms.contact import Contact
from motionrecon.kinematics.terms.observed import reprojected
from motionrecon.kinematics.terms.shared_prior import SharedPrior
from motionrecon.kinematics.terms.smoothness import Smoothness
from motionrecon.views import Figure, View

FPS = 30.0
ARM = ("elbow", "wrist", "pinky", "index", "thumb")
GAP = slice(22, 26)


@dataclass(frozen=True)
class Found:
    """What the fit found: the trajectory, the first camera, and all of it."""

    x: Trajectory
    camera: Pinhole
    figure: Figure


OUTLIERS = {(5, "left_wrist"): (300, 0), (9, "left_knee"): (0, -250), (30, "right_ankle"): (150, -200)}


def spoiled(seen: Seen) -> Seen:
    """With a gap in which nobody is seen, and some keypoints that are far off."""
    pixels, confidence, points = seen.pixels.copy(), seen.confidence.copy(), seen.points_3d.copy()
    pixels[GAP], points[GAP], confidence[GAP] = np.nan, np.nan, 0.0
    for (frame, name), away in OUTLIERS.items():
        pixels[frame, landmarks.INDEX[name]] += away
    return replace(seen, pixels=pixels, confidence=confidence, points_3d=points)


def found_in(*views: View) -> Found:
    figure = fit(views, Capsules.build(1.75), Plane())
    return Found(Trajectory(figure.body, figure.qpos, figure.ground), figure.views[0].camera, figure)


@pytest.fixture(scope="module")
def seen() -> Seen:
    """One and a half seconds of high steps, whose keypoints are 3 pixels off."""
    qpos = people.stepping(people.person(), 45, lift=0.8, period=1.5)
    return spoiled(people.see(people.person(), qpos, people.camera(roll=0.1), noise=3.0, depth_noise=0.03))


@pytest.fixture(scope="module")
def found(seen) -> Found:
    return found_in(seen.view)


@pytest.fixture(scope="module")
def found_without_pose(seen) -> Found:
    return found_in(replace(seen.view, camera=Pinhole(seen.camera.K, seen.camera.image_size, LEVEL, np.zeros(3))))


def about_the_hips(points: np.ndarray) -> np.ndarray:
    return points - points[:, [landmarks.INDEX["left_hip"], landmarks.INDEX["right_hip"]]].mean(1, keepdims=True)


def mean_distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b, axis=-1).mean())


def test_a_known_motion_is_found_again(seen, found):
    assert mean_distance(found.x.landmarks, seen.joints) < 0.08  # how far away somebody is, one picture tells poorly
    assert mean_distance(about_the_hips(found.x.landmarks), about_the_hips(seen.joints)) < 0.045
    np.testing.assert_allclose(found.camera.axes, seen.camera.axes, atol=1e-6)
    assert found.figure.ground == Plane() and found.camera.calibrated
    assert found.figure.body.model.opt.timestep == Clock(FPS).timestep


def test_the_lengths_are_found_again(seen, found):
    away = np.log(np.exp(found.x.body.shape - seen.body.shape))
    assert np.abs(away).max() < 0.12 and np.abs(away).mean() < 0.05


def test_a_gap_is_bridged_smoothly(seen, found):
    assert np.isfinite(found.x.qpos).all()
    assert mean_distance(about_the_hips(found.x.landmarks[GAP]), about_the_hips(seen.joints[GAP])) < 0.09
    pace = np.linalg.norm(np.diff(found.x.landmarks, axis=0), axis=-1).mean(1)
    assert pace[GAP.start - 1 : GAP.stop].max() < 2 * pace.max()


def test_wild_keypoints_do_not_pull(seen, found):
    for frame, name in OUTLIERS:
        i = landmarks.INDEX[name]
        assert (
            np.linalg.norm(about_the_hips(found.x.landmarks)[frame, i] - about_the_hips(seen.joints)[frame, i]) < 0.12
        )


def test_feet_that_stand_stand_on_the_floor_and_still(seen, found):
    true = seen.true
    stands = (true.soles[..., 2] < 0.002) & (np.arange(len(seen.qpos)) < GAP.start)[:, None]
    assert stands.mean() > 0.2
    assert np.abs(found.x.soles[..., 2][stands]).mean() < 0.01
    both = stands[:-1] & stands[1:]
    assert np.linalg.norm(np.diff(found.x.soles, axis=0), axis=-1)[both].mean() * FPS < 0.1
    assert found.x.soles[..., 2].min() > -0.02


def test_feet_that_are_lifted_are_lifted(seen, found):
    true = seen.true
    for foot in (slice(0, 4), slice(4, 8)):
        assert found.x.soles[:, foot, 2].max() > 0.75 * true.soles[:, foot, 2].max() > 0.1


def test_up_and_the_floor_are_found_without_a_calibrated_pose(seen, found_without_pose):
    x, camera = found_without_pose.x, found_without_pose.camera
    turn = camera.axes[0].T @ seen.camera.axes[0]
    up = np.degrees(np.arccos(np.clip(turn[2, 2], -1, 1)))
    assert up < 6
    in_camera = about_the_hips(camera.to_camera(x.landmarks)), about_the_hips(seen.camera.to_camera(seen.joints))
    assert mean_distance(*in_camera) < 0.07
    lowest = x.soles[..., 2].min(1)
    assert abs(np.median(lowest)) < 0.01
    assert not camera.calibrated, "what was estimated is no calibration"
    away = np.linalg.norm(camera.project(x.marks) - seen.pixels, axis=-1)
    assert np.nanmedian(away) < 15


def test_a_long_clip_is_fitted_in_stretches(seen, found, monkeypatch):
    """Fitted in stretches of 24 frames that share 8, the motion is much the same, and its seams are smooth."""
    monkeypatch.setattr("motionrecon.kinematics.fit.LONGEST", 24)
    monkeypatch.setattr("motionrecon.kinematics.fit.OVERLAP", 8)
    pieced = found_in(seen.view)
    assert len(pieced.figure) == len(found.figure)
    assert mean_distance(about_the_hips(pieced.x.landmarks), about_the_hips(seen.joints)) < 0.06
    jolt = np.linalg.norm(np.diff(pieced.x.landmarks, 2, axis=0), axis=-1).mean(1)
    assert jolt.max() < 3 * np.linalg.norm(np.diff(found.x.landmarks, 2, axis=0), axis=-1).mean(1).max()


def test_a_stretch_without_anybody_is_fitted_too(seen, monkeypatch):
    monkeypatch.setattr("motionrecon.kinematics.fit.LONGEST", 20)
    monkeypatch.setattr("motionrecon.kinematics.fit.OVERLAP", 4)
    pixels, confidence = seen.pixels.copy(), seen.confidence.copy()
    pixels[:22], confidence[:22] = np.nan, 0.0
    alone = replace(
        seen,
        pixels=pixels,
        confidence=confidence,
        points_3d=np.where(np.isnan(pixels[..., :1]), np.nan, seen.points_3d),
    )
    assert np.isfinite(found_in(alone.view).x.qpos).all()


def test_keypoints_without_3d_do_too(seen):
    """OpenPose's files have none, and no points of the hands nor of the mouth."""
    unknown = [
        i for i, name in enumerate(landmarks.NAMES) if "mouth" in name or "pinky" in name or "index" in name[-5:]
    ]
    pixels, confidence = seen.pixels.copy(), seen.confidence.copy()
    pixels[:, unknown], confidence[:, unknown] = np.nan, 0.0
    flat = replace(seen, pixels=pixels, confidence=confidence, points_3d=np.full_like(seen.points_3d, np.nan))
    x = found_in(flat.view).x
    # Arms that hang and arms that are bent towards the camera look alike: of those one picture does not tell.
    tells = [i for i, name in enumerate(landmarks.NAMES) if not any(part in name for part in ARM)]
    assert mean_distance(about_the_hips(x.landmarks)[:, tells], about_the_hips(seen.joints)[:, tells]) < 0.05
    assert mean_distance(about_the_hips(x.landmarks), about_the_hips(seen.joints)) < 0.09


@pytest.mark.parametrize("guess", [True, False])
def test_the_start_is_near_and_faces_the_right_way(seen, guess):
    points = seen.points_3d if guess else np.full_like(seen.points_3d, np.nan)
    start = first_guess(seen.body, replace(seen.view, points_3d=points))
    away = difference(seen.qpos, start)
    assert np.isfinite(start).all()
    assert np.linalg.norm(away[:, :3], axis=1).mean() < 0.4
    assert np.degrees(np.linalg.norm(away[:, 3:6], axis=1)).mean() < 30


def test_a_world_on_its_side_is_levelled(seen):
    turn = Rotation.from_rotvec([0.6, 0.5, 0.0])
    turned = seen.qpos.copy()
    turned[:, PLACE] = turn.apply(seen.qpos[:, PLACE])
    turned[:, QUATERNION] = so3.multiply(so3.exp(turn.as_rotvec()), seen.qpos[:, QUATERNION])
    on_its_side = Trajectory(seen.body, turned, Plane(), turn.as_matrix())
    x = levelled(on_its_side, gravity(on_its_side, FPS))
    camera = x.seen_by(seen.camera)
    up = camera.axes[0, :, 2] @ seen.camera.axes[0, :, 2]
    assert np.degrees(np.arccos(min(up, 1.0))) < 8
    assert abs(np.median(x.over.min(1))) < 0.01
    # The camera sees the same.
    np.testing.assert_allclose(camera.to_camera(x.landmarks), seen.camera.to_camera(seen.joints), atol=1e-9)


def test_standing_points_are_slow_and_low(seen):
    x = seen.true
    stands = standing_points(x, FPS)
    assert stands.shape == (45, 8) and (stands >= 0).all() and (stands <= 1).all()
    assert stands[x.soles[..., 2] > 0.12].max() < 0.1
    right_only = x.soles[:, :4, 2].min(1) > 0.03
    assert stands[right_only][:, 4:].min() > 0.8
    assert standing_points(replace(x, ground=Plane(-0.5)), FPS).max() < 0.01


@pytest.mark.parametrize("fps", [15.0, 20.0, 25.0, 30.0, 50.0, 60.0, 120.0])
def test_standing_is_the_same_backwards(seen, fps):
    x = seen.true
    backwards = replace(x, qpos=x.qpos[::-1].copy())
    np.testing.assert_allclose(standing_points(backwards, fps)[::-1], standing_points(x, fps), atol=1e-9)


def test_trust_is_by_landmark():
    trust = dict(zip(landmarks.NAMES, landmarks.TRUST, strict=True))
    assert min(trust.values()) > 0
    assert trust["left_hip"] == trust["right_wrist"] == 1.0 > trust["nose"] > trust["mouth_left"]
    assert trust["left_foot_index"] > trust["left_index"]


def small_problem(seen: Seen) -> tuple[Trajectory, list]:
    short = slice(0, 6)
    view = replace(seen.view.part(short), weight=np.ones((6, 33)))
    x = Trajectory(seen.body, seen.qpos[short], Plane(0.01), free=(SHAPE, HEIGHT, TILT))
    terms = [
        reprojected(view),
        Smoothness(FPS),
        Contact(FPS, np.ones((6, 8))),
        SharedPrior((0.0, 0.1), 0.03, np.eye(3), np.eye(2) / 0.1),
    ]
    return x, terms


@pytest.mark.parametrize("free", [(), (HEIGHT,), (SHAPE, HEIGHT, TILT)], ids=" ".join)
@pytest.mark.parametrize("mu", [0.0, 0.3])
def test_the_banded_solution_is_the_dense_one(seen, mu, free):
    x, terms = small_problem(seen)
    x = replace(x, free=free)
    blocks: list[Block] = [term(x) for term in terms]
    T, nv, k = len(x), x.body.model.nv, sum(x.shared.values())
    step, shared = _Normal(T, nv, x.shared, blocks).solve(mu)
    assert {part: len(value) for part, value in shared.items()} == x.shared
    rows, right = [], []
    for block in blocks:
        count, m = block.residual.shape
        full = np.zeros((count, m, T * nv + k))
        for offset, part in enumerate(block.jacobians):
            if part is not None:
                for n, frame in enumerate(block.frames + offset):
                    full[n, :, frame * nv : (frame + 1) * nv] += part[n]
        at = T * nv
        for name, size in x.shared.items():
            if name in block.shared:
                full[..., at : at + size] = block.shared[name]
            at += size
        rows.append(full.reshape(count * m, T * nv + k))
        right.append(block.residual.ravel())
    J, residual = np.concatenate(rows), np.concatenate(right)
    normal = J.T @ J
    normal[np.diag_indices_from(normal)] *= 1 + mu
    expected = -np.linalg.solve(normal + 1e-9 * np.eye(len(normal)), J.T @ residual)
    found = np.concatenate([step.ravel(), *shared.values()])
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_what_is_not_free_is_held(seen):
    x, terms = small_problem(seen)
    held = solve(replace(x, free=(HEIGHT,)), terms, 5)
    assert held.body is x.body and held.ground != x.ground
    np.testing.assert_array_equal(held.turn, x.turn)


def test_the_solver_only_goes_downhill_and_arrives(seen):
    x, terms = small_problem(seen)

    def cost(y: Trajectory) -> float:
        return sum(term(y).cost for term in terms)

    once, done = solve(x, terms, 1), solve(x, terms, 30, tolerance=1e-9)
    assert cost(done) < cost(once) < cost(x)
    again = solve(done, terms, 5)
    assert cost(again) == pytest.approx(cost(done), rel=1e-4)


def test_the_person_keeps_height_and_mass_when_lengths_change(seen):
    x, _ = small_problem(seen)
    thigh = 0.1 * np.array([name == "thigh" for name in x.body.lengths])
    step = np.zeros((6, x.body.model.nv))
    longer = x.moved(step, {SHAPE: thigh, HEIGHT: np.array([0.02]), TILT: np.zeros(2)})
    assert longer.body.lengths["thigh"] == pytest.approx(x.body.lengths["thigh"] * np.exp(0.1))
    assert (longer.body.height, longer.body.mass) == (x.body.height, x.body.mass)
    assert longer.ground.height == pytest.approx(x.ground.height + 0.02)
    np.testing.assert_array_equal(longer.turn, x.turn)


@pytest.mark.parametrize("fps", [5.0, 10.0])
def test_who_walks_is_on_the_floor_in_a_film_of_few_frames_a_second(fps):
    """Towards a camera that nobody posed: without feet that stand, up was degrees off, and the walker 20 cm over it."""
    frames = round(3 * fps)
    qpos = people.stepping(people.person(), frames, fps, period=1.1)
    qpos[:, 0] += 1.1 * (np.arange(frames) - frames / 2) / fps
    camera = people.camera((4.5, 0.0, 1.8))
    seen = people.see(people.person(), qpos, camera, noise=3.0, depth_noise=0.03)
    view = replace(seen.view, clock=Clock(fps), camera=Pinhole(camera.K, camera.image_size, LEVEL, np.zeros(3)))
    assert np.abs(found_in(view).x.over.min(1)).max() < 0.04
