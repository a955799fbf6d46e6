"""Spatiotemporal measures of gait: how fast somebody walks or runs, and how long, wide and even their steps are.

Each is a mean over the whole strides or steps that a motion holds (`motionrecon.mechanics.steps`), with the standard
deviation between them and their number.

| measure | unit | of each | what |
| --- | --- | --- | --- |
| ``speed`` | m/s | stride | its length over its time |
| ``cadence`` | steps/min | stride | two steps over its time |
| ``stride_length``, ``stride_time`` | m, s | stride | from where, and when, a foot stands to where it stands next |
| ``stance_time``, ``swing_time``, ``stance_percent`` | s, % | stride | from strike to off, from off to strike |
| ``double_support_time``, ``double_support_percent`` | s, % | stride | both feet are down: twice in walking, the sum |
| ``flight_time`` | s | stride | no foot is on the ground: twice in running, the sum |
| ``step_length`` | m | step | by how much a heel comes down ahead of the other |
| ``step_width`` | m | step | by how much a heel stands to its own side of the other |
| ``step_time`` | s | step | from the other foot's strike to this one's |
| ``step_length_symmetry``, ... | % | | (left - right) over their mean: 0 is even; none where one is not above 0 |

A left step is one that the left foot ends. A foot's strike and off are where the force on it crosses 20 N; a light
touch of less than 0.2 s, with less than half of the weight, as of a foot that scuffs the floor in swing, is none. A
foot stands where its heel is in the first half of its stance; lengths are along the line from there to where it stands
next, and widths across it, so that they hold on curves. Where nobody walks or runs forward for a whole stride (strike
to strike of the same foot, and the other's in between), in frames that were simulated, there are no numbers, and it
says why. It also says how often a foot came down and did so again (``uncounted``, within 3 s and simulated) and that
was no such stride. Who walks on a treadmill walks over its belt.

All lengths scale with the person's height (``--height``). Below 15 frames a second, contact times are guesses.
The first and last step of a walk from and to rest count, too.
Filmed by one camera from the side, one leg is half hidden behind the other, and it says that what differs between left
and right may be the film's doing.

Definitions are those of Perry and Burnfield 2010 (Gait Analysis, 2nd ed.,
ch. 1) and Whittle 2007 (Gait Analysis, 4th ed., ch. 2), that of steps on the floor Huxham et al.'s (2006, Gait Posture
23, 159-163), and the symmetry index Robinson et al.'s (1987, J. Manipulative Physiol. Ther. 10, 172-176).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import pose
from motionrecon.core.sides import SIDES
from motionrecon.mechanics.events import FootEvents, foot_events, repeats
from motionrecon.mechanics.feet import FootForces, foot_forces, weight_of
from motionrecon.mechanics.steps import Step, Stride, strides_and_steps

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

_One = TypeVar("_One", Stride, Step)

#: Frames per second below which it is a guess when a foot comes down.
FEW = 15
#: Strikes of a foot that a stride takes.
_STRIDE = 2
#: Steps of each side that a symmetry index takes at least.
_EVEN = 2
#: Cosine of the angle between the line of the hips and the line of sight from which on somebody is in profile.
_PROFILE = 0.7
#: What is told of both sides together.
BOTH = "both"
#: Measures that are told of both sides only.
_OF_BOTH = ("speed", "cadence", "double_support_time", "double_support_percent", "flight_time")
#: Measures whose symmetry is told.
_COMPARED = ("step_length", "step_time", "stance_time", "swing_time")
_LENGTHS = ("m", "m/s")

#: Measure -> unit, what it is, and its value for one stride.
_OF_STRIDES: dict[str, tuple[str, str, Callable[[Stride], float]]] = {
    "speed": ("m/s", "length of a stride over its time", lambda s: s.length / (s.end - s.start)),
    "cadence": ("steps/min", "two steps over the time of a stride", lambda s: 120 / (s.end - s.start)),
    "stride_length": (
        "m",
        "from where the heel stands to where the same heel stands next, over the floor",
        lambda s: s.length,
    ),
    "stride_time": ("s", "from a foot's strike to its next one", lambda s: s.end - s.start),
    "stance_time": ("s", "from a foot's strike to its leaving the ground", lambda s: s.off - s.start),
    "swing_time": ("s", "from a foot's leaving the ground to its next strike", lambda s: s.end - s.off),
    "stance_percent": (
        "%",
        "stance time in percent of the stride time",
        lambda s: 100 * (s.off - s.start) / (s.end - s.start),
    ),
    "double_support_time": (
        "s",
        "time within a stride in which both feet are on the ground: twice in walking, added up; never in running",
        lambda s: s.double_support,
    ),
    "double_support_percent": (
        "%",
        "double support time in percent of the stride time",
        lambda s: 100 * s.double_support / (s.end - s.start),
    ),
    "flight_time": (
        "s",
        "time within a stride in which no foot is on the ground: twice in running, added up; never in walking",
        lambda s: s.flight,
    ),
}
#: The same of steps.
_OF_STEPS: dict[str, tuple[str, str, Callable[[Step], float]]] = {
    "step_length": (
        "m",
        "by how much a foot's heel comes down ahead of the other's, along the line of the stride",
        lambda s: s.length,
    ),
    "step_width": (
        "m",
        "by how much a foot's heel stands to its own side of the other's, across the line of the stride; negative "
        "where it crosses over",
        lambda s: s.width,
    ),
    "step_time": ("s", "from the other foot's strike to this one's", lambda s: s.end - s.start),
}


@dataclass(frozen=True)
class Measure:
    """One measure over the strides or steps of a motion.

    Attributes:
        name: ``step_length``, ...; with ``_symmetry`` at its end where it compares left and right.
        side: left, right, or both.
        unit: m, s, m/s, steps/min or %.
        mean, sd: over them; NaN where there are none, the standard deviation also where there is but one.
        count: how many there are.
        what: its definition.
    """

    name: str
    side: str
    unit: str
    mean: float
    sd: float
    count: int
    what: str

    @property
    def is_length(self) -> bool:
        """Whether it scales with the person's height."""
        return self.unit in _LENGTHS


@dataclass(frozen=True)
class Gait:
    """How somebody walks or runs.

    Attributes:
        strides: all whole ones, in the order of their ends.
        steps: those within them.
        reason: why there are none, in a few words; empty where there are.
        fps: frames per second of the motion.
        uncounted: how often a foot came down and did so again, within the time of a stride and simulated all the while,
            and it was none: backward or sideways, too short, hardly seen, or without one strike of the other foot in
            between that parts it evenly.
        hidden: the side whose leg is behind the other one, left or right, where a single camera films from the side;
            else empty.
    """

    strides: tuple[Stride, ...]
    steps: tuple[Step, ...]
    reason: str
    fps: float
    uncounted: int = 0
    hidden: str = ""

    @property
    def kind(self) -> str:
        """``walk``, or ``run`` where feet are off the ground together for longer than on it (Novacheck 1998, Gait
        Posture 7, 77-95); empty where there are no strides.
        """
        if not self.strides:
            return ""
        return "run" if sum(s.flight - s.double_support for s in self.strides) > 0 else "walk"

    @property
    def guessed(self) -> bool:
        """Whether the film has too few frames a second to tell when feet come down and leave the ground."""
        return self.fps < FEW

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """All measures, of each side and of both; where nobody walks, too, with NaN for what is not known."""
        found = [
            *(one for name, (unit, what, value) in _OF_STRIDES.items()
              for one in _over(name, unit, what, self.strides, value)),
            *(one for name, (unit, what, value) in _OF_STEPS.items()
              for one in _over(name, unit, what, self.steps, value)),
        ]  # fmt: skip
        of = {(one.name, one.side): one for one in found}
        return (*found, *(_symmetry(of[name, "left"], of[name, "right"]) for name in _COMPARED))

    def __getitem__(self, key: str | tuple[str, str]) -> Measure:
        """A measure by its name, of both sides, or by its name and its side: ``gait["step_length", "left"]``."""
        name, side = (key, BOTH) if isinstance(key, str) else key
        for one in self.measures:
            if (one.name, one.side) == (name, side):
                return one
        raise KeyError(key)


def gait(motion: Motion) -> Gait:
    """How somebody walks or runs in a motion.

    Contact times need the simulation; without one there are none. All lengths scale with the person's height.
    """
    at = pose(motion.model, motion.qpos)
    return gait_of(motion, events_of(motion, foot_forces(motion, at)))


def events_of(motion: Motion, feet: FootForces) -> tuple[FootEvents, ...]:
    """When each foot comes down and leaves the ground."""
    vertical, weight = feet.force[..., 2], weight_of(motion.model)
    return tuple(
        foot_events(name, vertical[:, i], motion.fps, motion.simulated, weight) for i, name in enumerate(feet.names)
    )


def gait_of(motion: Motion, events: Sequence[FootEvents]) -> Gait:
    """The same, where the events of its feet are known."""
    joints = dict(zip(motion.joint_names, motion.joints.transpose(1, 0, 2), strict=True))
    strides, steps = strides_and_steps(events, joints, motion.tracked, motion.fps)
    reason = "" if strides else _reason(motion, events)
    uncounted = sum(repeats(foot, motion.simulated, motion.fps) for foot in events) - len(strides)
    return Gait(tuple(strides), tuple(steps), reason, motion.fps, uncounted, _hidden(motion, joints))


def _hidden(motion: Motion, joints: Mapping[str, Float[np.ndarray, "T 3"]]) -> str:
    """The side whose leg the other one hides from the only camera in most frames; empty where there is none."""
    if len(motion.cameras) > 1:
        return ""
    left, right = joints["left_hip"], joints["right_hip"]
    away, sight = left - right, 0.5 * (left + right) - motion.camera.eye
    along = (away * sight).sum(1) / np.maximum(np.linalg.norm(away, axis=1) * np.linalg.norm(sight, axis=1), 1e-9)
    shares = {"left": np.mean(along > _PROFILE), "right": np.mean(along < -_PROFILE)}
    return next((side for side, share in shares.items() if share > 0.5), "")


def _reason(motion: Motion, events: Sequence[FootEvents]) -> str:
    """Why no stride is told."""
    if not motion.simulated.any():
        return "nothing was simulated, and without forces nobody knows when feet come down"
    strikes = {foot.name: len(foot.strikes) for foot in events}
    if max(strikes.values(), default=0) < _STRIDE:
        told = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in strikes.items())
        return f"too few foot strikes ({told or 'no feet'}): a whole stride is from one to the next of the same foot"
    return "nobody walks or runs forward over the floor for a whole stride"


def _over(name: str, unit: str, what: str, those: Sequence[_One], value: Callable[[_One], float]) -> Iterator[Measure]:
    """A measure over strides or steps: of left, right and both together."""
    for side in (BOTH,) if name in _OF_BOTH else (*SIDES, BOTH):
        values = np.array([value(one) for one in those if side in (one.side, BOTH)])
        values = values[np.isfinite(values)]
        yield Measure(name, side, unit, *_mean_and_sd(values), len(values), what)


def _mean_and_sd(values: Float[np.ndarray, " n"]) -> tuple[float, float]:
    mean = float(values.mean()) if len(values) else float("nan")
    return mean, float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _symmetry(left: Measure, right: Measure) -> Measure:
    """The symmetry index of a measure: 0 where both sides are alike."""
    count = min(left.count, right.count)
    compared = count >= _EVEN and min(left.mean, right.mean) > 0  # of steps that lead back, the index means nothing
    index = 200 * (left.mean - right.mean) / (left.mean + right.mean) if compared else float("nan")
    spoken = left.name.replace("_", " ")
    told = f"0 is even; from {_EVEN} of each side on, where both means are above 0"
    what = f"(left - right) / half of (left + right) {spoken}, in percent: {told}"
    return Measure(f"{left.name}_symmetry", BOTH, "%", index, float("nan"), count, what)
