"""The network: from what a detector says of a person in one picture to where the marks are, and how sure that is.

Its lines are written once, with the operations that numpy and torch call by the same names: `says` is given the module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.sightline import turns_to
from motionrecon.core.landmarks import COUNT, INDEX

#: An array of numpy, or a tensor of torch.
Array = Any
#: The person's height to which lengths are scaled, metres: as large as the detector thinks that people are.
HEIGHT = 1.70
#: Features of a picture: 2D, 3D and confidence of each mark, how large the person is seen, which detector saw it, and
#: which way is up.
FEATURES = 6 * COUNT + 5
#: What is said: of each mark its correction and its doubt; of up its direction and its doubt.
OUTPUTS = 4 * COUNT + 4
#: The detectors whose errors were learned, and how the network is told of them; 0 where it is not told.
DETECTORS = {"full": 1.0, "heavy": -1.0}
#: A mark's correction and the logarithm of its standard deviation, in units and from.
_UNIT, _DOUBT = 0.1, float(np.log(0.04))
#: Up in the axes of a camera that is level, and the logarithm of its standard deviation, radians, to begin with.
_LEVEL, _UP_DOUBT = (0.0, -1.0, 0.0), float(np.log(0.1))
_HIPS = [INDEX["left_hip"], INDEX["right_hip"]]


@dataclass(frozen=True)
class Sighting:
    """What a detector says of a person in N pictures, in the axes of a camera that is turned to the person.

    Attributes:
        rays: (N, 33, 2) on the image plane, about their middle, in units of their spread; 0 where unseen.
        points: (N, 33, 3) metres, about the hips; 0 where there are none.
        trust: (N, 33) confidence, 0 where unseen.
        size: (N,) the spread of the rays: about the person's size over the distance.
        detector: (N,) of `DETECTORS`.
        up: (N, 3) which way is up, a unit vector; 0 where that is not known.
    """

    rays: Float[np.ndarray, "N 33 2"]
    points: Float[np.ndarray, "N 33 3"]
    trust: Float[np.ndarray, "N 33"]
    size: Float[np.ndarray, " N"]
    detector: Float[np.ndarray, " N"]
    up: Float[np.ndarray, "N 3"]

    @staticmethod
    def of(
        rays: Float[np.ndarray, "N 33 2"],
        trust: Float[np.ndarray, "N 33"],
        points: Float[np.ndarray, "N 33 3"],
        detector: str | None = None,
        up: Float[np.ndarray, "N 3"] | None = None,
    ) -> Sighting:
        """Of rays on the camera's image plane, NaN where unseen, and 3D in the axes of the camera turned to them.

        Up is told, if it is, in the camera's axes.
        """
        seen = np.isfinite(rays).all(-1) & (trust > 0)
        known = np.isfinite(points).all((1, 2))
        towards = np.concatenate([np.where(seen[..., None], rays, 0.0), np.ones((*rays.shape[:2], 1))], axis=-1)
        turn = turns_to(rays)
        turned = towards @ turn  # rows times R: by its transpose
        flat = turned[..., :2] / np.maximum(turned[..., 2:], 0.1)
        share = seen / np.maximum(seen.sum(1, keepdims=True), 1)
        flat = flat - np.einsum("nj,nja->na", share, flat)[:, None]
        size = np.sqrt(np.einsum("nj,nja->n", share, flat**2)).clip(1e-3)
        flat = np.where(seen[..., None], flat / size[:, None, None], 0.0)
        points = points - points[:, _HIPS].mean(1, keepdims=True)
        which = np.full(len(rays), DETECTORS.get(detector or "", 0.0))
        points, trust = np.where(known[:, None, None], points, 0.0), np.where(seen, trust, 0.0)
        told = np.zeros((len(rays), 3)) if up is None else np.einsum("na,nab->nb", up, turn)
        return Sighting(flat, points, trust, size, which, told)

    def features(self) -> Float[np.ndarray, "N F"]:
        """What the network sees."""
        count = len(self.rays)
        parts = (self.rays, 3.0 * self.points, self.trust - 0.5, np.log(self.size / 0.12), self.detector, 2.0 * self.up)
        return np.concatenate([np.reshape(part, (count, -1)) for part in parts], axis=1)


class Believed(NamedTuple):
    """What the network believes of N people in the axes of a camera that is turned to them.

    Attributes:
        points: (N, 33, 3) the marks of a person of `HEIGHT`, metres, about the hips.
        doubt: (N, 33) logarithm of their standard deviation along the line of sight, metres.
        up: (N, 3) which way is up, a unit vector: by how the person looks, where it was not told.
        up_doubt: (N,) logarithm of its standard deviation, radians.
    """

    points: Array
    doubt: Array
    up: Array
    up_doubt: Array


def initial(width: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Untrained weights of one member, which correct nothing and take the camera for level."""
    shapes = {"in": (FEATURES, width), "inner": (width, width), "out": (width, OUTPUTS)}
    weights = {}
    for name, shape in shapes.items():
        gain = 0.0 if name == "out" else np.sqrt(2.0 / shape[0])
        weights[f"{name}.w"] = gain * rng.standard_normal((1, *shape))
        weights[f"{name}.b"] = np.zeros((1, 1, shape[1]))
    weights["out.b"][..., 4 * COUNT : -1] = _LEVEL
    return {name: value.astype(np.float32) for name, value in weights.items()}


def together(members: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The weights of a network that believes what several believe on the mean."""
    return {name: np.concatenate([member[name] for member in members]) for name in members[0]}


def says(
    weights: Mapping[str, Array],
    features: Array,
    points: Array,
    thinned: Callable[[Array], Array] = lambda inner: inner,
) -> Believed:
    """What the network believes: the mean of its M members.

    Args:
        weights: by their names, (M, ...).
        features: (N, F) of `Sighting.features`.
        points: (N, 33, 3) of the sighting.
        thinned: what training does to what is inside, lest members learn single pictures by heart.
    """
    inner = thinned((features @ weights["in.w"] + weights["in.b"]).clip(0))
    inner = thinned(inner + (inner @ weights["inner.w"] + weights["inner.b"]).clip(0))
    out = (inner @ weights["out.w"] + weights["out.b"]).mean(0)
    marks, up = out[:, : 4 * COUNT].reshape(-1, COUNT, 4), out[:, 4 * COUNT : -1]
    up = up / ((up**2).sum(-1)[:, None] + 1e-6) ** 0.5
    return Believed(points + _UNIT * marks[..., :3], _DOUBT + marks[..., 3], up, _UP_DOUBT + out[:, -1])
