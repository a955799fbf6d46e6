"""Poses from one camera: the problem's derivatives, its invariances, and that descents go down."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.pose import pose
from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.errors import InputError, ModelError
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.damped import Damping, descend, shortened
from motionrecon.poses.level import from_level, level_camera, to_level
from motionrecon.poses.problem import PoseProblem, PoseTrust, depth_of

PERSON = Articulation.of_body(Capsules.build(1.75, 72.0))
ARM = """<mujoco><worldbody><body pos="0 3 0"><joint name="slide" type="slide" axis="0 0 1" range="-1 1"/>
<geom size=".1"/><body pos="0 0 .2"><joint type="ball"/><geom size=".1" pos="0 0 .3"/><site name="elbow" pos="0 0 .5"/>
<body pos="0 0 .5"><joint type="hinge" axis="1 0 0" range="-1 1"/><geom size=".1" pos=".2 0 .3"/>
<site name="tip" pos=".2 0 .4"/></body></body></body></worldbody></mujoco>"""


def poses_of(articulation: Articulation, count: int, rng: np.random.Generator, spread: float = 0.4) -> np.ndarray:
    return articulation.moved(articulation.rest, spread * rng.normal(size=(count, articulation.n)))


def problem_of(articulation: Articulation, count: int, rng: np.random.Generator, guess: bool = True) -> PoseProblem:
    """Frames in which noisy points of random poses are seen, one of them unseen."""
    x = poses_of(articulation, count, rng)
    if articulation is PERSON:
        x[:, 1] += 3.0
    points = pose(articulation.model, x).at(articulation.points)
    camera = level_camera()
    pixels = camera.project(points) + 0.01 * rng.normal(size=(count, len(articulation.points), 2))
    pixels[0, 0] = np.nan
    weight = np.where(np.isfinite(pixels).all(2), rng.uniform(0.3, 1, pixels.shape[:2]), 0.0)
    guesses = camera.to_camera(points) + 0.1 * rng.normal(size=points.shape) if guess else None
    return PoseProblem(articulation, camera, pixels, weight, depth_of(articulation, camera, x), guesses)


@pytest.fixture(params=["person", "arm"])
def articulation(request: pytest.FixtureRequest) -> Articulation:
    return PERSON if request.param == "person" else Articulation.of_model(mujoco.MjModel.from_xml_string(ARM), (), 0.5)


def test_jacobian_is_that_of_differences(articulation):
    rng = np.random.default_rng(0)
    problem = problem_of(articulation, 3, rng)
    x = poses_of(articulation, 3, rng)
    x[:, 1] += 3.0 if articulation is PERSON else 0.0
    r, J = problem.linearized(x)
    eps = 1e-6
    for k in range(articulation.n):
        step = np.zeros((3, articulation.n))
        step[:, k] = eps
        more, less = (problem.linearized(problem.moved(x, s))[0] for s in (step, -step))
        np.testing.assert_allclose(J[..., k], (more - less) / (2 * eps), atol=2e-4 * max(1, np.abs(J[..., k]).max()))
    np.testing.assert_allclose((r**2).sum(1), problem.value(x), rtol=1e-12)


def test_normal_equations_are_those_of_the_jacobian(articulation):
    rng = np.random.default_rng(1)
    problem = problem_of(articulation, 4, rng)
    x = poses_of(articulation, 4, rng, spread=1.0)
    r, J = problem.linearized(x)
    model = problem.normal(x)
    np.testing.assert_allclose(model.value, (r**2).sum(1))
    np.testing.assert_allclose(model.gradient, np.einsum("nmi,nm->ni", J, r), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(model.matrix, np.einsum("nmi,nmj->nij", J, J), rtol=1e-9, atol=1e-6)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_steps_are_those_of_mujoco(seed):
    rng = np.random.default_rng(seed)
    articulation = Articulation.of_model(mujoco.MjModel.from_xml_string(ARM))
    # By less than half a turn: a difference is the shortest way.
    x, step = poses_of(articulation, 2, rng), rng.uniform(-1.8, 1.8, (2, articulation.n))
    there = articulation.moved(x, step)
    for row, here, s in zip(there, x.copy(), step, strict=True):
        mujoco.mj_integratePos(articulation.model, here, s, 1.0)
        np.testing.assert_allclose(row, here, atol=1e-12)
    np.testing.assert_allclose(articulation.difference(x, there), step, atol=1e-9)


def test_a_gradient_at_the_end_of_a_step_is_carried_to_the_step(articulation):
    rng = np.random.default_rng(2)
    problem = problem_of(articulation, 2, rng)
    x = poses_of(articulation, 2, rng)
    x[:, 1] += 5.0
    step = 0.7 * rng.normal(size=(2, articulation.n))
    gradient = articulation.by_step(step, 2 * problem.normal(problem.moved(x, step)).gradient)
    nudge = 1e-6 * rng.normal(size=step.shape)
    change = problem.value(problem.moved(x, step + nudge)) - problem.value(problem.moved(x, step - nudge))
    np.testing.assert_allclose((gradient * nudge).sum(1), change / 2, rtol=1e-3)


def test_derivatives_of_a_difference(articulation):
    rng = np.random.default_rng(3)
    a, b = poses_of(articulation, 2, rng), poses_of(articulation, 2, rng)
    by_a, by_b = articulation.step_jacobians(articulation.difference(a, b))
    d = 1e-6 * rng.normal(size=(2, articulation.n))
    moved = articulation.moved
    for jacobian, more, less in (
        (by_a, (moved(a, d), b), (moved(a, -d), b)),
        (by_b, (a, moved(b, d)), (a, moved(b, -d))),
    ):
        change = articulation.difference(*more) - articulation.difference(*less)
        np.testing.assert_allclose(np.einsum("nij,nj->ni", jacobian, d), change / 2, atol=1e-11)


def test_a_descent_goes_down_and_says_so():
    rng = np.random.default_rng(4)
    problem = problem_of(PERSON, 6, rng, guess=False)
    start = np.tile(PERSON.rest, (6, 1))
    start[:, 1] += 3.0
    found = descend(problem, start, 25)
    assert (np.diff(found.history, axis=1) <= 0).all() and (found.history[:, -1] == found.value).all()
    np.testing.assert_allclose(problem.value(found.x), found.value)
    assert (found.value < 0.2 * found.history[:, 0]).all() and (found.evaluations == 26).all()


def test_a_finished_row_costs_nothing_more_and_rows_do_not_know_each_other():
    rng = np.random.default_rng(5)
    problem = problem_of(PERSON, 5, rng)
    start = np.tile(PERSON.rest, (5, 1))
    start[:, 1] += 3.0
    together = descend(problem, start, 40, Damping(tolerance=1e-3))
    assert (together.evaluations < 41).any()
    for i in range(5):
        alone = descend(problem.part(np.array([i])), start[[i]], 40, Damping(tolerance=1e-3))
        np.testing.assert_allclose(alone.value, together.value[[i]], rtol=1e-6)
        assert alone.evaluations[0] == together.evaluations[i]


def test_a_row_that_is_not_finite_stays():
    problem = problem_of(PERSON, 2, np.random.default_rng(6))
    start = np.tile(PERSON.rest, (2, 1))
    start[:, 1] += 3.0
    start[0, 7] = np.nan
    found = descend(problem, start, 3)
    assert found.evaluations.tolist() == [1, 4] and np.isfinite(found.value[1])


def test_a_left_right_flip_hardly_pulls():
    problem = problem_of(PERSON, 1, np.random.default_rng(7), guess=False)
    x = np.tile(PERSON.rest, (1, 1))
    x[:, 1] += 3.0
    far, farther = problem.pixels.copy(), problem.pixels.copy()
    far[0, 15], farther[0, 15] = 0.5, 1.0
    plain = PoseTrust(bend=1e6)
    pull = [
        np.subtract(*(PoseProblem(PERSON, problem.camera, p, problem.weight, problem.depth, None, trust).value(x)[0]
                      for p in (farther, far)))
        for trust in (PoseTrust(), plain)
    ]  # fmt: skip
    assert 0 < pull[0] < 0.1 * pull[1]


def test_the_cameras_own_world_keeps_what_is_seen():
    rng = np.random.default_rng(8)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    camera = Pinhole(np.array([[900.0, 0, 320], [0, 900, 240], [0, 0, 1]]), (640, 480), turn, np.array([0.1, 0.2, 4.0]))
    x = poses_of(PERSON, 4, rng, 0.2)
    level = to_level(camera, x)
    seen, there = (pose(PERSON.model, q).at(PERSON.points) for q in (x, level))
    np.testing.assert_allclose(camera.rays(camera.project(seen)), level_camera().project(there), atol=1e-9)
    back = from_level(camera, level)
    np.testing.assert_allclose(pose(PERSON.model, back).at(PERSON.points), seen, atol=1e-9)
    assert np.allclose(LEVEL @ LEVEL.T, np.eye(3))


def test_steps_are_shortened_by_their_angles():
    step = np.array([[5.0, 1.0, -2.0]])
    np.testing.assert_allclose(shortened(step, np.array([False, True, True]), 0.5), step / 4)
    np.testing.assert_allclose(shortened(step, np.zeros(3, bool), 0.5), step)


def test_what_cannot_be_used_is_refused():
    model = mujoco.MjModel.from_xml_string(ARM)
    with pytest.raises(ModelError, match=r"no site called 'hand'.*elbow, tip"):
        Articulation.of_model(model, ["hand"])
    two = mujoco.MjModel.from_xml_string(
        '<mujoco><worldbody><body><geom size=".1"/><site name="a"/></body>'
        '<body><geom size=".1"/></body></worldbody></mujoco>'
    )
    with pytest.raises(ModelError, match="single root"):
        Articulation.of_model(two)
    with pytest.raises(InputError, match="33"):
        PoseProblem(PERSON, level_camera(), np.zeros((2, 5, 2)), np.zeros((2, 5)), np.ones(2))
    with pytest.raises(InputError, match="depth"):
        PoseProblem(PERSON, level_camera(), np.zeros((2, 33, 2)), np.zeros((2, 33)), np.zeros(2))
