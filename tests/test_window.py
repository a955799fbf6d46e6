"""The window problem and each of its terms: values, and derivatives against central differences, feet on the floor."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import people
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.pose import pose
from motionrecon.body.tangent import difference, integrate
from motionrecon.optimizers.counted import counted
from motionrecon.optimizers.problem import BatchedLeastSquares, FactoredLeastSquares
from motionrecon.physics.record import forces
from motionrecon.physics.tree import Tree
from motionrecon.physics.windows.problem import Assist, Engine, WindowProblem, knot_weights
from motionrecon.physics.windows.terms.base import SimulatedFrames, Term
from motionrecon.physics.windows.terms.carried import Carried
from motionrecon.physics.windows.terms.control import Control
from motionrecon.physics.windows.terms.followed import Near, SeenMarks
from motionrecon.physics.windows.terms.posture import Posture
from motionrecon.research.bench import physics as bench

SECONDS = 0.25


@pytest.fixture(scope="module")
def engine() -> Engine:
    """With a solver that iterates to the end: central differences would magnify its tolerance."""
    body = Capsules.build(1.75)
    body.model.opt.tolerance, body.model.opt.iterations = 1e-15, 100
    return Engine.of(body)


@pytest.fixture(scope="module")
def window(engine) -> bench.StandingWindow:
    return bench.standing_window(engine.body, SECONDS)


def terms_for(body: Capsules, qpos: np.ndarray, seed: int = 0) -> list[Term]:
    """All terms of the motion, for frames whose truth is about `qpos` (F, nq)."""
    rng, frames = np.random.default_rng(seed), len(qpos)
    camera, nv = people.camera(), body.model.nv
    qpos = integrate(qpos, 0.05 * rng.standard_normal((frames, nv)))
    at = pose(body.model, qpos)
    pixels = camera.project(at.at(body.marks)) + 10 * rng.standard_normal((frames, 33, 2))
    pixels[0, 3], pixels[-1] = np.nan, np.nan
    pixels[1, 15] += 300.0
    weight = rng.uniform(0.2, 1.0, (frames, 33))
    depth = rng.uniform(3.5, 4.5, frames)
    speed = rng.uniform(0.5, 2.0, frames)
    return [
        SeenMarks(camera, pixels, weight, depth, 0.025),
        Near(at.at(body.landmarks), weight, 0.04),
        Posture(qpos, rng.standard_normal((frames, nv)), rng.uniform(0.5, 1, frames), 0.4, speed),
        Carried(Tree.of(body.model), rng.standard_normal((frames, 3)), rng.uniform(0.5, 1, frames), 0.1),
    ]


def problem_of(engine: Engine, window: bench.StandingWindow, assist: bool) -> tuple[WindowProblem, np.ndarray]:
    """A window problem with everything in it, and unknowns at which the feet bear load."""
    rng = np.random.default_rng(1)
    simulated = engine.simulator.rollout(window.start, window.ctrl)
    steps = window.frames[1:]
    before = rng.standard_normal((2, engine.body.model.nu)) * 0.1
    control = Control(window.knots + 0.05 * rng.standard_normal(window.knots.shape), 0.6, 0.3, before)
    pushed = Assist(700.0, 0.1, window.weights[np.arange(len(window.weights)) // 4 * 4]) if assist else None
    terms = terms_for(engine.body, simulated.qpos[steps])
    problem = WindowProblem(engine, window.start, window.weights, steps, terms, control, pushed)
    x = problem.unknowns(window.knots)
    if assist:
        x[window.knots.size :] = 0.02 * rng.standard_normal(len(x) - window.knots.size)
    return problem, x


@pytest.fixture(scope="module", params=[False, True], ids=["no assist", "assist"])
def at(request, engine, window) -> tuple[WindowProblem, np.ndarray]:
    return problem_of(engine, window, request.param)


def test_the_feet_bear_the_weight(at, engine):
    problem, x = at
    acting = forces(engine.body.model, problem.rollout(x), engine.body.soles.names)
    carried = acting.contact[..., 2].sum(1) / (9.81 * engine.body.mass)
    assert 0.5 < np.median(carried) < 1.5, "the derivatives must be compared while the feet are on the floor"


def test_the_gradient_matches_central_differences(at):
    problem, x = at
    rng, h = np.random.default_rng(2), 1e-6
    along = [*rng.standard_normal((6, problem.n)), *np.eye(problem.n)[:: problem.n // 12]]
    _, gradient = problem.value_and_gradient(x)
    slopes = np.array([(problem.value(x + h * d) - problem.value(x - h * d)) / (2 * h) for d in along])
    found = np.array([gradient @ d for d in along])
    assert np.linalg.norm(found - slopes) < 1e-4 * np.linalg.norm(slopes)


def test_the_jacobian_matches_central_differences(at):
    problem, x = at
    h = 1e-6
    r, jacobian = problem.residuals_and_jacobian(x)
    assert jacobian.shape == (len(r), problem.n)
    nudges = h * np.eye(problem.n)
    reference = ((problem.residuals_batch(x + nudges) - problem.residuals_batch(x - nudges)) / (2 * h)).T
    assert np.abs(jacobian - reference).max() < 1e-4 * np.abs(reference).max()
    per_unknown = np.linalg.norm(jacobian - reference, axis=0) / np.linalg.norm(reference, axis=0)
    assert np.median(per_unknown) < 1e-4


def test_value_residuals_gradient_and_jacobian_agree(at):
    problem, x = at
    assert isinstance(problem, BatchedLeastSquares) and isinstance(problem, FactoredLeastSquares)
    r = problem.residuals(x)
    value, gradient = problem.value_and_gradient(x)
    again, jacobian = problem.residuals_and_jacobian(x)
    np.testing.assert_allclose(again, r, rtol=1e-12)
    assert problem.value(x) == pytest.approx(float(r @ r)) == value
    np.testing.assert_allclose(2 * r @ jacobian, gradient, rtol=1e-6, atol=1e-6 * np.abs(gradient).max())
    again, factors = problem.residuals_and_factors(x)
    np.testing.assert_array_equal(again, r)
    assert factors.finite
    np.testing.assert_array_equal(factors.dense(), jacobian)


def test_a_batch_is_its_rows(at):
    problem, x = at
    X = x + 0.02 * np.random.default_rng(3).standard_normal((3, problem.n))
    rows = [anew(problem).residuals(row) for row in X]
    np.testing.assert_array_equal(problem.residuals_batch(X), np.stack(rows))


def anew(problem: WindowProblem) -> WindowProblem:
    """The same problem, which remembers no motion."""
    given = (problem.weights, problem.steps, problem.terms, problem.control, problem.assist)
    return WindowProblem(problem.engine, problem.start, *given)


def test_a_motion_that_was_asked_for_a_moment_ago_is_not_simulated_again(at, monkeypatch):
    problem, x = at
    problem, simulator, asked = anew(problem), problem.engine.simulator, []
    rollouts = simulator.rollouts

    def counting(start, ctrl, wrench=None):
        asked.append(len(ctrl))
        return rollouts(start, ctrl, wrench)

    monkeypatch.setattr(simulator, "rollouts", counting)
    first = problem.rollout(x)
    problem.residuals_batch(np.stack([x + 0.01, x, x + 0.02]))
    assert problem.rollout(x) is first and problem.value(x) > 0 and problem.residuals_and_factors(x)[1].finite
    assert asked == [1, 2], "what is known is not simulated again, also among others"
    problem.residuals_batch(x - 0.001 * np.arange(1, 41)[:, None])
    again = problem.rollout(x)
    assert asked == [1, 2, 40, 1] and again is not first, "what was asked for long ago is forgotten"
    np.testing.assert_array_equal(again.states, first.states)


def test_a_motion_that_blows_up_is_worth_nothing(at):
    problem, x = at
    wild = x.copy()
    wild[: problem.n // 2] = 1e12
    assert not problem.rollout(wild).ok
    r = problem.residuals(wild)
    assert r.shape == problem.residuals(x).shape and not np.isfinite(r @ r)
    rows = problem.residuals_batch(np.stack([wild, x]))
    np.testing.assert_array_equal(rows[1], problem.residuals(x))
    assert not np.isfinite(rows[0]).all()
    value, gradient = problem.value_and_gradient(wild)
    assert value == np.inf and gradient.shape == (problem.n,)
    r, jacobian = problem.residuals_and_jacobian(wild)
    assert not np.isfinite(r @ r) and jacobian.shape == (len(r), problem.n)
    assert not problem.residuals_and_factors(wild)[1].finite
    assert counted(problem).residuals_and_factors(wild)[0] == np.inf


def test_unknowns_hold_the_knots_and_the_wrench(engine, window):
    problem, x = problem_of(engine, window, assist=True)
    np.testing.assert_array_equal(problem.knots(x), window.knots)
    ctrl, wrench = problem.controls(x)
    np.testing.assert_allclose(ctrl, window.ctrl)
    assert wrench.shape == (len(ctrl), 6) and np.ptp(wrench[:4], axis=0).max() == 0, "held over the steps of a frame"
    _, none = problem.controls(problem.unknowns(window.knots))
    assert not none.any()
    x[:] = problem.unknowns(problem.control.target)
    lifted = x.copy()
    lifted[window.knots.size + 2 :: 6] = 0.1  # one standard deviation at every knot
    direct = [problem._direct_residual(y) for y in (lifted, x)]
    assert direct[0] @ direct[0] - direct[1] @ direct[1] == pytest.approx(1.0)
    up = [
        forces(engine.body.model, problem.rollout(y), engine.body.soles.names).contact[..., 2].sum(1).mean()
        for y in (lifted, x)
    ]
    assert up[1] - up[0] == pytest.approx(70.0, rel=0.2), "the floor carries so much less"


class Followed(Capsules):
    """Somebody whose elbows' controls are no unknowns."""

    @property
    def hinge_follows(self):
        return np.array(["elbow" in self.model.actuator(i).name for i in range(self.model.nu)])


def test_hinges_that_follow_are_led_and_no_unknowns(engine, window):
    body = Followed(**{f.name: getattr(engine.body, f.name) for f in fields(engine.body)})
    body.model.opt.tolerance, body.model.opt.iterations = 1e-15, 100
    steps, free = window.frames[1:], body.free_actuators
    assert len(free) == body.model.nu - 2
    lead = window.knots + 0.1
    problem = WindowProblem(
        Engine.of(body),
        window.start,
        window.weights,
        steps,
        terms_for(body, engine.simulator.rollout(window.start, window.ctrl).qpos[steps]),
        Control(window.knots[:, free], 0.6, 0.3),
        lead=lead,
    )
    x = problem.unknowns(window.knots)
    assert x.shape == (problem.n,) == (len(window.knots) * len(free),)
    knots = problem.knots(x)
    np.testing.assert_array_equal(knots[:, free], window.knots[:, free])
    np.testing.assert_array_equal(knots[:, body.hinge_follows], lead[:, body.hinge_follows])

    value, gradient = problem.value_and_gradient(x)
    r, factors = problem.residuals_and_factors(x)
    assert value == pytest.approx(r @ r)
    np.testing.assert_allclose(2 * factors.transposed_times(r), gradient, atol=1e-9 * np.abs(gradient).max())
    direction = np.random.default_rng(8).standard_normal(problem.n)
    h = 1e-6
    slope = (problem.value(x + h * direction) - problem.value(x - h * direction)) / (2 * h)
    assert gradient @ direction == pytest.approx(slope, rel=1e-4)


def test_a_perfect_motion_costs_nothing(engine, window):
    body = engine.body
    rollout = engine.simulator.rollout(window.start, window.ctrl)
    steps = window.frames[1:]
    at = SimulatedFrames(body, rollout.qpos[steps], rollout.qvel[steps])
    ones = np.ones((len(steps), 33))
    terms = [
        SeenMarks(people.camera(), people.camera().project(at.marks), ones, 4 * ones[:, 0], 0.025),
        Near(at.landmarks, ones, 0.04),
        Posture(at.qpos, at.qvel, ones[:, 0], 0.4, ones[:, 0]),
    ]
    problem = WindowProblem(engine, window.start, window.weights, steps, terms, Control(window.knots, 0.6, 0.3))
    x = problem.unknowns(window.knots)
    assert problem.value(x) < 1e-18
    assert problem.value(x + 0.05) > 0.01
    np.testing.assert_allclose(problem.landmarks(rollout, steps), at.landmarks)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["reprojection", "landmarks 3D", "posture"])
def test_each_term_alone(engine, which):
    body = engine.body
    model = body.model
    qpos = people.stepping(body, 4)
    term = terms_for(body, qpos)[which]
    qvel = np.random.default_rng(4).standard_normal((4, model.nv))
    here = SimulatedFrames(body, integrate(qpos, 0.3 * np.random.default_rng(5).standard_normal((4, model.nv))), qvel)
    linear = term.linearize(here)
    np.testing.assert_allclose(linear.residual, term.residual(here))
    by_velocity = np.zeros_like(linear.by_position) if linear.by_velocity is None else linear.by_velocity
    h = 1e-6
    for i in range(model.nv):
        step = h * np.eye(model.nv)[i]
        ahead, behind = (term.residual(replace(here, qpos=integrate(here.qpos, s))) for s in (step, -step))
        np.testing.assert_allclose(linear.by_position[..., i], (ahead - behind) / (2 * h), atol=1e-5, rtol=1e-5)
        ahead, behind = (term.residual(replace(here, qvel=here.qvel + s)) for s in (step, -step))
        np.testing.assert_allclose(by_velocity[..., i], (ahead - behind) / (2 * h), atol=1e-5, rtol=1e-5)


def test_one_standard_deviation_counts_as_one(engine):
    body = engine.body
    qpos = people.stepping(body, 2)
    here = SimulatedFrames(body, qpos, np.zeros((2, body.model.nv)))
    one = np.zeros((2, 33))
    one[0, 15] = 1.0
    term = Near(here.landmarks + np.array([0.0, 0.04, 0.0]), one, 0.04)
    assert (term.residual(here) ** 2).sum() == pytest.approx(1.0)
    pixels = people.camera().project(here.marks)
    pixels[0, 15, 0] += 0.01 * 1000
    assert (SeenMarks(people.camera(), pixels, one, np.full(2, 2.5), 0.025, 1e6).residual(here) ** 2).sum() == (
        pytest.approx(1.0, rel=1e-3)
    )
    bent = qpos.copy()
    bent[1, 20] += 0.4
    posture = Posture(bent, np.zeros((2, body.model.nv)), np.ones(2), 0.4, np.ones(2))
    assert (posture.residual(here) ** 2).sum() == pytest.approx(1.0)
    fast = replace(here, qvel=np.eye(2, body.model.nv))  # 1 m/s in x, and in y
    assert (Posture(qpos, np.zeros((2, 34)), np.ones(2), 0.4, np.array([0.5, 1.0])).residual(fast) ** 2).sum() == 5.0


def test_where_the_root_is_only_the_landmarks_say(engine):
    body = engine.body
    qpos = people.stepping(body, 2)
    away = qpos + np.eye(body.model.nq)[0]
    term = Posture(qpos, np.zeros((2, body.model.nv)), np.ones(2), 0.4, np.ones(2))
    assert not term.residual(SimulatedFrames(body, away, np.zeros((2, body.model.nv)))).any()


@pytest.mark.parametrize("before", [False, True])
def test_control(before):
    rng = np.random.default_rng(6)
    target, x = rng.standard_normal((2, 5, 3))
    lead = x - target
    previous = rng.standard_normal((2, 3)) if before else None
    control = Control(target, effort=0.6, smooth=0.3, before=previous)
    r = control.residual(control.matrix(), x.ravel())
    run = lead if previous is None else np.concatenate([previous[:1], lead])
    expected = (lead**2).mean(0).sum() / 0.6**2 + (np.diff(run, 2, axis=0) ** 2).sum() / 0.3**2
    if previous is not None:
        expected += ((lead[0] - previous[1]) ** 2).sum() / 0.03**2
    assert r @ r == pytest.approx(expected)
    nudge = rng.standard_normal(15)
    np.testing.assert_allclose(control.residual(control.matrix(), x.ravel() + nudge) - r, control.matrix() @ nudge)


@given(steps=st.integers(1, 60), per_knot=st.floats(2.0, 30.0))
def test_knot_weights_interpolate(steps, per_knot):
    weights = knot_weights(steps, per_knot)
    assert weights.shape[0] == steps and weights.shape[1] >= 2
    np.testing.assert_allclose(weights.sum(1), 1.0)
    knots = np.random.default_rng(7).standard_normal(weights.shape[1])
    at = np.arange(weights.shape[1]) * per_knot
    np.testing.assert_allclose(weights @ knots, np.interp(np.arange(steps), at, knots), atol=1e-9)
    assert at[-1] >= steps - 1e-9
    assert len(at) == 2 or at[-2] < steps


def test_the_starts_own_state_is_read_before_the_first_step(engine, window):
    problem, x = problem_of(engine, window, assist=False)
    rollout = problem.rollout(x)
    np.testing.assert_array_equal(rollout.qpos[0], window.start.qpos)
    assert np.abs(difference(rollout.qpos[0], rollout.qpos[-1])).max() > 0.01
