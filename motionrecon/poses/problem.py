"""Poses from what one camera saw in single frames: a least-squares problem for each frame, all evaluated together.

A row is a frame, and knows nothing of the other rows. Its unknowns are the tangent of its configuration, so a step is
added by `moved`, not by plus.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.body.pose import pose
from motionrecon.cameras.base import NEAREST, Camera
from motionrecon.errors import InputError
from motionrecon.poses.articulation import Articulation
from motionrecon.residuals.base import PointResidual
from motionrecon.residuals.directions import Directions
from motionrecon.residuals.reprojection import Reprojection
from motionrecon.residuals.robust import cauchy, cauchy_with_jacobian


@dataclass(frozen=True)
class PoseTrust:
    """What the evidence of one frame is worth.

    Attributes:
        pixels: standard deviation of a confident keypoint, metres across the line of sight.
        bend: metres across it beyond which an error pulls less: far enough that a limb finds home from a bad start,
            near enough that a left/right flip does not rule.
        depth: standard deviation of the difference in depth along a bone of the detector's own 3D, metres.
        depth_bend: metres beyond which such a difference pulls less.
        prior: root weight of the pose at rest.
        limit: radians (or metres) beyond a joint's range that count as one standard deviation.
    """

    pixels: float = 0.02
    bend: float = 0.4
    depth: float = 0.12
    depth_bend: float = 0.24
    prior: float = 1.5
    limit: float = 0.05 / 1.5


@dataclass(frozen=True)
class NormalEquations:
    """The local quadratic models of N least-squares problems.

    Attributes:
        value: (N,) sums of squares f = |r|^2.
        gradient: (N, n) J'r, half the gradient of f.
        matrix: (N, n, n) J'J.
    """

    value: Float[np.ndarray, " N"]
    gradient: Float[np.ndarray, "N n"]
    matrix: Float[np.ndarray, "N n n"]

    def where(self, mask: Bool[np.ndarray, " N"], other: NormalEquations) -> NormalEquations:
        """These in the rows marked by `mask`, others elsewhere."""
        return NormalEquations(
            np.where(mask, self.value, other.value),
            np.where(mask[:, None], self.gradient, other.gradient),
            np.where(mask[:, None, None], self.matrix, other.matrix),
        )


class RowProblem(Protocol):
    """N least-squares problems of n unknowns each that are evaluated together; points x have N rows of any shape."""

    def __len__(self) -> int:
        """N."""

    @property
    def turns(self) -> Bool[np.ndarray, " n"]:
        """Which unknowns are angles."""

    def value(self, x: Float[np.ndarray, "N ..."]) -> Float[np.ndarray, " N"]:
        """Sums of squares."""

    def linearized(self, x: Float[np.ndarray, "N ..."]) -> tuple[Float[np.ndarray, "N m"], Float[np.ndarray, "N m n"]]:
        """Residuals, and their Jacobian by the unknowns."""

    def normal(self, x: Float[np.ndarray, "N ..."]) -> NormalEquations:
        """What follows from `linearized`, without making it as a whole where that is cheaper."""

    def moved(self, x: Float[np.ndarray, "N ..."], step: Float[np.ndarray, "N n"]) -> Float[np.ndarray, "N ..."]:
        """Points after steps."""

    def part(self, rows: Int[np.ndarray, " k"]) -> Self:
        """Some of the problems."""


@dataclass(frozen=True)
class PoseProblem:
    """N frames of one articulated model before one camera (`RowProblem`); points are qpos (N, nq).

    The depth that turns angles into metres is given with the problem, so that coming closer does not pay. Values of
    different starts of a frame can be compared only where it is the same.

    Attributes:
        articulation: what is seen.
        camera: of the N frames.
        pixels: (N, P, 2) where its points were seen, NaN where unseen.
        weight: (N, P) root weights, 0 where unseen.
        depth: (N,) of the model along the line of sight, metres (`depth_of` a start).
        points_3d: (N, P, 3) the detector's own guess, camera axes, NaN where unknown; None where there is none.
        trust: what all that is worth.
    """

    articulation: Articulation
    camera: Camera
    pixels: Float[np.ndarray, "N P 2"]
    weight: Float[np.ndarray, "N P"]
    depth: Float[np.ndarray, " N"]
    points_3d: Float[np.ndarray, "N P 3"] | None = None
    trust: PoseTrust = PoseTrust()

    def __post_init__(self) -> None:
        count = len(self.articulation.points)
        if self.pixels.shape[1:] != (count, 2) or self.weight.shape != self.pixels.shape[:2]:
            raise InputError(
                f"pixels {self.pixels.shape} and weight {self.weight.shape}: of {count} points they must be "
                f"(N, {count}, 2) and (N, {count})"
            )
        if self.depth.shape != self.weight.shape[:1] or not (self.depth > 0).all():
            raise InputError("depth: give one positive distance in metres for each frame")

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def n(self) -> int:
        """Unknowns of a row."""
        return self.articulation.n

    @property
    def turns(self) -> Bool[np.ndarray, " n"]:
        return self.articulation.turns

    def value(self, x: Float[np.ndarray, "N nq"]) -> Float[np.ndarray, " N"]:
        return np.asarray((self.residuals(x) ** 2).sum(1))

    def residuals(self, x: Float[np.ndarray, "N nq"]) -> Float[np.ndarray, "N m"]:
        """Those of `linearized`, alone."""
        points = pose(self.articulation.model, x).at(self.articulation.points)
        seen = [cauchy(r.value, bend).reshape(len(x), -1) for r, bend in self._evidence(points)]
        return np.concatenate([*seen, self._belief(x)[0]], axis=1)

    def linearized(self, x: Float[np.ndarray, "N nq"]) -> tuple[Float[np.ndarray, "N m"], Float[np.ndarray, "N m n"]]:
        r, J = self._seen(x)
        belief, gain = self._belief(x)
        rows = np.tile(np.eye(self.n), (2, 1)) * gain[..., None]
        return np.concatenate([r, belief], axis=1), np.concatenate([J, rows], axis=1)

    def normal(self, x: Float[np.ndarray, "N nq"]) -> NormalEquations:
        r, J = self._seen(x)
        belief, gain = self._belief(x)
        transposed = J.transpose(0, 2, 1)
        matrix = transposed @ J
        unknowns = np.arange(self.n)
        matrix[:, unknowns, unknowns] += (gain**2).reshape(len(x), 2, -1).sum(1)
        gradient = (transposed @ r[..., None])[..., 0] + (gain * belief).reshape(len(x), 2, -1).sum(1)
        return NormalEquations((r**2).sum(1) + (belief**2).sum(1), gradient, matrix)

    def moved(self, x: Float[np.ndarray, "N nq"], step: Float[np.ndarray, "N n"]) -> Float[np.ndarray, "N nq"]:
        return self.articulation.moved(x, step)

    def part(self, rows: Int[np.ndarray, " k"]) -> PoseProblem:
        return replace(
            self,
            camera=self.camera.at(rows),
            pixels=self.pixels[rows],
            weight=self.weight[rows],
            depth=self.depth[rows],
            points_3d=None if self.points_3d is None else self.points_3d[rows],
        )

    def _evidence(self, points: Float[np.ndarray, "N P 3"]) -> list[tuple[PointResidual, float]]:
        """The residuals by points, and in standard deviations where their costs bend."""
        t = self.trust
        seen = Reprojection(self.camera, points, self.pixels, self.weight, t.pixels, self.depth)
        evidence: list[tuple[PointResidual, float]] = [(seen, t.bend / t.pixels)]
        if self.points_3d is not None and self.articulation.bones.size:
            bones, lengths = self.articulation.bones, self.articulation.bone_lengths
            guess = Directions(self.camera, points, self.points_3d, self.weight, t.depth, 0.0, bones, lengths)
            evidence.append((guess, t.depth_bend / t.depth))
        return evidence

    def _seen(self, x: Float[np.ndarray, "N nq"]) -> tuple[Float[np.ndarray, "N m"], Float[np.ndarray, "N m n"]]:
        """Residuals of the evidence, and their Jacobian."""
        posed = pose(self.articulation.model, x)
        points = posed.at(self.articulation.points)
        moved = posed.jacobian(self.articulation.points)
        parts = [cauchy_with_jacobian(r.value, r.chain(moved), bend) for r, bend in self._evidence(points)]
        N = len(x)
        return (
            np.concatenate([r.reshape(N, -1) for r, _ in parts], axis=1),
            np.concatenate([J.reshape(N, -1, self.n) for _, J in parts], axis=1),
        )

    def _belief(self, x: Float[np.ndarray, "N nq"]) -> tuple[Float[np.ndarray, "N b"], Float[np.ndarray, "N b"]]:
        """Residuals of the pose at rest and of the joints' ranges, and their derivatives, each by its own unknown."""
        gain, (low, high) = self._prior_gain, self.articulation.limits
        angles = self.articulation.angles(x)
        beyond = np.minimum(angles - low, 0.0) + np.maximum(angles - high, 0.0)
        away = (angles - self._rest) * gain
        outside = (beyond != 0.0) / self.trust.limit
        return (
            np.concatenate([away, beyond / self.trust.limit], axis=1),
            np.concatenate([np.broadcast_to(gain, away.shape), outside], axis=1),
        )

    @cached_property
    def _prior_gain(self) -> Float[np.ndarray, " n"]:
        return np.asarray(self.trust.prior / self.articulation.spread)

    @cached_property
    def _rest(self) -> Float[np.ndarray, " n"]:
        return self.articulation.angles(self.articulation.rest)


def depth_of(articulation: Articulation, camera: Camera, x: Float[np.ndarray, "N nq"]) -> Float[np.ndarray, " N"]:
    """How far away poses are along the line of sight, metres: the median over their points."""
    points = pose(articulation.model, x).at(articulation.points)
    return np.asarray(np.maximum(np.median(camera.across(points).depth, axis=1), NEAREST))
