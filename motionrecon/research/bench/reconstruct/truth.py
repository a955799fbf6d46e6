"""What is known of a clip: where the person was, seen from where, and how the floor pushed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.arrays import pack, unpack
from motionrecon.core.files import read_arrays, write_arrays


@dataclass(frozen=True)
class Truth:
    """The truth of one clip of T frames, in a world that is z up with its floor at z = 0.

    Attributes:
        fps: frames per second.
        joints: (T, 33, 3) of the landmarks of `motionrecon.core.landmarks`, metres; NaN where nobody knows.
        are_marks: whether they are where the detector would mark the landmarks, rather than the joints' centres.
        camera: that filmed it, posed in that world.
        height: of the person, metres.
        mass: kilograms.
        force: (T, 2, 3) of the floor on the left and the right foot, newtons, a mean over the time from half a frame
            before the frame to half a frame after it; NaN where nobody knows.
        angle_names: (A,) of anatomical angles, as `motionrecon.mechanics.angles` has them; none where nobody knows.
        angles: (T, A) those angles, radians.
        ankle_moment: (T, 2) of the left and the right ankle, which points the toes down, newton metres a kilogram; None
            where nobody knows.
    """

    fps: float
    joints: Float[np.ndarray, "T 33 3"]
    are_marks: bool
    camera: Pinhole
    height: float
    mass: float
    force: Float[np.ndarray, "T 2 3"]
    angle_names: tuple[str, ...]
    angles: Float[np.ndarray, "T A"]
    ankle_moment: Float[np.ndarray, "T 2"] | None = None

    def __len__(self) -> int:
        return len(self.joints)

    def part(self, frames: slice) -> Truth:
        """Some of its frames, at an even distance; forces stay means over the same time."""
        per_frame = {name: getattr(self, name)[frames] for name in ("joints", "force", "angles")}
        moment = None if self.ankle_moment is None else self.ankle_moment[frames]
        return replace(self, fps=self.fps / (frames.step or 1), ankle_moment=moment, **per_frame)


def save_truth(truth: Truth, path: Path) -> None:
    """Write a truth.

    Raises:
        OutputError: it cannot be written.
    """
    write_arrays(path, pack(truth))


def load_truth(path: Path) -> Truth:
    """Read what `save_truth` wrote.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no truth.
    """
    return unpack(Truth, read_arrays(path))
