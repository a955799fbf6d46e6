"""A camera that is carried sees what one that stands sees of a world that goes the other way."""

from dataclasses import replace

import numpy as np
import people

from motionrecon.cameras.carried import Carried
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom

T = 5
rng = np.random.default_rng(0)
PATH = np.outer(np.arange(T), [0.3, -0.1, 0.0])
POINTS = rng.normal((0.0, 0.0, 1.0), 1.0, size=(T, 7, 3))


def a_camera(distortion=(0.1, -0.02, 0.001, 0.002)):
    return replace(people.camera(), distortion=np.array(distortion))


def test_it_sees_points_where_they_were_before_it_was_carried():
    camera = a_camera()
    moved = POINTS + PATH[:, None]
    it = Carried(camera, PATH)
    assert np.allclose(it.to_camera(moved), camera.to_camera(POINTS))
    assert np.allclose(it.project(moved), camera.project(POINTS))
    assert np.allclose(it.project_through_lens(moved), camera.project_through_lens(POINTS))
    assert np.allclose(it.to_world(it.to_camera(moved)), moved)
    assert np.allclose(it.eye - camera.eye, PATH)
    assert it.axes.shape == (T, 3, 3) and len(it) == T


def test_what_it_sees_changes_with_the_points_as_finite_differences_say():
    it, step = Carried(a_camera(), PATH), 1e-6
    by_point = it.across(POINTS).by_point
    for axis in range(3):
        moved = [POINTS + sign * step * np.eye(3)[axis] for sign in (1, -1)]
        slope = (it.across(moved[0]).image - it.across(moved[1]).image) / (2 * step)
        assert np.allclose(by_point[..., axis], slope, atol=1e-6)


def test_in_another_world_and_in_some_frames_it_sees_the_same():
    it = Carried(a_camera(), PATH)
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    shift = np.array([1.0, 2.0, 3.0])
    there = it.in_world(turn, shift)
    assert np.allclose(there.project(POINTS @ turn.T + shift), it.project(POINTS))
    later = slice(2, 4)
    assert np.allclose(it.at(later).project(POINTS[later]), it.project(POINTS)[later])
    assert np.allclose(it.rays(it.project(POINTS)), it.across(POINTS).image, atol=1e-9)


def test_one_that_turns_may_be_carried_too():
    turns = np.stack([np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]]) for a in PATH[:, 0]])
    turning = PanTiltZoom(a_camera(), turns, np.linspace(1.0, 1.3, T))
    it = Carried(turning, PATH)
    assert np.allclose(it.project(POINTS + PATH[:, None]), turning.project(POINTS))
    assert np.allclose(it.at(slice(3, 5)).project(POINTS[3:]), it.project(POINTS)[3:])
