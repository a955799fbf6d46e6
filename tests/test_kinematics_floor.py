"""Where the floor is, in the world of a calibration that has it elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from people import camera, person, see, stepping

from motionrecon.ground.plane import Plane
from motionrecon.kinematics.fit import Weights, fit

PLACES = [(3.2, -2.4, 1.3), (-2.9, -2.6, 1.5)]


def moved(height: float, count: int = 2) -> float:
    """By how much the fit raises the floor of a calibration that has it this much below the feet, metres."""
    body = person()
    views = [see(body, stepping(body, 50), camera(place)).view for place in PLACES[:count]]
    up = np.array([0.0, 0.0, height])
    given = [replace(view, camera=view.camera.in_world(np.eye(3), up)) for view in views]
    figure = fit(given, body, Plane())
    return float(given[0].camera.eye[0, 2] - figure.views[0].camera.eye[0, 2])


@pytest.mark.parametrize("height", [-0.4, 0.05, 0.3, 1.0])
def test_the_floor_is_where_the_feet_are_whatever_the_calibration_says(height) -> None:
    assert moved(height) == pytest.approx(height, abs=0.015)


def test_a_floor_on_which_the_feet_stand_stays() -> None:
    assert moved(0.0) == pytest.approx(0.0, abs=0.01)


def test_one_camera_is_left_with_what_its_calibration_says() -> None:
    assert abs(moved(0.3, count=1)) < 0.15


def test_a_floor_that_is_known_is_held() -> None:
    body = person()
    views = [see(body, stepping(body, 50), camera(place)).view for place in PLACES]
    up = np.array([0.0, 0.0, 0.04])
    given = [replace(view, camera=view.camera.in_world(np.eye(3), up)) for view in views]
    figure = fit(given, body, Plane(), Weights(floor_known=True))
    left, found = (float(v.camera.eye[0, 2]) for v in (given[0], figure.views[0]))
    assert left == pytest.approx(found, abs=1e-9)
