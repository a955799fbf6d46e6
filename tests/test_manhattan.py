"""How a camera is held and how long its lens is, by the lines of a room: exact ones, clutter, and nothing to tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from test_verticals import FOCAL, angle, camera_up

from motionrecon.cameras.default import LENS_ERROR, default_camera
from motionrecon.cameras.files import Assumptions
from motionrecon.cameras.manhattan import manhattan
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.clock import Clock
from motionrecon.core.vectors import across, unit
from motionrecon.keypoints import Keypoints
from motionrecon.observe.held import held_otherwise
from motionrecon.observe.lens import with_lens, with_lenses
from motionrecon.source import Recording, Source
from motionrecon.views import View

UP = np.array([0.0, -1.0, 0.0])


def room(up: np.ndarray, turn: float) -> np.ndarray:
    """The axes of a room, two level ones and up, in the camera's axes; at 0 the camera looks along the second."""
    ahead = unit(np.array([0.0, 0.0, 1.0]) - up[2] * up)
    beside = np.cross(ahead, up)
    c, s = np.cos(turn), np.sin(turn)
    return np.stack([c * beside + s * ahead, c * ahead - s * beside, up])


def seen(
    random: np.random.Generator,
    axes: np.ndarray,
    counts: tuple[int, int, int],
    clutter: int,
    lens: float = 0.0,
    noise: float = 0.5,
) -> np.ndarray:
    """Ends of lines along the axes of a room, and of lines turned anyhow, on the image plane of an assumed lens.

    Args:
        random: of everything.
        axes: of the room, in the camera's axes.
        counts: lines along each axis.
        clutter: lines turned anyhow.
        lens: logarithm of the focal length over the one that is assumed.
        noise: of the ends, pixels.
    """
    stretch = np.exp(lens)
    middle = random.uniform([-0.6, -0.35], [0.6, 0.35], (sum(counts) + clutter, 2)) / stretch
    to = np.repeat(axes, counts, axis=0)
    way = to[:, :2] - middle[: sum(counts)] * to[:, 2:]
    turned = np.arctan2(way[:, 1], way[:, 0])
    turned = np.concatenate([turned, random.uniform(0, np.pi, clutter)])
    half = random.uniform(0.03, 0.12, len(middle))[:, None] * np.stack([np.cos(turned), np.sin(turned)], axis=1)
    ends = stretch * middle[:, None] + np.stack([-half, half], axis=1)
    return np.asarray(ends + noise / FOCAL * random.standard_normal(ends.shape))


@settings(deadline=None, max_examples=20)
@given(
    pitch=st.floats(-0.6, -0.15),
    roll=st.floats(-0.2, 0.2),
    turn=st.floats(0.4, 1.1),
    lens=st.floats(-0.3, 0.3),
    clutter=st.integers(0, 30),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_room_tells_how_the_camera_is_held_and_its_lens(pitch, roll, turn, lens, clutter, seed):
    up = camera_up(pitch, roll)
    lines = seen(np.random.default_rng(seed), room(up, turn), (20, 20, 10), clutter, lens)
    found = manhattan(lines, FOCAL, UP, 0.3, LENS_ERROR)
    assert found is not None and found.count >= 40
    assert angle(found.up, up) < 3 * np.degrees(found.error) + 0.5
    assert angle(found.up, up) < 3.0
    assert abs(found.lens - lens) < 4 * found.lens_error


def test_no_vertical_line_is_needed_where_the_floor_shows_two_directions():
    up = camera_up(-0.6, 0.1)
    lines = seen(np.random.default_rng(0), room(up, 0.6), (25, 15, 0), 10)
    found = manhattan(lines, FOCAL, UP, 0.3, LENS_ERROR)
    assert found is not None and angle(found.up, up) < 1.0 and found.lens_error < 0.08


def test_the_uncertainty_is_honest():
    """Of many rooms, errors of up and of the lens are as large as they are said to be, and not much smaller."""
    up_chi2, lens_chi2 = [], []
    for seed in range(30):
        random = np.random.default_rng(seed)
        up, lens = camera_up(random.uniform(-0.5, 0.0), random.uniform(-0.2, 0.2)), random.normal(0.0, 0.15)
        lines = seen(random, room(up, random.uniform(0.0, 1.5)), (15, 12, 6), 20, lens, noise=1.0)
        found = manhattan(lines, FOCAL, UP, 0.3, LENS_ERROR)
        if found is not None:
            up_chi2.append((np.radians(angle(found.up, up)) / found.error) ** 2)
            lens_chi2.append(((found.lens - lens) / found.lens_error) ** 2)
    assert len(up_chi2) > 20
    assert 0.05 < np.mean(up_chi2) < 2.0 and 0.05 < np.mean(lens_chi2) < 2.0


def test_a_known_lens_is_not_doubted():
    up = camera_up(-0.3, 0.0)
    found = manhattan(seen(np.random.default_rng(3), room(up, 0.7), (15, 15, 8), 5), FOCAL, UP, 0.3, 0.0)
    assert found is not None and (found.lens, found.lens_error) == (pytest.approx(0.0, abs=1e-6), 0.0)
    assert angle(found.up, up) < 1.0


def test_a_camera_that_looks_along_a_level_room_is_not_told_its_lens():
    """One vanishing point is in the middle of the picture, and the others are at infinity, whatever the lens is."""
    lines = seen(np.random.default_rng(4), room(camera_up(0.0, 0.0), 0.0), (15, 15, 15), 5, lens=0.3)
    found = manhattan(lines, FOCAL, UP, 0.3, LENS_ERROR)
    assert found is not None and angle(found.up, camera_up(0.0, 0.0)) < 1.0
    assert found.lens_error > 0.1


def test_lines_turned_anyhow_or_too_few_are_of_no_room():
    random = np.random.default_rng(5)
    axes = room(camera_up(-0.2, 0.0), 0.5)
    for clutter in (0, 2, 3, 30, 100, 200):
        assert manhattan(seen(random, axes, (0, 0, 0), clutter), FOCAL, UP, 0.3, LENS_ERROR) is None
    assert manhattan(seen(random, axes, (2, 2, 1), 60), FOCAL, UP, 0.3, LENS_ERROR) is None


def view(
    lines: np.ndarray, lens_error: float = LENS_ERROR, found: bool = False, size: tuple[int, int] = (960, 540)
) -> View:
    camera, count = default_camera(size), 3
    empty = np.full((count, 33, 2), np.nan)
    keypoints = Keypoints(
        empty, np.zeros((count, 33)), np.full((count, 33, 3), np.nan), np.ones(count, bool), 30.0, size
    )
    one = View.of(keypoints, camera, Clock(30.0))
    return replace(one, lines=lines, lens_error=lens_error, lens_found=found)


def test_a_camera_that_nobody_described_gets_the_lens_that_lines_tell():
    camera = default_camera((960, 540))
    focal = camera.K[0, 0]
    up = camera_up(-0.4, 0.05)
    rays = seen(np.random.default_rng(6), room(up, 0.7), (25, 20, 10), 10, lens=-0.25)
    lines = rays * focal + camera.K[:2, 2]
    found = with_lens(view(lines))
    assert found.lens_found and isinstance(found.camera, Pinhole)
    assert found.camera.K[0, 0] == pytest.approx(focal * np.exp(-0.25), rel=0.05)
    assert found.camera.K[1, 1] == found.camera.K[0, 0] and 0 < found.lens_error < 0.08
    for known in (view(lines, 0.0), view(lines, 0.05, found=True), view(lines[:2])):
        assert with_lens(known) is known


def test_a_portrait_picture_tells_the_lens_as_well() -> None:
    camera = default_camera((540, 960))
    up = camera_up(-0.4, 0.05)
    rays = seen(np.random.default_rng(6), room(up, 0.7), (25, 20, 10), 10, lens=-0.25)
    found = with_lens(view(rays * camera.K[0, 0] + camera.K[:2, 2], size=(540, 960)))
    assert found.lens_found and isinstance(found.camera, Pinhole)
    assert found.camera.K[0, 0] == pytest.approx(camera.K[0, 0] * np.exp(-0.25), rel=0.05)


def recordings(count: int, assumed: bool = True, posed: bool = False) -> Source:
    one = Recording("", None, None, default_camera((960, 540)), Clock(30.0), None, None, "largest", Path("a.mp4"))
    return Source((one,) * count, posed, Assumptions(focal_length=assumed))


def test_several_cameras_get_their_lenses_before_they_are_posed() -> None:
    camera = default_camera((960, 540))
    random, up = np.random.default_rng(8), camera_up(-0.4, 0.05)
    lines = [
        seen(random, room(up, 0.7), (25, 20, 10), 10, lens=lens) * camera.K[0, 0] + camera.K[:2, 2]
        for lens in (-0.25, 0.2)
    ]
    one, other, untold = with_lenses(recordings(3), [*lines, np.zeros((0, 2, 2))]).recordings
    for recording, lens in ((one, -0.25), (other, 0.2)):
        assert isinstance(recording.camera, Pinhole) and 0 < recording.lens_error < 0.08
        assert recording.camera.K[0, 0] == pytest.approx(camera.K[0, 0] * np.exp(lens), rel=0.05)
    assert untold.lens_error == 0 and isinstance(untold.camera, Pinhole) and untold.camera.K[0, 0] == camera.K[0, 0]
    for known in (recordings(2, assumed=False), recordings(2, posed=True)):
        assert with_lenses(known, lines) is known


@pytest.mark.parametrize(("off", "said"), [(0.0, False), (3.0, False), (8.0, True), (25.0, True), (90.0, True)])
def test_lines_contradict_a_calibration_of_a_camera_that_is_held_otherwise(off: float, said: bool) -> None:
    camera, up = default_camera((960, 540)), camera_up(-0.3, 0.05)
    lines = seen(np.random.default_rng(10), room(up, 0.7), (25, 20, 20), 10) * camera.K[0, 0] + camera.K[:2, 2]
    wrong = Rotation.from_rotvec([0.0, 0.0, np.radians(off)]).as_matrix() @ up
    down = across(wrong)
    turn = np.stack([down[0], np.cross(wrong, down[0]), wrong], axis=1)  # of a right-handed world with z up
    posed = replace(camera, R_camera_world=turn, calibrated=True)
    found = held_otherwise(replace(view(lines, 0.0), camera=posed))
    apart = np.degrees(np.arccos(wrong @ up))
    assert (found > 0) == said and (not said or found == pytest.approx(apart, abs=1.5))
    assert held_otherwise(view(lines)) == 0, "nobody said how it is held"
    assert held_otherwise(replace(view(lines[:0], 0.0), camera=posed)) == 0


@pytest.mark.parametrize(("pitch", "roll"), [(-1.2, 0.0), (-0.7, 0.1), (-0.2, np.pi / 2)])
def test_a_steep_camera_or_one_on_its_side_is_as_its_calibration_says(pitch: float, roll: float) -> None:
    camera, up = default_camera((960, 540)), camera_up(pitch, roll)
    lines = seen(np.random.default_rng(11), room(up, 0.7), (25, 20, 20), 10) * camera.K[0, 0] + camera.K[:2, 2]
    beside = across(up)[0]
    posed = replace(camera, R_camera_world=np.stack([beside, np.cross(up, beside), up], axis=1), calibrated=True)
    assert held_otherwise(replace(view(lines, 0.0), camera=posed)) == 0


def test_the_lens_of_a_camera_that_is_posed_stays() -> None:
    camera, up = default_camera((960, 540)), camera_up(-0.4, 0.05)
    rays = seen(np.random.default_rng(6), room(up, 0.7), (25, 20, 10), 10, lens=-0.25)
    lines = rays * camera.K[0, 0] + camera.K[:2, 2]
    assert with_lens(view(lines)).lens_found
    posed = replace(view(lines), camera=replace(camera, calibrated=True))
    assert with_lens(posed) is posed, "its pose was found with the lens that it has"


def beside(half: list[float], count: int = 40) -> np.ndarray:
    """Lines that are all parallel in the picture, pixels."""
    middle = np.random.default_rng(7).uniform([100.0, 100.0], [860.0, 440.0], (count, 1, 2))
    return np.concatenate([middle - half, middle + half], axis=1)


@pytest.mark.parametrize(
    "lines",
    [
        np.zeros((0, 2, 2)),  # of a white wall, or without a film
        beside([0.0, 40.0], 1),
        beside([0.0, 40.0]),
        beside([40.0, 0.0]),
        beside([0.0, 0.0]),
        beside([1e-9, 0.0]),
        np.repeat(beside([0.0, 40.0], 1), 40, axis=0),
        np.concatenate([beside([0.0, 40.0]), beside([40.0, 0.0])]),  # of a wall straight ahead
    ],
)
@pytest.mark.filterwarnings("error")
def test_lines_that_do_not_tell_the_lens_leave_it_as_it_was(lines: np.ndarray) -> None:
    assert with_lens(one := view(lines)) is one
