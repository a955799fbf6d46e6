"""The kinematic fit finds a known motion again, and its solver solves what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import people
import pytest
from people import Seen
from scipy.spatial.transform import Rotation

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.capsules.proportions import Proportions
from motionrecon.body.tangent import difference, quat_exp, quat_multiply
from motionrecon.cameras.pinhole import LEVEL, Camera
from motionrecon.core import landmarks
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.contact import standing_points
from motionrecon.kinematics.fit import fit, landmark_trust
from motionrecon.kinematics.gravity import levelled
from motionrecon.kinematics.solver import _Normal, minimize
from motionrecon.kinematics.start import first_guess
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.contact import Contact
from motionrecon.kinematics.terms.reprojection import Reprojection
from motionrecon.kinematics.terms.size_prior import SizePrior
from motionrecon.kinematics.terms.smoothness import Smoothness

FPS = 30.0
GAP = slice(22, 26)
OUTLIERS = {(5, "left_wrist"): (300, 0), (9, "left_knee"): (0, -250), (30, "right_ankle"): (150, -200)}


def spoiled(seen: Seen) -> Seen:
    """With a gap in which nobody is seen, and some keypoints that are far off."""
    pixels, confidence, points = seen.pixels.copy(), seen.confidence.copy(), seen.points_3d.copy()
    pixels[GAP], points[GAP], confidence[GAP] = np.nan, np.nan, 0.0
    for (frame, name), away in OUTLIERS.items():
        pixels[frame, landmarks.INDEX[name]] += away
    return replace(seen, pixels=pixels, confidence=confidence, points_3d=points)


def fitted(seen: Seen, camera: Camera) -> Trajectory:
    return fit(Capsules.build(1.75), camera, seen.pixels, seen.confidence, seen.points_3d, seen.fps)


@pytest.fixture(scope="module")
def seen() -> Seen:
    """One and a half seconds of high steps, whose keypoints are 3 pixels off."""
    qpos = people.stepping(people.person(), 45, lift=0.8, period=1.5)
    return spoiled(people.see(people.person(), qpos, people.camera(roll=0.1), noise=3.0, depth_noise=0.03))


@pytest.fixture(scope="module")
def found(seen) -> Trajectory:
    return fitted(seen, seen.camera)


@pytest.fixture(scope="module")
def found_without_pose(seen) -> Trajectory:
    return fitted(seen, Camera(seen.camera.K, seen.camera.image_size, LEVEL, np.zeros(3)))


def about_the_hips(points: np.ndarray) -> np.ndarray:
    return points - points[:, [landmarks.INDEX["left_hip"], landmarks.INDEX["right_hip"]]].mean(1, keepdims=True)


def mean_distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b, axis=-1).mean())


def test_a_known_motion_is_found_again(seen, found):
    assert mean_distance(found.landmarks, seen.joints) < 0.08  # how far away somebody is, one picture tells poorly
    assert mean_distance(about_the_hips(found.landmarks), about_the_hips(seen.joints)) < 0.045
    np.testing.assert_allclose(found.camera.R_camera_world, seen.camera.R_camera_world, atol=1e-6)
    assert found.floor == 0.0


def test_the_lengths_are_found_again(seen, found):
    away = np.log(found.body.proportions.as_array() / seen.body.proportions.as_array())
    assert np.abs(away).max() < 0.12 and np.abs(away).mean() < 0.05


def test_a_gap_is_bridged_smoothly(seen, found):
    assert np.isfinite(found.qpos).all()
    assert mean_distance(about_the_hips(found.landmarks[GAP]), about_the_hips(seen.joints[GAP])) < 0.09
    pace = np.linalg.norm(np.diff(found.landmarks, axis=0), axis=-1).mean(1)
    assert pace[GAP.start - 1 : GAP.stop].max() < 2 * pace.max()


def test_wild_keypoints_do_not_pull(seen, found):
    for frame, name in OUTLIERS:
        i = landmarks.INDEX[name]
        assert np.linalg.norm(about_the_hips(found.landmarks)[frame, i] - about_the_hips(seen.joints)[frame, i]) < 0.12


def test_feet_that_stand_stand_on_the_floor_and_still(seen, found):
    true = Trajectory(seen.body, seen.camera, seen.qpos, 0.0)
    stands = (true.soles[..., 2] < 0.002) & (np.arange(len(seen.qpos)) < GAP.start)[:, None]
    assert stands.mean() > 0.2
    assert np.abs(found.soles[..., 2][stands]).mean() < 0.01
    both = stands[:-1] & stands[1:]
    assert np.linalg.norm(np.diff(found.soles, axis=0), axis=-1)[both].mean() * FPS < 0.1
    assert found.soles[..., 2].min() > -0.02


def test_feet_that_are_lifted_are_lifted(seen, found):
    true = Trajectory(seen.body, seen.camera, seen.qpos, 0.0)
    for foot in (slice(0, 4), slice(4, 8)):
        assert found.soles[:, foot, 2].max() > 0.75 * true.soles[:, foot, 2].max() > 0.1


def test_up_and_the_floor_are_found_without_a_calibrated_pose(seen, found_without_pose):
    x = found_without_pose
    turn = x.camera.R_camera_world.T @ seen.camera.R_camera_world
    up = np.degrees(np.arccos(np.clip(turn[2, 2], -1, 1)))
    assert up < 6
    in_camera = about_the_hips(x.camera.to_camera(x.landmarks)), about_the_hips(seen.camera.to_camera(seen.joints))
    assert mean_distance(*in_camera) < 0.07
    lowest = x.soles[..., 2].min(1)
    assert abs(np.median(lowest)) < 0.01
    assert not x.camera.calibrated, "what was estimated is no calibration"
    away = np.linalg.norm(x.camera.project(x.marks) - seen.pixels, axis=-1)
    assert np.nanmedian(away) < 15


def test_a_long_clip_is_fitted_in_stretches(seen, found, monkeypatch):
    """Fitted in stretches of 24 frames that share 8, the motion is much the same, and its seams are smooth."""
    monkeypatch.setattr("motionrecon.kinematics.fit.LONGEST", 24)
    monkeypatch.setattr("motionrecon.kinematics.fit.OVERLAP", 8)
    pieced = fitted(seen, seen.camera)
    assert len(pieced) == len(found) and pieced.floor == 0.0
    assert mean_distance(about_the_hips(pieced.landmarks), about_the_hips(seen.joints)) < 0.06
    jolt = np.linalg.norm(np.diff(pieced.landmarks, 2, axis=0), axis=-1).mean(1)
    assert jolt.max() < 3 * np.linalg.norm(np.diff(found.landmarks, 2, axis=0), axis=-1).mean(1).max()


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
    assert np.isfinite(fitted(alone, seen.camera).qpos).all()


def test_keypoints_without_3d_do_too(seen):
    """OpenPose's files have none, and no points of the hands nor of the mouth."""
    unknown = [
        i for i, name in enumerate(landmarks.NAMES) if "mouth" in name or "pinky" in name or "index" in name[-5:]
    ]
    pixels, confidence = seen.pixels.copy(), seen.confidence.copy()
    pixels[:, unknown], confidence[:, unknown] = np.nan, 0.0
    flat = replace(seen, pixels=pixels, confidence=confidence, points_3d=np.full_like(seen.points_3d, np.nan))
    x = fitted(flat, seen.camera)
    assert mean_distance(about_the_hips(x.landmarks), about_the_hips(seen.joints)) < 0.09


@pytest.mark.parametrize("guess", [True, False])
def test_the_start_is_near_and_faces_the_right_way(seen, guess):
    points = seen.points_3d if guess else np.full_like(seen.points_3d, np.nan)
    start = first_guess(seen.body, seen.camera, seen.pixels, points, seen.confidence)
    away = difference(seen.qpos, start)
    assert np.isfinite(start).all()
    assert np.linalg.norm(away[:, :3], axis=1).mean() < 0.4
    assert np.degrees(np.linalg.norm(away[:, 3:6], axis=1)).mean() < 30


def test_a_world_on_its_side_is_levelled(seen):
    turn = Rotation.from_rotvec([0.6, 0.5, 0.0])
    turned = seen.qpos.copy()
    turned[:, :3] = turn.apply(seen.qpos[:, :3])
    turned[:, 3:7] = quat_multiply(quat_exp(turn.as_rotvec()), seen.qpos[:, 3:7])
    camera = replace(seen.camera, R_camera_world=seen.camera.R_camera_world @ turn.as_matrix().T)
    x = levelled(Trajectory(seen.body, camera, turned, 0.0), FPS)
    up = x.camera.R_camera_world[:, 2] @ seen.camera.R_camera_world[:, 2]
    assert np.degrees(np.arccos(min(up, 1.0))) < 8
    assert abs(np.median(x.soles[..., 2].min(1)) - x.floor) < 0.01
    # The camera sees the same.
    np.testing.assert_allclose(x.camera.to_camera(x.landmarks), seen.camera.to_camera(seen.joints), atol=1e-9)


def test_standing_points_are_slow_and_low(seen):
    x = Trajectory(seen.body, seen.camera, seen.qpos, 0.0)
    stands = standing_points(x, FPS)
    assert stands.shape == (45, 8) and (stands >= 0).all() and (stands <= 1).all()
    assert stands[x.soles[..., 2] > 0.12].max() < 0.1
    right_only = x.soles[:, :4, 2].min(1) > 0.03
    assert stands[right_only][:, 4:].min() > 0.8
    assert standing_points(replace(x, floor=-0.5), FPS).max() < 0.01


def test_trust_is_by_landmark():
    trust = dict(zip(landmarks.NAMES, landmark_trust(), strict=True))
    assert min(trust.values()) > 0
    assert trust["left_hip"] == trust["right_wrist"] == 1.0 > trust["nose"] > trust["mouth_left"]
    assert trust["left_foot_index"] > trust["left_index"]


def small_problem(seen: Seen) -> tuple[Trajectory, list]:
    short = slice(0, 6)
    x = Trajectory(seen.body, seen.camera, seen.qpos[short], 0.01)
    terms = [
        Reprojection(seen.pixels[short], np.ones((6, 33))),
        Smoothness(FPS),
        Contact(FPS, np.ones((6, 8))),
        SizePrior((0.0, 0.1), 0.1, seen.camera.R_camera_world),
    ]
    return x, terms


@pytest.mark.parametrize("mu", [0.0, 0.3])
def test_the_banded_solution_is_the_dense_one(seen, mu):
    x, terms = small_problem(seen)
    blocks: list[Block] = [term(x) for term in terms]
    T, nv, k = len(x), x.body.model.nv, x.shared_count
    step, shared = _Normal(T, nv, k, blocks).solve(mu)
    rows, right = [], []
    for block in blocks:
        count, m = block.residual.shape
        full = np.zeros((count, m, T * nv + k))
        for offset, part in enumerate(block.jacobians):
            if part is not None:
                for n, frame in enumerate(block.frames + offset):
                    full[n, :, frame * nv : (frame + 1) * nv] += part[n]
        if block.shared is not None:
            full[..., T * nv :] = block.shared
        rows.append(full.reshape(count * m, -1))
        right.append(block.residual.ravel())
    J, r = np.concatenate(rows), np.concatenate(right)
    normal = J.T @ J
    normal[np.diag_indices_from(normal)] *= 1 + mu
    expected = -np.linalg.solve(normal + 1e-9 * np.eye(len(normal)), J.T @ r)
    np.testing.assert_allclose(np.concatenate([step.ravel(), shared]), expected, atol=1e-6 * np.abs(expected).max())


def test_the_solver_only_goes_downhill_and_arrives(seen):
    x, terms = small_problem(seen)

    def cost(y: Trajectory) -> float:
        return sum(term(y).cost for term in terms)

    once, done = minimize(x, terms, 1), minimize(x, terms, 30, tolerance=1e-9)
    assert cost(done) < cost(once) < cost(x)
    again = minimize(done, terms, 5)
    assert cost(again) == pytest.approx(cost(done), rel=1e-4)


def test_the_person_keeps_height_and_mass_when_lengths_change(seen):
    x, _ = small_problem(seen)
    shared = np.zeros(x.shared_count)
    shared[Proportions.names().index("thigh")] = 0.1
    shared[len(Proportions.names())] = 0.02
    longer = x.moved(np.zeros((6, x.body.model.nv)), shared)
    assert longer.body.proportions.thigh == pytest.approx(x.body.proportions.thigh * np.exp(0.1))
    assert (longer.body.height, longer.body.mass) == (x.body.height, x.body.mass)
    assert longer.floor == pytest.approx(x.floor + 0.02)
    assert longer.camera is x.camera
