"""The metrics: what they must not see, what they must see, and by how much."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionrecon.result.metrics import (
    FEET,
    JOINTS,
    _aligned_distance,
    foot_quality,
    pick,
    pose_errors,
    vertical_force_error,
)

FPS = 50.0
seeds = st.integers(0, 2**32 - 1)


def pose(seed, frames=6):
    random = np.random.default_rng(seed)
    return random, random.normal(0, 0.5, (frames, len(JOINTS), 3))


@given(seeds)
def test_a_motion_has_no_error_against_itself(seed):
    _, joints = pose(seed)
    assert max(pose_errors(joints, joints, FPS).values()) < 1e-6


@given(seeds)
def test_what_each_error_does_not_see(seed):
    random, joints = pose(seed)
    shift = random.normal(0, 1, 3)
    moved = pose_errors(joints + shift, joints, FPS)
    assert moved["mpjpe_mm"] < 1e-6 and moved["mpjpe_g_mm"] < 1e-6 and moved["accel_error"] < 1e-6
    assert moved["mpjpe_abs_mm"] == pytest.approx(1e3 * np.linalg.norm(shift))
    # Another place in every frame: only the hip-centred errors do not see it.
    wandering = pose_errors(joints + random.normal(0, 1, (6, 1, 3)), joints, FPS)
    assert wandering["mpjpe_mm"] < 1e-6 and wandering["mpjpe_g_mm"] > 1 and wandering["accel_error"] > 1
    turns = Rotation.random(6, rng=seed).as_matrix()
    aligned = pose_errors(1.3 * np.einsum("tij,tkj->tki", turns, joints) + shift, joints, FPS)
    assert aligned["pa_mpjpe_mm"] < 1e-6 < 1 < aligned["mpjpe_mm"]


@given(seeds)
def test_a_mirror_image_is_an_error(seed):
    _, joints = pose(seed)
    assert pose_errors(joints * [-1, 1, 1], joints, FPS)["pa_mpjpe_mm"] > 10


@given(seeds)
def test_alignment_beats_every_other_similarity(seed):
    random, joints = pose(seed, frames=1)
    noisy = joints + random.normal(0, 0.1, joints.shape)
    best = np.square(_aligned_distance(noisy[0], joints[0])).sum()
    turn = Rotation.from_rotvec(random.normal(0, 0.05, 3)).as_matrix()
    tried = random.uniform(0.9, 1.1) * (noisy[0] - noisy[0].mean(0)) @ turn.T + joints[0].mean(0)
    assert best <= np.square(np.linalg.norm(tried - joints[0], axis=-1)).sum() + 1e-12


def test_one_joint_off_by_a_known_distance():
    _, joints = pose(0)
    wrong = joints.copy()
    wrong[:, JOINTS.index("left_wrist"), 2] += 0.12
    errors = pose_errors(wrong, joints, FPS)
    assert errors["mpjpe_mm"] == pytest.approx(10) and errors["mpjpe_abs_mm"] == pytest.approx(10)
    assert 0 < errors["pa_mpjpe_mm"] < 20


def test_an_acceleration_of_known_size():
    _, joints = pose(1, frames=20)
    fall = -0.5 * 9.81 * (np.arange(20) / FPS) ** 2
    falling = joints + fall[:, None, None] * [0, 0, 1]
    assert pose_errors(falling, joints, FPS)["accel_error"] == pytest.approx(9.81)


def test_frames_that_are_not_finite_do_not_count():
    random, joints = pose(2, frames=12)
    noisy = joints + random.normal(0, 0.05, joints.shape)
    holed = noisy.copy()
    holed[4] = np.nan
    assert pose_errors(holed, joints, FPS)["mpjpe_mm"] == pytest.approx(
        pose_errors(np.delete(noisy, 4, 0), np.delete(joints, 4, 0), FPS)["mpjpe_mm"]
    )
    assert np.isfinite(pose_errors(holed, joints, FPS)["accel_error"])
    with pytest.raises(ValueError, match="no frame is finite"):
        pose_errors(np.full_like(joints, np.nan), joints, FPS)
    with pytest.raises(ValueError, match="shape"):
        pose_errors(joints[:3], joints, FPS)


def feet(frames=100, height=0.0):
    points = np.zeros((frames, len(FEET), 3))
    points[..., 2] = height
    return points


def test_feet_that_stand_neither_skate_nor_sink():
    assert foot_quality(feet(), FPS) == {"skate_percent": 0, "penetration_mm": 0, "float_mm": 0}


@pytest.mark.parametrize("fps", [8.0, 12.5, 25.0, 38.0, 50.0, 100.0, 240.0])
@pytest.mark.parametrize(("speed", "percent"), [(0.4, 0), (0.6, 100)])
def test_skating_starts_at_half_a_metre_a_second_at_any_frame_rate(fps, speed, percent):
    points = feet()
    points[:, 1, 0] = speed * np.arange(100) / fps
    assert foot_quality(points, fps)["skate_percent"] == percent
    points[:, 1, 2] = 0.06  # a foot in the air may move
    assert foot_quality(points, fps)["skate_percent"] == 0


def test_a_foot_that_may_have_swung_between_two_frames_is_not_told_to_skate():
    points = feet()
    points[:, 1, 0] = 3.0 * np.arange(100) / 5.0
    assert np.isnan(foot_quality(points, 5.0)["skate_percent"])


def test_half_of_the_frames_skate():
    points = feet(101)
    points[50:, 2, 1] = 0.03 * np.arange(51)
    assert foot_quality(points, 25)["skate_percent"] == pytest.approx(50)


def test_depth_and_height():
    points = feet(height=0.02)
    points[:, 0, 2] = -0.008
    assert foot_quality(points, FPS)["penetration_mm"] == pytest.approx(2)
    assert foot_quality(points, FPS)["float_mm"] == 0
    assert foot_quality(feet(height=0.02), FPS)["float_mm"] == pytest.approx(20)


def test_depth_and_height_are_over_the_ground():
    points = feet(height=0.30)
    over = points[..., 2] - [0.15, 0.15, 0.31, 0.30]
    found = foot_quality(points, FPS, over)
    assert (found["penetration_mm"], found["float_mm"]) == pytest.approx((2.5, 0))
    soles = np.tile([-0.004, 0.002], (100, 1))
    found = foot_quality(points, FPS, over, soles)
    assert (found["penetration_mm"], found["float_mm"]) == pytest.approx((2, 0))
    points[:, 3, 0] = np.arange(100) / FPS  # one that is 30 cm up stands on something, and slides
    assert foot_quality(points, FPS, over)["skate_percent"] == 100
    assert foot_quality(points, FPS)["skate_percent"] == 0


def test_one_frame_has_a_foot_quality():
    assert foot_quality(feet(frames=1), FPS)["skate_percent"] == 0


def test_force_error_is_in_percent_of_the_mean_force_in_stance():
    reference = np.array([700.0, 700, 0, 0, 1400, 1400])
    assert vertical_force_error(reference, reference) == 0
    assert vertical_force_error(1.1 * reference, reference) == pytest.approx(10)
    flight = np.array([0.0, 0, 500, 500, 0, 0])  # flight is not stance: what is wrong there does not count
    assert vertical_force_error(reference + flight, reference) == 0
    noise = np.array([105, -105, 0, 0, 105, -105])
    assert vertical_force_error(reference + noise, reference) == pytest.approx(10)
    with pytest.raises(ValueError, match="never stands"):
        vertical_force_error(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="shape"):
        vertical_force_error(np.zeros(3), np.zeros(4))


def test_joints_are_picked_by_name():
    joints = np.arange(9.0).reshape(1, 3, 3)
    np.testing.assert_array_equal(pick(joints, ("a", "b", "c"), ("c", "a")), joints[:, [2, 0]])
