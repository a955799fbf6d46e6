"""A detector's guess is in the axes of a camera that is turned to the person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import people
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.cameras.sightline import turns_to
from motionrecon.core.clock import Clock
from motionrecon.core.landmarks import INDEX
from motionrecon.keypoints.file import keypoints_of
from motionrecon.views import View

angles = st.floats(-0.9, 0.9)


@given(right=angles, down=angles)
def test_the_axis_is_turned_onto_the_ray_the_shortest_way(right, down):
    ray = np.tan([right, down])
    turn = turns_to(np.tile(ray, (1, 33, 1)))[0]
    along = np.append(ray, 1.0) / np.sqrt(1.0 + (ray**2).sum())
    assert np.allclose(turn @ [0.0, 0.0, 1.0], along, atol=1e-12)
    assert np.allclose(turn @ turn.T, np.eye(3)) and np.linalg.det(turn) == pytest.approx(1.0)
    assert (np.trace(turn) - 1) / 2 == pytest.approx(along[2])  # no roll


def test_what_is_not_seen_turns_nothing():
    rays = np.full((3, 33, 2), np.nan)
    rays[1, INDEX["left_wrist"]] = 0.4
    rays[2, INDEX["left_hip"]] = 0.4
    turn = turns_to(rays)
    assert np.array_equal(turn[:2], np.broadcast_to(np.eye(3), (2, 3, 3))) and not np.allclose(turn[2], np.eye(3))


def place(camera: Pinhole) -> np.ndarray:
    return camera.to_world(np.zeros((1, 1, 3)))[0, 0]


def test_somebody_at_the_edge_is_guessed_as_by_a_camera_that_looks_at_them():
    """The guess of that camera, which the real one is given, comes out in the real one's axes."""
    seen = people.see(people.person(), people.stepping(people.person(), 3), people.camera())
    camera = seen.camera
    turn = np.array([[0.8, 0.0, 0.6], [0.0, 1.0, 0.0], [-0.6, 0.0, 0.8]])
    axes = camera.axes[0]
    aside = replace(
        camera, R_camera_world=turn @ axes, t_camera_world=-turn @ axes @ place(camera), calibrated=True
    )  # in the same place
    pixels = aside.project(seen.true.marks)
    exact = aside.to_camera(seen.true.marks)
    exact -= exact[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(1, keepdims=True)
    guess = exact @ turns_to(aside.rays(pixels))
    assert np.abs(guess - exact).max() > 0.1
    view = View.of(keypoints_of(pixels, np.ones((3, 33)), guess, 30.0, camera.image_size), aside, Clock(30.0))
    assert np.allclose(view.points_3d, exact)
    unknown = replace(aside, calibrated=False)
    view = View.of(keypoints_of(pixels, np.ones((3, 33)), guess, 30.0, camera.image_size), unknown, Clock(30.0))
    assert np.array_equal(view.points_3d, guess)
