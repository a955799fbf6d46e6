"""The window problem: which controls make the simulated person do what the video shows for half a second?

    minimize  f(x) = |r(x)|^2,   x = target angles of all actuators at the window's knots (and, with assistance, the
    root's wrench there), r = residuals of the motion that x simulates from a fixed start.

The derivative of the motion comes from the linearized steps (`physics.derivatives`): a gradient by the adjoint, a
Jacobian by forward sensitivity. Both cost one linearization, which is nearly all of the price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import block_diag, csr_array, eye_array

from motionrecon.body import Body
from motionrecon.optimizers.problem import Factors
from motionrecon.physics.derivatives import Linearizer, adjoint, sensitivity
from motionrecon.physics.rollout import Rollout, SimulationState, Simulator
from motionrecon.physics.windows.terms.base import SimulatedFrames, Term
from motionrecon.physics.windows.terms.control import Control

#: Motions that a problem remembers: those of the trials around one Jacobian, and more. Each takes about 0.2 MB.
_REMEMBERED = 16


@dataclass(frozen=True)
class Engine:
    """The simulator of one person and its derivatives, shared by all windows."""

    body: Body
    simulator: Simulator
    linearizer: Linearizer

    @staticmethod
    def of(body: Body, threads: int = 0) -> Engine:
        return Engine(body, Simulator(body.model, threads), Linearizer(body.model, threads))


@dataclass(frozen=True)
class Assist:
    """A residual wrench on the root, for what no control explains.

    Attributes:
        unit: newtons (newton metres for the moment) that an unknown of 1 stands for: the person's weight.
        sigma: standard deviation of the unknowns: the smaller, the dearer the wrench.
        weights: (S, K) interpolation from the window's knots to its steps, constant over the steps of a frame.
    """

    unit: float
    sigma: float
    weights: Float[np.ndarray, "S K"]


class WindowProblem:
    """A least-squares problem (`motionrecon.optimizers.problem`), batched over rollouts, with a Jacobian of factors.

    Args:
        engine: the simulated person.
        start: where the window starts.
        weights: (S, K) interpolation from knots to steps.
        steps: (F,) increasing step indices, in 0..S, of the frames that are compared with the video.
        terms: residual terms of the motion.
        control: the residual term of the controls that are unknown.
        assist: how a residual wrench on the root may help; None for no wrench.
        lead: (K, nu) controls that lead the hinges along their kinematic angles: those of hinges that follow them
            (`Body.hinge_follows`) are no unknowns but these. None where there is no such hinge.
    """

    def __init__(
        self,
        engine: Engine,
        start: SimulationState,
        weights: Float[np.ndarray, "S K"],
        steps: Int[np.ndarray, " F"],
        terms: Sequence[Term],
        control: Control,
        assist: Assist | None = None,
        lead: Float[np.ndarray, "K nu"] | None = None,
    ) -> None:
        self.engine, self.start, self.weights, self.steps = engine, start, weights, steps
        self.terms, self.control, self.assist = terms, control, assist
        self._knots, self._free = weights.shape[1], engine.body.free_actuators
        self._nu = len(self._free)
        self._lead = np.zeros((self._knots, engine.body.model.nu)) if lead is None else lead
        self._split = self._knots * self._nu
        self._control_matrix = control.matrix()
        self._simulated: dict[bytes, Rollout] = {}

    @property
    def n(self) -> int:
        return int(self._split + (6 * self._knots if self.assist else 0))

    def controls(
        self, x: Float[np.ndarray, "*any n"]
    ) -> tuple[Float[np.ndarray, "*any S nu"], Float[np.ndarray, "*any S 6"] | None]:
        """Controls of unknowns and, with assistance, the root's wrench, N and N m."""
        ctrl = self.weights @ self.knots(x)
        if self.assist is None:
            return ctrl, None
        wrench = x[..., self._split :].reshape(*x.shape[:-1], self._knots, 6)
        return ctrl, self.assist.unit * (self.assist.weights @ wrench)

    def unknowns(self, ctrl: Float[np.ndarray, "K nu"]) -> Float[np.ndarray, " n"]:
        """Unknowns of controls at the knots, without a wrench."""
        return np.concatenate([ctrl[:, self._free].ravel(), np.zeros(self.n - self._split)])

    def knots(self, x: Float[np.ndarray, "*any n"]) -> Float[np.ndarray, "*any K nu"]:
        """Controls at the knots."""
        controls = np.broadcast_to(self._lead, (*x.shape[:-1], *self._lead.shape)).copy()
        controls[..., self._free] = x[..., : self._split].reshape(*x.shape[:-1], self._knots, self._nu)
        return controls

    def landmarks(self, rollout: Rollout, steps: Int[np.ndarray, " F"]) -> Float[np.ndarray, "F 33 3"]:
        """Landmarks of a simulated motion before `steps`."""
        return self._readout(rollout.qpos[steps], rollout.qvel[steps]).landmarks

    def rollout(self, x: Float[np.ndarray, " n"]) -> Rollout:
        """The motion that unknowns simulate."""
        return self._rollouts(x[None])[0]

    def _rollouts(self, X: Float[np.ndarray, "B n"]) -> list[Rollout]:
        """The motions that several unknowns simulate; the last ones are remembered.

        A derivative is asked for where a value was found a moment ago, and whether a result will do there too.
        """
        keys = [x.tobytes() for x in X]
        if new := [i for i, key in enumerate(keys) if key not in self._simulated]:
            made = self.engine.simulator.rollouts(self.start, *self.controls(X[new]))
            self._simulated |= dict(zip((keys[i] for i in new), made, strict=True))
        found = [self._simulated[key] for key in keys]
        for key in list(self._simulated)[: -max(_REMEMBERED, len(X))]:
            del self._simulated[key]
        return found

    def residuals(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        return self._residuals(self.rollout(x), x)

    def residuals_batch(self, X: Float[np.ndarray, "B n"]) -> Float[np.ndarray, "B m"]:
        return np.stack([self._residuals(rollout, x) for rollout, x in zip(self._rollouts(X), X, strict=True)])

    def residuals_and_jacobian(
        self, x: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m n"]]:
        r, factors = self.residuals_and_factors(x)
        return r, factors.dense()

    def residuals_and_factors(self, x: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, " m"], Factors]:
        """The Jacobian's factors: residuals by the state of each frame, and these states by the unknowns."""
        rollout = self.rollout(x)
        direct = self._direct_jacobian
        if not rollout.ok:
            frames = len(self.steps)
            nothing = Factors(np.full((frames, self._width, 1), np.nan), np.zeros((frames, 1, self.n)), direct)
            return self._residuals(rollout, x), nothing
        linear = self.engine.linearizer.linearize(rollout)
        threads = self.engine.linearizer.threads
        state = sensitivity(linear.A, linear.B[..., self._free], self.weights, self.steps, threads)
        if self.assist:
            by_wrench = sensitivity(linear.A, linear.G * self.assist.unit, self.assist.weights, self.steps, threads)
            state = np.concatenate([state, by_wrench], axis=2)
        r, by_state = self._motion_terms(rollout)
        return np.concatenate([r.ravel(), self._direct_residual(x)]), Factors(by_state, state, direct)

    def value(self, x: Float[np.ndarray, " n"]) -> float:
        r = self.residuals(x)
        return float(r @ r)

    def value_and_gradient(self, x: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        rollout = self.rollout(x)
        if not rollout.ok:
            return np.inf, np.zeros(self.n)
        linear = self.engine.linearizer.linearize(rollout)
        r, by_state = self._motion_terms(rollout)
        states = np.zeros((len(rollout) + 1, by_state.shape[-1]))
        states[self.steps] = 2 * np.einsum("fm,fmv->fv", r, by_state)
        gradient = (self.weights.T @ adjoint(linear.A, linear.B[..., self._free], states)).ravel()
        if self.assist:
            by_wrench = self.assist.weights.T @ adjoint(linear.A, linear.G * self.assist.unit, states)
            gradient = np.concatenate([gradient, by_wrench.ravel()])
        direct = self._direct_residual(x)
        return float((r**2).sum() + direct @ direct), gradient + 2 * (self._direct_jacobian.T @ direct)

    def _residuals(self, rollout: Rollout, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        if rollout.ok:
            at = self._readout(rollout.qpos[self.steps], rollout.qvel[self.steps])
            r = np.concatenate([term.residual(at) for term in self.terms], axis=1)
        else:
            r = np.full((len(self.steps), self._width), np.inf)
        return np.concatenate([r.ravel(), self._direct_residual(x)])

    @cached_property
    def _width(self) -> int:
        """Residuals per frame."""
        ones = np.ones((len(self.steps), 1))
        at = self._readout(ones * self.start.qpos, ones * self.start.qvel)
        return sum(term.residual(at).shape[1] for term in self.terms)

    def _readout(self, qpos: Float[np.ndarray, "F nq"], qvel: Float[np.ndarray, "F nv"]) -> SimulatedFrames:
        return SimulatedFrames(self.engine.body, qpos, qvel)

    def _motion_terms(self, rollout: Rollout) -> tuple[Float[np.ndarray, "F m"], Float[np.ndarray, "F m state"]]:
        """Residuals of all terms that read the motion, and their derivative by the state."""
        at = self._readout(rollout.qpos[self.steps], rollout.qvel[self.steps])
        parts = [term.linearize(at) for term in self.terms]
        r = np.concatenate([p.residual for p in parts], axis=1)
        nv = self.engine.body.model.nv
        by_state = np.zeros((*r.shape, 2 * nv))
        first = 0
        for p in parts:
            rows = slice(first, first + p.residual.shape[1])
            by_state[:, rows, :nv] = p.by_position
            if p.by_velocity is not None:
                by_state[:, rows, nv:] = p.by_velocity
            first = rows.stop
        return r, by_state

    def _direct_residual(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " d"]:
        """Residuals of the unknowns themselves: effort, smoothness, the wrench."""
        r = self.control.residual(self._control_matrix, x[: self._split])
        return np.concatenate([r, x[self._split :] * self._wrench_gain]) if self.assist else r

    @cached_property
    def _direct_jacobian(self) -> csr_array:
        """(d, n) derivative of `_direct_residual` by the unknowns, which is constant."""
        if not self.assist:
            return self._control_matrix
        wrench = self._wrench_gain * eye_array(6 * self._knots)
        return csr_array(block_diag([self._control_matrix, wrench], format="csr"))

    @property
    def _wrench_gain(self) -> float:
        assert self.assist is not None
        return float(1.0 / (self.assist.sigma * np.sqrt(self._knots)))


def knot_weights(steps: int, per_knot: float) -> Float[np.ndarray, "S K"]:
    """Linear interpolation from knots to the S steps of a window.

    Args:
        steps: S.
        per_knot: steps between knots; the last knot lies at the window's end or just beyond.
    """
    knots = max(2, int(np.ceil(steps / per_knot)) + 1)
    at = np.arange(steps) / per_knot
    return np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(knots)))
