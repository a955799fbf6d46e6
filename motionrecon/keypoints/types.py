"""What a detector saw of one person in every frame of a clip."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.background.tracks import BackgroundTracks


@dataclass(frozen=True)
class HandKeypoints:
    """The left and the right hand in every frame, where somebody looked for them; what they saw may be anybody's.

    Attributes:
        pixels: 21 points of each hand in MediaPipe's order (the wrist, then four of each finger, from its root on, from
            the thumb to the little one), of the frame as `Keypoints.pixels`; NaN where no hand was found.
        points_3d: the detector's own 3D: metres, axes as of `Keypoints.points_3d`, about any point.
        confidence: in [0, 1]; 0 where no hand was found, or nobody looked.
    """

    pixels: Float[np.ndarray, "T 2 21 2"]
    points_3d: Float[np.ndarray, "T 2 21 3"]
    confidence: Float[np.ndarray, "T 2"]


@dataclass(frozen=True)
class Keypoints:
    """BlazePose keypoints of one person on an even clock.

    Attributes:
        pixels: of the (rotated) video frame, x right, y down; NaN where the person is not tracked.
        confidence: in [0, 1]; 0 where there is no evidence.
        points_3d: the detector's own 3D guess: metres, centred between the hips, axes as OpenCV's camera (x right,
            y down, z forward) if it were turned to the person, whom the detector sees cut out of the picture
            (`motionrecon.cameras.sightline`); NaN where unknown (a keypoint file may have none at all).
        tracked: False for a frame without the person.
        fps: frames per second of the even clock; frame t is at ``t / fps`` seconds.
        image_size: (width, height) in pixels.
        warnings: what the user should know (several people, flips undone, variable frame rate).
        hands: if they were looked for.
        background: what was followed of it, which says how the camera moves; None if nobody looked.
        detector: name of the detector whose guess the 3D is; empty where it is not known.
        mirrored: whether that detector looked at each picture mirrored, too, and these are the mean of both looks.
    """

    pixels: Float[np.ndarray, "T 33 2"]
    confidence: Float[np.ndarray, "T 33"]
    points_3d: Float[np.ndarray, "T 33 3"]
    tracked: Bool[np.ndarray, " T"]
    fps: float
    image_size: tuple[int, int]
    warnings: tuple[str, ...] = field(default=())
    hands: HandKeypoints | None = None
    background: BackgroundTracks | None = None
    detector: str = ""
    mirrored: bool = False

    def __len__(self) -> int:
        return len(self.pixels)

    def cut(self, frames: range) -> Keypoints:
        """Those of some of the frames, one after the other."""
        part, hands, background = slice(frames.start, frames.stop), self.hands, self.background
        if hands is not None:
            hands = HandKeypoints(hands.pixels[part], hands.points_3d[part], hands.confidence[part])
        return replace(
            self,
            pixels=self.pixels[part],
            confidence=self.confidence[part],
            points_3d=self.points_3d[part],
            tracked=self.tracked[part],
            hands=hands,
            background=None if background is None else replace(background, first=background.first + frames.start),
        )
