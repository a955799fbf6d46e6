"""Angles that one kind of body had, done by another: what is known of poses is known of the capsule person's hinges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from motionrecon.body.base import CAPSULES, Body


def done_by(
    body: Body, hinges: Sequence[str], angles: Float[np.ndarray, "N told"], kind: str = CAPSULES
) -> Float[np.ndarray, "N hinges"] | None:
    """The angles of a body's own hinges; None where it has nothing for one of the hinges that are told of.

    Where one hinge that is told of is several of the body's, each does its share (`Body.hinge_parts`). Hinges that
    nothing is told of stay at rest.

    Args:
        body: who does them.
        hinges: names of those that are told of.
        angles: of them, radians.
        kind: of the body whose hinges they are: of its own kind they are taken as they are.
    """
    parts = [(name, 1.0) for name in body.hinge_names] if kind == body.kind else body.hinge_parts
    if not set(hinges) <= {whole for whole, _ in parts}:
        return None
    own = np.tile(body.rest_qpos[body.model.jnt_qposadr[1:]], (len(angles), 1))
    column = {name: angles[:, i] for i, name in enumerate(hinges)}
    for i, (whole, share) in enumerate(parts):
        if whole in column:
            own[:, i] = share * column[whole]
    return own
