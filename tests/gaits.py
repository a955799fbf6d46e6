"""A made-up walker or runner whose gait is known: points over time, forces under the feet, and a motion of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from motions import body, kinematic

from motionrecon.core.landmarks import INDEX
from motionrecon.core.sides import OUTWARDS, SIDES
from motionrecon.mechanics.events import THRESHOLD, FootEvents, foot_events
from motionrecon.result.motion import Motion

#: Newtons a second by which a foot's load grows around the threshold, and its ends.
_SLOPE, _ENDS = 4000.0, (-500.0, 700.0)


@dataclass(frozen=True)
class Walker:
    """Feet that come down in turn, each of their steps like the last; the first one, the left one's, is at ``begins``.

    Attributes:
        length, time: (left, right) metres and seconds of a step.
        width: metres between the lines on which the heels come down.
        stance: (left, right) seconds of a stance.
        heading: radians from the world's x.
        facing: radians of the pelvis from the heading.
    """

    length: tuple[float, float] = (0.7, 0.6)
    time: tuple[float, float] = (0.5, 0.6)
    width: float = 0.1
    stance: tuple[float, float] = (0.65, 0.7)
    heading: float = 0.0
    facing: float = 0.0
    begins: float = 0.2
    seconds: float = 5.0

    def strikes(self, side: int) -> np.ndarray:
        """When a foot comes down."""
        return self.begins + (self.time[1] if side else 0.0) + sum(self.time) * np.arange(-2, 20)

    def places(self, side: int) -> np.ndarray:
        """Where it then stands, along and across."""
        along = (self.length[1] if side else 0.0) + sum(self.length) * np.arange(-2, 20)
        return np.column_stack([along, np.full(len(along), 0.5 * self.width * OUTWARDS[SIDES[side]])])

    def heel(self, side: int, time: np.ndarray) -> np.ndarray:
        """(T, 3): still in stance, on its way in swing, in the world."""
        strikes, places = self.strikes(side), self.places(side)
        k = np.searchsorted(strikes, time, "right") - 1
        swing = np.clip((time - strikes[k] - self.stance[side]) / (sum(self.time) - self.stance[side]), 0, 1)
        flat = places[k] + (swing**2 * (3 - 2 * swing))[:, None] * (places[k + 1] - places[k])
        return np.column_stack([flat @ _turn(self.heading).T, np.zeros(len(time))])

    def force(self, side: int, time: np.ndarray) -> np.ndarray:
        """(T,) vertical force, which passes the threshold at a strike and at an off, and is linear about there."""
        since = time[:, None] - self.strikes(side)
        inside = np.minimum(since, self.stance[side] - since).max(axis=1)
        return np.clip(THRESHOLD + _SLOPE * inside, *_ENDS)

    def joints(self, fps: float) -> dict[str, np.ndarray]:
        """Heels and hips by their names."""
        time = np.arange(round(self.seconds * fps)) / fps
        heels = {f"{side}_heel": self.heel(i, time) for i, side in enumerate(SIDES)}
        middle = 0.5 * sum(heels.values())
        leftward = _turn(self.heading + self.facing) @ [0.0, 0.1]
        hips = {f"{side}_hip": middle + OUTWARDS[side] * np.array([*leftward, 0.0]) for side in SIDES}
        return heels | hips

    def events(self, fps: float) -> tuple[FootEvents, ...]:
        time = np.arange(round(self.seconds * fps)) / fps
        known = np.ones(len(time), bool)
        return tuple(
            foot_events(f"{side}_foot", self.force(i, time), fps, known, _ENDS[1]) for i, side in enumerate(SIDES)
        )

    def motion(self, fps: float = 50.0) -> Motion:
        """A motion that is simulated from end to end, as its controls say, with these heels, hips and forces."""
        joints = self.joints(fps)
        frames = len(joints["left_heel"])
        motion = kinematic(np.repeat(body().rest_qpos[None], frames, axis=0), fps)
        places, force = motion.joints.copy(), motion.contact_force.copy()
        for name, place in joints.items():
            places[:, INDEX[name]] = place
        for i, side in enumerate(SIDES):
            point = next(k for k, name in enumerate(motion.contact_names) if name.startswith(side))
            force[:, point, 2] = self.force(i, motion.time)
        steps = (frames - 1) * motion.steps_per_frame
        start = np.hstack([0.0, motion.qpos[0], motion.qvel[0]])[None]
        ctrl = np.zeros((steps, motion.model.nu))
        return replace(motion, joints=places, contact_force=force, ctrl=ctrl, segments=start)


def _turn(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])
