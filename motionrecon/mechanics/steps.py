"""The strides and steps of somebody who walks or runs forward, from when and where their feet come down.

A **stride** is what a gait cycle is in time: from one strike of a foot to its next one, with the other foot's strike in
between. A **step** is from a strike of one foot to the next strike of the other, and belongs to the foot that ends it
(Perry and Burnfield 2010, Gait Analysis, ch. 1; Whittle 2007, Gait Analysis, ch. 2). Their times are those of the
motion's own events (`motionrecon.mechanics.events`).

Where a foot stands is where its heel is in the first half of its stance, before the heel rises: the median there.
Lengths are along, and widths across, the line from one place of a foot to its next one, so that they hold on a curve as
on a straight line (Huxham et al. 2006, Gait Posture 23, 159-163).

Steps on the spot, sideways and backward are none; nor are those of which the film does not show the person. Who
walks on a treadmill walks over its belt, where it was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.core.sides import OUTWARDS, SIDES, side_of
from motionrecon.mechanics.events import FootEvents, GaitCycle

#: Metres that a stride of somebody who walks takes a foot ahead at least; shorter ones are made on the spot.
SHORTEST = 0.2
#: Of the angle between the pelvis's mean direction and a stride, the least cosine: 60 degrees aside.
_AHEAD = 0.5
#: Share of a stride that each of its two steps takes at least: feet that come down together jump.
_PART = 0.2
#: Share of a stride's frames in which the person may be unseen.
_UNSEEN = 0.1
#: Moments in the first half of a stance at which the heel's place is asked.
_MOMENTS = np.linspace(0.0, 0.5, 21)


@dataclass(frozen=True)
class Stride:
    """From one strike of a foot to its next one.

    Attributes:
        side: left or right.
        start, off, end: seconds at which the foot comes down, leaves the ground, and comes down again.
        between: seconds at which the other foot comes down.
        length: metres from its place to its next one.
        double_support: seconds of it in which both feet are on the ground.
        flight: seconds of it in which none is.
    """

    side: str
    start: float
    off: float
    end: float
    between: float
    length: float
    double_support: float
    flight: float


@dataclass(frozen=True)
class Step:
    """From a strike of the other foot to that of this one.

    Attributes:
        side: of the foot that ends it.
        start, end: seconds of the two strikes.
        length: metres by which the foot comes down ahead of the other.
        width: metres by which it comes down to its own side of the other; negative where it crosses over. NaN where the
            foot has no whole stride before: the other's says how long its step is, but its width is that one's own.
    """

    side: str
    start: float
    end: float
    length: float
    width: float


def strides_and_steps(
    events: Sequence[FootEvents],
    joints: Mapping[str, Float[np.ndarray, "T 3"]],
    seen: Bool[np.ndarray, " T"],
    fps: float,
) -> tuple[list[Stride], list[Step]]:
    """All whole strides of walking or running forward, and the steps in them, in the order of their ends.

    Args:
        events: of the left and the right foot.
        joints: where heels and hips are, by their names, metres, z up.
        seen: frames in which the film shows the person.
        fps: frames per second.
    """
    feet = {side_of(foot.name): foot for foot in events}
    if set(feet) != set(SIDES):
        return [], []
    walk = _Walk(feet, joints, seen, fps)
    strides = sorted(
        (found for side in SIDES for cycle in feet[side].cycles if (found := walk.stride(side, cycle))),
        key=lambda one: one.end,
    )
    steps: dict[tuple[str, float], Step] = {}
    for one in strides:  # a foot's own stride says where its step leads; the other's where that has none
        steps[one.side, one.end] = walk.step(one, own=True)
    for one in strides:
        steps.setdefault((_other(one.side), one.between), walk.step(one, own=False))
    return strides, sorted(steps.values(), key=lambda step: step.end)


class _Walk:
    """What is known of the two feet."""

    def __init__(
        self,
        feet: Mapping[str, FootEvents],
        joints: Mapping[str, Float[np.ndarray, "T 3"]],
        seen: Bool[np.ndarray, " T"],
        fps: float,
    ) -> None:
        self._feet, self._joints, self._seen, self._fps = feet, joints, seen, fps
        self._time = np.arange(len(seen)) / fps
        stances = [cycle.off - cycle.start for foot in feet.values() for cycle in foot.cycles]
        #: Seconds of a stance, for one whose end is not known.
        self._stance = float(np.median(stances)) if stances else 0.0

    def stride(self, side: str, cycle: GaitCycle) -> Stride | None:
        """The stride of a gait cycle; None where it is none of somebody who walks or runs forward and is seen."""
        here, there = self._feet[side], self._feet[_other(side)]
        start, end = cycle.start, cycle.end
        between = there.strikes[(there.strikes > start) & (there.strikes < end)]
        if len(between) != 1 or not _PART <= (between[0] - start) / (end - start) <= 1 - _PART:
            return None
        during = (self._time >= start) & (self._time <= end)
        if np.mean(~self._seen[during]) > _UNSEEN:
            return None
        ahead = self._place(side, end) - self._place(side, start)
        length = float(np.linalg.norm(ahead))
        across = (self._joints["left_hip"] - self._joints["right_hip"])[during, :2].mean(axis=0)
        forward = np.array([across[1], -across[0]])
        if length < SHORTEST or ahead @ forward < _AHEAD * length * np.linalg.norm(forward):
            return None
        both = _common(here.stances, there.stances, start, end)
        whole = np.array([[start, end]])
        either = _common(here.stances, whole, start, end) + _common(there.stances, whole, start, end) - both
        flight = max(0.0, end - start - either)
        return Stride(side, start, cycle.off, end, float(between[0]), length, both, flight)

    def step(self, stride: Stride, *, own: bool) -> Step:
        """The second step of a stride, which is of its own foot, or the first one, which is of the other."""
        side = stride.side
        first, last = self._place(side, stride.start), self._place(side, stride.end)
        ahead = (last - first) / stride.length
        leftward = np.array([-ahead[1], ahead[0]])
        other = self._place(_other(side), stride.between)
        if not own:
            return Step(_other(side), stride.start, stride.between, float((other - first) @ ahead), float("nan"))
        width = OUTWARDS[side] * float((first - other) @ leftward)
        return Step(side, stride.between, stride.end, float((last - other) @ ahead), width)

    def _place(self, side: str, strike: float) -> Float[np.ndarray, " 2"]:
        """Where a foot stands that comes down then; as far as the motion goes on."""
        offs = self._feet[side].offs
        later = offs[offs > strike]
        lasts = float(later[0]) - strike if len(later) else self._stance
        moments = np.minimum(strike + _MOMENTS * lasts, self._time[-1])
        heel = self._joints[f"{side}_heel"]
        return np.array([np.median(np.interp(moments, self._time, heel[:, axis])) for axis in (0, 1)])


def _common(first: Float[np.ndarray, "n 2"], second: Float[np.ndarray, "m 2"], start: float, end: float) -> float:
    """Seconds between start and end in which one of the first and one of the second spans last."""
    low = np.maximum(np.maximum(first[:, None, 0], second[None, :, 0]), start)
    high = np.minimum(np.minimum(first[:, None, 1], second[None, :, 1]), end)
    return float(np.clip(high - low, 0.0, None).sum())


def _other(side: str) -> str:
    return SIDES[1 - SIDES.index(side)]
