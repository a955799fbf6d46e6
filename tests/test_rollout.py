"""Rollouts replay bit for bit in plain MuJoCo, and say where they failed."""

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.body.capsules.body import Capsules
from motionrecon.physics.record import forces
from motionrecon.physics.rollout import Rollout, SimulationState, Simulator
from motionrecon.research.bench.physics import StandingWindow, standing_window


@pytest.fixture(scope="module")
def body() -> Capsules:
    return Capsules.build(1.75)


@pytest.fixture(scope="module")
def window(body: Capsules) -> StandingWindow:
    return standing_window(body, 0.25)


def replay(
    model: mujoco.MjModel, start: SimulationState, ctrl: np.ndarray, wrench: np.ndarray | None = None
) -> np.ndarray:
    """States (S+1, nq+nv) of a plain loop of mj_step."""
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:], data.qacc_warmstart[:] = start.qpos, start.qvel, start.warmstart
    states = [np.concatenate([data.qpos, data.qvel])]
    for t, row in enumerate(ctrl):
        data.ctrl[:] = row
        if wrench is not None:
            data.qfrc_applied[:6] = wrench[t]
        mujoco.mj_step(model, data)
        states.append(np.concatenate([data.qpos, data.qvel]))
    return np.array(states)


def test_replays_bit_for_bit_from_a_fresh_start(body, window):
    start = SimulationState.fresh(window.start.qpos, window.start.qvel)
    rollout = Simulator(body.model).rollout(start, window.ctrl)
    assert rollout.ok
    assert len(rollout) == len(window.ctrl)
    np.testing.assert_array_equal(rollout.states, replay(body.model, start, window.ctrl))


@settings(max_examples=8)
@given(cut=st.integers(1, 29))
def test_a_stretch_continued_anywhere_has_no_seam(cut):
    body = Capsules.build(1.75)
    window = standing_window(body, 0.25)
    simulator = Simulator(body.model, 1)
    whole = simulator.rollout(window.start, window.ctrl)
    first = simulator.rollout(window.start, window.ctrl[:cut])
    rest = simulator.rollout(first.state(cut), window.ctrl[cut:])
    np.testing.assert_array_equal(np.concatenate([first.states, rest.states[1:]]), whole.states)


def test_many_at_once_equal_one_by_one_on_any_number_of_threads(body, window):
    ctrl = window.ctrl + 0.1 * np.random.default_rng(1).standard_normal((5, 1, body.model.nu))
    one = Simulator(body.model, 1)
    for rollout, row in zip(Simulator(body.model, 3).rollouts(window.start, ctrl), ctrl, strict=True):
        np.testing.assert_array_equal(rollout.states, one.rollout(window.start, row).states)
        np.testing.assert_array_equal(rollout.ctrl, row)


def test_a_wrench_moves_the_root_and_leaves_no_trace(body, window):
    simulator = Simulator(body.model)
    plain = simulator.rollout(window.start, window.ctrl)
    wrench = np.zeros((len(window.ctrl), 6))
    wrench[:, 2] = 2 * 9.81 * body.model.body_mass.sum()
    lifted = simulator.rollout(window.start, window.ctrl, wrench)
    np.testing.assert_array_equal(lifted.states, replay(body.model, window.start, window.ctrl, wrench))
    np.testing.assert_array_equal(lifted.wrench, wrench)
    assert lifted.qpos[-1, 2] > plain.qpos[-1, 2] + 0.1
    np.testing.assert_array_equal(simulator.rollout(window.start, window.ctrl).states, plain.states)


@pytest.mark.parametrize("step", [0, 1, 7, 29])
@pytest.mark.parametrize("kind", ["ctrl is not a number", "acceleration explodes"])
def test_divergence_is_reported_with_its_step(body, window, step, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ctrl, wrench = window.ctrl.copy(), np.zeros((len(window.ctrl), 6))
    if kind == "ctrl is not a number":
        ctrl[step, 3] = np.nan
    else:
        wrench[step, 0] = 1e15
    simulator = Simulator(body.model)
    good, bad = simulator.rollouts(
        window.start, np.stack([window.ctrl, ctrl]), np.stack([np.zeros_like(wrench), wrench])
    )
    assert good.ok
    assert (bad.ok, bad.failed_step) == (False, step)
    assert np.isnan(bad.states[step + 1 :]).all()
    np.testing.assert_array_equal(bad.states[: step + 1], good.states[: step + 1])
    assert not list(tmp_path.iterdir()), "MuJoCo wrote a log"
    assert simulator.rollout(window.start, window.ctrl).ok, "the failure must not stick"


def test_wrong_shapes_are_refused(body, window):
    simulator = Simulator(body.model)
    with pytest.raises(ValueError, match="27 columns, the model has 28"):
        simulator.rollout(window.start, window.ctrl[:, :27])
    with pytest.raises(ValueError, match="wrench must be"):
        simulator.rollout(window.start, window.ctrl, np.zeros((3, 6)))


def test_contact_forces_and_torques_explain_the_momentum(body, window):
    """Newton's second law for the whole body, and the actuators' share of the joint forces."""
    model = body.model
    rollout = Simulator(model).rollout(window.start, window.ctrl)
    found = forces(model, rollout, body.soles.names)
    data = mujoco.MjData(model)

    def momentum(t: int) -> np.ndarray:
        data.qpos[:], data.qvel[:] = rollout.qpos[t], rollout.qvel[t]
        mujoco.mj_forward(model, data)
        mujoco.mj_subtreeVel(model, data)
        return data.subtree_linvel[1] * model.body_subtreemass[1]

    assert (found.contact[..., 2] >= 0).all(), "the floor cannot pull"
    steps, mass = len(rollout), model.body_subtreemass[1]
    impulse = (found.contact.sum(axis=(0, 1)) + steps * mass * model.opt.gravity) * model.opt.timestep
    np.testing.assert_allclose(momentum(steps) - momentum(0), impulse, atol=0.003 * mass)

    t = 11
    data.qpos[:], data.qvel[:], data.ctrl[:] = rollout.qpos[t], rollout.qvel[t], rollout.ctrl[t]
    mujoco.mj_forward(model, data)
    dof = model.jnt_dofadr[model.actuator_trnid[:, 0]]
    np.testing.assert_allclose(found.joint_torque[t], data.qfrc_actuator[dof], rtol=1e-9, atol=1e-9)


def test_a_failed_rollout_has_no_forces(body, window):
    ctrl = window.ctrl.copy()
    ctrl[4] = np.inf
    failed: Rollout = Simulator(body.model).rollout(window.start, ctrl)
    with pytest.raises(ValueError, match="failed in step 4"):
        forces(body.model, failed, body.soles.names)


def chain(links: int, option: str = "") -> mujoco.MjModel:
    """A free body with so many hinges."""
    limb = '<joint axis="0 1 0"/><geom size="0.05" mass="0.1"/>'
    arm = "".join(f'<body pos="0.1 0 0">{limb}' for _ in range(links)) + "</body>" * links
    body = f'<body><freejoint/><geom size="0.1"/>{arm}</body>'
    return mujoco.MjModel.from_xml_string(f"<mujoco>{option}<worldbody>{body}</worldbody></mujoco>")


def test_the_sparse_solver_is_refused_where_it_is_faulty(monkeypatch):
    monkeypatch.setattr(mujoco, "__version__", "4.0.0")
    Simulator(chain(40))
    Simulator(chain(60, '<option jacobian="dense"/>'))
    with pytest.raises(ValueError, match=r'66 degrees of freedom.*jacobian="dense"'):
        Simulator(chain(60))
    monkeypatch.setattr(mujoco, "__version__", "4.0.1")
    Simulator(chain(60))


def test_a_body_never_meets_it():
    assert Capsules.build(1.7).model.opt.jacobian == mujoco.mjtJacobian.mjJAC_DENSE
