"""What a detector saw of one person in every frame of a clip."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Keypoints:
    """BlazePose keypoints of one person on an even clock.

    Attributes:
        pixels: (T, 33, 2), pixels of the (rotated) video frame, x right, y down; NaN where the person is not tracked.
        confidence: (T, 33) in [0, 1]; 0 where there is no evidence.
        points_3d: (T, 33, 3), the detector's own 3D guess: metres, centred between the hips, axes as OpenCV's camera
            (x right, y down, z forward); NaN where unknown (a keypoint file may have none at all).
        tracked: (T,) bool, False for a frame without the person.
        fps: frames per second of the even clock; frame t is at ``t / fps`` seconds.
        image_size: (width, height) in pixels.
        warnings: what the user should know (several people, flips undone, camera moves, variable frame rate).
    """

    pixels: np.ndarray
    confidence: np.ndarray
    points_3d: np.ndarray
    tracked: np.ndarray
    fps: float
    image_size: tuple[int, int]
    warnings: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.pixels)
