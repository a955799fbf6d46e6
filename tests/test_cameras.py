"""A pinhole camera: what it sees where, how that changes as points move, and that it sees the same in any world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import people
import pytest
from scipy.spatial.transform import Rotation

from motionrecon.cameras.base import NEAREST
from motionrecon.cameras.pinhole import Pinhole

POINTS = np.random.default_rng(0).uniform(-1.0, 1.0, (4, 5, 3)) + np.array([0.0, 0.0, 0.9])


@pytest.fixture(params=[False, True], ids=["no lens", "lens"])
def camera(request) -> Pinhole:
    plain = people.camera(roll=0.2)
    bent = np.array([-0.2, 0.05, 0.001, -0.002]) if request.param else np.zeros(0)
    K = plain.K * np.array([[1.0], [1.1], [1.0]])
    return Pinhole(K, plain.image_size, plain.R_camera_world, plain.t_camera_world, bent, True)


def test_the_image_plane_lies_one_metre_ahead(camera):
    seen = camera.across(POINTS)
    there = camera.to_camera(POINTS)
    np.testing.assert_allclose(seen.image, there[..., :2] / there[..., 2:])
    np.testing.assert_allclose(seen.depth, there[..., 2])
    np.testing.assert_allclose(camera.rays(camera.project(POINTS)), seen.image, atol=1e-12)


def test_its_derivative_by_the_points_matches_central_differences(camera):
    seen, h = camera.across(POINTS), 1e-6
    for axis in range(3):
        step = h * np.eye(3)[axis]
        slope = (camera.across(POINTS + step).image - camera.across(POINTS - step).image) / (2 * h)
        np.testing.assert_allclose(seen.by_point[..., axis], slope, atol=1e-7)


def test_what_is_behind_is_seen_from_nearby_and_has_no_pixels(camera):
    behind = camera.to_world(np.array([[[0.1, 0.2, -2.0]]]))
    assert camera.across(behind).depth == NEAREST
    assert np.isnan(camera.project(behind)).all() and np.isnan(camera.project_through_lens(behind)).all()


def test_the_lens_bends_and_is_bent_back(camera):
    filmed = camera.project_through_lens(POINTS)
    assert np.allclose(filmed, camera.project(POINTS)) == (camera.distortion.size == 0)
    np.testing.assert_allclose(camera.undistort(filmed), camera.project(POINTS), atol=0.05)
    filmed[1, 2] = np.nan
    assert np.isnan(camera.undistort(filmed)[1, 2]).all() and np.isnan(camera.rays(filmed)[1, 2]).all()


def test_axes_and_eye_are_where_the_camera_is(camera):
    np.testing.assert_allclose(camera.eye, [[3.2, -2.4, 1.3]], atol=1e-12)
    np.testing.assert_allclose((POINTS - camera.eye) @ camera.axes[0].T, camera.to_camera(POINTS), atol=1e-12)
    np.testing.assert_allclose(camera.to_world(camera.to_camera(POINTS)), POINTS, atol=1e-12)
    ahead = camera.eye[0] + 2.0 * camera.axes[0, 2]
    np.testing.assert_allclose(camera.project(ahead[None]), camera.K[None, :2, 2], atol=1e-9)


def test_a_metre_takes_as_many_pixels_as_it_says(camera):
    right = camera.to_world(np.array([[[0.0, 0.0, 4.0], [1.0, 0.0, 4.0], [0.0, 1.0, 4.0]]]))
    across, down = np.linalg.norm(np.diff(camera.project(right)[0][[1, 0, 2]], axis=0), axis=1)
    assert (across + down) / 2 == pytest.approx(camera.pixels_per_metre(np.array([4.0]))[0])


def test_in_another_world_it_sees_the_same_and_is_as_calibrated_as_before(camera):
    turn, shift = Rotation.from_rotvec([0.3, -0.2, 1.0]).as_matrix(), np.array([0.5, -1.0, 0.2])
    there = camera.in_world(turn, shift)
    moved = POINTS @ turn.T + shift
    np.testing.assert_allclose(there.project(moved), camera.project(POINTS), atol=1e-9)
    np.testing.assert_allclose(there.eye, camera.eye @ turn.T + shift, atol=1e-12)
    assert there.calibrated and replace(there, R_camera_world=np.eye(3), t_camera_world=np.zeros(3)).calibrated
