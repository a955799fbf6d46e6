"""Who sits, and who squats, kneels, lands, lunges or kicks; and that a seat tilts no world and is no squat."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from people import camera, person, see

from motionrecon.data.make_poses import FOLDER
from motionrecon.data.make_rendered import faster
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.fit import fit
from motionrecon.kinematics.seated import beside, seated
from motionrecon.kinematics.state import Trajectory
from motionrecon.physics.windows.course import simulate_clip
from motionrecon.physics.windows.problem import Engine
from motionrecon.physics.windows.stretch import Status
from motionrecon.physics.windows.window import Windows, WindowSettings

#: Frames per second of the poses in data/poses.
FPS = 20.0


@cache
def motion(name: str, of: str) -> np.ndarray:
    """A motion of data/poses."""
    with np.load(FOLDER / f"{of}.npz", allow_pickle=False) as saved:
        k = [str(each) for each in saved["names"]].index(name)
        qpos = saved["qpos"][saved["first"][k] : saved["first"][k + 1]].astype(float)
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    return qpos


def course(name: str, of: str = "train") -> Trajectory:
    return Trajectory(person(), motion(name, of), Plane())


@pytest.mark.parametrize(
    ("name", "of", "sits", "stands"),
    [
        ("14_31", "train", slice(45, 135), slice(0, 25)),
        ("14_30", "train", slice(50, 110), slice(0, 25)),
        ("13_01", "train", slice(90, 150), slice(0, 50)),
        ("14_29", "tune", slice(60, 110), slice(0, 25)),
    ],
)
def test_who_sits_down_on_a_stool_sits_there_and_nowhere_else(name, of, sits, stands) -> None:
    found = seated(course(name, of), FPS)
    assert found[sits].all() and not found[stands].any()


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("02_06", "train"),  # scoops something up, in a deep squat
        ("02_09", "train"),
        ("train/jumping/jumping_1", "train"),
        ("train/soccer/soccer_3", "train"),
        ("05_16", "train"),  # a dance with lunges
        *((name, "deepmimic") for name in ("kick", "jump", "crawl", "roll", "getup_faceup", "spinkick", "backflip")),
    ],
)
def test_who_squats_lands_lunges_kicks_or_kneels_does_not_sit(name, of) -> None:
    assert not seated(course(name, of), FPS).any()


@pytest.mark.parametrize("frame", [16, 48])
@pytest.mark.parametrize("hovers", [0.0, 0.06])
def test_who_is_on_hands_and_knees_does_not_sit_though_these_are_found_too_high(frame, hovers) -> None:
    still = np.tile(motion("crawl", "deepmimic")[frame], (20, 1))
    still[:, 2] += hovers
    assert not seated(Trajectory(person(), still, Plane()), FPS).any()


def test_the_weight_of_who_squats_is_between_the_feet_and_of_who_sits_beside_them() -> None:
    assert np.median(beside(course("02_09"), FPS)) < -0.03
    assert np.median(beside(course("14_31"), FPS)[45:135]) > 0.1


@pytest.mark.parametrize(("degrees", "leans"), [(0.0, False), (6.0, False), (20.0, True)])
def test_who_leans_on_something_does_not_stand_by_themselves(degrees, leans) -> None:
    body = person()
    qpos = np.tile(body.rest_qpos, (20, 1))
    angle = np.radians(degrees)
    qpos[:, 3:7] = [np.cos(0.5 * angle), 0.0, np.sin(0.5 * angle), 0.0]  # forward, about the ankles
    for side in ("left", "right"):
        qpos[:, body.model.joint(f"{side}_ankle_flexion").qposadr[0]] += angle
    qpos[:, 2] -= Trajectory(body, qpos, Plane()).over.min()
    assert seated(Trajectory(body, qpos, Plane()), 30.0).all() == leans


def test_a_single_frame_does_not_sit() -> None:
    x = course("14_31")
    assert not seated(replace(x, qpos=x.qpos[60:61]), FPS).any()


def test_the_world_is_not_tilted_until_who_sits_is_balanced() -> None:
    body, eye = person(), camera()
    qpos = faster(motion("14_31", "train")[60:90], FPS, 30.0)
    qpos[:, :2] -= qpos[:, :2].mean(0)
    view = replace(see(body, qpos, eye, noise=2.0).view, camera=replace(eye, calibrated=False))
    figure = fit([view], body, Plane())
    found = figure.views[0].camera.axes[0] @ [0.0, 0.0, 1.0]
    tilt = np.degrees(np.arccos(found @ eye.axes[0] @ [0.0, 0.0, 1.0]))
    assert tilt < 10.0  # 30 of who is held balanced
    assert seated(Trajectory(figure.body, figure.qpos, figure.ground), 30.0).mean() > 0.9


def test_a_seat_is_not_simulated_as_a_squat() -> None:
    body = person()
    qpos = faster(motion("14_31", "train")[22:52], FPS, 30.0)
    figure = see(body, qpos, camera()).figure
    windows = Windows(Engine.of(body), figure, WindowSettings(window=0.4, overlap=0.2, evaluations=1))
    stretch = simulate_clip(windows)
    ((first, last),) = stretch.spans(Status.SEATED)
    assert windows.seated[first + 1 : last + 1].all() and last == len(figure) - 1
    assert not windows.seated[:first].any()
    steps = figure.clock.steps_per_frame
    assert np.isnan(stretch.ctrl[first * steps :]).all()


def test_a_force_may_stand_for_the_seat() -> None:
    figure = see(person(), faster(motion("14_31", "train")[45:60], FPS, 30.0), camera()).figure
    helped = Windows(Engine.of(person()), figure, WindowSettings(assist=0.1))
    assert helped.seated.any() and helped.simulable.all()
