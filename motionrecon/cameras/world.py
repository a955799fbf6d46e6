"""Whether a calibrated pose can be in a world like ours (Z up, the floor near z = 0, metres); what is wrong if not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Float

from motionrecon.errors import InputError

#: Nobody films a person from farther away than this, metres, and hardly anybody calibrates one so far from the origin.
FARTHEST = 200.0
_FAR = 50.0
#: From where people are filmed, metres: what a number in another unit is taken to have meant.
_USUAL = 4.0
#: Cameras that are nearer to each other than this, metres, are as good as one.
_ONE_PLACE = 0.03
#: Other units in which calibrations are written: metres in them, and their names.
_OTHER_UNITS = {0.01: "centimetres", 0.001: "millimetres", 0.3048: "feet"}
#: Sine of the angle by which a direction may be off before it counts as another one.
_CLEARLY = 0.7


def likely_unit(metres: float, expected: float = _USUAL) -> tuple[float, str]:
    """The unit in which a number that was taken for metres gives what is expected: metres in it, and its name."""
    return min(_OTHER_UNITS.items(), key=lambda unit: abs(math.log(metres * unit[0] / expected)))


def unit_hint(metres: float, expected: float = _USUAL) -> str:
    """What to do about a length that is too large to be in metres."""
    factor, name = likely_unit(metres, expected)
    short = {"centimetres": "cm", "millimetres": "mm", "feet": "feet"}[name]
    how = f'write unit = "{short}" into the file, or ' if short != "feet" else ""
    return f"it is probably in {name} ({metres * factor:.3g} m); {how}give metres"


def check_world(
    where: str,
    R: Float[np.ndarray, "3 3"],
    t: Float[np.ndarray, " 3"],
    origin: str | None = None,
) -> tuple[bool, list[str]]:
    """Whether a pose says where up is, and what is odd about it, as warnings.

    Args:
        where: how the messages call the camera.
        R, t: world to camera, metres.
        origin: the camera of the same file that is the world's origin itself, if one is.

    Raises:
        InputError: it is farther away than anybody films.
    """
    if origin is not None:
        return False, [
            f"{where} is posed in camera {origin}'s own frame, whose up and floor nobody knows; they are estimated as "
            "without a pose (give a calibration whose world is Z-up with the floor at z = 0)"
        ]
    away = float(np.abs(t).max())  # no square of 1e308
    if away > FARTHEST or np.linalg.norm(t) > FARTHEST:
        raise InputError(
            f"{where}: the translation {[float(f'{x:.6g}') for x in t]} is too far away; {unit_hint(away)}"
        )
    said = []
    if (far := float(np.linalg.norm(t))) > _FAR:
        said.append(f"{where} is {far:.0f} m away from the world's origin; if that is not so, {unit_hint(far)}")
    height = float(-R[:, 2] @ t)
    up = R[:, 2]  # the world's z axis in the camera's frame, which is x right, y down, z forward
    upright = up[1] < _CLEARLY and abs(up[0]) < _CLEARLY and up[2] < _CLEARLY
    if height > 0 and upright:
        if up[2] < -0.9 and R[1, 1] < -0.9 and (-R[:, 1] @ t) > 0.3:
            return True, [
                *said,
                f"{where} looks straight down from {height:.2f} m; if it does not, its world is Y-up, and must be Z-up "
                "with the floor at z = 0",
            ]
        return True, said
    if height <= 0:
        what = f"{where} stands {-height:.2f} m below the floor"
    elif up[2] >= _CLEARLY:
        what = f"{where} looks steeply upwards"
    else:
        what = f"{where} is tilted: the world's up is {'down' if up[1] >= _CLEARLY else 'sideways'} in its picture"
    return True, [*said, f"{what}; its world must be Z-up with the floor at z = 0{_cause(R, t)}"]


def check_apart(wheres: Sequence[str], places: Sequence[Float[np.ndarray, " 3"]]) -> list[str]:
    """What is odd about where cameras of one world stand to each other, as warnings.

    Args:
        wheres: how the messages call the cameras.
        places: of their eyes, metres.

    Raises:
        InputError: two are farther from each other than anybody films.
    """
    said: list[str] = []
    pairs = list(combinations(range(len(places)), 2))
    if not pairs:
        return said
    apart = [float(np.abs(places[i] - places[j]).max()) for i, j in pairs]  # no square of 1e308
    most, least = int(np.argmax(apart)), int(np.argmin(apart))
    (i, j), (k, m) = pairs[most], pairs[least]
    between = f"{wheres[i]} and {wheres[j]} stand {apart[most]:.4g} m from each other"
    if apart[most] > FARTHEST:
        raise InputError(f"{between}; {unit_hint(apart[most])}")
    if apart[most] > _FAR:
        said.append(f"{between}; if that is not so, {unit_hint(apart[most])}")
    if apart[least] < _ONE_PLACE:
        said.append(
            f"{wheres[k]} and {wheres[m]} stand in one place ({1000 * apart[least]:.0f} mm from each other), and show "
            "nothing of depth together; if they do not, their poses or the unit are wrong"
        )
    return said


def _cause(R: Float[np.ndarray, "3 3"], t: Float[np.ndarray, " 3"]) -> str:
    """What the pose may be instead: of a camera that stands upright above the floor."""

    def stands(up: Float[np.ndarray, " 3"], height: float) -> bool:
        return height > 0 and up[1] < -0.5

    centre = -R.T @ t
    worlds = {"Z-down": (-R[:, 2], -centre[2]), "camera to world instead of world to camera": (R.T[:, 2], t[2])}
    for axis, name in ((1, "Y"), (0, "X")):
        worlds[f"{name}-up"] = (R[:, axis], centre[axis])
        worlds[f"{name}-down"] = (-R[:, axis], -centre[axis])
    found = [name for name, (up, height) in worlds.items() if height > 0 and up[1] < -_CLEARLY]
    return f" (this one seems to be {' or '.join(found)})" if found else ""
