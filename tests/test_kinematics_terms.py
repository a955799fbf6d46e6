"""Every term of the kinematic fit: its value, and its derivatives against central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import people
import pytest

from motionrecon.body import mjcf
from motionrecon.body.capsules import mjcf as of_capsules
from motionrecon.body.tangent import MOVE, PLACE, integrate
from motionrecon.core import landmarks, so3
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.standing import bearing_points, feet_alone, haste, runs, walkers_points
from motionrecon.kinematics.state import HEIGHT, SHAPE, TILT, Trajectory
from motionrecon.kinematics.terms.balance import Balance, neglected
from motionrecon.kinematics.terms.contact import Contact
from motionrecon.kinematics.terms.observed import directed, reprojected
from motionrecon.kinematics.terms.pose_prior import PosePrior
from motionrecon.kinematics.terms.resting import Resting
from motionrecon.kinematics.terms.scale_free import ScaleFree, scale_free
from motionrecon.kinematics.terms.shared_prior import SharedPrior
from motionrecon.kinematics.terms.sliding import Sliding
from motionrecon.kinematics.terms.smoothness import Smoothness, eased
from motionrecon.residuals.directions import END, START
from motionrecon.residuals.robust import reweighted

FPS = 30.0
FRAMES = 5


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
    body = seen.body.reshaped(seen.body.shape + 0.05 * rng.standard_normal(len(seen.body.shape)))
    turn = so3.matrix(np.array([0.03, -0.05, 0.02]))
    x = Trajectory(body, integrate(seen.qpos, step), Plane(), turn, free=(SHAPE, HEIGHT, TILT))
    x = replace(x, ground=Plane(float(np.median(x.soles[..., 2]))))
    assert 0.2 < (x.over < 0).mean() < 0.8
    return x


def standing() -> np.ndarray:
    return np.random.default_rng(6).uniform(0.1, 1.0, (FRAMES, 8))


def dense(block: Block, x: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Residuals (n,) and their Jacobian (n, T nv + shared) of a block."""
    T, nv = len(x), x.body.model.nv
    count, m = block.residual.shape
    jacobian = np.zeros((count, m, T * nv))
    for offset, part in enumerate(block.jacobians):
        if part is not None:
            for n, frame in enumerate(block.frames + offset):
                jacobian[n, :, frame * nv : (frame + 1) * nv] += part[n]
    shared = [block.shared.get(part, np.zeros((count, m, size))) for part, size in x.shared.items()]
    assert set(block.shared) <= set(x.shared)
    full = np.concatenate([jacobian, *shared], axis=2)
    return block.residual.ravel(), full.reshape(count * m, full.shape[-1])


def frame_directions(x: Trajectory) -> list[np.ndarray]:
    """Directions in all unknowns: one dense in each single frame, some in all, none in the shared unknowns."""
    rng, T, nv = np.random.default_rng(7), len(x), x.body.model.nv
    found = [np.kron(np.eye(T)[t], rng.standard_normal(nv)) for t in range(T)]
    found += [rng.standard_normal(T * nv) for _ in range(3)]
    return [np.concatenate([d, np.zeros(sum(x.shared.values()))]) for d in found]


def shared_directions(x: Trajectory, *parts: str) -> list[np.ndarray]:
    """Directions in single shared unknowns, of these parts or of all."""
    first = x.qpos.shape[0] * x.body.model.nv
    owner = [part for part, size in x.shared.items() for _ in range(size)]
    rows = np.eye(first + len(owner))[first:]
    return [row for row, part in zip(rows, owner, strict=True) if not parts or part in parts]


def moved(x: Trajectory, direction: np.ndarray, step: float) -> Trajectory:
    at = len(x) * x.body.model.nv
    qpos, shared = direction[:at].reshape(len(x), -1), {}
    for part, size in x.shared.items():
        shared[part] = step * direction[at : at + size]
        at += size
    return x.moved(step * qpos, shared)


def assert_gradient(
    x: Trajectory, block: Block, cost: Callable[[Trajectory], float], along: list[np.ndarray], rtol: float = 1e-5
) -> None:
    """2 J'r is the gradient of `cost`, which at x is the block's own."""
    assert cost(x) == pytest.approx(block.cost, rel=1e-9)
    residual, jacobian = dense(block, x)
    gradient = 2 * residual @ jacobian
    h = 1e-6
    slopes = np.array([(cost(moved(x, d, h)) - cost(moved(x, d, -h))) / (2 * h) for d in along])
    np.testing.assert_allclose(
        [gradient @ d for d in along], slopes, rtol=rtol, atol=rtol * np.abs(slopes).max() + 1e-12
    )


def assert_jacobian(x: Trajectory, term: Callable[[Trajectory], Block], along: list[np.ndarray]) -> None:
    _, jacobian = dense(term(x), x)
    h = 1e-6
    for d in along:
        slope = (dense(term(moved(x, d, h)), x)[0] - dense(term(moved(x, d, -h)), x)[0]) / (2 * h)
        np.testing.assert_allclose(jacobian @ d, slope, rtol=1e-5, atol=1e-5 * np.abs(slope).max())


@pytest.fixture(autouse=True)
def lengths_in_full(monkeypatch):
    """The model's text has six digits; with all of them, differences along lengths are as exact as the others."""
    for module in (mjcf, of_capsules):
        monkeypatch.setattr(module, "text", lambda values: " ".join(repr(float(v)) for v in values))


def test_reprojected(seen, x):
    pixels = seen.pixels.copy()
    pixels[1, 12], pixels[2] = np.nan, np.nan
    pixels[3, 25] += 400.0  # an outlier
    weight = np.random.default_rng(8).uniform(0.2, 1.0, (FRAMES, 33))
    view = replace(seen.view, pixels=pixels, weight=weight)

    def depth(y: Trajectory) -> np.ndarray:
        return np.median(y.seen_by(seen.camera).to_camera(y.marks)[:, 11:, 2], axis=1)[:, None]

    def cost(y: Trajectory) -> float:
        """With the depth that turns angles into metres held at x's."""
        return reprojected(replace(view, weight=weight * depth(x) / depth(y)))(y).cost

    block = reprojected(view)(x)
    assert_gradient(x, block, cost, [*frame_directions(x), *shared_directions(x)])
    assert not block.residual[2].any(), "a frame without a person says nothing"
    assert not reprojected(view)(replace(x, free=())).shared
    exact = replace(seen.view, pixels=seen.camera.project(seen.true.marks), weight=weight)
    assert reprojected(exact)(seen.true).cost < 1e-9


def test_a_wild_keypoint_hardly_counts(seen):
    """One that is 2 cm off, seen from the side, is one standard deviation off."""
    depth = np.median(seen.camera.to_camera(seen.true.marks)[0, 11:, 2])
    one = np.zeros((FRAMES, 33))
    one[0, 15] = 1.0
    for metres, at_least, at_most in ((0.02, 0.85, 1.0), (2.0, 5.0, 60.0)):
        there = seen.camera.project(seen.true.marks)
        there[0, 15, 0] += metres / depth * 1000.0
        assert at_least < reprojected(replace(seen.view, pixels=there, weight=one))(seen.true).cost < at_most


def test_a_tilt_of_cameras_that_are_carried_leaves_their_way_along_the_ground(seen, x):
    path = np.outer(np.arange(FRAMES), [0.7, -0.4, 0.0])
    term = reprojected(seen.view)
    y = replace(x, qpos=x.qpos + np.pad(path, ((0, 0), (0, x.qpos.shape[1] - 3))), path=path)
    there, here = dense(term(y), y), dense(term(x), x)
    assert np.allclose(there[0], here[0]) and np.allclose(there[1], here[1])

    def depth(z: Trajectory) -> np.ndarray:
        return np.median(z.seen_by(seen.camera).to_camera(z.marks)[:, 11:, 2], axis=1)[:, None]

    def cost(z: Trajectory) -> float:
        return reprojected(replace(seen.view, weight=seen.view.weight * depth(y) / depth(z)))(z).cost

    assert_gradient(y, term(y), cost, [*frame_directions(y), *shared_directions(y)])


def test_directed(seen, x):
    points = seen.points_3d.copy()
    points[1, 14], points[2] = np.nan, np.nan
    weight = np.random.default_rng(9).uniform(0.2, 1.0, (FRAMES, 33))
    term = directed(replace(seen.view, points_3d=points, weight=weight), sigma=0.1, across=0.3, scale=2.0)
    known = np.isfinite(points[:, START] + points[:, END]).all(-1)
    guess = np.nan_to_num(points[:, END] - points[:, START])
    length = np.linalg.norm(x.marks[:, END] - x.marks[:, START], axis=-1)

    def cost(y: Trajectory) -> float:
        """With the bones' lengths, to which the guess is scaled, held at x's."""
        bone = (y.marks[:, END] - y.marks[:, START]) @ y.seen_by(seen.camera).axes[0].T
        scaled = guess * (length / np.maximum(np.linalg.norm(guess, axis=-1), 1e-6))[..., None]
        root = np.sqrt(weight[:, START] * weight[:, END])[..., None]
        error = (bone - scaled) * np.array([0.3, 0.3, 1.0]) / 0.1 * root
        return reweighted(error[known], 2.0)[1]

    assert_gradient(x, term(x), cost, [*frame_directions(x), *shared_directions(x, TILT)])
    assert SHAPE not in term(x).shared, "a bone must not shorten to fit"
    hips = seen.true.marks[:, 23:25].mean(1, keepdims=True)
    exact = 2.5 * (seen.true.marks - hips) @ seen.camera.axes[0].T
    assert directed(replace(seen.view, points_3d=exact, weight=weight))(seen.true).cost < 1e-9


def test_smoothness(x):
    term = Smoothness(FPS)
    nv = x.body.model.nv
    turning = np.zeros(nv, bool)
    turning[3:6] = True
    turning = np.concatenate([np.tile(turning, FRAMES), np.zeros(sum(x.shared.values()), bool)])
    straight = [np.where(turning, 0.0, d) for d in frame_directions(x)]
    assert_gradient(x, term(x), lambda y: term(y).cost, straight)
    assert_jacobian(x, term, straight)
    # The root's rotation is differentiated as if steps from frame to frame were small; here they are 0.1 radians.
    turned = [np.where(turning, d, 0.0) for d in frame_directions(x)]
    assert_gradient(x, term(x), lambda y: term(y).cost, turned, rtol=0.1)


def test_what_moves_fast_for_a_while_is_smoothed_less(x):
    term, other = Smoothness(FPS, weight=1.5), Sliding(FPS)
    for up, share in ((0.1, (0.95, 1.0)), (10.0, (0.0, 0.2))):
        qpos = np.repeat(x.qpos[:1], FRAMES, axis=0)
        qpos[:, 2] += 0.5 * up * (np.arange(FRAMES) / FPS) ** 2
        first, second = eased([term, other], replace(x, qpos=qpos))
        assert second is other and first.ease.shape == (FRAMES - 2, x.body.model.nv)
        assert share[0] <= first.ease[:, 2].min() <= first.ease[:, 2].max() <= share[1]
        assert first.ease[:, :2].min() == 1.0, "what moves level is smoothed as before"
        straight = [d * (np.arange(d.size) % x.body.model.nv == 2) for d in frame_directions(x)[:3]]
        assert_gradient(x, first(x), lambda y, first=first: first(y).cost, straight)


def test_knees_and_ankles_of_who_runs_accelerate_more(x):
    def costs(pace: float) -> list[float]:
        """Of a jerk of hip, knee and ankle, while the person moves on evenly."""
        found = []
        for name in ("left_hip_flexion", "left_knee_flexion", "left_ankle_flexion"):
            qpos = np.repeat(x.qpos[:1], FRAMES, axis=0)
            qpos[:, 0] += pace * np.arange(FRAMES) / FPS
            qpos[2, 7 + x.body.hinge_names.index(name)] += 1e-3
            jerked = replace(x, qpos=qpos)
            (term,) = eased([Smoothness(FPS)], jerked)
            found.append(term(jerked).cost)
        return found

    hip, knee, ankle = costs(5.0)
    assert hip / knee == pytest.approx(2.0**2, rel=1e-3) and hip / ankle == pytest.approx(3.0**2, rel=1e-3)
    assert costs(1.0) == pytest.approx([hip] * 3, rel=1e-3)


def test_who_kicks_does_not_run(x):
    kick = np.repeat(x.qpos[:1], FRAMES, axis=0)
    kick[:, 7 + x.body.hinge_names.index("left_hip_flexion")] += 10.0 * np.arange(FRAMES) / FPS
    kicks, still = replace(x, qpos=kick), np.zeros(FRAMES)
    assert (haste(kicks, FPS) > 1.5).all() and np.array_equal(runs(kicks, FPS), still)
    kick[:, 0] += 5.0 * np.arange(FRAMES) / FPS
    assert (runs(replace(x, qpos=kick), FPS) == 1.0).all()


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


@pytest.mark.parametrize("low", [None, np.random.default_rng(8).uniform(0.1, 1.0, (FRAMES, 8))])
def test_contact(x, low):
    term = Contact(FPS, standing(), weight=1.2, low=low)
    assert_gradient(x, term(x), lambda y: term(y).cost, [*frame_directions(x), *shared_directions(x)])
    assert_jacobian(x, term, [*frame_directions(x), *shared_directions(x)])


def test_feet_of_who_runs_may_move_more_where_they_stand(x):
    still = np.ones((FRAMES, 8))
    flat = replace(x, ground=Plane(float(x.soles[..., 2].min()) - 1.0))

    def speeds(haste: float | np.ndarray) -> np.ndarray:
        return Contact(FPS, still, haste=haste)(flat).residual[:, :24]

    assert np.allclose(speeds(2.0), 0.25 * speeds(1.0))
    once = np.array([1.0, 1.0, 4.0, 1.0, 1.0])
    assert np.allclose(speeds(once), speeds(1.0) / once[:-1, None] ** 2)


def test_who_runs_hurries_and_who_walks_does_not(x):
    def found(pace: float) -> np.ndarray:
        qpos = np.repeat(x.qpos[:1], FRAMES, axis=0)
        qpos[:, 0] += pace * np.arange(FRAMES) / FPS
        return haste(replace(x, qpos=qpos), FPS)

    assert (found(1.0) == 1.0).all()
    assert np.allclose(found(5.0), 2.5)


def test_contact_leaves_feet_in_the_air_alone_and_none_below_the_ground(x):
    flying = Contact(FPS, np.zeros((FRAMES, 8)))
    lowest = float(x.soles[..., 2].min())
    assert flying(replace(x, ground=Plane(lowest - 0.01))).cost == 0
    sunk = replace(x, ground=Plane(lowest + 0.01))
    deep = np.minimum(sunk.soles[..., 2] - sunk.ground.height, 0.0)
    assert flying(sunk).cost == pytest.approx((deep**2).sum() / 0.01**2)


def test_resting(x):
    """The trajectory has part of the body below the floor, which is raised for that."""
    sunk = replace(x, ground=Plane(float(np.median(x.marks[..., 2]))))
    which = np.arange(0, len(sunk.body.hull), 2)
    hull = sunk.body.hull.part(which)
    rng = np.random.default_rng(11)
    resting, low = rng.uniform(0.0, 1.0, (FRAMES, len(hull))), rng.uniform(size=(FRAMES, len(hull))) < 0.7
    over = sunk.ground.gap(sunk.pose.at(hull))[0] - hull.radii
    assert 0.2 < (over < 0).mean() < 0.8
    term = Resting(which, resting, low, weight=1.2)
    along = [*frame_directions(sunk), *shared_directions(sunk)]
    assert_gradient(sunk, term(sunk), lambda y: term(y).cost, along)
    assert_jacobian(sunk, term, along)
    alone = Resting(which, np.zeros(resting.shape), low)
    deep = np.minimum(over, 0.0)[low]
    assert alone(sunk).cost == pytest.approx((deep**2).sum() / alone.depth**2)


def test_sliding(x):
    term = Sliding(FPS, weight=0.7)
    assert_gradient(x, term(x), lambda y: term(y).cost, frame_directions(x))


def test_sliding_fades_with_height(x):
    costs = [Sliding(FPS)(replace(x, ground=Plane(float(x.soles[..., 2].min()) - h))).cost for h in (0.0, 0.05, 0.2)]
    assert costs[0] > 2 * costs[1] > 20 * costs[2] > 0
    still = replace(x, qpos=np.tile(x.qpos[:1], (FRAMES, 1)))
    assert Sliding(FPS)(still).cost == 0


def test_balance(x):
    stand = standing()
    rotation = neglected(x, FPS)
    term = Balance(FPS, stand, neglected=rotation, weight=0.9)
    share = stand[1:-1] / stand[1:-1].sum(1, keepdims=True)

    def centre(y: Trajectory) -> np.ndarray:
        return np.einsum("tp,tpi->ti", share, y.soles[1:-1, :, :2])

    spread = np.sqrt(np.einsum("tp,tpi->t", share, (x.soles[1:-1, :, :2] - centre(x)[:, None]) ** 2))
    gain = 0.9 * np.minimum(stand[1:-1].sum(1), 1.0) / np.sqrt(0.05**2 + spread**2 + rotation[1:-1] ** 2)
    height = x.com[1:-1, 2] - x.ground.height

    def cost(y: Trajectory) -> float:
        """With the pendulum's height and the soles' spread held at x's."""
        acceleration = np.diff(y.com[:, :2], 2, axis=0) * FPS**2
        zero_moment_point = y.com[1:-1, :2] - (height / 9.81)[:, None] * acceleration
        return float((((zero_moment_point - centre(y)) * gain[:, None]) ** 2).sum())

    assert_gradient(x, term(x), cost, frame_directions(x))


def test_a_body_that_does_not_accelerate_is_held_to_its_balance(x):
    still = replace(x, qpos=np.repeat(x.qpos[:1], FRAMES, axis=0))
    assert neglected(still, FPS).max() < 1e-6 and neglected(x, FPS).min() > 0


def test_nobody_who_flies_needs_balance(x):
    assert Balance(FPS, np.zeros((FRAMES, 8)))(x).cost == 0


def test_balance_counts_by_frames(x):
    once = np.zeros(FRAMES)
    once[2] = 2.0
    terms = [Balance(FPS, standing(), weight=w)(x) for w in (1.0, once)]
    assert np.allclose(terms[1].residual[1], 2.0 * terms[0].residual[1]) and terms[1].cost > 0
    assert terms[1].cost == pytest.approx(4.0 * float((terms[0].residual[1] ** 2).sum()))


@pytest.mark.parametrize(("part", "alone"), [("sole", 1.0), ("knee", 0.0), ("wrist", 0.0), ("shoulder", 0.0)])
def test_who_has_more_than_feet_on_the_ground_needs_no_balance(x, part, alone):
    """The ground is raised to the lowest part of each kind."""
    points = [i for i, name in enumerate(landmarks.NAMES) if name.endswith(part)]
    height = x.marks[:, points, 2].min() - 0.05 if points else x.soles[..., 2].min()
    sure = feet_alone(replace(x, ground=Plane(float(height))))
    assert sure.shape == (FRAMES,)
    assert (sure.min() if alone else 1 - sure.min()) > 0.97


def test_coming_nearer_does_not_pay_where_one_camera_sees_the_person(x, seen):
    """Whoever is half as far away, and half as fast, is as smooth."""
    smooth = Smoothness(FPS)
    (term,) = scale_free([smooth], x, [seen.view])
    assert isinstance(term, ScaleFree) and term(x).cost == pytest.approx(smooth(x).cost)
    y = replace(x, free=())
    places = [d for d in np.eye(y.body.model.nv * FRAMES).reshape(-1, FRAMES, y.body.model.nv) if d[:, MOVE].any()]
    along = [d.ravel() for d in places]
    assert_gradient(y, term(y), lambda z: term(z).cost, along)
    assert_jacobian(y, term, along)
    eye = x.turn @ seen.camera.eye[0]
    qpos = x.qpos.copy()
    qpos[:, PLACE] = eye + 0.5 * (qpos[:, PLACE] - eye)
    near = replace(x, qpos=qpos)
    assert term(near).cost == pytest.approx(term(x).cost)
    assert smooth(near).cost < term(near).cost - 1
    prior = PosePrior()
    assert scale_free([prior], x, [seen.view]) == [prior]
    assert scale_free([smooth], x, [seen.view] * 2) == [smooth]


def test_a_step_nearer_does_not_make_what_was_seen_cost_less(x, seen):
    for plain in (reprojected(seen.view, scale=1e6), directed(seen.view, scale=1e6)):
        (held,) = scale_free([plain], x, [seen.view])
        assert held(x).cost == pytest.approx(plain(x).cost)
        eye = x.turn @ seen.camera.eye[0]
        qpos = x.qpos.copy()
        qpos[:, PLACE] = eye + 0.5 * (qpos[:, PLACE] - eye)
        near = replace(x, qpos=qpos)
        assert held(near).cost == pytest.approx(4.0 * plain(near).cost), "as large as it would be from afar"
        assert np.allclose(held(near).jacobians[0], 2.0 * plain(near).jacobians[0])
        assert scale_free([plain], x, [seen.view] * 2) == [plain]


def test_shared_prior(x):
    tilted = so3.matrix(np.array([-0.1, 0.07, 0.0])) @ x.turn
    for term in (
        SharedPrior((0.2, 0.01), 0.03, x.turn, np.eye(2) / 0.15),
        SharedPrior((0.0, 1.0), 0.06, tilted, np.array([[3.0, 0.4], [0.0, 4.0]])),
    ):
        for free in ((SHAPE, HEIGHT, TILT), (SHAPE,), (HEIGHT, TILT), (TILT,)):
            y = replace(x, free=free)
            assert_gradient(y, term(y), lambda z, term=term: term(z).cost, shared_directions(y))
    term = SharedPrior((0.2, 0.01), 0.03, x.turn, np.eye(2) / 0.15)
    assert_jacobian(x, term, shared_directions(x))
    assert term(replace(x, free=())).cost == 0
    typical = replace(x, body=x.body.reshaped(x.body.shape_prior.mean), ground=Plane(0.2))
    assert term(typical).cost < 1e-12
    assert term(replace(typical, turn=so3.matrix(np.array([-0.15, 0, 0])) @ x.turn)).cost == pytest.approx(1.0)
    # Longer by 3 % as a whole is likelier than a single pair of bones being so.
    shape = typical.body.shape
    whole = term(replace(typical, body=x.body.reshaped(shape + np.log(1.03)))).cost
    apart = np.zeros(len(shape))
    apart[[4, 6]], apart[[5, 7]] = np.log(1.03), -np.log(1.03)
    other = replace(typical, body=x.body.reshaped(shape + apart))
    assert whole < term(other).cost
    # Half of the spread: four times the cost of what is not the common factor.
    assert replace(term, shape=0.5)(other).cost == pytest.approx(4 * term(other).cost, rel=0.05)


def test_a_tilt_of_the_cameras_is_measured_from_where_they_stood(x):
    turned = x.moved(np.zeros((FRAMES, x.body.model.nv)), {TILT: np.array([0.1, 0.0])})
    np.testing.assert_allclose(turned.tilt_since(x.turn)[0], [0.1, 0.0], atol=1e-12)
    camera = people.camera()
    expected = x.seen_by(camera).axes[0] @ so3.matrix(np.array([0.1, 0.0, 0.0]))
    np.testing.assert_allclose(turned.seen_by(camera).axes[0], expected, atol=1e-12)


def test_the_floor_bears_who_runs_between_two_flights_and_of_who_walks_that_tells_nothing():
    body, frames = people.person(), 60
    time = np.arange(frames) / FPS
    x = Trajectory(body, np.tile(body.rest_qpos, (frames, 1)), Plane())
    x.qpos[:, 2] -= x.over.min()
    qpos = x.qpos.copy()
    # Thrown up and caught again every second: an acceleration of -12 m/s^2 at most, and of 12.
    qpos[:, 2] += 12.0 / (2 * np.pi) ** 2 * (np.cos(2 * np.pi * time) - 1)
    qpos[:, 2] -= qpos[:, 2].min()
    qpos[:, 0] += 4.0 * time
    bounding = Trajectory(body, qpos, Plane(qpos[:, 2].max()))
    bears = bearing_points(bounding, FPS)
    inner = slice(8, -8)
    up = -12.0 * np.cos(2 * np.pi * time)
    assert bears[inner][up[inner] < -9.8].max() < 0.1, "in flight"
    assert (bears[inner][up[inner] > -4.0].max(axis=1) > 0.45).all()
    slowly = replace(bounding, qpos=qpos - 3.5 * time[:, None] * np.eye(qpos.shape[1])[0])
    assert not bearing_points(slowly, FPS).any()


def test_who_walks_is_on_the_lower_foot_where_frames_are_too_few_to_tell_by_speed_which_one_stands():
    body, fps, frames = people.person(), 5.0, 12
    qpos = np.tile(body.rest_qpos, (frames, 1))
    qpos[:, body.model.joint("left_knee_flexion").qposadr[0]] = 1.0
    there = Trajectory(body, qpos, Plane())
    right = np.array([name.startswith("right") for name in body.soles.names])

    def found(fps: float = fps, pace: float = 1.2, over: float = 0.0, within: float = 0.1) -> np.ndarray:
        moved = qpos.copy()
        moved[:, 0] += pace * np.arange(frames) / fps
        moved[:, 2] += over - there.over.min()
        return walkers_points(Trajectory(body, moved, Plane()), fps, within)

    assert (found()[:, right].max(1) > 0.45).all() and found()[:, ~right].max() < 1e-3
    assert not found(fps=30.0).any() and not found(fps=25.0).any() and 0.2 < found(fps=13.0).max() < 0.4
    assert not found(pace=0.1).any(), "who stays"
    assert not found(pace=3.5).any(), "who runs is in the air, too"
    assert not found(over=0.3).any() and found(over=0.3, within=0.4).max() > 0.45
    jumping = qpos.copy()
    jumping[:, 0] += 1.2 * np.arange(frames) / fps
    jumping[:, 2] += -there.over.min() + np.where(np.arange(frames) == 6, 0.25, 0.0)
    jumps = walkers_points(Trajectory(body, jumping, Plane()), fps, 0.4)
    assert jumps[6].max() < 0.05 and jumps[3].max() > 0.45
