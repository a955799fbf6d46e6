"""One person as a detector sees them in one picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from motionrecon.core.landmarks import MIRROR


@dataclass(frozen=True)
class SeenHands:
    """The left and the right hand of a person, as somebody looked for them around each wrist.

    Attributes:
        pixels: (2, 21, 2) in MediaPipe's order: the wrist, then four points of each finger from thumb to little one;
            x right, y down, of the original frame; NaN where there is none.
        points_3d: (2, 21, 3) metres, x right, y down, z along the line of sight to the hand; NaN where there is none.
        confidence: (2,) in [0, 1]; 0 where there is none.
    """

    pixels: Float[np.ndarray, "2 21 2"]
    points_3d: Float[np.ndarray, "2 21 3"]
    confidence: Float[np.ndarray, " 2"]

    @staticmethod
    def none() -> SeenHands:
        """Nobody's."""
        return SeenHands(np.full((2, 21, 2), np.nan), np.full((2, 21, 3), np.nan), np.zeros(2))


@dataclass(frozen=True)
class Detection:
    """One person in one frame.

    Attributes:
        pixels: x right, y down, pixels of the original frame; NaN where unknown.
        confidence: in [0, 1]: MediaPipe's visibility times presence, less outside the image.
        points_3d: metres, hip centred, x right, y down, z along the line of sight to the person; NaN where unknown.
        hands: where they were looked for.
        second: the same person at a second look, at the mirrored picture (`motionrecon.keypoints.mirrored`), mirrored
            back; None where nobody took one, or it does not show them.
    """

    pixels: Float[np.ndarray, "33 2"]
    confidence: Float[np.ndarray, " 33"]
    points_3d: Float[np.ndarray, "33 3"]
    hands: SeenHands | None = None
    second: Detection | None = None

    def moved(self, shift: Float[np.ndarray, " 2"]) -> Detection:
        """The same elsewhere in the picture."""
        hands = None if self.hands is None else replace(self.hands, pixels=self.hands.pixels + shift)
        second = None if self.second is None else self.second.moved(shift)
        return replace(self, pixels=self.pixels + shift, hands=hands, second=second)

    def mirrored(self, width: float) -> Detection:
        """The same person as a picture of that width, mirrored left to right, shows them; no hands, no second look."""
        pixels, points_3d = self.pixels[MIRROR], self.points_3d[MIRROR]
        pixels[:, 0] = width - pixels[:, 0]
        points_3d[:, 0] *= -1.0
        return Detection(pixels, self.confidence[MIRROR], points_3d)

    @property
    def box(self) -> Float[np.ndarray, " 4"]:
        """(x0, y0, x1, y1) around the landmarks, pixels."""
        return np.concatenate([np.nanmin(self.pixels, axis=0), np.nanmax(self.pixels, axis=0)])

    @property
    def size(self) -> float:
        """The longer side of the box, pixels: for most poses close to the person's height in the image."""
        box = self.box
        return float(max(box[2] - box[0], box[3] - box[1], 1.0))
