"""What is plotted: panels of lines, left and right in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.core.sides import split
from motionrecon.mechanics.angles import JOINTS
from motionrecon.mechanics.summary import Mechanics

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


#: The unit of angles, of which a full turn is none.
DEGREES = "degrees"


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        title: what is shown.
        unit: of its values.
        lines: side ("left", "right", or "" in the middle) -> (T,) values, NaN where there are none.
        share: how many of a second unit one is, and that unit, for a scale on the right; None for no such scale.
        zero: whether a line stands at 0, which the scale then holds.
    """

    title: str
    unit: str
    lines: dict[str, Float[np.ndarray, " T"]]
    share: tuple[float, str] | None = None
    zero: bool = True


def angle_panels(motion: Motion, found: Mechanics) -> list[list[Panel]]:
    """Rows of joints with their angles."""
    return _by_joint(found.angles.names, np.degrees(found.angles.values) * _told(motion), DEGREES, None)


def moment_panels(motion: Motion, found: Mechanics) -> list[list[Panel]]:
    """Rows of joints with their internal moments."""
    values = found.moments.values * _simulated(motion)
    return _by_joint(found.moments.names, values, "N m", (1 / found.mass, "N m/kg"))


def power_panels(motion: Motion, found: Mechanics) -> list[list[Panel]]:
    """The power of each joint, three in a row."""
    values = found.moments.power * _simulated(motion)
    panels = _paired(found.moments.joint_names, values, "W", (1 / found.mass, "W/kg"))
    return [panels[i : i + 3] for i in range(0, len(panels), 3)]


def force_panels(motion: Motion, found: Mechanics) -> list[list[Panel]]:
    """The ground's force on each foot, in the person's axes."""
    force = found.feet.force * _simulated(motion)[..., None]
    flat = np.einsum("ij,tfj->tfi", found.heading, force[..., :2])
    parts = {"upward": force[..., 2], "forward": flat[..., 0], "to the left": flat[..., 1]}
    share = (1 / found.weight, "body weights")
    return [
        [Panel(f"Ground force, {name}", "N", _of_feet(found.feet.names, values), share)]
        for name, values in parts.items()
    ]


def mass_panels(motion: Motion, found: Mechanics) -> list[list[Panel]]:
    """The centre of mass: where it is from its first place on, in the person's axes, and how high."""
    told = _told(motion)
    moved = (found.com[:, :2] - found.com[first_told(motion), :2]) @ found.heading.T * told
    speed = found.com_velocity[:, :2] @ found.heading.T * told
    return [
        [
            Panel("Centre of mass, forward", "m", {"": moved[:, 0]}),
            Panel("Speed, forward", "m/s", {"": speed[:, 0]}),
        ],
        [
            Panel("Centre of mass, to the left", "m", {"": moved[:, 1]}),
            Panel("Speed, to the left", "m/s", {"": speed[:, 1]}),
        ],
        [
            Panel("Centre of mass, height", "m", {"": found.com[:, 2] * told[:, 0]}, zero=False),
            Panel("Speed, upward", "m/s", {"": found.com_velocity[:, 2] * told[:, 0]}),
        ],
    ]


def first_told(motion: Motion) -> int:
    """The first frame that tells of the person; 0 where none does."""
    return int(np.argmax(motion.told))


def _told(motion: Motion) -> Float[np.ndarray, "T 1"]:
    return np.where(motion.told, 1.0, np.nan)[:, None]


def _simulated(motion: Motion) -> Float[np.ndarray, "T 1"]:
    return np.where(motion.simulated, 1.0, np.nan)[:, None]


def _by_joint(
    names: tuple[str, ...], values: Float[np.ndarray, "T A"], unit: str, share: tuple[float, str] | None
) -> list[list[Panel]]:
    of = {panel.title: panel for panel in _paired(names, values, unit, share)}
    rows = [[of[_spoken(c.name)] for c in joint.coordinates if _spoken(c.name) in of] for joint in JOINTS]
    merged: list[list[Panel]] = []
    for row in rows:
        if merged and len(merged[-1]) + len(row) <= 3:
            merged[-1] = merged[-1] + row
        else:
            merged.append(row)
    return merged


def _paired(
    names: tuple[str, ...], values: Float[np.ndarray, "T A"], unit: str, share: tuple[float, str] | None
) -> list[Panel]:
    """A panel for each name without its side, with a line for each side."""
    lines: dict[str, dict[str, np.ndarray]] = {}
    for name, column in zip(names, values.T, strict=True):
        side, bare = split(name)
        lines.setdefault(_spoken(bare), {})[side] = column
    return [Panel(title, unit, of, share) for title, of in lines.items()]


def _of_feet(names: tuple[str, ...], values: Float[np.ndarray, "T F"]) -> dict[str, Float[np.ndarray, " T"]]:
    return {name.partition("_")[0]: values[:, i] for i, name in enumerate(names)}


def _spoken(name: str) -> str:
    return name.replace("_", " ").capitalize()
