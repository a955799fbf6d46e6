"""Cameras that cannot be are refused or named, with the likely cause; good ones pass in silence."""

import cv2
import numpy as np
import pytest
from test_camera_files import POSE, at

from motionrecon.cameras.default import DEFAULT_FOV, default_camera
from motionrecon.cameras.lens import check_lens, field_of_view, focal_length
from motionrecon.cameras.world import check_world
from motionrecon.errors import InputError

WIDE = (1280, 720)


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
def test_the_field_of_view_is_along_the_longer_side_however_the_phone_was_held(size):
    for camera, fov in ((default_camera(size), DEFAULT_FOV), (default_camera(size, fov=90), 90)):
        edge = np.zeros(2)
        edge[int(size[1] > size[0])] = 960
        ray = np.linalg.solve(camera.K, [*(np.array(size) / 2 + edge), 1])
        assert np.degrees(2 * np.arctan(np.abs(ray[:2]).max())) == pytest.approx(fov)
        assert not camera.calibrated
    assert default_camera(size, focal_px=1234).K[1, 1] == 1234


def test_a_default_camera_is_level():
    x, y = default_camera((640, 480)).project(np.array([[0.1, 2.0, 0.3]]))[0]
    assert x > 320 and y < 240


def test_focal_length_and_field_of_view_are_inverse():
    for fov in (10, 65, 170):
        assert field_of_view(focal_length(fov, WIDE), WIDE) == pytest.approx(fov)


@pytest.mark.parametrize(
    ("focal", "why"),
    [
        (26, r"focal_px=26 would see 175 degrees .*probably in millimetres; .*35 mm equivalent, 924"),
        (0.78, r"share of the picture's size; .* 998"),
        (0.026, "probably in metres"),
        (50000, "that of a larger picture"),
        (-3, "above 0"),
        (float("nan"), "above 0"),
    ],
)
def test_focal_lengths_in_other_units_are_refused(focal, why):
    with pytest.raises(InputError, match=why):
        default_camera(WIDE, focal_px=focal)


def lens(fx=1000.0, fy=1000.0, cx=640.0, cy=360.0, skew=0.0, distortion=()):
    K = np.array([[fx, skew, cx], [0, fy, cy], [0, 0, 1]])
    return check_lens("camera c", K, WIDE, np.array(distortion, float))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"fx": 600.0, "fy": 604.0},
        {"cx": 540.0, "cy": 420.0},
        {"distortion": (-0.3, 0.12, 0.001, 0.002, -0.02)},
        {"fx": 500.0, "fy": 500.0, "distortion": (-0.25, 0.06, 0, 0)},
        {"distortion": (0.53, -2.64, 0.0008, -0.0004, 1.51, 0.41, -2.46, 1.44), "fx": 611.0, "fy": 611.0},
        {"distortion": (0.2, -0.6, 0, 0, 0.6), "fx": 800.0, "fy": 800.0},
        {"distortion": (2.1, 1.4, 0.0002, 0.0001, 0.1, 2.3, 1.9, 0.35)},
    ],
)
def test_good_lenses_pass_in_silence(change):
    assert lens(**change) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"fx": 26.0, "fy": 26.0}, "focal length fx 26 .*millimetres"),
        ({"fy": 2500.0}, "differ too much"),
        ({"cx": 0.5, "cy": 0.5}, "corner.*share of the picture's size"),
        ({"cx": 0.0, "cy": 0.0}, "corner.*in pixels"),
        ({"cx": 1960.0, "cy": 540.0}, "far outside the picture"),
        ({"skew": 200.0}, "no camera has so much"),
        ({"distortion": (50.0, -900.0, 0, 0)}, "fold the picture"),
        ({"distortion": (-3.0, 0, 0, 0)}, "fold the picture"),
    ],
)
def test_impossible_lenses_are_refused(change, why):
    with pytest.raises(InputError, match=f"camera c.*{why}"):
        lens(**change)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cx": 960.0, "cy": 540.0}, "another picture size"),
        ({"fy": 1200.0}, "pixels square"),
        ({"distortion": (0.33, -7.1, -0.018, 0.0056, 0.0)}, "fold the picture's edges"),
        ({"skew": 2.5}, "skew of 2.5 is left out, which moves pixels by 0.9"),
    ],
)
def test_odd_lenses_are_named(change, why):
    (warning,) = lens(**change)
    assert why in warning


@pytest.mark.parametrize("height", [0.05, 1.5, 6.0])
def test_good_poses_pass_in_silence(height):
    assert check_world("c", *at(2.0, 3.0, height, (1, 1))) == (True, [])
    down = np.array([[1.0, 0, 0], [0, -1.0, 0], [0, 0, -1.0]])  # from a ceiling
    assert check_world("c", down, -down @ [0.0, 0, 4.0]) == (True, [])


@pytest.mark.parametrize(
    ("factor", "unit"), [(1000, 'millimetres.*unit = "mm"'), (100, 'centimetres.*unit = "cm"'), (1e300, "metres")]
)
def test_places_in_other_units_are_refused(factor, unit):
    R, t = at(1.0, -4.0, 1.4, (-0.2, 1.0))
    with pytest.raises(InputError, match=f"too far away; .*{unit}"):
        check_world("c", R, t * factor)


def test_a_place_far_from_the_origin_is_named():
    known, (warning,) = check_world("camera c", *at(0.0, -98.0, 3.0, (0, 1)))
    assert known and "98 m away from the world's origin" in warning and "centimetres" in warning


def pose_in(axes):
    """`POSE` in a world whose coordinates are ``axes`` times ours."""
    R, t = POSE
    return R @ np.array(axes, float).T, t


@pytest.mark.parametrize(
    ("pose", "what"),
    [
        (pose_in([[1, 0, 0], [0, 0, 1], [0, -1, 0]]), "Y-up"),
        (pose_in([[1, 0, 0], [0, 0, -1], [0, 1, 0]]), "Y-down"),
        (pose_in([[1, 0, 0], [0, -1, 0], [0, 0, -1]]), "Z-down"),
        ((POSE[0].T, -POSE[0].T @ POSE[1]), "camera to world"),
    ],
)
def test_other_worlds_are_told(pose, what):
    known, (warning,) = check_world("camera c", *pose)
    assert known and "be Z-up with the floor at z = 0" in warning and what in warning


def test_a_rolled_camera_is_named_and_a_first_camera_says_nothing_of_up():
    R, t = POSE
    rolled = cv2.Rodrigues(np.array([0, 0, np.pi / 2]))[0]
    _, (warning,) = check_world("camera c", rolled @ R, rolled @ t)
    assert "up is sideways in its picture" in warning
    known, (warning,) = check_world("camera c", R, t, origin="A")
    assert not known and "camera A's own frame" in warning
