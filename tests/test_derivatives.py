"""Derivatives of simulated motions against finite differences, with feet in contact."""

import copy

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.tangent import difference
from motionrecon.physics.derivatives import Linearizer, adjoint, sensitivity
from motionrecon.physics.rollout import SimulationState, Simulator
from motionrecon.research.bench import physics as bench


@pytest.fixture(scope="module")
def body() -> Capsules:
    return Capsules.build(1.75)


@pytest.fixture(scope="module")
def exact(body: Capsules) -> mujoco.MjModel:
    """The body with a solver that iterates to the end: finite differences magnify its tolerance."""
    model = copy.copy(body.model)
    model.opt.tolerance, model.opt.iterations = 1e-15, 100
    return model


def test_each_step_agrees_with_mujocos_centered_differences(body, exact):
    window = bench.standing_window(body, 0.2)
    # Spin and sway, so that Coriolis terms and the root's rotation count.
    velocity = window.start.qvel + 0.5 * np.random.default_rng(2).standard_normal(exact.nv)
    rollout = Simulator(exact).rollout(SimulationState.fresh(window.start.qpos, velocity), window.ctrl)
    linear = Linearizer(exact).linearize(rollout)
    data, nv = mujoco.MjData(exact), exact.nv
    touching = 0
    for t in range(len(rollout)):
        data.qpos[:], data.qvel[:], data.ctrl[:] = rollout.qpos[t], rollout.qvel[t], rollout.ctrl[t]
        data.qacc_warmstart[:] = rollout.warmstart[t + 1]
        mujoco.mj_forward(exact, data)
        touching += (data.efc_force > 1.0).any()
        A, B = np.zeros((2 * nv, 2 * nv)), np.zeros((2 * nv, exact.nu))
        mujoco.mjd_transitionFD(exact, data, 1e-7, 1, A, B, None, None)
        np.testing.assert_allclose(linear.A[t], A, atol=1e-5 * np.abs(A).max())
        np.testing.assert_allclose(linear.B[t], B, atol=1e-5 * np.abs(B).max())
    assert touching > 10, "the feet must be on the floor for this to mean anything"


def test_gradient_and_jacobian_match_central_differences_of_the_rollout(body):
    gradient, jacobian = bench.errors(body.model, bench.standing_window(body, 0.25))
    assert gradient < 1e-4
    assert jacobian < 1e-4


def test_wrench_columns_match_central_differences(body, exact):
    window = bench.standing_window(body, 0.1)
    simulator, steps = Simulator(exact), len(window.ctrl)
    wrench = 20.0 * np.random.default_rng(3).standard_normal((steps, 6))
    rollout = simulator.rollout(window.start, window.ctrl, wrench)
    linear = Linearizer(exact).linearize(rollout)
    assert linear.G.shape == (steps, 2 * exact.nv, 6)
    by_wrench = sensitivity(linear.A, linear.G, np.ones((steps, 1)), np.array([steps]))[0]
    for i in range(6):
        nudge = np.zeros(6)
        nudge[i] = 1e-3
        ahead = simulator.rollout(window.start, window.ctrl, wrench + nudge)
        behind = simulator.rollout(window.start, window.ctrl, wrench - nudge)
        moved = difference(behind.qpos[-1], ahead.qpos[-1]), ahead.qvel[-1] - behind.qvel[-1]
        reference = np.concatenate(moved) / 2e-3
        np.testing.assert_allclose(by_wrench[:, i], reference, atol=1e-4 * np.abs(reference).max())


def test_limits_of_controls_and_forces_stop_their_columns(body):
    """A control beyond its range, and an actuator at its force limit, move nothing."""
    model = copy.copy(body.model)
    model.actuator_ctrllimited[:2], model.actuator_ctrlrange[:2] = 1, [-0.1, 0.1]
    model.actuator_forcelimited[2:4], model.actuator_forcerange[2:4] = 1, [-1.0, 1.0]
    start = SimulationState.fresh(body.rest_qpos + np.eye(model.nq)[2], np.zeros(model.nv))
    ctrl = np.tile(body.rest_qpos[body.hinge_qpos], (3, 1))
    ctrl[:, :4] += 1.0
    linear = Linearizer(model).linearize(Simulator(model).rollout(start, ctrl))
    assert not linear.B[..., :4].any()
    assert (np.abs(linear.B[..., 4:]).max(axis=(0, 1)) > 0).all()
    data = mujoco.MjData(model)
    data.qpos[:], data.ctrl[:] = start.qpos, ctrl[0]
    A, B = np.zeros((2 * model.nv, 2 * model.nv)), np.zeros((2 * model.nv, model.nu))
    mujoco.mjd_transitionFD(model, data, 1e-6, 1, A, B, None, None)
    np.testing.assert_allclose(linear.A[0], A, atol=1e-5 * np.abs(A).max())


def test_the_number_of_threads_changes_nothing(body):
    window = bench.standing_window(body, 0.1)
    rollout = Simulator(body.model).rollout(window.start, window.ctrl)
    alone, together = Linearizer(body.model, 1).linearize(rollout), Linearizer(body.model, 2).linearize(rollout)
    np.testing.assert_array_equal(alone.A, together.A)
    np.testing.assert_array_equal(alone.B, together.B)
    np.testing.assert_array_equal(alone.G, together.G)
    ways = (alone.A, alone.B, window.weights, np.array([3, 7, len(rollout)]))
    np.testing.assert_array_equal(sensitivity(*ways, threads=1), sensitivity(*ways, threads=3))


def test_a_shorter_rollout_after_a_longer_one(body):
    """The linearizer keeps its memory; what is left in it from before must not matter."""
    window = bench.standing_window(body, 0.2)
    simulator, used = Simulator(body.model), Linearizer(body.model)
    used.linearize(simulator.rollout(window.start, window.ctrl, np.full((len(window.ctrl), 6), 5.0)))
    short = simulator.rollout(window.start, window.ctrl[:9])
    np.testing.assert_array_equal(used.linearize(short).A, Linearizer(body.model).linearize(short).A)


@given(
    steps=st.integers(1, 8),
    state=st.integers(1, 5),
    inputs=st.integers(1, 3),
    knots=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_adjoint_and_sensitivity_are_transposes(steps, state, inputs, knots, seed):
    rng = np.random.default_rng(seed)
    A, B = rng.standard_normal((steps, state, state)), rng.standard_normal((steps, state, inputs))
    weights = rng.standard_normal((steps, knots)) * (rng.random((steps, knots)) < 0.6)
    by_state = rng.standard_normal((steps + 1, state))
    jacobian = sensitivity(A, B, weights, np.arange(steps + 1))
    by_knot = (weights.T @ adjoint(A, B, by_state)).ravel()
    np.testing.assert_allclose(
        np.einsum("ts,tsk->k", by_state, jacobian), by_knot, atol=1e-9 * (1 + np.abs(by_knot).max())
    )

    x, now = rng.standard_normal((knots, inputs)), np.zeros(state)
    for t in range(steps):
        now = A[t] @ now + B[t] @ (weights @ x)[t]
    np.testing.assert_allclose(jacobian[-1] @ x.ravel(), now, atol=1e-9 * (1 + np.abs(now).max()))
    np.testing.assert_array_equal(sensitivity(A, B, weights, np.array([steps])), jacobian[-1:])


def test_a_failed_rollout_has_no_derivatives(body):
    window = bench.standing_window(body, 0.1)
    ctrl = window.ctrl.copy()
    ctrl[5] = np.nan
    with pytest.raises(ValueError, match="failed in step 5"):
        Linearizer(body.model).linearize(Simulator(body.model).rollout(window.start, ctrl))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("integrator", mujoco.mjtIntegrator.mjINT_EULER, "implicitfast"),
        ("cone", mujoco.mjtCone.mjCONE_ELLIPTIC, "elliptic"),
        ("solver", mujoco.mjtSolver.mjSOL_CG, "Newton"),
    ],
)
def test_models_that_cannot_be_linearized_are_refused(body, field, value, said):
    model = copy.copy(body.model)
    setattr(model.opt, field, value)
    with pytest.raises(ValueError, match=said):
        Linearizer(model)


def test_the_benchmark_reports_what_it_measured(body):
    report = bench.run(body, seconds=0.1, repeats=1, threads=2)
    assert (report.steps, report.nv, report.threads, report.repeats) == (12, body.model.nv, 2, 1)
    assert report.steps_in_contact == 12
    assert report.rollout > 0
    assert report.gradient > report.rollout
    assert max(report.gradient_error, report.jacobian_error) < 1e-4
