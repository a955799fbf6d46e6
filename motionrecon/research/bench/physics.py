"""What a window's rollout, gradient and Jacobian cost on this machine, and how exact they are.

The cases of a comparison are timed in turns, and their ratios are of medians over all turns, so that a machine that is
busy for a while slows all of them alike. Figures of one thread are processor time, which other programs hardly change;
how much faster several threads are can only be told by the clock on the wall, on a machine that does nothing else.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.pose import pose
from motionrecon.body.tangent import difference
from motionrecon.core.blas import one_thread
from motionrecon.core.cores import thread_count
from motionrecon.physics.derivatives import Linearizer, adjoint, sensitivity
from motionrecon.physics.record import forces
from motionrecon.physics.rollout import Rollout, SimulationState, Simulator
from motionrecon.research.bench.windows.arithmetic import LENGTHS, share

_KNOTS_PER_SECOND = 12.0
_FRAMES_PER_SECOND = 30.0


@dataclass(frozen=True)
class PhysicsTimes:
    """Medians in seconds over `repeats` turns; errors relative to the largest entry (Jacobian) or the norm (gradient).

    Attributes:
        nv, steps, unknowns, frames: the window's size.
        steps_in_contact: steps in which a foot pushed on the floor.
        threads: threads of the parallel figures.
        rollout: one rollout, processor time.
        gradient, jacobian: all the way from the controls (rollout included), on one thread, processor time.
        gradient_speedup, jacobian_speedup: how many times faster they are on `threads` threads, wall time.
        gradient_error, jacobian_error: against central differences of the whole rollout.
    """

    nv: int
    steps: int
    unknowns: int
    frames: int
    steps_in_contact: int
    threads: int
    repeats: int
    rollout: float
    gradient: float
    jacobian: float
    gradient_speedup: float
    jacobian_speedup: float
    gradient_error: float
    jacobian_error: float

    @property
    def rollouts_per_column(self) -> float:
        """A gradient on one thread, in units of nv rollouts."""
        return self.gradient / (self.nv * self.rollout)


@dataclass(frozen=True)
class StandingWindow:
    """A window problem's skeleton: a start with both feet on the floor, and controls from knots.

    Attributes:
        start: a body that has come to stand.
        weights: (S, K) weights of the knots in each step's controls.
        knots: (K, nu) control angles, radians.
        frames: (F,) the steps before which the motion is looked at.
    """

    start: SimulationState
    weights: np.ndarray
    knots: np.ndarray
    frames: np.ndarray

    @property
    def ctrl(self) -> np.ndarray:
        """(S, nu) controls."""
        ctrl: np.ndarray = self.weights @ self.knots
        return ctrl


def standing_window(body: Capsules, seconds: float, seed: int = 0) -> StandingWindow:
    """A body that stands and is told to move its joints by about 0.1 rad, at random knots."""
    model = body.model
    data = mujoco.MjData(model)
    data.qpos[:] = body.rest_qpos
    feet = pose(model, data.qpos[None]).at(body.soles)[0]
    data.qpos[2] -= (feet[:, 2] - body.soles.radii).min()
    rest = data.qpos[body.hinge_qpos].copy()
    settle = round(0.25 / model.opt.timestep)
    fallen = Simulator(model, 1).rollout(SimulationState.fresh(data.qpos, data.qvel), np.tile(rest, (settle, 1)))

    steps, rate = round(seconds / model.opt.timestep), _KNOTS_PER_SECOND * model.opt.timestep
    count = int(np.ceil(steps * rate)) + 1
    weights = np.maximum(0.0, 1.0 - np.abs(np.arange(steps)[:, None] * rate - np.arange(count)))
    knots = rest + 0.1 * np.random.default_rng(seed).standard_normal((count, model.nu))
    stride = max(1, round(1 / (_FRAMES_PER_SECOND * model.opt.timestep)))
    return StandingWindow(fallen.state(settle), weights, knots, np.arange(0, steps + 1, stride))


def errors(model: mujoco.MjModel, window: StandingWindow, seed: int = 0) -> tuple[float, float]:
    """Relative errors of the gradient and of the Jacobian of a window against central differences of its rollout.

    The differences come from a solver that iterates to the end, since they would magnify its tolerance.
    """
    exact = copy.copy(model)
    exact.opt.tolerance, exact.opt.iterations = 1e-15, 100
    simulator, start, shape = Simulator(exact), window.start, window.knots.shape
    epsilon, unknowns = 1e-6, window.knots.size
    nudges = epsilon * np.eye(unknowns).reshape(unknowns, *shape)

    def tangents(rollout: Rollout) -> np.ndarray:
        return np.concatenate([difference(nominal.qpos, rollout.qpos), rollout.qvel - nominal.qvel], axis=1)

    nominal = simulator.rollout(start, window.ctrl)
    ahead = simulator.rollouts(start, window.weights @ (window.knots + nudges))
    behind = simulator.rollouts(start, window.weights @ (window.knots - nudges))
    # (unknowns, S+1, 2nv)
    moved = np.array([tangents(a) - tangents(b) for a, b in zip(ahead, behind, strict=True)]) / (2 * epsilon)

    linear = Linearizer(exact).linearize(nominal)
    jacobian = sensitivity(linear.A, linear.B, window.weights, window.frames)
    reference = moved[:, window.frames].transpose(1, 2, 0)
    by_state = np.random.default_rng(seed).standard_normal(moved.shape[1:])
    gradient = (window.weights.T @ adjoint(linear.A, linear.B, by_state)).ravel()
    slope = np.einsum("ntx,tx->n", moved, by_state)
    return (
        float(np.linalg.norm(gradient - slope) / np.linalg.norm(slope)),
        float(np.abs(jacobian - reference).max() / np.abs(reference).max()),
    )


def run(body: Capsules | None = None, seconds: float = 0.5, repeats: int = 15, threads: int = 0) -> PhysicsTimes:
    """Measure a window of `seconds` of a standing `body` (1.75 m unless given), in `repeats` interleaved turns."""
    body = Capsules.build(1.75) if body is None else body
    model, threads = body.model, thread_count(threads)
    window = standing_window(body, seconds)
    ctrl, start = window.ctrl, window.start
    single, alone, together = Simulator(model, 1), Linearizer(model, 1), Linearizer(model, threads)
    by_state = np.random.default_rng(0).standard_normal((len(ctrl) + 1, 2 * model.nv))

    def gradient(linearizer: Linearizer) -> None:
        linear = linearizer.linearize(single.rollout(start, ctrl))
        adjoint(linear.A, linear.B, by_state)

    def jacobian(linearizer: Linearizer) -> None:
        linear = linearizer.linearize(single.rollout(start, ctrl))
        sensitivity(linear.A, linear.B, window.weights, window.frames)

    processor, wall = _interleaved(
        [
            lambda: single.rollout(start, ctrl),
            lambda: gradient(alone),
            lambda: gradient(together),
            lambda: jacobian(alone),
            lambda: jacobian(together),
        ],
        repeats,
    )
    gradient_error, jacobian_error = errors(model, window)
    return PhysicsTimes(
        nv=model.nv,
        steps=len(ctrl),
        unknowns=window.knots.size,
        frames=len(window.frames),
        steps_in_contact=_steps_in_contact(body, single.rollout(start, ctrl)),
        threads=threads,
        repeats=repeats,
        rollout=processor[0],
        gradient=processor[1],
        jacobian=processor[3],
        gradient_speedup=wall[1] / wall[2],
        jacobian_speedup=wall[3] / wall[4],
        gradient_error=gradient_error,
        jacobian_error=jacobian_error,
    )


def main() -> None:
    """Measure as the main job runs, with BLAS on one thread, and print one figure a line."""
    with one_thread():
        report = run()
        shares = [share(seconds) for seconds in LENGTHS]
    print(
        f"window: {report.steps} steps, {report.nv} degrees of freedom, {report.unknowns} unknowns, "
        f"{report.frames} frames; feet in contact in {report.steps_in_contact} steps; median of {report.repeats} turns"
    )
    many = f"{report.threads} threads"
    for what, value in (
        ("rollout", f"{1e3 * report.rollout:.2f} ms"),
        ("gradient", f"{1e3 * report.gradient:.1f} ms = {report.rollouts_per_column:.2f} nv rollouts"),
        ("Jacobian", f"{1e3 * report.jacobian:.1f} ms"),
        (f"gradient, {many}", f"{report.gradient_speedup:.2f} times as fast"),
        (f"Jacobian, {many}", f"{report.jacobian_speedup:.2f} times as fast"),
        ("gradient's error", f"{report.gradient_error:.1e} of its norm, against central differences"),
        ("Jacobian's error", f"{report.jacobian_error:.1e} of its largest entry, against central differences"),
    ):
        print(f"{what:<22}{value}")
    for own in shares:
        print(
            f"{'Optimus itself':<22}{1e3 * own.own:.1f} ms for each Jacobian, over {1e3 * own.evaluations:.0f} ms of "
            f"evaluations: {own.own / own.evaluations:.1%} (some {own.unknowns:.0f} unknowns, one thread)"
        )


def _interleaved(cases: list[Callable[[], object]], repeats: int) -> tuple[list[float], list[float]]:
    """Median processor and wall seconds of each case; every turn runs all of them, the first turn only warms up."""
    seconds = np.empty((repeats + 1, len(cases), 2))
    for turn in seconds:
        for i, case in enumerate(cases):
            processor, wall = time.process_time(), time.perf_counter()
            case()
            turn[i] = time.process_time() - processor, time.perf_counter() - wall
    by_processor, by_wall = np.median(seconds[1:], axis=0).T.tolist()
    return by_processor, by_wall


def _steps_in_contact(body: Capsules, rollout: Rollout) -> int:
    pushed = forces(body.model, rollout, body.soles.names).contact[..., 2].sum(axis=1)
    return int((pushed > 1.0).sum())
