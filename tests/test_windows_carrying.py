"""The torques that carry the kinematic motion: of who stands, of whom nothing touches, and as a window's start."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import people
import pytest

from motionrecon.physics.windows.carrying import Carrying
from motionrecon.physics.windows.problem import Engine
from motionrecon.physics.windows.stretch import Stretch
from motionrecon.physics.windows.window import Windows, WindowSettings
from motionrecon.views import Figure

FRAMES = 18


@pytest.fixture(scope="module")
def figure() -> Figure:
    """Somebody who steps on the spot."""
    body = people.person()
    return people.see(body, people.stepping(body, FRAMES, lift=0.4, period=2.0), people.camera(), noise=2.0).figure


def still(figure: Figure, raised: float) -> Figure:
    """The same, standing as at first, so many metres higher."""
    qpos = np.repeat(figure.qpos[:1], len(figure), axis=0)
    qpos[:, 2] += raised
    return replace(figure, qpos=qpos)


def test_of_whom_nothing_touches_they_hold_the_limbs_up(figure):
    model = figure.body.model
    hovering = still(figure, 1.0)
    data = mujoco.MjData(model)
    data.qpos[:] = hovering.qpos[0]
    mujoco.mj_forward(model, data)
    expected = data.qfrc_bias[figure.body.hinge_qpos - 1]
    np.testing.assert_allclose(Carrying(hovering).torques(0, 5), np.tile(expected, (6, 1)), atol=1e-9)


def test_the_floor_carries_who_stands_on_it(figure):
    standing, hovering = (Carrying(still(figure, raised)).torques(0, 5)[0] for raised in (0.0, 1.0))
    names = [figure.body.model.actuator(i).name for i in range(figure.body.model.nu)]
    legs = [i for i, name in enumerate(names) if "ankle" in name or "knee" in name or "hip" in name]
    weight = 9.81 * figure.body.mass
    assert np.abs(standing - hovering)[legs].max() > 0.01 * weight, "legs bear the trunk"
    arms = [i for i, name in enumerate(names) if "elbow" in name or "shoulder" in name]
    np.testing.assert_allclose(standing[arms], hovering[arms], atol=1e-9)


def test_some_frames_are_those_of_the_whole(figure):
    carrying = Carrying(figure)
    np.testing.assert_allclose(carrying.torques(6, 11), carrying.torques(0, FRAMES - 1)[6:12], atol=1e-6)


def test_a_window_begins_much_lower_with_them(figure):
    windows = Windows(Engine.of(figure.body), figure, WindowSettings(window=0.4, overlap=0.2))
    problem = windows.problem(Stretch.empty(figure).state, None, 0, 12)
    starts = windows.starts(problem, None, 0)
    carrying, holding = (problem.value(next(starts)) for _ in range(2))
    assert carrying < 0.5 * holding
