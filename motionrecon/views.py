"""What was seen of a person, and the person as the fit found it: what the stages of a reconstruction hand on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

if TYPE_CHECKING:
    from motionrecon.body import Body
    from motionrecon.cameras.base import Camera
    from motionrecon.core.clock import Clock
    from motionrecon.ground.base import Ground


@dataclass(frozen=True)
class View:
    """One person seen by one camera in T frames.

    Attributes:
        camera: where it was seen from.
        clock: the frames' even clock; views of one person share it.
        pixels: (T, 33, 2) keypoints without the lens's distortion, NaN where unseen.
        weight: (T, 33) root weights of the keypoints: `motionrecon.core.landmarks.TRUST` times the root of the
            detector's confidence; 0 where unseen.
        points_3d: (T, 33, 3) the detector's own 3D guess: metres, about the hips, in the camera's axes; NaN where there
            is none.
        tracked: (T,) where the person was seen, or a gap was short enough to be bridged.
    """

    camera: Camera
    clock: Clock
    pixels: Float[np.ndarray, "T 33 2"]
    weight: Float[np.ndarray, "T 33"]
    points_3d: Float[np.ndarray, "T 33 3"]
    tracked: Bool[np.ndarray, " T"]

    def __len__(self) -> int:
        return len(self.pixels)

    def part(self, frames: slice) -> View:
        """The same of some of the frames; their clock keeps its rate."""
        return replace(
            self,
            camera=self.camera.at(frames),
            pixels=self.pixels[frames],
            weight=self.weight[frames],
            points_3d=self.points_3d[frames],
            tracked=self.tracked[frames],
        )


@dataclass(frozen=True)
class Figure:
    """A person as the kinematic fit found it: in T poses, on the ground, before the cameras.

    Attributes:
        body: at the person's own shape, ready to be simulated.
        views: what it was found from, one for each camera; the cameras stand where they were found.
        ground: what it stands on, at the height that it was found at.
        qpos: (T, nq) the kinematic trajectory.
    """

    body: Body
    views: tuple[View, ...]
    ground: Ground
    qpos: Float[np.ndarray, "T nq"]

    def __len__(self) -> int:
        return len(self.qpos)

    @property
    def tracked(self) -> Bool[np.ndarray, " T"]:
        """(T,) where any camera saw the person."""
        return np.any([view.tracked for view in self.views], axis=0)
