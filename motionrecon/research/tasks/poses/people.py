"""Persons in motion as a source of tasks.

They are of random size; nobody knows their lengths to better than some percent. Some frames come with a detector's own
3D, which errs as a detector's does. Actions and sources that are tested on are never trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body import BUILT_IN, build
from motionrecon.body.base import CAPSULES, Body
from motionrecon.body.pose import pose
from motionrecon.body.tangent import ANGLES, BEND, PLACE, QUATERNION
from motionrecon.core import so3
from motionrecon.core.landmarks import INDEX, NAMES, TRUST
from motionrecon.errors import InputError
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.bank import PoseBank, Sighting
from motionrecon.poses.level import level_camera
from motionrecon.poses.placing import placed
from motionrecon.poses.problem import PoseProblem, PoseTrust, depth_of
from motionrecon.poses.relaxed import relaxed_start
from motionrecon.research.tasks.poses.chances import Chances, before_camera, guessed_as, seen_as
from motionrecon.research.tasks.poses.mirror import Mirror
from motionrecon.research.tasks.poses.motions import Motions, motions
from motionrecon.research.tasks.poses.tasks import PoseTasks
from motionrecon.research.tasks.poses.untold import Untold, told_to

#: Heights of the persons, metres.
HEIGHTS = tuple(np.round(np.linspace(1.5, 1.95, 10), 3).tolist())
#: Poses that are tried for a start like a learned one.
CANDIDATES = 128
#: Poses of persons are compared with the middle of the hips in one place.
HIPS = np.isin(np.arange(len(NAMES)), [INDEX["left_hip"], INDEX["right_hip"]]) / 2


@dataclass(frozen=True)
class People:
    """Persons in motion, as a source of tasks.

    Attributes:
        motions: what they do, as the capsule person does it.
        chances: what else is random.
        guess: share of the tasks that come with the detector's own 3D.
        learned: whether tasks start from the learned bank of typical poses, as the main job does.
        trust: what evidence is worth.
        heights: of the persons, metres; a batch is of one person.
        kind: of the persons' bodies, of `motionrecon.body.BUILT_IN`.

    Raises:
        InputError: there is no such kind.
    """

    motions: Motions
    chances: Chances = field(default_factory=Chances)
    guess: float = 0.0
    learned: bool = False
    trust: PoseTrust = field(default_factory=PoseTrust)
    heights: Sequence[float] = field(default=HEIGHTS)
    kind: str = CAPSULES

    def __post_init__(self) -> None:
        if self.kind not in BUILT_IN:
            raise InputError(f"body={self.kind} is unknown; choose one of {', '.join(BUILT_IN)}")

    @cached_property
    def bodies(self) -> tuple[tuple[Body, Articulation], ...]:
        """The persons as a fit assumes them."""
        people = [build(height, kind=self.kind) for height in self.heights]
        return tuple((person, Articulation.of_body(person)) for person in people)

    @property
    def articulation(self) -> Articulation:
        return self.bodies[0][1]

    @cached_property
    def mirror(self) -> Mirror:
        """Left for right."""
        return Mirror.of(self.bodies[0][1])

    @cached_property
    def _done(self) -> Motions:
        """The motions, as these persons do them."""
        return replace(self.motions, qpos=told_to(self.bodies[0][0], self.motions.qpos))

    @cached_property
    def _untold(self) -> Untold | None:
        """What the motions do not tell of these persons."""
        return Untold.of(self.bodies[0][0])

    def _runs(
        self, count: int, length: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "N L nq"], Int[np.ndarray, " N"]]:
        """Runs of motion, half of them mirrored, with what they do not tell drawn, and the clip of each."""
        qpos, clip = self._done.runs(count, length, rng)
        qpos = self.mirror.some(qpos, rng)
        return (qpos if self._untold is None else self._untold.drawn(qpos, rng)), clip

    def draw(self, count: int, rng: np.random.Generator, length: int = 1) -> PoseTasks:
        """Tasks of one person.

        Args:
            count: runs.
            rng: what decides; the same generator gives the same tasks.
            length: frames of a run; 1 for poses by themselves.
        """
        body, articulation = self.bodies[rng.integers(len(self.bodies))]
        qpos, clip = self._motions(articulation, count, length, rng)
        qpos = before_camera(qpos, self.chances, rng)
        flat = qpos.reshape(count * length, -1)
        truth = self._points(body, articulation, flat, count, length, rng)
        camera = level_camera()
        rays, weight = seen_as(camera.project(truth).reshape(count, length, -1, 2), flat, self.chances, rng)
        guesses = self._guesses(camera.to_camera(truth).reshape(count, length, -1, 3), rng)
        rays, weight = rays.reshape(count * length, -1, 2), weight.reshape(count * length, -1)
        points_3d = None if guesses is None else guesses.reshape(count * length, -1, 3)
        bank = PoseBank.of(body) if self.learned else None
        if bank is not None:
            told = np.full((*rays.shape[:2], 3), np.nan) if points_3d is None else points_3d
            start = bank.candidates(Sighting(camera, rays, weight, told), 1)[0][:, 0]
        elif rng.random() < self.chances.near:
            start = self._near_start(articulation, rays, weight, rng)
        else:
            start = relaxed_start(articulation, rays, weight, points_3d)
        depth = depth_of(articulation, camera, start)
        problem = PoseProblem(articulation, camera, rays, weight, depth, points_3d, self.trust)
        return PoseTasks(problem, start, truth, flat, clip, length, self.motions.fps, TRUST / TRUST.sum(), HIPS)

    def _motions(
        self, articulation: Articulation, count: int, length: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "N L nq"], Int[np.ndarray, " N"]]:
        """Runs of motion; where limbs are mixed, of several runs."""
        qpos, clip = self._runs(count, length, rng)
        if self.chances.mixed:
            for group in self.mirror.groups:
                other, _ = self._runs(count, length, rng)
                swapped = rng.random(count) < self.chances.mixed
                taken = np.ix_(np.flatnonzero(swapped), np.arange(length), group)
                qpos[taken] = other[taken]
            wide = np.where(rng.random(count) < self.chances.mixed, 0.35, 0.05)[:, None, None]
            low, high = articulation.limits[:, BEND]
            hinges = qpos[..., ANGLES] + wide * rng.normal(size=(count, 1, len(low)))
            qpos[..., ANGLES] = np.clip(hinges, low, high)
            tilt = np.where(rng.random(count) < 0.3, 0.5, 0.05)[:, None] * rng.normal(size=(count, 3))
            qpos[..., QUATERNION] = so3.multiply(so3.exp(tilt)[:, None], qpos[..., QUATERNION])
        return qpos, clip

    def _near_start(
        self,
        articulation: Articulation,
        rays: Float[np.ndarray, "NL P 2"],
        weight: Float[np.ndarray, "NL P"],
        rng: np.random.Generator,
    ) -> Float[np.ndarray, "NL nq"]:
        """Of random poses, seen from anywhere, the one for each frame that is seen best where the points were."""
        poses = before_camera(self._runs(CANDIDATES, 1, rng)[0], self.chances, rng)[:, 0]
        poses[:, PLACE] = 0.0
        shapes = level_camera().to_camera(pose(articulation.model, poses).at(articulation.points))
        places, away = placed(rays, weight, np.broadcast_to(shapes, (len(rays), *shapes.shape)))
        rows, best = np.arange(len(rays)), away.argmin(1)
        start = poses[best]
        start[:, PLACE] = level_camera().to_world(places[rows, best])
        return np.asarray(start)

    def _points(
        self,
        body: Body,
        articulation: Articulation,
        qpos: Float[np.ndarray, "NL nq"],
        count: int,
        length: int,
        rng: np.random.Generator,
    ) -> Float[np.ndarray, "NL P 3"]:
        """Where the points of persons of other lengths are: exact, as they are linear in the lengths."""
        posed = pose(articulation.model, qpos)
        factor = np.repeat(self.chances.lengths * rng.normal(size=(count, len(body.shape))), length, axis=0)
        by_length = posed.by_shape(articulation.points, body.moves)
        return np.asarray(posed.at(articulation.points) + np.einsum("npik,nk->npi", by_length, factor))

    def _guesses(
        self, points: Float[np.ndarray, "N L P 3"], rng: np.random.Generator
    ) -> Float[np.ndarray, "N L P 3"] | None:
        """The detector's own 3D, NaN in the tasks that have none."""
        if not self.guess:
            return None
        guess = guessed_as(points, self.chances, rng)
        guess[rng.random(len(points)) >= self.guess] = np.nan
        return guess


def training_source(guess: float = 0.3, kind: str = CAPSULES) -> People:
    """What is trained on: limbs mixed and poses widened, a share of the tasks with a detector's own 3D."""
    return People(motions("train"), Chances(mixed=0.35, near=0.3), guess, kind=kind)


def tuning_source(kind: str = CAPSULES) -> People:
    """What choices are made on: other clips of the training actions, and other actions."""
    return People(motions("tune"), kind=kind)
