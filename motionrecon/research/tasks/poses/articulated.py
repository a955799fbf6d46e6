"""Poses of anybody's own model: an arm, a hand, an animal from an MJCF, before random cameras.

Poses are drawn within the ranges of hinges and slides. What is seen are the model's sites, with errors in proportion to
its size. Each joint moves by itself: equality constraints and tendons, which couple joints, are not obeyed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import mujoco
import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.pose import pose
from motionrecon.body.tangent import PLACE, QUATERNION
from motionrecon.cameras.base import NEAREST, Camera
from motionrecon.cameras.pinhole import LEVEL
from motionrecon.core import so3
from motionrecon.errors import InputError, ModelError
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.level import from_level, level_camera
from motionrecon.poses.problem import PoseProblem, PoseTrust, depth_of
from motionrecon.poses.relaxed import relaxed_start
from motionrecon.research.tasks.poses.onlookers import Onlookers
from motionrecon.research.tasks.poses.tasks import PoseTasks

#: How far from the model cameras stand, in units of its size; how far they look down, radians.
DISTANCE, PITCH = (2.0, 4.0), (-0.1, 0.6)
#: Errors of what is seen, and what counts as a standard deviation, in units of the size.
NOISE, TRUSTED = (0.002, 0.01), 0.01
#: Share of the tasks in which points are unseen.
MISSING = 0.2
#: Standard deviation of hinges and slides without a range, radians; and within a range, the share of it that is used.
WIDE, USED = 1.0, 0.9
FPS = 30.0
#: Nearest place that is tried for a model with a free root, and where one is put that would be nearer, in units of the
#: size; and the size from which on cameras at such distances see all of it, metres.
NEAR, FAR, SMALLEST = 0.2, 3.0, NEAREST


@dataclass(frozen=True)
class ModelPoses:
    """Random poses of a model, as a source of tasks.

    Attributes:
        articulation: the model, and its sites.
    """

    articulation: Articulation

    @staticmethod
    def read(path: Path) -> ModelPoses:
        """Of a file.

        Raises:
            InputError: there is no such file, or it is no MJCF.
            ModelError: it has several roots, no named sites, sites in one place, or none that moves.
        """
        if not path.is_file():
            raise InputError(f"model {path}: no such file; give an MJCF")
        try:
            model = mujoco.MjModel.from_xml_path(str(path))
        except ValueError as error:
            raise InputError(f"model {path}: MuJoCo cannot read it ({' '.join(str(error).split())})") from error
        if model.nv == 0:
            raise ModelError(f"model {path}: it has no joints, so it has one pose only")
        try:
            poses = ModelPoses(Articulation.of_model(model))
        except ModelError as error:
            raise ModelError(f"model {path}: {error}") from error
        if poses.size < SMALLEST:
            raise ModelError(
                f"model {path}: its named sites are at most {poses.size:.2g} m apart, which must be {SMALLEST:g} m or "
                "more: name several, in different places, and give lengths in metres"
            )
        if not poses.moves:
            raise ModelError(f"model {path}: no joint moves a named site; name sites on what moves")
        return poses

    @cached_property
    def size(self) -> float:
        """How far its points are apart at most, over some poses, metres."""
        points = pose(self.articulation.model, self._some).at(self.articulation.points)
        return float(np.linalg.norm(np.ptp(points, axis=1), axis=-1).max())

    @property
    def moves(self) -> bool:
        """Whether any joint moves a point that is seen."""
        moved = pose(self.articulation.model, self._some).jacobian(self.articulation.points)
        return bool(np.abs(moved).max() > 1e-9)

    @cached_property
    def _some(self) -> Float[np.ndarray, "N nq"]:
        """The poses from which `size` is known."""
        return self._poses(64, np.random.default_rng(0))

    @cached_property
    def trust(self) -> PoseTrust:
        """What evidence is worth, in proportion to the size."""
        return PoseTrust(pixels=TRUSTED * self.size, bend=self.size)

    def draw(self, count: int, rng: np.random.Generator, length: int = 1) -> PoseTasks:
        """Runs of so many frames, each from one random pose to another and before a camera of its own.

        The same generator gives the same tasks.
        """
        articulation = self.articulation
        begin, end = self._poses(count, rng), self._poses(count, rng)
        way = articulation.difference(begin, end) * 0.3
        share = np.linspace(0.0, 1.0, length)[:, None]
        x = articulation.moved(begin[:, None], share * way[:, None]).reshape(count * length, -1)
        camera = level_camera() if articulation.free else self._cameras(count, length, rng)
        if articulation.free:
            x = self._before(x, count, length, rng)
        truth = pose(articulation.model, x).at(articulation.points)
        depth = camera.across(truth).depth
        noise = np.repeat(rng.uniform(*NOISE, (count, 1, 1)), length, axis=0) * self.size
        pixels = camera.project(truth) + noise * rng.normal(size=(*depth.shape, 2)) / depth[..., None]
        P = truth.shape[1]
        some = rng.uniform(size=(count, 1)) < MISSING
        unseen = np.repeat(some & (rng.uniform(size=(count, P)) < 0.2), length, axis=0) | ~np.isfinite(pixels).all(-1)
        unseen &= unseen.sum(1, keepdims=True) < P / 2
        pixels[unseen] = np.nan
        problem, start = self.seen(camera, pixels)
        even, nowhere = np.full(P, 1 / P), np.zeros(P)
        return PoseTasks(problem, start, truth, x, np.arange(count), length, FPS, even, nowhere)

    def seen(self, camera: Camera, pixels: Float[np.ndarray, "N P 2"]) -> tuple[PoseProblem, Float[np.ndarray, "N nq"]]:
        """The poses of N frames as a problem, from where their points were seen; and where to start.

        Args:
            camera: of the frames.
            pixels: of the sites that have a name, in the model's order, without distortion; NaN where unseen.
        """
        articulation = self.articulation
        weight = np.where(np.isfinite(pixels).all(-1), 1.0, 0.0)
        if articulation.free:
            near, far = NEAR * self.size, FAR * self.size
            start = from_level(camera, relaxed_start(articulation, camera.rays(pixels), weight, near=near, far=far))
        else:
            start = np.tile(articulation.rest, (len(pixels), 1))
        depth = depth_of(articulation, camera, start)
        return PoseProblem(articulation, camera, pixels, weight, depth, None, self.trust), start

    def _poses(self, count: int, rng: np.random.Generator) -> Float[np.ndarray, "N nq"]:
        """Random poses."""
        articulation = self.articulation
        low, high = articulation.limits
        ranged = np.isfinite(low) & np.isfinite(high)
        low, high = np.where(ranged, articulation.limits, 0.0)
        uniform = 0.5 * (low + high) + 0.5 * USED * (high - low) * rng.uniform(-1, 1, (count, articulation.n))
        rest = articulation.angles(articulation.rest)
        wanted = np.where(ranged, uniform, rest + WIDE * rng.normal(size=uniform.shape))
        step = np.where(articulation.scalar, wanted - rest, WIDE * articulation.turns * rng.normal(size=uniform.shape))
        return articulation.moved(articulation.rest, step)

    def _cameras(self, count: int, length: int, rng: np.random.Generator) -> Onlookers:
        """For each run a camera that stands somewhere about the model and looks at its middle at rest."""
        middle = pose(self.articulation.model, self.articulation.rest[None]).at(self.articulation.points)[0].mean(0)
        yaw, pitch = rng.uniform(0, 2 * np.pi, (count, 1)), rng.uniform(*PITCH, (count, 1))
        turn = LEVEL @ (Rotation.from_euler("x", pitch) * Rotation.from_euler("z", yaw)).as_matrix()
        away = rng.uniform(*DISTANCE, (count, 1)) * self.size * turn[:, 2]
        by_frame = np.repeat(np.arange(count), length)
        return Onlookers(level_camera(), turn[by_frame], (middle - away)[by_frame])

    def _before(
        self, x: Float[np.ndarray, "NL nq"], count: int, length: int, rng: np.random.Generator
    ) -> Float[np.ndarray, "NL nq"]:
        """Poses of a model with a free root, before a camera, in the world of its axes."""
        yaw, pitch = rng.uniform(0, 2 * np.pi, (count, 1)), rng.uniform(*PITCH, (count, 1))
        turn = Rotation.from_euler("x", pitch) * Rotation.from_euler("z", yaw)
        there = x.copy()
        distance = rng.uniform(*DISTANCE, count) * self.size
        aside = 0.2 * distance[:, None] * rng.uniform(-1, 1, (count, 2))
        there[:, PLACE] = np.repeat(np.stack([aside[:, 0], distance, aside[:, 1]], axis=1), length, axis=0)
        quaternion = np.repeat(turn.as_quat(scalar_first=True), length, axis=0)
        there[:, QUATERNION] = so3.multiply(quaternion, x[:, QUATERNION])
        return there
