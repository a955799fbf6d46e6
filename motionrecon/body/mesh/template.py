"""A person who is a mesh, in the zero pose, cut into segments: all that a model of them is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.mesh.moments import moved
from motionrecon.body.mesh.segments import Segments
from motionrecon.body.mjcf import CONTACT_NAMES
from motionrecon.core import landmarks
from motionrecon.core.sides import SIDES, split

#: The segment that carries each landmark of a limb: its name without its side.
_CARRIER = {
    "shoulder": "upper_arm",
    "elbow": "forearm",
    "wrist": "hand",
    "pinky": "hand",
    "index": "hand",
    "thumb": "hand",
    "hip": "thigh",
    "knee": "shank",
    "ankle": "foot",
    "heel": "foot",
    "foot_index": "toes",
}
#: Segments that a vertex follows at most: as many as glTF and game engines take.
MOST = 4


@dataclass(frozen=True, eq=False)  # what follows from one is looked up by which it is
class Template:
    """A person in the zero pose, a T pose: x forward, y left, z up, metres, the first segment's origin near the hips.

    Attributes:
        tree: the S segments.
        origins: (S, 3) the centres of the joints that carry the segments.
        vertices: (V, 3) of the skin.
        faces: (F, 3) counter-clockwise seen from outside.
        segments: (V, k) the segments that a vertex follows.
        weights: (V, k) how much it follows each.
        moments: (S, 4, 4) volume, first and second moments of the segments about their origins (`Parts.moments`).
        landmarks: (33, 3) in the order of `motionrecon.core.landmarks`.
        soles: (8, 3) where the feet touch the ground: the lowest points of the balls `CONTACT_NAMES`.
        capsules: (S, 2, 3) ends of the axes of capsules that fill the segments, in their frames.
        radii: (S,) of these capsules; 0 where there is none.
    """

    tree: Segments
    origins: Float[np.ndarray, "S 3"]
    vertices: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    segments: Int[np.ndarray, "V k"]
    weights: Float[np.ndarray, "V k"]
    moments: Float[np.ndarray, "S 4 4"]
    landmarks: Float[np.ndarray, "33 3"]
    soles: Float[np.ndarray, "8 3"]
    capsules: Float[np.ndarray, "S 2 3"]
    radii: Float[np.ndarray, " S"]

    @property
    def index(self) -> dict[str, int]:
        """The segments' numbers by their names."""
        return self.tree.index

    @cached_property
    def carriers(self) -> Int[np.ndarray, " 33"]:
        """The segments that carry the landmarks."""
        return np.array([self.index[carrier_of(name)] for name in landmarks.NAMES])

    @property
    def standing(self) -> Float[np.ndarray, " 2"]:
        """How high the soles of the left and the right foot are: their lowest points."""
        return np.asarray(self.soles[:, 2].reshape(len(SIDES), -1).min(1))

    def place(self, name: str) -> Float[np.ndarray, " 3"]:
        """The centre of the joint that carries a segment."""
        return np.asarray(self.origins[self.index[name]])

    def mark(self, name: str) -> Float[np.ndarray, " 3"]:
        """Where a landmark is."""
        return np.asarray(self.landmarks[landmarks.INDEX[name]])

    def scaled(self, factor: float) -> Template:
        """The person, so many times as large."""
        lengths = ("origins", "vertices", "landmarks", "soles", "capsules", "radii")
        count = len(self.origins)
        grown = moved(self.moments, np.tile(factor * np.eye(3), (count, 1, 1)), np.zeros((count, 3)))
        return replace(self, moments=grown, **{name: factor * getattr(self, name) for name in lengths})

    def own(self, name: str) -> Float[np.ndarray, "n 3"]:
        """The vertices that follow a segment more than others, in its frame."""
        mine = np.take_along_axis(self.segments, self.weights.argmax(1)[:, None], axis=1)[:, 0] == self.index[name]
        return np.asarray(self.vertices[mine] - self.place(name))


def carrier_of(landmark: str) -> str:
    """The segment that carries a landmark."""
    side, part = split(landmark)
    return f"{side}_{_CARRIER[part]}" if part in _CARRIER else "head"


def sole_carriers(tree: Segments) -> Int[np.ndarray, " 8"]:
    """The segments that carry the balls `CONTACT_NAMES` under the feet."""
    return np.array([tree.index[f"{split(n)[0]}_{'toes' if n.endswith('toe') else 'foot'}"] for n in CONTACT_NAMES])


def foremost(
    weights: Float[np.ndarray, "V S"], most: int = MOST
) -> tuple[Int[np.ndarray, "V k"], Float[np.ndarray, "V k"]]:
    """The segments that each vertex follows most, and how much of it follows each of these."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :most]
    kept = np.take_along_axis(weights, order, axis=1)
    return order, kept / kept.sum(1, keepdims=True)
