"""One person as a detector sees them in one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Detection:
    """One person in one frame.

    Attributes:
        pixels: x right, y down, pixels of the original frame; NaN where unknown.
        confidence: in [0, 1]: MediaPipe's visibility times presence, less outside the image.
        points_3d: metres, hip centred, x right, y down, z along the line of sight to the person; NaN where unknown.
    """

    pixels: Float[np.ndarray, "33 2"]
    confidence: Float[np.ndarray, " 33"]
    points_3d: Float[np.ndarray, "33 3"]

    @property
    def box(self) -> Float[np.ndarray, " 4"]:
        """(x0, y0, x1, y1) around the landmarks, pixels."""
        return np.concatenate([np.nanmin(self.pixels, axis=0), np.nanmax(self.pixels, axis=0)])

    @property
    def size(self) -> float:
        """The longer side of the box, pixels: for most poses close to the person's height in the image."""
        box = self.box
        return float(max(box[2] - box[0], box[3] - box[1], 1.0))
