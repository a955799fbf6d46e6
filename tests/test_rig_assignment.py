"""Which camera took which video: a wrong name is noticed and the right one is told; right ones raise no doubt."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import permutations

import numpy as np
import pytest
from camera_texts import pose2sim
from people import SIZE, camera, person, see, stepping

from motionrecon.core.progress import as_progress
from motionrecon.rig.assignment import QUESTION, doubt, likelier, misfit

PLACES = {"cam_a": (3.2, -2.4, 0.8), "cam_b": (-1.2, -3.9, 2.4), "cam_c": (0.4, 4.8, 1.3), "cam_d": (4.8, 1.5, 3.0)}
CAMERAS = {name: camera(place) for name, place in PLACES.items()}


@cache
def _seen(names: tuple[str, ...], noise: float = 4.0):
    """What cameras see of somebody who steps on the spot a little beside the middle."""
    body = person()
    qpos = stepping(body, 24)
    qpos[:, :2] += (0.4, -0.3)
    rng = np.random.default_rng(3)
    views = [see(body, qpos, CAMERAS[name]).view for name in names]
    return tuple(replace(view, pixels=view.pixels + noise * rng.normal(size=view.pixels.shape)) for view in views)


def _as(views, names):
    """The same pixels, as if other cameras had taken them."""
    return tuple(replace(view, camera=CAMERAS[name]) for view, name in zip(views, names, strict=True))


def _by(views):
    """Each video's view, as if any other camera had taken it."""
    return lambda video, camera: replace(views[video], camera=camera)


@pytest.fixture
def calibration(tmp_path):
    path = tmp_path / "Calib.toml"
    parts = (pose2sim(c.K, np.zeros(4), SIZE, c.R_camera_world, c.t_camera_world, name=n) for n, c in CAMERAS.items())
    path.write_text("".join(part.partition("[metadata]")[0] for part in parts))
    return path


@pytest.mark.parametrize(
    "names", [("cam_a", "cam_b"), ("cam_c", "cam_d"), ("cam_a", "cam_b", "cam_c"), ("cam_a", "cam_b", "cam_c", "cam_d")]
)
def test_right_cameras_raise_no_doubt(names, calibration) -> None:
    views = _seen(names)
    assert misfit(views) < QUESTION
    assert doubt(views, names, calibration, lambda video, camera: pytest.fail("it tried others")) == ""


@pytest.mark.parametrize(
    "true", [("cam_a", "cam_c"), ("cam_d", "cam_a"), ("cam_a", "cam_b", "cam_c"), ("cam_a", "cam_b", "cam_c", "cam_d")]
)
def test_wrong_cameras_are_noticed_and_the_right_ones_told(true, calibration) -> None:
    again = _by(_seen(true))
    for wrong in list(permutations(CAMERAS, len(true)))[:: 2 if len(true) < 3 else 7]:
        if wrong != true:
            text = doubt(_as(_seen(true), wrong), wrong, calibration, again)
            assert f"if the videos' cameras were {', '.join(true)} instead of {', '.join(wrong)}: that is pr" in text
            assert text.endswith(f"give camera_name=... in the videos' order, {' '.join(true)}")


def test_views_that_fit_nowhere_blame_no_camera(calibration) -> None:
    views = list(_seen(("cam_a", "cam_b", "cam_c")))
    views[1] = replace(views[1], pixels=views[1].pixels[:, ::-1])  # somebody else
    assert misfit(views) > QUESTION
    assert doubt(views, ("cam_a", "cam_b", "cam_c"), calibration, _by(views)) == ""


def test_offsets_that_are_wrong_blame_no_camera(calibration) -> None:
    right = _seen(("cam_a", "cam_b"))
    late = (right[0], replace(right[1], pixels=np.roll(right[1].pixels, 9, axis=0) + 90))
    assert misfit(late) > QUESTION
    assert doubt(late, ("cam_a", "cam_b"), calibration, _by(right)) == ""


def test_of_many_cameras_one_is_replaced_or_two_exchanged() -> None:
    rng = np.random.default_rng(0)
    many = {f"x{i}": camera((*rng.uniform(2, 5, 2) * rng.choice([-1, 1], 2), rng.uniform(0.8, 2.2))) for i in range(5)}
    cameras = {name: [one] * 4 for name, one in (CAMERAS | many).items()}
    seen = _seen(("cam_a", "cam_b", "cam_c", "cam_d"))
    asked: list[int] = []

    def again(video, one):
        asked.append(video)
        return replace(seen[video], camera=one)

    for given in (("cam_a", "cam_c", "cam_b", "cam_d"), ("cam_a", "cam_b", "x3", "cam_d")):
        told: list[tuple[int, int | None]] = []
        found = likelier(
            given, cameras, again, as_progress(lambda name, done, total, told=told: told.append((done, total)))
        )
        assert told[-1][0] == told[-1][1] == len(told) - 1
        assert found is not None and found[0] == ("cam_a", "cam_b", "cam_c", "cam_d") and found[1] < QUESTION
    assert len(asked) == 2 * 4 * len(cameras)  # once for each, whatever the number of assignments
