"""What a layer is made of: shapes that the page knows how to draw and to move, by arrays over the motion's frames.

The page draws these and knows nothing of bodies or motions, so that a new layer needs no JavaScript.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float32, Int, UInt8, UInt16, UInt32

#: Red, green and blue, 0 to 255.
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Track:
    """How B frames move through T frames of a motion; meshes ride on them.

    Attributes:
        position: (T, B, 3) metres.
        wxyz: (T, B, 4) unit quaternions.
        lit: (T, B) how much what rides on it glows, 0 to 1; none glow where empty.
    """

    position: Float32[np.ndarray, "T B 3"]
    wxyz: Float32[np.ndarray, "T B 4"]
    lit: Float32[np.ndarray, "T b"]


@dataclass(frozen=True)
class MeshPart:
    """Triangles that bend with the frames of a track by linear blend skinning.

    Attributes:
        track: name of the track.
        vertices, normals: (V, 3) while every frame is as `rest_position` and `rest_wxyz` say.
        faces: (F, 3) counter-clockwise from outside.
        bodies, weights: (V, 4) the frames that a vertex follows, and how much of 255 it follows each.
        colours: (V, 3).
        rest_position, rest_wxyz: (B, 3) and (B, 4) of the frames at rest.
        opacity: below 1, only its nearest surface is seen through.
        ground: belongs to the world: it is not coloured when nobody was seen.
    """

    kind: ClassVar[str] = "mesh"
    track: str
    vertices: Float32[np.ndarray, "V 3"]
    normals: Float32[np.ndarray, "V 3"]
    faces: UInt32[np.ndarray, "F 3"]
    bodies: UInt16[np.ndarray, "V 4"]
    weights: UInt8[np.ndarray, "V 4"]
    colours: UInt8[np.ndarray, "V 3"]
    rest_position: Float32[np.ndarray, "B 3"]
    rest_wxyz: Float32[np.ndarray, "B 4"]
    opacity: float = 1.0
    ground: bool = False


@dataclass(frozen=True)
class ArrowPart:
    """A force as an arrow with its size beside it; not drawn where it is less than `least`.

    Attributes:
        name: what it acts on, in words.
        origin: (T, 3) metres.
        vector: (T, 3) newtons.
        metres_per_newton: its length.
    """

    kind: ClassVar[str] = "arrow"
    name: str
    origin: Float32[np.ndarray, "T 3"]
    vector: Float32[np.ndarray, "T 3"]
    metres_per_newton: float
    least: float
    colour: Colour


@dataclass(frozen=True)
class LinePart:
    """Straight lines between pairs of points, as wide in metres wherever they are.

    Attributes:
        points: (T, P, 3), or (1, P, 3) where they stand still.
        pairs: (N, 2).
        grows: draw only pairs whose number is at most the frame's: a path as far as it was walked.
    """

    kind: ClassVar[str] = "line"
    points: Float32[np.ndarray, "t P 3"]
    pairs: Int[np.ndarray, "N 2"]
    colour: Colour
    width: float
    grows: bool = False


@dataclass(frozen=True)
class BallPart:
    """Balls of one radius at moving points, (T, P, 3) or (1, P, 3)."""

    kind: ClassVar[str] = "ball"
    points: Float32[np.ndarray, "t P 3"]
    colour: Colour
    radius: float


@dataclass(frozen=True)
class WordPart:
    """Words at a moving point, (T, 3) or (1, 3), in the frames of `shown`; in all where that is empty."""

    kind: ClassVar[str] = "word"
    text: str
    at: Float32[np.ndarray, "t 3"]
    shown: UInt8[np.ndarray, " f"] = field(default_factory=lambda: np.zeros(0, np.uint8))


Part = MeshPart | ArrowPart | LinePart | BallPart | WordPart


def bytes_of(weights: Float[np.ndarray, "V k"]) -> UInt8[np.ndarray, "V 4"]:
    """Weights that sum to 1 as four bytes that sum to 255."""
    whole = np.zeros((len(weights), 4))
    whole[:, : weights.shape[1]] = np.round(255 * weights)
    largest = whole.argmax(axis=1)
    whole[np.arange(len(whole)), largest] += 255 - whole.sum(axis=1)
    return whole.astype(np.uint8)
