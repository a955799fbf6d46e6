"""How pushing forces follow the position: against finite differences, whatever touches the ground."""

from __future__ import annotations

import copy

import mujoco
import numpy as np
import pytest

from motionrecon.body.capsules import Capsules
from motionrecon.physics.derivatives import Linearizer
from motionrecon.physics.rollout import Rollout, SimulationState, Simulator
from motionrecon.research.bench import physics as bench


@pytest.fixture(scope="module")
def exact() -> mujoco.MjModel:
    """A body with a solver that iterates to the end: finite differences magnify its tolerance."""
    model = copy.copy(Capsules.build(1.75).model)
    model.opt.tolerance, model.opt.iterations = 1e-15, 100
    return model


def _differs(model: mujoco.MjModel, rollout: Rollout) -> float:
    """Largest difference of the position columns from finite ones, as a share of the largest of a step."""
    linearizer = Linearizer(model)
    found = linearizer.linearize(rollout).A[:, model.nv :, : model.nv]
    finite = linearizer._differences(rollout, np.arange(len(rollout)))
    return float((np.abs(found - finite).max((1, 2)) / np.abs(finite).max((1, 2))).max())


def test_standing_feet(exact):
    window = bench.standing_window(Capsules.build(1.75), 0.3)
    velocity = window.start.qvel + np.eye(exact.nv)[0] + 0.3 * np.random.default_rng(1).standard_normal(exact.nv)
    rollout = Simulator(exact).rollout(SimulationState.fresh(window.start.qpos, velocity), window.ctrl)
    assert Linearizer(exact)._read(rollout).pushes.contacts.step.size > 50
    assert _differs(exact, rollout) < 2e-5


def test_joints_beyond_their_limits(exact):
    start = exact.qpos0.copy()
    start[2] = 3.0
    ctrl = np.zeros((20, exact.nu))
    ctrl[:, ::2] = 4.0
    rollout = Simulator(exact).rollout(SimulationState.fresh(start, np.zeros(exact.nv)), ctrl)
    pushes = Linearizer(exact)._read(rollout).pushes
    assert len(set(pushes.limits[1])) > 5
    assert pushes.flat.all()
    assert _differs(exact, rollout) < 2e-5


def test_a_second_tree_on_the_ground():
    """Spatial vectors of each tree are about its own centre of mass."""
    model = mujoco.MjModel.from_xml_string("""
      <mujoco>
        <option integrator="implicitfast" cone="pyramidal" solver="Newton" tolerance="1e-15" iterations="100"/>
        <worldbody>
          <geom type="plane" size="9 9 1"/>
          <body pos="0 0 0.09"><freejoint/><geom type="sphere" size="0.1"/>
            <body pos="0.3 0 0"><joint name="h" axis="0 1 0"/><geom type="sphere" size="0.09" pos="0.2 0 0"/></body>
          </body>
          <body pos="2 0 0.3"><joint axis="0 1 0" pos="-0.5 0.1 0"/><geom type="sphere" size="0.1" pos="0 0.2 -0.205"/>
            <body pos="0.2 0 0"><joint axis="1 0.3 0"/><geom type="sphere" size="0.1" pos="0.1 0 -0.22"/></body>
          </body>
        </worldbody>
        <actuator><motor joint="h"/></actuator>
      </mujoco>""")
    velocity = 0.3 * np.random.default_rng(0).standard_normal(model.nv)
    rollout = Simulator(model).rollout(SimulationState.fresh(model.qpos0, velocity), np.zeros((4, 1)))
    pushes = Linearizer(model)._read(rollout).pushes
    assert pushes.flat.all() and {1, 4} <= set(pushes.contacts.body)
    assert _differs(model, rollout) < 2e-5


def test_a_body_that_lies_on_its_capsules_falls_back_on_differences(exact):
    start = exact.qpos0.copy()
    start[2:7] = 0.11, np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0
    rollout = Simulator(exact).rollout(SimulationState.fresh(start, np.zeros(exact.nv)), np.zeros((12, exact.nu)))
    assert not Linearizer(exact)._read(rollout).pushes.flat.any()
    assert _differs(exact, rollout) == 0.0


def test_springs_of_joints_fall_back_on_differences(exact):
    sprung = copy.copy(exact)
    sprung.jnt_stiffness[3] = 5.0
    start = SimulationState.fresh(exact.qpos0 + 2 * np.eye(exact.nq)[2], np.zeros(exact.nv))
    assert _differs(sprung, Simulator(sprung).rollout(start, np.zeros((4, exact.nu)))) == 0.0
