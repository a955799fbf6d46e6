"""Every term of the kinematic fit: its value, and its derivatives against central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import people
import pytest
from scipy.spatial.transform import Rotation

from motionrecon.body.capsules import mjcf
from motionrecon.body.capsules.proportions import Proportions
from motionrecon.body.tangent import integrate
from motionrecon.kinematics.block import Block, robust
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms import directions
from motionrecon.kinematics.terms.balance import Balance
from motionrecon.kinematics.terms.contact import Contact
from motionrecon.kinematics.terms.directions import Directions
from motionrecon.kinematics.terms.pose_prior import PosePrior
from motionrecon.kinematics.terms.reprojection import Reprojection
from motionrecon.kinematics.terms.size_prior import SizePrior
from motionrecon.kinematics.terms.sliding import Sliding
from motionrecon.kinematics.terms.smoothness import Smoothness

FPS = 30.0
FRAMES = 5
K = len(Proportions.names())
FLOOR, TILT = slice(K, K + 1), slice(K + 1, K + 3)


@pytest.fixture(scope="module")
def seen() -> people.Seen:
    qpos = people.stepping(people.person(), FRAMES)
    return people.see(people.person(), qpos, people.camera(), noise=20.0, depth_noise=0.2)


@pytest.fixture(scope="module")
def x(seen) -> Trajectory:
    """A trajectory off the truth, in which some soles are under the floor and some over it, and some joints beyond
    their limits."""
    rng = np.random.default_rng(5)
    step = 0.03 * rng.standard_normal((FRAMES, seen.body.model.nv)) + 0.2 * rng.standard_normal(seen.body.model.nv)
    body = seen.body.reshaped(seen.body.shape + 0.05 * rng.standard_normal(K))
    trajectory = Trajectory(body, seen.camera, integrate(seen.qpos, step), 0.0)
    trajectory = replace(trajectory, floor=float(np.median(trajectory.soles[..., 2])))
    assert 0.2 < (trajectory.soles[..., 2] < trajectory.floor).mean() < 0.8
    return trajectory


def standing() -> np.ndarray:
    return np.random.default_rng(6).uniform(0.1, 1.0, (FRAMES, 8))


def dense(block: Block, x: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Residuals (n,) and their Jacobian (n, T nv + shared) of a block."""
    T, nv = len(x), x.body.model.nv
    count, m = block.residual.shape
    jacobian = np.zeros((count, m, T * nv + x.shared_count))
    for offset, part in enumerate(block.jacobians):
        if part is not None:
            for n, frame in enumerate(block.frames + offset):
                jacobian[n, :, frame * nv : (frame + 1) * nv] += part[n]
    if block.shared is not None:
        jacobian[..., T * nv :] = block.shared
    return block.residual.ravel(), jacobian.reshape(count * m, -1)


def frame_directions(x: Trajectory) -> list[np.ndarray]:
    """Directions in all unknowns: one dense in each single frame, some in all, none in the shared unknowns."""
    rng, T, nv = np.random.default_rng(7), len(x), x.body.model.nv
    found = [np.kron(np.eye(T)[t], rng.standard_normal(nv)) for t in range(T)]
    found += [rng.standard_normal(T * nv) for _ in range(3)]
    return [np.concatenate([d, np.zeros(x.shared_count)]) for d in found]


def shared_directions(x: Trajectory) -> list[np.ndarray]:
    first = x.qpos.shape[0] * x.body.model.nv
    return list(np.eye(first + x.shared_count)[first:])


def moved(x: Trajectory, direction: np.ndarray, step: float) -> Trajectory:
    split = len(x) * x.body.model.nv
    return x.moved(step * direction[:split].reshape(len(x), -1), step * direction[split:])


def assert_gradient(
    x: Trajectory, block: Block, cost: Callable[[Trajectory], float], along: list[np.ndarray], rtol: float = 1e-5
) -> None:
    """2 J'r is the gradient of `cost`, which at x is the block's own."""
    assert cost(x) == pytest.approx(block.cost, rel=1e-9)
    residual, jacobian = dense(block, x)
    gradient = 2 * residual @ jacobian
    h = 1e-6
    slopes = np.array([(cost(moved(x, d, h)) - cost(moved(x, d, -h))) / (2 * h) for d in along])
    np.testing.assert_allclose([gradient @ d for d in along], slopes, rtol=rtol, atol=rtol * np.abs(slopes).max())


def assert_jacobian(x: Trajectory, term: Callable[[Trajectory], Block], along: list[np.ndarray]) -> None:
    _, jacobian = dense(term(x), x)
    h = 1e-6
    for d in along:
        slope = (dense(term(moved(x, d, h)), x)[0] - dense(term(moved(x, d, -h)), x)[0]) / (2 * h)
        np.testing.assert_allclose(jacobian @ d, slope, rtol=1e-5, atol=1e-5 * np.abs(slope).max())


@pytest.fixture(autouse=True)
def lengths_in_full(monkeypatch):
    """The model's text has six digits; with all of them, differences along lengths are as exact as the others."""
    monkeypatch.setattr(mjcf, "_text", lambda values: " ".join(repr(float(v)) for v in values))


def test_reprojection(seen, x):
    pixels = seen.pixels.copy()
    pixels[1, 12], pixels[2] = np.nan, np.nan
    pixels[3, 25] += 400.0  # an outlier
    weight = np.random.default_rng(8).uniform(0.2, 1.0, (FRAMES, 33))
    term = Reprojection(pixels, weight)

    def depth(y: Trajectory) -> np.ndarray:
        return np.median(y.camera.to_camera(y.marks)[:, 11:, 2], axis=1)[:, None]

    def cost(y: Trajectory) -> float:
        """With the depth that turns angles into metres held at x's."""
        return replace(term, weight=weight * depth(x) / depth(y))(y).cost

    block = term(x)
    assert_gradient(x, block, cost, [*frame_directions(x), *shared_directions(x)])
    assert not block.residual[2].any(), "a frame without a person says nothing"
    true = Trajectory(seen.body, seen.camera, seen.qpos, 0.0)
    assert Reprojection(seen.camera.project(true.marks), weight)(true).cost < 1e-9


def test_reprojection_counts_standard_deviations(seen):
    """A keypoint that is 2 cm off, seen from the side, is one standard deviation off; a wild one hardly counts."""
    true = Trajectory(seen.body, seen.camera, seen.qpos, 0.0)
    depth = np.median(seen.camera.to_camera(true.marks)[0, 11:, 2])
    pixels = seen.camera.project(true.marks)
    one = np.zeros((FRAMES, 33))
    one[0, 15] = 1.0
    for metres, at_least, at_most in ((0.02, 0.85, 1.0), (2.0, 5.0, 60.0)):
        there = pixels.copy()
        there[0, 15, 0] += metres / depth * 1000.0
        assert at_least < Reprojection(there, one, sigma=0.02)(true).cost < at_most


def test_directions(seen, x):
    points = seen.points_3d.copy()
    points[1, 14], points[2] = np.nan, np.nan
    weight = np.random.default_rng(9).uniform(0.2, 1.0, (FRAMES, 33))
    term = Directions(points, weight, sigma=0.1, across=0.3, scale=2.0)
    a, b = directions._FROM, directions._TO
    known = np.isfinite(points[:, a] + points[:, b]).all(-1)
    guess = np.nan_to_num(points[:, b] - points[:, a])
    length = np.linalg.norm(x.marks[:, b] - x.marks[:, a], axis=-1)

    def cost(y: Trajectory) -> float:
        """With the bones' lengths, to which the guess is scaled, held at x's."""
        bone = (y.marks[:, b] - y.marks[:, a]) @ y.camera.R_camera_world.T
        scaled = guess * (length / np.maximum(np.linalg.norm(guess, axis=-1), 1e-6))[..., None]
        error = (bone - scaled) * np.array([0.3, 0.3, 1.0]) / 0.1 * np.sqrt(weight[:, a] * weight[:, b])[..., None]
        return robust(error[known], 2.0)[1]

    tilts = shared_directions(x)[TILT]
    assert_gradient(x, term(x), cost, [*frame_directions(x), *tilts])
    true = Trajectory(seen.body, seen.camera, seen.qpos, 0.0)
    hips = true.marks[:, 23:25].mean(1, keepdims=True)
    assert Directions(2.5 * (true.marks - hips) @ seen.camera.R_camera_world.T, weight)(true).cost < 1e-9


def test_smoothness(x):
    term = Smoothness(FPS)
    nv = x.body.model.nv
    turning = np.zeros(nv, bool)
    turning[3:6] = True
    turning = np.concatenate([np.tile(turning, FRAMES), np.zeros(x.shared_count, bool)])
    straight = [np.where(turning, 0.0, d) for d in frame_directions(x)]
    assert_gradient(x, term(x), lambda y: term(y).cost, straight)
    assert_jacobian(x, term, straight)
    # The root's rotation is differentiated as if steps from frame to frame were small; here they are 0.1 radians.
    turned = [np.where(turning, d, 0.0) for d in frame_directions(x)]
    assert_gradient(x, term(x), lambda y: term(y).cost, turned, rtol=0.1)


def test_what_moves_evenly_is_smooth(x):
    step = 0.02 * np.random.default_rng(3).standard_normal(x.body.model.nv)
    even = [x.qpos[0]]
    for _ in range(FRAMES - 1):
        even.append(integrate(even[-1], step))
    assert Smoothness(FPS)(replace(x, qpos=np.array(even))).cost < 1e-12
    jerked = np.array(even)
    jerked[2, 0] += 0.01
    # Second differences of 1, -2 and 1 cm: 9, 18 and 9 m/s^2 against a standard deviation of 4.
    assert Smoothness(FPS)(replace(x, qpos=jerked)).cost == pytest.approx((9**2 + 18**2 + 9**2) / 4**2)


def test_pose_prior(x):
    qpos = x.qpos.copy()
    low, high = x.body.model.jnt_range[1:].T
    qpos[0, 7 + 3], qpos[2, 7 + 8] = high[3] + 0.2, low[8] - 0.1
    x = replace(x, qpos=qpos)
    term = PosePrior(weight=1.3)
    assert_gradient(x, term(x), lambda y: term(y).cost, frame_directions(x))
    assert_jacobian(x, term, frame_directions(x))
    relaxed = np.tile(x.body.rest_qpos, (FRAMES, 1))
    assert PosePrior()(replace(x, qpos=relaxed)).cost == 0
    relaxed[0, 7 + 8] = low[8] - 0.1  # the free shoulder, two standard deviations beyond its range
    assert PosePrior()(replace(x, qpos=relaxed)).cost == pytest.approx(4.0)


def test_contact(x):
    term = Contact(FPS, standing(), weight=1.2)
    assert_gradient(x, term(x), lambda y: term(y).cost, [*frame_directions(x), *shared_directions(x)])
    assert_jacobian(x, term, [*frame_directions(x), *shared_directions(x)])


def test_contact_leaves_feet_in_the_air_alone_and_none_below_the_floor(x):
    flying = Contact(FPS, np.zeros((FRAMES, 8)))
    assert flying(replace(x, floor=x.soles[..., 2].min() - 0.01)).cost == 0
    sunk = replace(x, floor=float(x.soles[..., 2].min()) + 0.01)
    deep = np.minimum(sunk.soles[..., 2] - sunk.floor, 0.0)
    assert flying(sunk).cost == pytest.approx((deep**2).sum() / 0.01**2)


def test_sliding(x):
    term = Sliding(FPS, weight=0.7)
    assert_gradient(x, term(x), lambda y: term(y).cost, frame_directions(x))


def test_sliding_fades_with_height(x):
    costs = [Sliding(FPS)(replace(x, floor=float(x.soles[..., 2].min()) - h)).cost for h in (0.0, 0.05, 0.2)]
    assert costs[0] > 2 * costs[1] > 20 * costs[2] > 0
    still = replace(x, qpos=np.tile(x.qpos[:1], (FRAMES, 1)))
    assert Sliding(FPS)(still).cost == 0


def test_balance(x):
    stand = standing()
    term = Balance(FPS, stand, weight=0.9)
    share = stand[1:-1] / stand[1:-1].sum(1, keepdims=True)

    def centre(y: Trajectory) -> np.ndarray:
        return np.einsum("tp,tpi->ti", share, y.soles[1:-1, :, :2])

    spread = np.sqrt(np.einsum("tp,tpi->t", share, (x.soles[1:-1, :, :2] - centre(x)[:, None]) ** 2))
    gain = 0.9 * np.minimum(stand[1:-1].sum(1), 1.0) / np.hypot(0.05, spread)
    height = x.com[1:-1, 2] - x.floor

    def cost(y: Trajectory) -> float:
        """With the pendulum's height and the soles' spread held at x's."""
        acceleration = np.diff(y.com[:, :2], 2, axis=0) * FPS**2
        zero_moment_point = y.com[1:-1, :2] - (height / 9.81)[:, None] * acceleration
        return float((((zero_moment_point - centre(y)) * gain[:, None]) ** 2).sum())

    assert_gradient(x, term(x), cost, frame_directions(x))


def test_nobody_who_flies_needs_balance(x):
    assert Balance(FPS, np.zeros((FRAMES, 8)))(x).cost == 0


def test_size_prior(x):
    R = x.camera.R_camera_world
    for term in (SizePrior((0.2, 0.01), 0.15, R), SizePrior((0.0, 1.0), None, R, common=0.06)):
        assert_gradient(x, term(x), lambda y, term=term: term(y).cost, shared_directions(x))
        assert_jacobian(x, term, shared_directions(x))
    typical = replace(x, body=x.body.reshaped(x.body.shape_prior.mean), floor=0.2)
    assert SizePrior((0.2, 0.01), 0.15, R)(typical).cost < 1e-12
    tilted = replace(typical.camera, R_camera_world=R @ Rotation.from_rotvec([0.15, 0, 0]).as_matrix())
    assert SizePrior((0.2, 0.01), 0.15, R)(replace(typical, camera=tilted)).cost == pytest.approx(1.0)
    # Longer by 3 % as a whole is likelier than a single pair of bones being so.
    lengths = typical.body.proportions.as_array()
    whole = SizePrior((0.2, 0.01), 0.15, R)(replace(typical, body=x.body.reshaped(np.log(1.03 * lengths)))).cost
    lengths[[4, 6]] *= 1.03
    lengths[[5, 7]] /= 1.03
    assert whole < SizePrior((0.2, 0.01), 0.15, R)(replace(typical, body=x.body.reshaped(np.log(lengths)))).cost


def test_held_sizes_stay_whatever_they_are(x):
    block = SizePrior((x.floor, 0.1), None, x.camera.R_camera_world, proportions=False)(x)
    assert block.cost < 1e-12
    assert np.abs(np.diag(block.shared[0])[: K + 3]).min() == pytest.approx(10.0)
    assert (np.abs(np.diag(block.shared[0])[[*range(K), K + 1, K + 2]]) >= 1e6).all()


def test_the_robust_cost_bends():
    error = np.array([[0.1, 0.0], [3.0, 4.0], [300.0, 400.0]])
    root, cost = robust(error, 2.0)
    squares = (error**2).sum(1)
    assert cost == pytest.approx(4.0 * np.log1p(squares / 4.0).sum())
    np.testing.assert_allclose(root[:, 0] ** 2, 1 / (1 + squares / 4.0))
