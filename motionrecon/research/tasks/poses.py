"""Poses before cameras: the tasks on which Optimus learns to fit poses, and on which it is compared.

What is posed are persons of random size whom motion capture moves; nobody knows their lengths to better than some
percent. A random camera sees them; keypoints err, are missing, or swap left and right; some frames come with a
detector's own 3D, which errs as a detector's does. Actions and sources that are tested on are never trained on.

All poses are in the world of the camera's own axes (`motionrecon.poses.level`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.transform import Rotation

from motionrecon.body import BUILT_IN, build
from motionrecon.body.base import CAPSULES, Body
from motionrecon.body.pose import pose
from motionrecon.body.tangent import ANGLES, BEND, PLACE, QUATERNION
from motionrecon.core import so3
from motionrecon.core.files import read_arrays
from motionrecon.core.landmarks import INDEX, MIRROR, NAMES, TRUST
from motionrecon.errors import InputError
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.bank import PoseBank, Sighting
from motionrecon.poses.level import level_camera
from motionrecon.poses.placing import placed
from motionrecon.poses.problem import PoseProblem, PoseTrust, depth_of
from motionrecon.poses.relaxed import relaxed_start
from motionrecon.poses.runs import RunProblem
from motionrecon.research.tasks.untold import Untold, told_to

#: Heights of the persons, metres.
HEIGHTS = tuple(np.round(np.linspace(1.5, 1.95, 10), 3).tolist())

#: The sets of motions: of those that are tested on, new actions and another source, and other clips of known actions.
SETS = ("train", "tune", "test_actions", "deepmimic", "test_clips")
#: Poses that are tried for a start like a learned one.
CANDIDATES = 128
#: Poses of persons are compared with the middle of the hips in one place.
HIPS = np.isin(np.arange(len(NAMES)), [INDEX["left_hip"], INDEX["right_hip"]]) / 2


@dataclass(frozen=True)
class Chances:
    """What is drawn at random, and how far.

    Attributes:
        distance: metres from the camera, uniform.
        off: farthest from the middle of the picture, sideways and up, as shares of the distance.
        pitch: radians that the camera looks down, uniform.
        lengths: relative standard deviation of a person's lengths about what is assumed.
        focal: standard deviation of the logarithm of the focal length, in a third of the tasks.
        noise: metres that keypoints are off, uniform.
        alike: correlation of a keypoint's errors in neighbouring frames.
        missing: share of the tasks in which points are unseen.
        flipped: share of the tasks in which left and right are swapped somewhere.
        near: share of the batches that start as a learned start would: from the best of `CANDIDATES` random poses.
        mixed: share of the tasks in which limbs are those of other poses; the same share of the poses is widened.
    """

    distance: tuple[float, float] = (2.5, 6.0)
    off: tuple[float, float] = (0.25, 0.15)
    pitch: tuple[float, float] = (-0.1, 0.45)
    lengths: float = 0.04
    focal: float = 0.1
    noise: tuple[float, float] = (0.012, 0.03)
    alike: float = 0.8
    missing: float = 0.2
    flipped: float = 0.05
    near: float = 0.0
    mixed: float = 0.0


@dataclass(frozen=True)
class Motions:
    """Motions that tasks are made of.

    Attributes:
        qpos: (M, nq) configurations, z up, of all clips one after another.
        first: (C + 1,) where each clip begins, and where the last one ends.
        names: (C,) of the clips.
        fps: frames per second.
    """

    qpos: Float[np.ndarray, "M nq"]
    first: Int[np.ndarray, " C1"]
    names: tuple[str, ...]
    fps: float

    def runs(
        self, count: int, length: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "N L nq"], Int[np.ndarray, " N"]]:
        """Random runs of neighbouring frames, none across two clips, and which clip each is from.

        Raises:
            InputError: no clip is as long.
        """
        starts = self._starts(length)
        chosen = starts[rng.integers(len(starts), size=count)]
        clip = np.searchsorted(self.first, chosen, side="right") - 1
        return self.qpos[chosen[:, None] + np.arange(length)], clip

    def _starts(self, length: int) -> Int[np.ndarray, " k"]:
        parts = [np.arange(a, b - length + 1) for a, b in pairwise(self.first) if b - a >= length]
        if not parts:
            raise InputError(f"frames={length}: the longest clip has {np.diff(self.first).max()}; give fewer")
        return np.concatenate(parts)


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
    chances: Chances = Chances()
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


@dataclass(frozen=True)
class Mirror:
    """A person's left for right, and the limbs.

    Attributes:
        partner: (hinges,) of each hinge.
        sign: (hinges,) of a mirrored angle.
        groups: lists of places in qpos: the trunk, and each limb.
    """

    partner: Int[np.ndarray, " hinges"]
    sign: Float[np.ndarray, " hinges"]
    groups: tuple[Int[np.ndarray, " k"], ...]

    @staticmethod
    def of(articulation: Articulation) -> Mirror:
        """Of a body whose hinges are called left_... and right_... where they have a side."""
        model = articulation.model
        hinges = range(1, model.njnt)
        names = [model.joint(j).name for j in hinges]
        partner = np.array([names.index(_other_side(name)) for name in names])
        axes = model.jnt_axis[1:]
        # The mirror turns an axial vector's parts in its own plane.
        sign = np.sign(np.einsum("ij,ij->i", axes * np.array([-1.0, 1.0, -1.0]), axes[partner]))
        keys = []
        for joint, name in zip(hinges, names, strict=True):
            side = name.partition("_")[0] if _other_side(name) != name else ""
            keys.append((side, _top(model.body_parentid, int(model.jnt_bodyid[joint])) if side else 0))
        places = model.jnt_qposadr[1:]
        groups = tuple(places[[k == key for k in keys]] for key in sorted(set(keys)))
        return Mirror(partner, sign, groups)

    def mirrored(self, qpos: Float[np.ndarray, "*any nq"]) -> Float[np.ndarray, "*any nq"]:
        """Configurations as a mirror shows them."""
        there = qpos.copy()
        there[..., 1] *= -1
        there[..., QUATERNION] *= np.array([1.0, -1.0, 1.0, -1.0])
        there[..., ANGLES] = qpos[..., ANGLES][..., self.partner] * self.sign
        return there

    def some(self, qpos: Float[np.ndarray, "N L nq"], rng: np.random.Generator) -> Float[np.ndarray, "N L nq"]:
        """Half of the runs mirrored."""
        return np.where((rng.random(len(qpos)) < 0.5)[:, None, None], self.mirrored(qpos), qpos)


def random_starts(
    tasks: PoseTasks, count: int, rng: np.random.Generator, spread: float = 0.5
) -> Iterator[Float[np.ndarray, "NL nq"]]:
    """Random poses about the one at rest, turned anyhow about the vertical and put where they are seen best.

    Args:
        tasks: whose frames are to start there; those of a run are turned alike.
        count: starts of each.
        rng: what decides.
        spread: standard deviation of hinges, radians.
    """
    problem, articulation, length = tasks.problem, tasks.problem.articulation, tasks.length
    runs = len(problem) // length
    for _ in range(count):
        x = np.tile(articulation.rest, (runs, 1))
        step = spread * rng.normal(size=(runs, articulation.n)) * articulation.scalar
        x = articulation.moved(x, step)
        low, high = articulation.limits[:, BEND]
        x[:, ANGLES] = np.clip(x[:, ANGLES], low, high)
        x = np.repeat(before_camera(x[:, None], Chances(), rng)[:, 0], length, axis=0)
        x[:, PLACE] = 0.0
        shapes = problem.camera.to_camera(pose(articulation.model, x).at(articulation.points))
        places, _ = placed(problem.camera.rays(problem.pixels), problem.weight, shapes[:, None])
        x[:, PLACE] = problem.camera.to_world(places[:, 0])
        yield x


def before_camera(
    qpos: Float[np.ndarray, "N L nq"], chances: Chances, rng: np.random.Generator
) -> Float[np.ndarray, "N L nq"]:
    """Runs, turned any way and put before the camera, in the world of its axes."""
    N = len(qpos)
    yaw, pitch = rng.uniform(0, 2 * np.pi, N), rng.uniform(*chances.pitch, N)
    turn = Rotation.from_euler("x", pitch[:, None]) * Rotation.from_euler("z", yaw[:, None])
    distance = rng.uniform(*chances.distance, N)
    aside, above = (distance * rng.uniform(-most, most, N) for most in chances.off)
    middle = qpos[..., PLACE].mean(1, keepdims=True)
    way = (qpos[..., PLACE] - middle) @ np.swapaxes(turn.as_matrix(), -1, -2)
    there = qpos.copy()
    there[..., PLACE] = way + np.stack([aside, distance, above], axis=-1)[:, None]
    there[..., QUATERNION] = so3.multiply(turn.as_quat(scalar_first=True)[:, None], qpos[..., QUATERNION])
    return there


def seen_as(
    rays: Float[np.ndarray, "N L P 2"], qpos: Float[np.ndarray, "NL nq"], chances: Chances, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "N L P 2"], Float[np.ndarray, "N L P"]]:
    """Keypoints on the image plane as a detector finds them, NaN where it does not, and their root weights."""
    N, L, P, _ = rays.shape
    depth = qpos[:, 1].reshape(N, L, 1, 1)
    noise = rng.normal(size=rays.shape)
    for t in range(1, L):
        noise[:, t] = chances.alike * noise[:, t - 1] + np.sqrt(1 - chances.alike**2) * noise[:, t]
    rays = rays + noise * rng.uniform(*chances.noise, (N, 1, 1, 1)) / depth
    third = rng.uniform(size=(N, 1, 1, 1)) < 1 / 3
    rays = rays * np.exp(np.where(third, chances.focal * rng.normal(size=(N, 1, 1, 1)), 0.0))
    confidence = rng.uniform(0.6, 1.0, (N, 1, P))
    some = rng.uniform(size=(N, 1)) < chances.missing
    unseen = some & (rng.uniform(size=(N, P)) < rng.uniform(0.03, 0.35, (N, 1)))
    unseen &= unseen.sum(1, keepdims=True) < P // 2
    flipped = _flips(rng.uniform(size=(N, 1)) < chances.flipped, np.asarray(rng.integers(3, size=N)), P)
    rays = np.where(flipped[:, None, :, None], rays[:, :, MIRROR], rays)
    weight = np.broadcast_to(TRUST * np.sqrt(confidence), (N, L, P)) * ~unseen[:, None]
    return np.where(unseen[:, None, :, None] | ~np.isfinite(rays), np.nan, rays), np.where(
        np.isfinite(rays).all(-1), weight, 0.0
    )


def guessed_as(
    points: Float[np.ndarray, "N L P 3"], chances: Chances, rng: np.random.Generator
) -> Float[np.ndarray, "N L P 3"]:
    """Points in the camera's axes as a detector guesses them: about their middle, flattened, tilted, limbs off.

    On real clips a detector's own 3D is off by 81 to 134 mm about the hips, most of it in depth.
    """
    N, L, P, _ = points.shape
    about = points - points.mean(2, keepdims=True)
    tilt = Rotation.from_rotvec(0.12 * rng.normal(size=(N, 3))).as_matrix()[:, None]
    about = about @ np.swapaxes(tilt, -1, -2)
    about[..., 2] *= rng.uniform(0.6, 1.05, (N, 1, 1))
    size = np.linalg.norm(about, axis=-1, keepdims=True)
    wide = np.array([0.04, 0.04, 0.16]) * size * _smooth(rng.normal(size=(N, L, P, 3)), chances.alike)
    # Neighbouring points err alike: a limb as a whole is guessed too near or too far.
    near = np.exp(-0.5 * (np.linalg.norm(about[:, :, :, None] - about[:, :, None], axis=-1) / 0.25) ** 2)
    near = near / np.sqrt((near**2).sum(-1, keepdims=True))
    return np.asarray(about + near @ wide)


def _smooth(noise: Float[np.ndarray, "N L P 3"], alike: float) -> Float[np.ndarray, "N L P 3"]:
    for t in range(1, noise.shape[1]):
        noise[:, t] = alike * noise[:, t - 1] + np.sqrt(1 - alike**2) * noise[:, t]
    return noise


def _flips(which: Bool[np.ndarray, "N 1"], kind: Int[np.ndarray, " N"], P: int) -> Bool[np.ndarray, "N P"]:
    """Which points are swapped with their partners: arms, legs, or the whole body."""
    index = np.arange(P)
    arms, legs = (index >= 11) & (index < 23), index >= 23
    kinds = np.stack([arms, legs, np.ones(P, bool)])
    return np.asarray(kinds[kind] & which)


def _other_side(name: str) -> str:
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(side):
            return other + name.removeprefix(side)
    return name


def _top(parents: Int[np.ndarray, " nbody"], body: int) -> int:
    """The ancestor that hangs on the root's body."""
    while parents[body] > 1:
        body = int(parents[body])
    return body


def motions(name: str) -> Motions:
    """The motions of a set of `SETS`, as `motionrecon.data.make_poses` made them.

    Raises:
        InputError: there is no such set here.
    """
    if name not in SETS:
        raise InputError(f"no set of poses is called {name!r}: choose from {', '.join(SETS)}")
    path = Path(str(resources.files("motionrecon.data"))) / "poses" / f"{name}.npz"
    if not path.exists():
        raise InputError(f"{path}: no such poses; python -m motionrecon.data.make_poses makes them")
    arrays = read_arrays(path)
    qpos = arrays["qpos"].astype(float)
    qpos[:, QUATERNION] /= np.linalg.norm(qpos[:, QUATERNION], axis=1, keepdims=True)  # rounded in the file
    return Motions(qpos, arrays["first"].astype(int), tuple(map(str, arrays["names"])), float(arrays["fps"]))


def training_source(guess: float = 0.3, kind: str = CAPSULES) -> People:
    """What is trained on: limbs mixed and poses widened, a share of the tasks with a detector's own 3D."""
    return People(motions("train"), Chances(mixed=0.35, near=0.3), guess, kind=kind)


def tuning_source(kind: str = CAPSULES) -> People:
    """What choices are made on: other clips of the training actions, and other actions."""
    return People(motions("tune"), kind=kind)
