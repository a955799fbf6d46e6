"""How tall somebody is, from the lengths that calibrated cameras see."""

from dataclasses import replace

import numpy as np
import pytest
from people import camera, see, stepping
from test_config import options

from motionrecon.body import build
from motionrecon.cameras.files import Assumptions
from motionrecon.kinematics.stage import _height
from motionrecon.rig.stature import stature
from motionrecon.source import Source

PLACES = [(3.2, -2.4, 1.3), (-2.9, -2.6, 1.5), (0.4, 4.1, 1.2)]


def _views(height: float, count: int = 2, noise: float = 3.0):
    rng = np.random.default_rng(1)
    body = build(height)
    seen = [see(body, stepping(body, 30), camera(place)).view for place in PLACES[:count]]
    return tuple(replace(view, pixels=view.pixels + noise * rng.normal(size=view.pixels.shape)) for view in seen)


@pytest.mark.parametrize("height", [1.2, 1.45, 1.7, 2.0])
@pytest.mark.parametrize("count", [2, 3])
def test_the_height_of_a_usual_person_comes_back(height, count) -> None:
    assert stature(_views(height, count)) == pytest.approx(height, rel=0.02)


def test_nothing_is_found_where_too_little_is_seen_or_nobody_is_so_tall() -> None:
    views = _views(1.7)
    hidden = tuple(replace(view, weight=np.where(np.arange(33) < 26, 0.0, view.weight)) for view in views)
    assert stature(hidden) is None
    far = [replace(v, camera=v.camera.in_world(np.eye(3), np.zeros(3))) for v in views]
    apart = [replace(v, camera=replace(v.camera, t_camera_world=10 * v.camera.t_camera_world)) for v in far]
    assert stature(apart) is None  # a calibration in decimetres


def test_the_users_word_and_a_single_camera_are_as_they_were() -> None:
    views = _views(1.45)
    source = Source((), True)
    assert _height(source, views, options()) == pytest.approx(1.45, rel=0.02)
    assert _height(source, views, options(height=1.8)) == 1.8
    assert _height(source, views[:1], options()) == 1.7
    unsure = tuple(replace(view, camera=replace(view.camera, calibrated=False)) for view in views)
    assert _height(source, unsure, options()) == 1.7


def test_cameras_that_an_assumed_height_scales_do_not_find_it_again() -> None:
    assert _height(Source((), True, assumed=Assumptions(1.7)), _views(1.45), options()) == 1.7
