"""What the motions of the capsule person tell another body, and what they do not: drawn from what is known of its
hinges.

A forearm's twist, a wrist, toes: no hinge of the capsule person does what they do. How much of a bend each joint of the
spine does is told on average only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.body import build
from motionrecon.body.base import CAPSULES, Body
from motionrecon.body.capsules.joints import HINGES
from motionrecon.body.tangent import ANGLES, BEND
from motionrecon.core.sides import without_side
from motionrecon.errors import InputError
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.shares import done_by

#: How far parts of one joint go their own ways, as a share of their spread: joints of a spine move together.
OWN_WAY = 0.5


def told_to(body: Body, qpos: Float[np.ndarray, "M capsules"]) -> Float[np.ndarray, "M nq"]:
    """Configurations of the capsule person, done by a body; hinges that nothing is told of are at rest.

    Raises:
        InputError: the body has nothing for a hinge of that person.
    """
    if body.kind == CAPSULES:
        return qpos
    person = build(body.height)
    own = done_by(body, list(person.hinge_names), qpos[:, ANGLES])
    if own is None:
        raise InputError(f"body={body.kind}: it lacks hinges of the motions that there are; choose another")
    return np.concatenate([qpos[:, : ANGLES.start], own], axis=1)


@dataclass(frozen=True)
class Untold:
    """What is drawn of a body's hinges.

    Attributes:
        spread: (hinges,) standard deviations of the draws, radians.
        mixing: (hinges, hinges) what a draw adds to the hinges: all of it to one that nothing tells of; to the parts of
            a joint what leaves their sum as it was; nothing to one that is told of.
        limits: (2, hinges) ends of the ranges, radians.
    """

    spread: Float[np.ndarray, " hinges"]
    mixing: Float[np.ndarray, "hinges hinges"]
    limits: Float[np.ndarray, "2 hinges"]

    @staticmethod
    def of(body: Body) -> Untold | None:
        """Of a body; None where the capsule person's motions tell all of it."""
        if body.kind == CAPSULES:
            return None
        wholes = [whole for whole, _ in body.hinge_parts]
        told = np.array([without_side(whole) in _TOLD for whole in wholes])
        together = np.array([[one == other for other in wholes] for one in wholes])
        mixing = np.eye(len(wholes)) - np.where(told, body.hinge_shares, 0.0)[:, None] * together
        spread = np.where(np.isfinite(body.hinge_spread), body.hinge_spread, 0.0) * np.where(told, OWN_WAY, 1.0)
        return Untold(spread, mixing, Articulation.of_body(body).limits[:, BEND])

    def drawn(self, qpos: Float[np.ndarray, "N L nq"], rng: np.random.Generator) -> Float[np.ndarray, "N L nq"]:
        """Runs with what nothing tells of drawn, the same for all frames of a run."""
        own = (rng.normal(size=(len(qpos), len(self.spread))) * self.spread) @ self.mixing.T
        varied = qpos.copy()
        varied[..., ANGLES] = np.clip(qpos[..., ANGLES] + own[:, None], *self._reached(qpos[..., ANGLES]))
        return varied

    def _reached(
        self, angles: Float[np.ndarray, "N L hinges"]
    ) -> tuple[Float[np.ndarray, "N L hinges"], Float[np.ndarray, "N L hinges"]]:
        """The limits, wider where a motion is beyond them, which is left as it was."""
        low, high = self.limits
        return np.minimum(low, angles), np.maximum(high, angles)


#: Names, without their side, of the hinges that the capsule person's motions tell of.
_TOLD = {hinge.name for hinges in HINGES.values() for hinge in hinges}
