"""Points from several views: right, robust, and none where there can be none."""

import numpy as np
import pytest
from dolly import Dolly
from hypothesis import given, settings
from hypothesis import strategies as st
from people import camera

from motionrecon.rig.triangulation import PARALLAX, rays, triangulate

PLACES = [(3.2, -2.4, 1.3), (-2.9, -2.6, 1.5), (0.4, 4.1, 1.2), (3.5, 2.5, 1.8)]


def _seen(views: int, seed: int = 0, noise: float = 0.0, frames: int = 3):
    """Cameras, points about a person, and the pixels that they are seen at."""
    rng = np.random.default_rng(seed)
    cameras = [camera(place) for place in PLACES[:views]]
    points = rng.uniform((-0.5, -0.5, 0.1), (0.5, 0.5, 1.8), (frames, 7, 3))
    pixels = np.stack([c.project(points) for c in cameras])
    pixels += noise * rng.normal(size=pixels.shape)
    return cameras, points, pixels, rng.uniform(0.2, 1.0, pixels.shape[:3])


@settings(max_examples=25, deadline=None)
@given(views=st.integers(2, 4), seed=st.integers(0, 10**6))
def test_exact_pixels_give_the_points_and_no_disagreement(views, seed):
    cameras, points, pixels, weight = _seen(views, seed)
    found, apart = triangulate(cameras, pixels, weight)
    assert np.abs(found - points).max() < 1e-6
    assert np.abs(apart).max() < 1e-6


def test_a_point_off_the_line_of_sight_is_as_many_metres_apart():
    cameras, points, pixels, _ = _seen(3)
    moved = points + 0.3 * cameras[2].axes[0, 0]
    found = rays(cameras, pixels).apart(moved)[2]
    assert np.allclose(found, 0.3, atol=0.03)  # it is across the camera's own axis, all but across the line of sight


@pytest.mark.parametrize("views", [3, 4])
@pytest.mark.parametrize("off", [40.0, 200.0, 2000.0])
def test_a_view_far_away_does_not_bend_the_point(views, off):
    cameras, _, pixels, weight = _seen(views, noise=0.5)
    for wrong in range(views):
        bent = pixels.copy()
        bent[wrong] += off * np.array([0.3, 0.95])
        found, apart = triangulate(cameras, bent, np.ones_like(weight))
        rest = [v for v in range(views) if v != wrong]
        good, _ = triangulate([cameras[v] for v in rest], pixels[rest], np.ones_like(weight[rest]))
        assert np.median(np.linalg.norm(found - good, axis=-1)) < (0.03 if off < 100 else 0.005)
        assert np.median(apart[wrong]) > np.median(apart[rest]) * 3


def test_noise_is_averaged_as_the_weights_say():
    cameras, points, pixels, _ = _seen(3, noise=2.0, frames=200)
    pixels[2] += 8.0 * np.random.default_rng(1).normal(size=pixels[2].shape)
    errors = [
        np.linalg.norm(triangulate(cameras, pixels, np.broadcast_to(w, pixels.shape[:3]))[0] - points, axis=-1).mean()
        for w in (np.ones((3, 1, 1)), np.array([1.0, 1.0, 0.25])[:, None, None])
    ]
    assert errors[1] < errors[0]


def test_fewer_than_two_views_see_no_point():
    cameras, _, pixels, weight = _seen(3)
    pixels[1:, 0] = np.nan
    pixels[2, 1] = np.nan
    weight[1, 2, 3] = weight[2, 2, 3] = 0.0
    found, apart = triangulate(cameras, pixels, weight)
    assert np.isnan(found[0]).all() and np.isnan(apart[:, 0]).all()
    assert np.isfinite(found[1]).all() and np.isnan(apart[2, 1]).all() and np.isfinite(apart[:2, 1]).all()
    assert np.isnan(found[2, 3]).all() and np.isfinite(np.delete(found[2], 3, axis=0)).all()


def test_lines_of_sight_that_are_all_but_parallel_do_not_meet():
    beside = [camera((4.0, -0.02, 1.2)), camera((4.0, 0.02, 1.2))]
    points = np.full((1, 1, 3), [0.0, 0.0, 1.0])
    pixels = np.stack([c.project(points) for c in beside])
    assert np.isnan(triangulate(beside, pixels, np.ones((2, 1, 1)))[0]).all()
    half = 4.0 * np.tan(PARALLAX)
    apart = [camera((4.0, -half, 1.2)), camera((4.0, half, 1.2))]
    pixels = np.stack([c.project(points) for c in apart])
    assert np.allclose(triangulate(apart, pixels, np.ones((2, 1, 1)))[0], points)


def test_what_meets_behind_a_camera_is_no_point():
    cameras, points, pixels, weight = _seen(2)
    p = cameras[0].to_camera(cameras[0].eye[0] * 2 - points)
    pixels[0] = (p[..., :2] / p[..., 2:]) @ cameras[0].K[:2, :2].T + cameras[0].K[:2, 2]
    found, _ = triangulate(cameras, pixels, weight)
    ahead = cameras[0].to_camera(found)[..., 2]
    assert (ahead[np.isfinite(ahead)] > 0).all()


def test_moving_cameras_see_from_where_they_are():
    cameras, points, pixels, weight = _seen(2)
    lens = cameras[1]
    steps = lens.eye + 0.1 * np.arange(len(points))[:, None]
    moving = Dolly(lens, np.repeat(lens.axes, len(points), axis=0), steps)
    pixels[1] = moving.project(points)
    found, apart = triangulate([cameras[0], moving], pixels, weight)
    assert np.allclose(found, points) and apart.max() < 1e-6


def test_one_camera_sees_no_points():
    cameras, _, pixels, weight = _seen(2)
    found, apart = triangulate(cameras[:1], pixels[:1], weight[:1])
    assert np.isnan(found).all() and np.isnan(apart).all()
