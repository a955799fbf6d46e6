"""C3D, the file of motion capture laboratories: landmarks as points, ground forces as two force platforms, gait events.

Points are the 33 landmarks by their names, millimetres, Z up, in the world's own axes; where nobody was seen and
nothing was simulated they are marked as invalid. The forces, where the motion was simulated, are analog channels at
the points' rate and platforms of type 2 (forces in N, moments in N mm about the middle of their surface): one platform
for the left foot and one for the right, both as large as all that the feet trod on, since each is a foot's force rather
than a plate's. As of a real platform, their axes have Z down; what they tell is what the floor does to the foot, so
that ``Fz`` of somebody who stands is negative. **They are simulated, not measured**, and the channels' descriptions say
so, and [how they were filtered](#filters).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from motionrecon.core.files import atomic
from motionrecon.errors import OutputError
from motionrecon.export.filters import MEAN, NONE
from motionrecon.mechanics.feet import FootForces
from motionrecon.mechanics.summary import Mechanics, mechanics

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: Metres of a platform around what the feet trod on.
_MARGIN = 0.2
#: A platform's axes as columns, in the world's: x forward, Z down.
_PLATFORM = np.diag([1.0, -1.0, -1.0])
_CHANNELS = ("Fx", "Fy", "Fz", "Mx", "My", "Mz")


def write(motion: Motion, path: str | Path) -> None:
    """Write the landmarks, ground forces and gait events of ``motion`` to ``path``.

    Raises:
        OutputError: the file cannot be written, or the package that writes it is missing.
    """
    try:
        import ezc3d
    except ImportError as error:
        raise OutputError("C3D is written by the package ezc3d, which is missing; run: pip install ezc3d") from error

    found = mechanics(motion)
    file = ezc3d.c3d()
    _add_points(file, motion)
    if motion.simulated.any() and found.feet.names:
        _add_platforms(file, motion, found.feet)
        _add_events(file, found)
    file.add_parameter("MANUFACTURER", "SOFTWARE", ["motionrecon"])
    file.add_parameter("SUBJECTS", "NAMES", ["person"])
    with atomic(path) as temporary:
        file.write(str(temporary))


def _add_points(file: Any, motion: Motion) -> None:
    points = file["parameters"]["POINT"]
    points["UNITS"]["value"] = ["mm"]
    points["RATE"]["value"] = [motion.fps]
    points["LABELS"]["value"] = list(motion.joint_names)
    points["DESCRIPTIONS"]["value"] = [f"filter: {NONE}"] * len(motion.joint_names)
    file.add_parameter("POINT", "X_SCREEN", ["+X"])
    file.add_parameter("POINT", "Y_SCREEN", ["+Z"])
    places = 1e3 * motion.joints.transpose(2, 1, 0)
    file["data"]["points"] = np.concatenate([places, np.ones((1, *places.shape[1:]))])
    residuals = np.where(motion.told, 0.0, -1.0)
    file["data"]["meta_points"]["residuals"] = np.broadcast_to(residuals, (1, *places.shape[1:])).copy()


def _add_platforms(file: Any, motion: Motion, feet: FootForces) -> None:
    trodden = feet.pressure[..., :2].reshape(-1, 2)
    low, high = trodden.min(axis=0) - _MARGIN, trodden.max(axis=0) + _MARGIN
    middle = np.array([*(0.5 * (low + high)), 0.0])
    half = 0.5 * (high - low)
    # Where its x and y are both positive, then counter-clockwise seen from above its own Z.
    signs = np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]])
    corners = 1e3 * (middle + signs * [*half, 0.0] @ _PLATFORM.T)
    names = [f"{foot}_{channel}" for foot in feet.names for channel in _CHANNELS]
    signals = np.concatenate([_signals(feet, i, middle) for i in range(len(feet.names))], axis=1)
    analog = file["parameters"]["ANALOG"]
    analog["RATE"]["value"] = [motion.fps]
    analog["LABELS"]["value"] = names
    analog["UNITS"]["value"] = ["N", "N", "N", "Nmm", "Nmm", "Nmm"] * len(feet.names)
    analog["DESCRIPTIONS"]["value"] = [f"simulated; filter: {MEAN}"] * len(names)
    file["data"]["analogs"] = signals.T[None]
    count = len(feet.names)
    platforms = file["parameters"]["FORCE_PLATFORM"]
    for name, value in (
        ("USED", np.array([count])),
        ("TYPE", np.full(count, 2)),
        ("CORNERS", np.repeat(corners.T[:, :, None], count, axis=2)),
        ("ORIGIN", np.zeros((3, count))),
        ("CHANNEL", 1 + np.arange(6 * count).reshape(count, 6).T),
    ):
        platforms[name]["value"] = value


def _signals(feet: FootForces, i: int, middle: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "T 6"]:
    """What a platform under a foot would tell: N, and N mm about the middle of its surface, in its axes.

    The force acts on its surface, also where a sole sinks in by some millimetres.
    """
    force = feet.force[:, i]
    surface, upright = np.array([1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    moment = np.cross(surface * (feet.pressure[:, i] - middle), force) + upright * feet.moment[:, i]
    return np.hstack([force @ _PLATFORM, 1e3 * moment @ _PLATFORM])


def _add_events(file: Any, found: Mechanics) -> None:
    for foot in found.events:
        side = foot.name.partition("_")[0].capitalize()
        for label, times in (("Foot Strike", foot.strikes), ("Foot Off", foot.offs)):
            for time in times.tolist():
                file.add_event(time=[0.0, time], context=side, label=label, subject="person")
