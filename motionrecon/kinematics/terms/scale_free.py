"""What is measured in metres must not be paid for by a nearer, smaller person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from motionrecon.body.tangent import MOVE
from motionrecon.cameras.base import Camera
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.solver import Term
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.observed import Observed
from motionrecon.kinematics.terms.smoothness import Smoothness
from motionrecon.views import View


@dataclass(frozen=True)
class ScaleFree:
    """A term as it would be if the person were as far away as before, and as large as that makes them.

    One camera sees the same of somebody half as far away and half as large, whose accelerations are half as large:
    every such residual would be a reward for coming nearer. Here they are multiplied by the ratio of the distance
    before to that now, whose derivative takes the reward away.

    Attributes:
        term: some of whose residuals are in proportion to metres.
        rows: which.
        camera: as it was given.
        distance: (T,) of the pelvis from there, before.
    """

    term: Term
    rows: slice
    camera: Camera
    distance: Float[np.ndarray, " T"]

    def __call__(self, x: Trajectory) -> Block:
        block = self.term(x)
        away = x.way_from(self.camera)[block.frames]
        far = np.linalg.norm(away, axis=1)
        ratio = np.ones(block.residual.shape)
        ratio[:, self.rows] = (self.distance[block.frames] / far)[:, None]
        nearer = np.zeros((*block.residual.shape, x.body.model.nv))
        nearer[:, self.rows, MOVE] = -(ratio * block.residual)[:, self.rows, None] * (away / far[:, None] ** 2)[:, None]
        first, *later = (None if one is None else one * ratio[..., None] for one in block.jacobians)
        residual = block.residual * ratio
        return replace(
            block,
            residual=residual,
            jacobians=(nearer if first is None else first + nearer, *later),
            cost=block.cost + float((residual**2).sum() - (block.residual**2).sum()),
            shared={part: value * ratio[..., None] for part, value in block.shared.items()},
        )


def scale_free(terms: Sequence[Term], x: Trajectory, views: Sequence[View]) -> list[Term]:
    """The terms, those in metres free of scale where one camera sees the person: several know how far away that is.

    Errors of what was seen do not reward who comes nearer in their derivatives, but in their cost, by which steps are
    compared; so it is measured at the distance before.

    Args:
        terms: any.
        x: the trajectory from which the fit goes on.
        views: by cameras as they were given.
    """
    if len(views) > 1:
        return list(terms)
    camera = views[0].camera
    distance = x.distance_from(camera)

    def free(term: Term) -> Term:
        if isinstance(term, Smoothness):
            return ScaleFree(term, MOVE, camera, distance)
        if isinstance(term, Observed):
            return replace(term, distance=distance)
        # Of feet and balance nothing is in proportion to it once the person's shape is held; and before, how high they
        # say that the camera is above the ground is to count.
        return term

    return [free(term) for term in terms]
