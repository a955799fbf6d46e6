"""The torques that carry the kinematic motion: of who stands, of whom nothing touches, and as a window's start."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import people
import pytest

from motionrecon.optimizers.turns import Beside
from motionrecon.physics.windows.carrying import Carrying
from motionrecon.physics.windows.problem import Engine
from motionrecon.physics.windows.stretch import Knots, Stretch
from motionrecon.physics.windows.window import PERTURBATION, Windows, WindowSettings
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


def test_who_is_lost_from_sight_is_not_stopped_by_that(figure):
    """Nobody knows where they are then, and they stand still there: that takes no torques where they are seen."""
    qpos = figure.qpos + 0.1 * np.arange(FRAMES)[:, None] * np.eye(figure.qpos.shape[1])[0]
    tracked, (view,) = np.arange(FRAMES) < 12, figure.views
    gone = np.concatenate([qpos[:12], np.repeat(qpos[11:12], FRAMES - 12, axis=0)])
    lost = replace(figure, qpos=gone, views=(replace(view, seen=tracked),))
    film = replace(figure, qpos=qpos[:12], views=(view.part(slice(12)),))  # which ends there
    np.testing.assert_allclose(Carrying(lost).torques(0, 11), Carrying(film).torques(0, 11), atol=1e-9)
    back = replace(lost, qpos=gone[::-1].copy(), views=(replace(view, seen=tracked[::-1]),))
    first = replace(film, qpos=film.qpos[::-1].copy())
    np.testing.assert_allclose(Carrying(back).torques(6, 17), Carrying(first).torques(0, 11), atol=1e-9)


def test_controls_beyond_where_somebody_is_lost_go_on_as_before(figure):
    tracked, (view,) = np.arange(FRAMES) < 12, figure.views
    windows = [
        Windows(Engine.of(figure.body), one, WindowSettings(window=0.4, overlap=0.2))
        for one in (
            replace(figure, qpos=figure.qpos[:12], views=(view.part(slice(12)),)),
            replace(figure, views=(replace(view, seen=tracked),)),
        )
    ]
    times = np.linspace(0.0, 0.45, 6)
    film, lost = (each._pull(0, np.minimum(times, 11 / 30) if each is windows[0] else times) for each in windows)
    np.testing.assert_allclose(lost, film, atol=1e-9)


def test_a_window_begins_much_lower_with_them(figure):
    windows = Windows(Engine.of(figure.body), figure, WindowSettings(window=0.4, overlap=0.2))
    problem = windows.problem(Stretch.empty(figure).state, None, 0, 12)
    starts = [start for start in windows.starts(problem, None, 0) if not isinstance(start, Beside)]
    carrying, holding = (problem.value(start) for start in starts)
    assert carrying < 0.5 * holding


def test_where_the_likeliest_start_ended_badly_steps_beside_its_end_come_next(figure):
    windows = Windows(Engine.of(figure.body), figure, WindowSettings(window=0.4, overlap=0.2))
    problem = windows.problem(Stretch.empty(figure).state, None, 0, 12)
    starts = list(windows.starts(problem, None, 0))
    assert [isinstance(start, Beside) for start in starts] == [False, True, True, False]
    steps = [start.step for start in starts if isinstance(start, Beside)]
    assert not np.array_equal(*steps)
    assert np.std(steps) == pytest.approx(PERTURBATION, rel=0.1)
    before = Knots(0.0, problem.knots(starts[0] + steps[0]))
    again = list(windows.starts(problem, before, 0))
    assert [isinstance(start, Beside) for start in again] == [False, True, True, False, False]
    np.testing.assert_array_equal(again[3], starts[0])
    np.testing.assert_array_equal([start.step for start in again if isinstance(start, Beside)], steps)
