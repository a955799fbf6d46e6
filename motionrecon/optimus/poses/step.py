"""The step: Gauss-Newton's, in the metric and towards the places that the network names.

With the model ``|r + J s|^2`` of the value, D a scale of the unknowns' damping, d = pull, M = mu D exp(precision) and
rank-one terms u, the step minimizes

    |r + J s|^2 + (s - d)' (M + sum of u u') (s - d),

so ``(J'J + M + U'U) s = -J'r + (M + U'U) d``. It is the paper's x - B s with B begun as damped Gauss-Newton's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.optimus.poses.network import Array, PoseSays

#: Damping of a network that says nothing, relative to its scale.
SILENT = 0.05
#: Farthest pull, in units of the reach; and the largest logarithm of the factor on the damping.
FARTHEST, LARGEST = 2.0, 4.0
#: Share of the largest diagonal entry of J'J by which unknowns that nothing tells of are damped.
UNTOLD = 0.01
#: Dampings at which a token is shown its own damped step, in units of the scale.
SHOWN = (0.02, 0.5)
#: Features of a token besides those of the problem.
OWN_CHANNELS = 7


def scale_of(matrix: Float[np.ndarray, "R N N"]) -> Float[np.ndarray, "R N"]:
    """By what each unknown's damping is measured."""
    diagonal = np.diagonal(matrix, axis1=1, axis2=2)
    return np.asarray(diagonal + UNTOLD * np.maximum(diagonal.max(1, keepdims=True), 1e-12))


def tokens_of(
    gradient: Float[np.ndarray, "R N"],
    matrix: Float[np.ndarray, "R N N"],
    before: Float[np.ndarray, "R N"],
    features: Float[np.ndarray, "R L n k"],
) -> Float[np.ndarray, "R L n channels"]:
    """What a token sees of its unknown, float32.

    Args:
        gradient, matrix: J'r and J'J.
        before: the last step.
        features: what else the problem says of each unknown, about 1 in size.
    """
    scale = scale_of(matrix)
    diagonal = np.maximum(np.diagonal(matrix, axis1=1, axis2=2), 1e-3)
    unknowns = np.arange(matrix.shape[-1])
    steps = []
    for mu in SHOWN:
        damped = matrix.copy()
        damped[:, unknowns, unknowns] += mu * scale
        steps.append(np.linalg.solve(damped, -gradient[..., None])[..., 0].clip(-2, 2))
    own = [
        np.arcsinh(gradient / np.sqrt(diagonal)) / 3,
        np.log(diagonal) / 5 - 1,
        *steps,
        steps[0] - steps[1],
        3 * gradient / scale,
        before.clip(-2, 2),
    ]
    shown = np.stack(own, axis=-1).reshape(*features.shape[:3], OWN_CHANNELS)
    return np.concatenate([shown, features], axis=-1).clip(-6, 6).astype(np.float32)


def step_of(
    said: PoseSays,
    gradient: Array,
    matrix: Array,
    scale: Array,
    reach: Array,
    xp: Any,
) -> Array:
    """(R, N) the step.

    Args:
        said: by the network, (R, N) and (R, 3, N).
        gradient, matrix: (R, N), (R, N, N) J'r and J'J.
        scale: (R, N) of `scale_of`.
        reach: (N,) of each unknown, in its units.
        xp: numpy or torch, whose arrays these are.
    """
    pull = reach * FARTHEST * xp.tanh(said.pull / FARTHEST)
    firm = SILENT * scale * xp.exp(LARGEST * xp.tanh(said.precision / LARGEST))
    terms = said.terms * scale[:, None] ** 0.5
    eye = xp.eye(matrix.shape[-1], dtype=matrix.dtype)
    across = terms.swapaxes(1, 2)
    left = matrix + firm[:, :, None] * eye + across @ terms
    right = -gradient + firm * pull + (across @ (terms @ pull[..., None]))[..., 0]
    return xp.linalg.solve(left, right[..., None])[..., 0]


def silent(runs: int, unknowns: int) -> PoseSays:
    """What a network says that says nothing: damped Gauss-Newton."""
    return PoseSays(np.zeros((runs, unknowns)), np.zeros((runs, unknowns)), np.zeros((runs, 0, unknowns)))
