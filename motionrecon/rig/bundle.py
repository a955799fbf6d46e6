"""Bundle adjustment of several cameras over a person who moves before them.

Unknown are the poses of all cameras but the first, every mark in every frame, and the person's lengths. Known is where
the marks were seen, that the lengths stay the same, and what lengths people of a height have, which gives the scale.
Focal lengths are not among the unknowns: a person does not tell them (they ran off by factors). The unknowns of one
frame touch those of another only through what all frames share, so the normal equations are an arrow: small blocks
along the diagonal and a border, solved by Schur's complement (Triggs et al., "Bundle adjustment: a modern synthesis",
2000, section 6), damped as Levenberg and Marquardt do.

Reprojection is measured in metres across the line of sight at the person's depth, lengths by the logarithm of their
ratio: neither grows smaller when the whole scene is shrunk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.core import so3
from motionrecon.residuals.robust import of_cauchy
from motionrecon.rig.lengths import COUNT, PAIRS, WANDER, WHICH, measured
from motionrecon.rig.triangulation import Rays, nearest

#: Standard deviations: metres across the line of sight of a confident mark; relative, of a length among people of one
#: height, and of all lengths together (how well the height is known and the marks are what an anatomist would mark).
PIXELS, SPREAD, COMMON = 0.02, 0.02, 0.03
#: In standard deviations, where the robust costs bend.
BEND = 2.0
#: Nobody is nearer than this to a camera, metres.
NEAREST = 0.3
#: A step that improves the cost by a smaller share is the last.
_SETTLED = 1e-4
#: What keeps a mark where it is that nothing says anything about.
_STAYS = 1e-6

#: A robust cost of squares in units of BEND^2: their weights, and the cost itself in these units.
Robust = Callable[[Float[np.ndarray, "*any"]], tuple[Float[np.ndarray, "*any"], Float[np.ndarray, "*any"]]]


@dataclass(frozen=True)
class Observations:
    """What V cameras saw of P marks in T frames.

    Attributes:
        rays: (V, T, P, 2) on the image plane; 0 where unseen.
        weight: (V, T, P) root weights; 0 where unseen.
        lengths: (K,) what the person's lengths are expected to be, metres.
    """

    rays: Float[np.ndarray, "V T P 2"]
    weight: Float[np.ndarray, "V T P"]
    lengths: Float[np.ndarray, " K"]

    @property
    def seen(self) -> Bool[np.ndarray, "V T P"]:
        return np.asarray(self.weight > 0)

    def at(self, frames: Bool[np.ndarray, " T"] | Int[np.ndarray, " n"]) -> Observations:
        """What was seen in some of the frames."""
        return replace(self, rays=self.rays[:, frames], weight=self.weight[:, frames])

    def of(self, views: list[int]) -> Observations:
        """What some of the cameras saw."""
        return replace(self, rays=self.rays[views], weight=self.weight[views])

    def points(self, turn: Float[np.ndarray, "V 3 3"], shift: Float[np.ndarray, "V 3"]) -> Float[np.ndarray, "T P 3"]:
        """Where lines of sight come nearest to each other, in the first camera's axes; NaN where one alone saw it.

        Args:
            turn, shift: of the cameras, as in `Scene`.
        """
        toward = np.concatenate([self.rays, np.ones((*self.rays.shape[:-1], 1))], axis=-1)
        toward /= np.linalg.norm(toward, axis=-1, keepdims=True)
        eye = -np.einsum("vij,vi->vj", turn, shift)
        sight = Rays(np.repeat(eye[:, None], toward.shape[1], axis=1), np.einsum("vtpi,vij->vtpj", toward, turn))
        return nearest(sight, self.weight**2, 0.0)


@dataclass(frozen=True)
class Scene:
    """The unknowns, in the axes of the first camera.

    Attributes:
        turn, shift: (V, 3, 3) and (V, 3) from these axes to each camera's: ``p_camera = turn p + shift``; metres.
        points: (T, P, 3) the marks, metres.
        lengths: (K,) logarithms of the person's lengths in metres.
    """

    turn: Float[np.ndarray, "V 3 3"]
    shift: Float[np.ndarray, "V 3"]
    points: Float[np.ndarray, "T P 3"]
    lengths: Float[np.ndarray, " K"]

    @staticmethod
    def begun(observed: Observations, turn: Float[np.ndarray, "V 3 3"], shift: Float[np.ndarray, "V 3"]) -> Scene:
        """The marks where the lines of sight of posed cameras meet, in a scene as large as the person makes it."""
        points = observed.points(turn, shift)
        ratio = observed.lengths / measured(points)
        known = np.isfinite(ratio) & (ratio > 0)
        scale = float(np.median(ratio[known])) if known.any() else 1.0
        lengths = np.where(known, observed.lengths / np.where(known, ratio, 1.0) * scale, observed.lengths)
        lengths = np.clip(lengths, 0.5 * observed.lengths, 2.0 * observed.lengths)
        filled = _filled(points) * scale
        return Scene(turn, shift * scale, filled, np.log(lengths))

    def in_camera(self, v: int) -> Float[np.ndarray, "T P 3"]:
        """The marks in a camera's axes."""
        return np.asarray(self.points @ self.turn[v].T + self.shift[v])


@dataclass(frozen=True)
class Solved:
    """A scene that fits, and how well.

    Attributes:
        scene: as it was found.
        cost: the robust cost.
        covariance: (6 (V - 1), 6 (V - 1)) of small turns (radians) and shifts (metres) of the cameras but the first, in
            each one's own axes, as if all residuals were independent and as large as expected.
    """

    scene: Scene
    cost: float
    covariance: Float[np.ndarray, "n n"]


def _filled(points: Float[np.ndarray, "T P 3"]) -> Float[np.ndarray, "T P 3"]:
    """Marks that are not known are put in the middle of the frame's others, or of all."""
    middle = np.nanmedian(points.reshape(-1, 3), axis=0)
    filled = points.copy()
    for frame in filled:
        known = np.isfinite(frame).all(-1)
        frame[~known] = frame[known].mean(0) if known.any() else middle
    return filled


def bundled(observed: Observations, scene: Scene, robust: Robust = of_cauchy, iterations: int = 60) -> Solved:
    """The scene near the given one that explains best what was seen."""
    depth = _depth(scene, observed.lengths)

    def system_at(scene: Scene) -> _Arrow:
        return _Arrow(observed, scene, robust, depth)

    system = system_at(scene)
    cost, damping = system.cost, 1e-3
    for _ in range(iterations):
        for _ in range(8):
            trial = system_at(system.stepped(damping))
            if trial.cost < cost:
                break
            damping *= 10.0
        else:
            break
        gain = (cost - trial.cost) / cost
        system, cost, damping = trial, trial.cost, max(damping / 5.0, 1e-9)
        if gain < _SETTLED:
            break
    return Solved(system.scene, cost, system.covariance)


def _depth(scene: Scene, lengths: Float[np.ndarray, " K"]) -> Float[np.ndarray, "V T 1"]:
    """How far away the person is: of one of the expected size who is seen as large."""
    size = np.exp(np.median(scene.lengths - np.log(lengths)))
    z = np.stack([scene.in_camera(v)[..., 2] for v in range(len(scene.turn))])
    return np.asarray(np.maximum(np.median(z, axis=2, keepdims=True), NEAREST) / size)


class _Arrow:
    """The residuals of a scene, and when asked for, their normal equations."""

    def __init__(self, observed: Observations, scene: Scene, robust: Robust, depth: Float[np.ndarray, "V T 1"]) -> None:
        self.observed, self.scene, self.robust, self.depth = observed, scene, robust, depth
        V, self.T, self.P = observed.weight.shape
        self.lengths = slice(6 * (V - 1), 6 * (V - 1) + COUNT)
        self.shared = self.lengths.stop
        self.place = [scene.in_camera(v) for v in range(V)]

    def _reprojected(self, v: int) -> tuple[Float[np.ndarray, "T P 2"], Float[np.ndarray, "T P 1"]]:
        """Residuals of one view before they are made robust, and what a unit of the image plane is in them."""
        z = np.maximum(self.place[v][..., 2:], NEAREST)
        scale = self.observed.weight[v][..., None] * self.depth[v][..., None] / PIXELS
        return (self.place[v][..., :2] / z - self.observed.rays[v]) * scale, scale

    @cached_property
    def _bones(self) -> tuple[Float[np.ndarray, "T B 3"], Float[np.ndarray, "T B"], Float[np.ndarray, " B"]]:
        """Along the bones per metre of their length squared; residuals; what a unit of the logarithm is in them."""
        bone = self.scene.points[:, PAIRS[:, 1]] - self.scene.points[:, PAIRS[:, 0]]
        length = np.maximum(np.linalg.norm(bone, axis=-1), 1e-3)
        scale = self.observed.lengths[WHICH] / WANDER
        return bone / length[..., None] ** 2, (np.log(length) - self.scene.lengths[WHICH]) * scale, scale

    @cached_property
    def _prior(self) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, "K K"]]:
        """The lengths' distance from what is expected, and the inverse of its covariance."""
        covariance = np.diag(np.full(COUNT, SPREAD**2)) + COMMON**2
        return self.scene.lengths - np.log(self.observed.lengths), np.linalg.inv(covariance)

    @cached_property
    def cost(self) -> float:
        total = 0.0
        for v in range(len(self.place)):
            value, _ = self._reprojected(v)
            total += BEND**2 * float(self.robust((value**2).sum(-1) / BEND**2)[1].sum())
        total += BEND**2 * float(self.robust((self._bones[1] / BEND) ** 2)[1].sum())
        away, inverse = self._prior
        return total + float(away @ inverse @ away)

    @cached_property
    def _equations(self) -> None:
        """Fill the arrow: blocks, border and corner of the Hessian, and the gradient."""
        T, P, n = self.T, self.P, self.shared
        self.block, self.gradient = np.zeros((T, P, 3, P, 3)), np.zeros((T, P, 3))
        self.border = np.zeros((T, P, 3, n))
        self.corner, self.shared_gradient = np.zeros((n, n)), np.zeros(n)
        for v in range(len(self.place)):
            self._add_view(v)
        self._add_bones()
        away, inverse = self._prior
        self.corner[self.lengths, self.lengths] += inverse
        self.shared_gradient[self.lengths] += inverse @ away

    def _add_view(self, v: int) -> None:
        value, scale = self._reprojected(v)
        root = np.sqrt(self.robust((value**2).sum(-1) / BEND**2)[0])[..., None]
        value, scale = value * root, scale * root
        z = np.maximum(self.place[v][..., 2:], NEAREST)
        by_place = np.zeros((self.T, self.P, 2, 3))
        by_place[..., 0, 0] = by_place[..., 1, 1] = 1.0
        by_place[..., 2] = -self.place[v][..., :2] / z
        by_place *= (scale / z)[..., None]
        by_point = by_place @ self.scene.turn[v]
        marks = np.arange(self.P)
        self.block[:, marks, :, marks, :] += np.moveaxis(np.swapaxes(by_point, -1, -2) @ by_point, 1, 0)
        self.gradient += np.einsum("tpki,tpk->tpi", by_point, value)
        if not v:
            return
        columns = slice(6 * (v - 1), 6 * v)
        by_pose = np.concatenate([-by_place @ so3.skew(self.place[v]), by_place], axis=-1)
        self.border[..., columns] += np.swapaxes(by_point, -1, -2) @ by_pose
        rows = by_pose.reshape(-1, 6)
        self.corner[columns, columns] += rows.T @ rows
        self.shared_gradient[columns] += rows.T @ value.ravel()

    def _add_bones(self) -> None:
        along, value, scale = self._bones
        root = np.sqrt(self.robust((value / BEND) ** 2)[0])
        by_end = along * (root * scale)[..., None]
        value, by_length = value * root, -root * scale
        for n, (a, b) in enumerate(PAIRS):
            square = by_end[:, n, :, None] * by_end[:, n, None, :]
            self.block[:, a, :, a] += square
            self.block[:, b, :, b] += square
            self.block[:, a, :, b] -= square
            self.block[:, b, :, a] -= square
            pull = by_end[:, n] * value[:, n, None]
            self.gradient[:, b] += pull
            self.gradient[:, a] -= pull
            at = self.lengths.start + WHICH[n]
            both = by_end[:, n] * by_length[:, n, None]
            self.border[:, b, :, at] += both
            self.border[:, a, :, at] -= both
            self.corner[at, at] += float(by_length[:, n] @ by_length[:, n])
            self.shared_gradient[at] += float(by_length[:, n] @ value[:, n])

    def stepped(self, damping: float) -> Scene:
        """The scene after a damped step."""
        self._equations  # noqa: B018 - fills the arrow once
        size = 3 * self.P
        block = self.block.reshape(self.T, size, size).copy()
        diagonal = np.arange(size)
        block[:, diagonal, diagonal] = block[:, diagonal, diagonal] * (1 + damping) + _STAYS
        border = self.border.reshape(self.T, size, self.shared)
        gradient = self.gradient.reshape(self.T, size)
        solved = np.linalg.solve(block, np.concatenate([gradient[..., None], border], axis=-1))
        corner = self.corner + np.diag(damping * np.diag(self.corner))
        corner -= np.einsum("tni,tnj->ij", border, solved[..., 1:])
        right = np.einsum("tni,tn->i", border, solved[..., 0]) - self.shared_gradient
        shared = np.linalg.solve(corner, right)
        points = (-solved[..., 0] - solved[..., 1:] @ shared).reshape(self.scene.points.shape)
        return self._moved(points, shared)

    def _moved(self, points: Float[np.ndarray, "T P 3"], shared: Float[np.ndarray, " n"]) -> Scene:
        scene = self.scene
        step = np.concatenate([np.zeros(6), shared[: self.lengths.start]]).reshape(-1, 6)
        turns = so3.matrix(step[:, :3])
        return Scene(
            turns @ scene.turn,
            np.einsum("vij,vj->vi", turns, scene.shift) + step[:, 3:],
            scene.points + points,
            scene.lengths + shared[self.lengths],
        )

    @cached_property
    def covariance(self) -> Float[np.ndarray, "n n"]:
        """Of the cameras' poses; see `Solved`."""
        self._equations  # noqa: B018
        size = 3 * self.P
        block = self.block.reshape(self.T, size, size) + _STAYS * np.eye(size)
        border = self.border.reshape(self.T, size, self.shared)
        corner = self.corner - np.einsum("tni,tnj->ij", border, np.linalg.solve(block, border))
        return np.linalg.pinv(corner, hermitian=True)[: self.lengths.start, : self.lengths.start]
