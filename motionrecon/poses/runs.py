"""Poses of short runs of frames: motion decides what one frame cannot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.errors import InputError
from motionrecon.poses.problem import NormalEquations, PoseProblem


@dataclass(frozen=True)
class Steadiness:
    """Accelerations that are usual: standard deviations, and the root weight of a frame.

    Attributes:
        length: of lengths (the root's place, slides), m/s^2.
        root: of turns of free and ball joints, rad/s^2.
        hinge: of joints' hinges, rad/s^2, in which those that act together have their shares.
        weight: root weight.
    """

    length: float = 4.0
    root: float = 20.0
    hinge: float = 40.0
    weight: float = 1.5


@dataclass(frozen=True)
class RunProblem:
    """R runs of L frames of one articulated model (`motionrecon.poses.problem.RowProblem`); points are (R, L, nq).

    Attributes:
        frames: all frames, run after run.
        length: L.
        fps: frames per second.
        steadiness: how smooth a run is.
    """

    frames: PoseProblem
    length: int
    fps: float
    steadiness: Steadiness = Steadiness()

    def __post_init__(self) -> None:
        if self.length < 1 or len(self.frames) % self.length:
            raise InputError(f"length={self.length}: {len(self.frames)} frames are no runs of so many")
        if not self.fps > 0:
            raise InputError(f"fps={self.fps}: give frames per second")

    def __len__(self) -> int:
        return len(self.frames) // self.length

    @property
    def turns(self) -> Bool[np.ndarray, " n"]:
        return np.tile(self.frames.turns, self.length)

    def value(self, x: Float[np.ndarray, "R L nq"]) -> Float[np.ndarray, " R"]:
        seen = self.frames.value(self._flat(x)).reshape(len(self), self.length).sum(1)
        return np.asarray(seen + (self._accelerations(x) ** 2).sum((1, 2)))

    def linearized(self, x: Float[np.ndarray, "R L nq"]) -> tuple[Float[np.ndarray, "R m"], Float[np.ndarray, "R m n"]]:
        R, L, n = len(self), self.length, self.frames.n
        r, J = self.frames.linearized(self._flat(x))
        m = r.shape[1]
        whole = np.zeros((R, L, m, L, n))
        for t in range(L):
            whole[:, t, :, t] = J.reshape(R, L, m, n)[:, t]
        steady, by_frame = self._steady(x)
        bent = np.zeros((R, max(L - 2, 0), n, L, n))
        for t in range(L - 2):
            for k in range(3):
                bent[:, t, :, t + k] = by_frame[:, t, k]
        return (
            np.concatenate([r.reshape(R, L * m), steady.reshape(R, -1)], axis=1),
            np.concatenate([whole.reshape(R, L * m, L * n), bent.reshape(R, -1, L * n)], axis=1),
        )

    def normal(self, x: Float[np.ndarray, "R L nq"]) -> NormalEquations:
        R, L, n = len(self), self.length, self.frames.n
        by_frame = self.frames.normal(self._flat(x))
        matrix = np.zeros((R, L, n, L, n))
        for t in range(L):
            matrix[:, t, :, t] = by_frame.matrix.reshape(R, L, n, n)[:, t]
        gradient = by_frame.gradient.reshape(R, L, n).copy()
        steady, bent = self._steady(x)
        for t in range(L - 2):
            for k in range(3):
                transposed = np.swapaxes(bent[:, t, k], 1, 2)
                gradient[:, t + k] += (transposed @ steady[:, t, :, None])[..., 0]
                for j in range(3):
                    matrix[:, t + k, :, t + j] += transposed @ bent[:, t, j]
        value = by_frame.value.reshape(R, L).sum(1) + (steady**2).sum((1, 2))
        return NormalEquations(value, gradient.reshape(R, L * n), matrix.reshape(R, L * n, L * n))

    def moved(self, x: Float[np.ndarray, "R L nq"], step: Float[np.ndarray, "R n"]) -> Float[np.ndarray, "R L nq"]:
        return self.frames.articulation.moved(x, step.reshape(len(x), self.length, -1))

    def part(self, rows: Int[np.ndarray, " k"]) -> RunProblem:
        frames = (rows[:, None] * self.length + np.arange(self.length)).ravel()
        return replace(self, frames=self.frames.part(frames))

    def _flat(self, x: Float[np.ndarray, "R L nq"]) -> Float[np.ndarray, "RL nq"]:
        return x.reshape(-1, x.shape[-1])

    @cached_property
    def _gain(self) -> Float[np.ndarray, " n"]:
        """By what a second difference is a residual."""
        articulation, s = self.frames.articulation, self.steadiness
        sigma = np.where(~articulation.turns, s.length, np.where(articulation.scalar, s.hinge, s.root))
        sigma = sigma * np.sqrt(articulation.shares)
        return np.asarray(s.weight * self.fps**2 / sigma)

    def _accelerations(self, x: Float[np.ndarray, "R L nq"]) -> Float[np.ndarray, "R L_2 n"]:
        step = self.frames.articulation.difference(x[:, :-1], x[:, 1:])
        return np.asarray((step[:, 1:] - step[:, :-1]) * self._gain)

    def _steady(
        self, x: Float[np.ndarray, "R L nq"]
    ) -> tuple[Float[np.ndarray, "R L_2 n"], Float[np.ndarray, "R L_2 3 n n"]]:
        """The accelerations, and their derivatives by each of the three frames."""
        articulation, gain = self.frames.articulation, self._gain
        step = articulation.difference(x[:, :-1], x[:, 1:])
        by_start, by_end = articulation.step_jacobians(step)
        by_frame = np.stack([-by_start[:, :-1], by_start[:, 1:] - by_end[:, :-1], by_end[:, 1:]], axis=2)
        return (step[:, 1:] - step[:, :-1]) * gain, by_frame * gain[:, None]
