"""A motion as a mannequin does it, before it is simulated or filmed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from motionrecon.data.deepmimic import MannequinMotion
from motionrecon.data.make_clip import Performance
from motionrecon.data.mannequin import INDEX, SEGMENTS, Mannequin, parent
from motionrecon.data.scene import Prop
from motionrecon.data.suites.synthetic.people import Leg

#: Frames per second of all clips.
FPS = 30.0
#: Metres by which clothes and flesh may dent the floor.
_DENT = 0.008
#: Frames over which the height over the floor is smoothed.
_SMOOTH = 2.0


@dataclass(frozen=True)
class Acted:
    """What a mannequin does, `FPS` frames a second.

    Attributes:
        root: (T, 3) place of the pelvis, metres, z up.
        rotations: (T, 15, 3, 3) orientations of the segments.
        props: what else is in the room.
    """

    root: Float[np.ndarray, "T 3"]
    rotations: Float[np.ndarray, "T 15 3 3"]
    props: tuple[Prop, ...] = ()

    def on_floor(self, person: Mannequin, never_flies: bool = False) -> Acted:
        """With the lowest that a shoe usually comes at z = 0, and lifted where anything else would be lower.

        Args:
            person: who does it.
            never_flies: one of the shoes is on the floor at any time, as of those who walk.
        """
        positions = person.forward(self.root, self.rotations)
        feet = [(i, person.local_vertices(name).T) for i, name in enumerate(SEGMENTS) if name.endswith("foot")]
        heights = [positions[:, i, 2] + (self.rotations[:, i, 2] @ shoe).min(1) for i, shoe in feet]
        soles = np.minimum(*heights)
        usual = np.full(len(soles), np.percentile(soles, 5))
        down = gaussian_filter1d(soles, _SMOOTH) if never_flies else usual
        lowest = np.array([person.skin(p, r)[:, 2].min() for p, r in zip(positions, self.rotations, strict=True)])
        lift = maximum_filter1d(np.clip(down - lowest - _DENT, 0.0, None), 5)
        root = self.root.copy()
        root[:, 2] += gaussian_filter1d(lift, _SMOOTH) - down
        return replace(self, root=root)

    def as_motion(self, person: Mannequin) -> MannequinMotion:
        """As what a simulation of that very mannequin follows."""
        local = self.rotations.copy()
        for i, name in enumerate(SEGMENTS[1:], start=1):
            local[:, i] = self.rotations[:, INDEX[parent(name) or ""]].transpose(0, 2, 1) @ self.rotations[:, i]
        leg = Leg.of(person)
        return MannequinMotion(FPS, self.root, local, leg.hips)

    def kinematic(self, person: Mannequin) -> Performance:
        """Without forces."""
        return Performance.kinematic(person, FPS, self.root, self.rotations)


class Act(Protocol):
    """A motion that any mannequin can do."""

    @property
    def source(self) -> str:
        """Where it is from, in words."""

    def by(self, person: Mannequin) -> Acted:
        """As this mannequin does it."""
