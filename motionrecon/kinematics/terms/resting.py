"""Whoever crawls, kneels or lies is on the ground with what is lowest; and no part of a body is below the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.kinematics.block import Block
from motionrecon.kinematics.lying import Lying
from motionrecon.kinematics.state import HEIGHT, SHAPE, Trajectory

#: How surely a point must be on the ground, and how far over it a low one may be, metres, to be looked at.
_SURELY, _NEAR = 0.02, 0.05


@dataclass(frozen=True)
class Resting:
    """Height over the ground of what is not soles.

    Attributes:
        which: (P,) indices of the points of `body.hull` that are looked at.
        resting: (T, P) in [0, 1], how surely each is on the ground.
        low: (T, P) which may not be below it (`motionrecon.kinematics.lying.Lying`).
        height: standard deviation of a resting point's height over the ground, metres.
        depth: metres below the ground that count as one standard deviation: flesh gives way.
        weight: root weight of one frame.
    """

    which: Int[np.ndarray, " P"]
    resting: Float[np.ndarray, "T P"]
    low: Bool[np.ndarray, "T P"]
    height: float = 0.02
    depth: float = 0.03
    weight: float = 1.0

    @staticmethod
    def of(lying: Lying, weight: float) -> list[Resting]:
        """The term for what a trajectory, which is uncertain, has on the ground or near it; none where that is nothing.

        Args:
            lying: what of the body may be on the ground.
            weight: root weight of one frame.
        """
        near = (lying.resting > _SURELY) | (lying.low & (lying.over < _NEAR))
        which = np.flatnonzero(near.any(axis=0))
        if not len(which):
            return []
        return [Resting(which, lying.resting[:, which], lying.low[:, which], weight=weight)]

    def __call__(self, x: Trajectory) -> Block:
        points = x.body.hull.part(self.which)
        gap, away = x.ground.gap(x.pose.at(points))
        over = gap - points.radii
        depth_gain = np.where(self.low & (over < 0), self.weight / self.depth, 0.0)
        gain = np.sqrt(self.resting * (self.weight / self.height) ** 2 + depth_gain**2)
        residual = over * gain
        push = gain[..., None] * away
        jacobian = np.einsum("tpi,tpij->tpj", push, x.pose.jacobian(points))
        shared = {}
        if SHAPE in x.shared:
            shared[SHAPE] = np.einsum("tpi,tpij->tpj", push, x.by_shape(points))
        if HEIGHT in x.shared:
            shared[HEIGHT] = -push[..., 2:]
        return Block(residual, (jacobian,), np.arange(len(x)), float((residual**2).sum()), shared)
