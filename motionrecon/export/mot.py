"""MOT of joint angles: the values of OpenSim's coordinates, in degrees.

The coordinates are those of the model that ``.osim`` writes, by the names that gait2392 and Rajagopal2016 use where
they have them: ``pelvis_tilt``, ``hip_flexion_r``, ``knee_angle_l``, ``ankle_angle_r``, ``subtalar_angle_r``,
``lumbar_extension``, ``arm_flex_l``, ``elbow_flex_r``. Angles are degrees, ``pelvis_tx``, ``_ty`` and ``_tz`` metres,
Y up (a world point (x, y, z) is (x, z, -y)). Load the motion with that model, and it stands where the video's person
did. With one of OpenSim's own models the pelvis's origin is elsewhere in the pelvis, by some centimetres, and its
zero is another by its usual tilt; bring that model into the pose by inverse kinematics of the ``.trc`` instead.

The format has no gaps: where nobody was seen and nothing was simulated, these are the angles of the body that waits,
and the ``.trc`` says which frames have no markers.

A knee flexes to the positive side, as Rajagopal2016's does; ``signs="gait2392"`` is for that model, whose knee flexes
to the negative side.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motionrecon.body.pose import pose
from motionrecon.errors import InputError
from motionrecon.export.filters import NONE
from motionrecon.export.opensim import coordinates_of
from motionrecon.export.storage_file import write_storage

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: Models whose signs can be had -> the sign of a knee's flexion.
_KNEES = {"rajagopal": 1.0, "gait2392": -1.0}


def write(motion: Motion, path: str | Path, *, signs: str = "rajagopal") -> None:
    """Write the joint angles of ``motion`` to ``path``.

    Args:
        motion: what is written.
        path: the file.
        signs: whose signs the angles have: rajagopal (knees flex to the positive side; the default, and what the
            model of --format osim has), or gait2392.

    Raises:
        InputError: ``signs`` is none of these.
        OutputError: the file cannot be written.
    """
    if signs not in _KNEES:
        raise InputError(f"signs={signs}: no such model is known; use one of {', '.join(_KNEES)}")
    found = coordinates_of(motion.body, pose(motion.model, motion.qpos))
    knees = [name.startswith("knee_angle") for name in found.names]
    values = np.where(found.turns, np.degrees(found.values), found.values)
    values = np.where(knees, _KNEES[signs] * values, values)
    notes = [
        "Coordinates of an OpenSim model: degrees and metres, Y up. Written by motionrecon.",
        f"Filter: {NONE}.",
    ]
    write_storage(path, motion.time, found.names, values, degrees=True, notes=notes)
