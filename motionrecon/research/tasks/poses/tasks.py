"""Poses to be found: a problem of many frames, its start and its truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from jaxtyping import Float, Int

from motionrecon.poses.articulation import Articulation
from motionrecon.poses.problem import PoseProblem
from motionrecon.poses.runs import RunProblem


@dataclass(frozen=True)
class PoseTasks:
    """N runs of L frames, each frame a row of the problem, run after run.

    Attributes:
        problem: of N L frames.
        start: (N L, nq) where the product would start without anything learned.
        truth: (N L, P, 3) where the points are.
        qpos: (N L, nq) the pose, of a person of other lengths than the problem's.
        clip: (N,) the clip that each run is from.
        length: L.
        fps: frames per second of the runs.
        judged: (P,) share of each point in a pose's error.
        centre: (P,) share of each point in the middle, which is put in one place; all 0 where places are compared.
    """

    problem: PoseProblem
    start: Float[np.ndarray, "NL nq"]
    truth: Float[np.ndarray, "NL P 3"]
    qpos: Float[np.ndarray, "NL nq"]
    clip: Int[np.ndarray, " N"]
    length: int
    fps: float
    judged: Float[np.ndarray, " P"]
    centre: Float[np.ndarray, " P"]

    def errors(
        self, points: Float[np.ndarray, "NL P 3"]
    ) -> tuple[Float[np.ndarray, " NL"], Float[np.ndarray, "NL P 3"]]:
        """How far points are from the truth, metres, middles in one place, and the derivative by the points.

        Near zero the distance is that of 1 cm, so that it is smooth.
        """
        away = points - self.truth
        away = away - np.einsum("p,npi->ni", self.centre, away)[:, None]
        distance = np.sqrt((away**2).sum(-1) + 1e-4)
        pull = away / distance[..., None] * self.judged[:, None]
        return distance @ self.judged, pull - self.centre[:, None] * pull.sum(1, keepdims=True)

    def part(self, runs: Int[np.ndarray, " k"]) -> PoseTasks:
        """Some of the runs."""
        rows = (runs[:, None] * self.length + np.arange(self.length)).ravel()
        return replace(
            self,
            problem=self.problem.part(rows),
            start=self.start[rows],
            truth=self.truth[rows],
            qpos=self.qpos[rows],
            clip=self.clip[runs],
        )


def problem_of(tasks: PoseTasks) -> tuple[PoseProblem | RunProblem, Float[np.ndarray, "R ..."]]:
    """The problem of single frames or of runs, and its start."""
    if tasks.length == 1:
        return tasks.problem, tasks.start
    start = tasks.start.reshape(-1, tasks.length, tasks.start.shape[-1])
    return RunProblem(tasks.problem, tasks.length, tasks.fps), start


class TaskSource(Protocol):
    """Where tasks come from."""

    @property
    def articulation(self) -> Articulation:
        """Of the tasks, but for lengths."""

    def draw(self, count: int, rng: np.random.Generator, length: int = 1) -> PoseTasks:
        """Runs of so many frames; the same generator gives the same tasks."""
