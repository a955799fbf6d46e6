"""Everything that a motion tells, as named columns over time: what tables and plots are made of.

Angles are degrees; lengths, forces and the rest are in SI units; the axes are the world's (x, y, z up), and of forces
and velocities also the person's own, forward and to the left. A column's name ends with its unit, and what is positive
is said of every angle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.body.fingers import ANGLES
from motionrecon.core.sides import SIDES
from motionrecon.mechanics.angles import Articulation, articulations
from motionrecon.mechanics.events import SHORTEST, THRESHOLD
from motionrecon.mechanics.names import ctrl_names, qpos_names
from motionrecon.mechanics.summary import Mechanics

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

_XYZ = "xyz"


@dataclass(frozen=True)
class Column:
    """One quantity in each of T frames.

    Attributes:
        name: with its unit at the end.
        unit: in words; "" for a number without one.
        group: what it belongs to: ``angles``.
        axes: about or along which axis it is, and what is positive.
        what: what it is.
        values: (T,), NaN where there is none.
    """

    name: str
    unit: str
    group: str
    axes: str
    what: str
    values: Float[np.ndarray, " T"]


def columns(motion: Motion, found: Mechanics, *, normalized: bool = False) -> list[Column]:
    """All columns of a motion.

    Args:
        motion: whose they are.
        found: what follows from it.
        normalized: forces in body weights, moments and power per kilogram of body mass.
    """
    table = _Table(motion, found, normalized)
    every = [
        *table.time(),
        *table.angles(),
        *table.moments(),
        *table.power(),
        *table.forces(),
        *table.centres(),
        *table.landmarks(),
        *table.contacts(),
        *table.hands(),
        *table.model(),
    ]
    # Names of landmarks and of a model's parts may hold anything, which a spreadsheet might take for a formula.
    return [replace(column, name=plain(column.name)) for column in every]


def plain(name: str) -> str:
    """A name without what a spreadsheet takes for a formula, or a table for its end."""
    return re.sub(r"^-|[^\w.-]+", "_", name)


class _Table:
    """The columns of one motion, group by group."""

    def __init__(self, motion: Motion, found: Mechanics, normalized: bool) -> None:
        self._motion, self._found = motion, found
        self._force = (1 / found.weight, "BW", "body weights") if normalized else (1.0, "N", "N")
        self._moment = (1 / found.mass, "Nm_kg", "N m/kg") if normalized else (1.0, "Nm", "N m")
        self._power = (1 / found.mass, "W_kg", "W/kg") if normalized else (1.0, "W", "W")
        self._along, self._origin = _world(motion)
        (x, y), _ = found.heading
        what = "where the pelvis looks on average" if found.belt is None else "the way walked over the treadmill's belt"
        facing = f"{what}, ({x:.3f}, {y:.3f}) in the world's x and y"
        self._forward = {"forward": f"forward: {facing}", "leftward": f"to the left of forward, which is {facing}"}
        #: 1 in frames that were simulated, NaN in others, which have no forces.
        self._simulated = np.where(motion.simulated, 1.0, np.nan)
        #: 1 in frames that tell of the person, NaN where they were neither seen nor simulated.
        self._told = np.where(motion.told, 1.0, np.nan)

    def time(self) -> Iterator[Column]:
        motion = self._motion
        count = np.arange(len(motion), dtype=float)
        yield Column("frame", "", "time", "", "number of the frame, from 0", count)
        yield Column("time_s", "s", "time", "", "seconds from the first frame", motion.time)
        seen = motion.tracked.astype(float)
        yield Column(
            "tracked", "", "time", "", "1 where the video showed the person, 0 where the motion is a guess", seen
        )
        done = motion.simulated.astype(float)
        yield Column(
            "simulated", "", "time", "", "1 where the motion was simulated; elsewhere there are no forces", done
        )

    def angles(self) -> Iterator[Column]:
        angles = self._found.angles
        for i, (name, axes, what) in enumerate(_described(articulations(self._motion.body))):
            assert name == angles.names[i]
            values = np.degrees(angles.values[:, i]) * self._told
            yield Column(f"{name}_deg", "deg", "angles", axes, f"angle of {what}", values)

    def moments(self) -> Iterator[Column]:
        moments, (scale, mark, unit) = self._found.moments, self._moment
        joints = [one for one in articulations(self._motion.body) if one.proximal is not None]
        for i, (name, axes, what) in enumerate(_described(joints)):
            assert name == moments.names[i]
            values = scale * moments.values[:, i] * self._simulated
            yield Column(
                f"{name}_moment_{mark}",
                unit,
                "moments",
                axes,
                f"internal moment, on the distal segment, of {what}",
                values,
            )

    def power(self) -> Iterator[Column]:
        moments, (scale, mark, unit) = self._found.moments, self._power
        for i, name in enumerate(moments.joint_names):
            values = scale * moments.power[:, i] * self._simulated
            says = "positive drives the motion, negative brakes it"
            yield Column(f"{name}_power_{mark}", unit, "power", says, f"power of the {_spoken(name)}", values)

    def forces(self) -> Iterator[Column]:
        feet, (scale, mark, unit) = self._found.feet, self._force
        total = ("total", feet.force.sum(axis=1))
        for name, force in (*((foot, feet.force[:, i]) for i, foot in enumerate(feet.names)), total):
            for k, axis in enumerate(_XYZ):
                on = "all feet" if name == "total" else f"the {_spoken(name)}"
                values = scale * force[:, k] * self._simulated
                what = f"force of the floor on {on}"
                yield Column(f"{name}_force_{axis}_{mark}", unit, "forces", self._along[axis], what, values)
            own = scale * force * self._simulated[:, None]
            yield from self._walking(f"{name}_force", mark, unit, "forces", f"force of the floor on {on}", own)
        scale, mark, unit = self._moment
        for i, foot in enumerate(feet.names):
            values = scale * feet.moment[:, i, 2] * self._simulated
            what = f"free moment of the floor on the {_spoken(foot)}, at its centre of pressure"
            yield Column(f"{foot}_free_moment_{mark}", unit, "forces", "about the world's z (up)", what, values)
            down = self._found.events[i].grounded * self._simulated
            what = f"1 while more than {THRESHOLD:g} N bear the {_spoken(foot)}; under {SHORTEST:g} s is no change"
            yield Column(f"{foot}_on_ground", "", "forces", "", what, down)

    def centres(self) -> Iterator[Column]:
        found = self._found
        feet = found.feet
        loaded = np.where(feet.loaded, 1.0, np.nan) * self._simulated[:, None]
        for i, foot in enumerate(feet.names):
            what = f"centre of pressure under the {_spoken(foot)}; none while it bears nothing"
            yield from self._place(f"{foot}_cop", "centres", what, feet.pressure[:, i] * loaded[:, i : i + 1])
        if feet.names:
            any_loaded = np.where(feet.loaded.any(axis=1), self._simulated, np.nan)[:, None]
            yield from self._place("total_cop", "centres", "centre of pressure", feet.total_pressure() * any_loaded)
        told = self._told[:, None]
        yield from self._place("com", "centres", "centre of mass", found.com * told)
        velocity = found.com_velocity * told
        for k, axis in enumerate(_XYZ):
            what = "velocity of the centre of mass"
            yield Column(f"com_velocity_{axis}_m_s", "m/s", "centres", self._along[axis], what, velocity[:, k])
        yield from self._walking("com_velocity", "m_s", "m/s", "centres", what, velocity)

    def landmarks(self) -> Iterator[Column]:
        for i, name in enumerate(self._motion.joint_names):
            what = f"landmark {_spoken(name)} of the simulated body"
            yield from self._place(name, "landmarks", what, self._motion.joints[:, i] * self._told[:, None])

    def contacts(self) -> Iterator[Column]:
        scale, mark, unit = self._force
        for i, name in enumerate(self._motion.contact_names):
            spoken = _spoken(name)
            point = self._found.contact_point[:, i] * self._told[:, None]
            yield from self._place(f"{name}_point", "contacts", f"lowest end of the foot point {spoken}", point)
            for k, axis in enumerate(_XYZ):
                values = scale * self._motion.contact_force[:, i, k] * self._simulated
                what = f"force of the floor on the foot point {spoken}"
                yield Column(f"{name}_point_force_{axis}_{mark}", unit, "contacts", self._along[axis], what, values)

    def hands(self) -> Iterator[Column]:
        hands = self._motion.hands
        if hands is None:
            return
        for i, side in enumerate(SIDES):
            seen = hands.seen[:, i].astype(float)
            what = "1 where the film shows the hand; elsewhere its fingers are a guess"
            yield Column(f"{side}_hand_seen", "", "hands", "", what, seen)
            what = f"tracked, not simulated: how far the {side} hand is turned from the simulated one, about any axis"
            turn = 2 * np.degrees(np.arccos(np.minimum(np.abs(hands.turns[:, i, 0]), 1.0)))
            yield Column(f"{side}_hand_turn_deg", "deg", "hands", "never negative", what, turn)
            for j, name in enumerate(ANGLES):
                towards = "the palm" if name.endswith("flexion") else "the thumb's side"
                straight = "0 where the finger is straight and points along the forearm"
                what = f"tracked, not simulated: the {side} {_spoken(name)}; {straight}"
                values = np.degrees(hands.angles[:, i, j])
                yield Column(f"{side}_{name}_deg", "deg", "hands", f"positive: towards {towards}", what, values)

    def model(self) -> Iterator[Column]:
        motion = self._motion
        for i, name in enumerate(qpos_names(motion.model)):
            place = f"qpos[{i}] of the MuJoCo model (model.xml)"
            unit, mark = ("m", "_m") if i < 3 else ("", "") if i < 7 else ("rad", "_rad")
            yield Column(f"qpos_{name}{mark}", unit, "model", "as in model.xml", place, motion.qpos[:, i])
        for i, name in enumerate(ctrl_names(motion.model)):
            place, values = f"joint_torque[{i}]: torque of that actuator", motion.joint_torque[:, i] * self._simulated
            yield Column(f"torque_{name}_Nm", "N m", "model", "as in model.xml", place, values)

    def _walking(
        self, name: str, mark: str, unit: str, group: str, what: str, values: Float[np.ndarray, "T 3"]
    ) -> Iterator[Column]:
        """The level parts of a vector along and across the direction that the person faces."""
        level = values[:, :2] @ self._found.heading.T
        for k, (direction, axes) in enumerate(self._forward.items()):
            yield Column(f"{name}_{direction}_{mark}", unit, group, axes, what, level[:, k])

    def _place(self, name: str, group: str, what: str, values: Float[np.ndarray, "T 3"]) -> Iterator[Column]:
        for k, axis in enumerate(_XYZ):
            axes = f"{self._along[axis]}, from {self._origin if axis != 'z' else 'the floor'}"
            yield Column(f"{name}_{axis}_m", "m", group, axes, what, values[:, k])


def _described(joints: Iterable[Articulation]) -> Iterator[tuple[str, str, str]]:
    """Of each angle: its name, its axis with what is positive, and the joint with the segments that it is between."""
    for one in joints:
        proximal = "the world" if one.proximal is None else f"the {_spoken(one.proximal.name)}"
        distal = f"the {_spoken(one.distal.name)}"
        between = f"{_spoken(one.name)} ({distal} in {proximal})"
        for name, coordinate in zip(one.names, one.coordinates, strict=True):
            letter = one.joint.sequence[coordinate.place]
            axis = (f"{letter} of {proximal}", f"the floating {letter}", f"{letter} of {distal}")[coordinate.place]
            yield name, f"about {axis} (ISB); positive: {coordinate.positive}", between


def _world(motion: Motion) -> tuple[dict[str, str], str]:
    """Where each axis of the world points, and where x and y begin, in words (see docs/conventions.md)."""
    camera = motion.report.camera
    if camera is None:  # a motion that was not reconstructed from a video
        says, origin = {"x": "level", "y": "level, to the left of x"}, "the world's origin"
    elif camera.pose == "calibrated":
        says, origin = {axis: f"the calibration's {axis}" for axis in "xy"}, "the calibration's origin"
    else:
        says = {"x": "level, to the right of the first camera", "y": "level, away from the first camera"}
        origin = "the first camera"
    says["z"] = "up"
    return {axis: f"along the world's {axis} ({words})" for axis, words in says.items()}, origin


def _spoken(name: str) -> str:
    return name.replace("_", " ")
