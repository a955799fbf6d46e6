"""MOT of ground forces: what the floor does to each foot, as OpenSim's inverse dynamics takes it.

``ground_force_r_vx`` to ``_vz`` is the force on the right foot, N; ``ground_force_r_px`` to ``_pz`` where it acts (the
centre of pressure), metres; ``ground_torque_r_x`` to ``_z`` the moment about there, N m; and the same of the left foot.
Y is up (a world vector (x, y, z) is (x, z, -y)), and a standing person is pushed upwards. The forces are simulated, not
measured, and are zero where nothing was simulated: the format has no gaps. Where a foot bears nothing, the point is the
middle of its sole.

A file whose name ends with ``_forces.mot`` is of this format; other ``.mot`` files are of joint angles. Beside
``walk_forces.mot`` stands ``walk_forces.loads.xml``, which tells OpenSim that these forces act on ``calcn_r`` and
``calcn_l``: give it to the inverse dynamics tool as its external loads.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motionrecon.core.files import atomic
from motionrecon.errors import InputError
from motionrecon.export.filters import MEAN
from motionrecon.export.opensim import in_ground
from motionrecon.export.storage_file import write_storage
from motionrecon.mechanics.summary import mechanics

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def write(motion: Motion, path: str | Path) -> None:
    """Write the ground forces of ``motion`` to ``path``, and beside it which bodies they act on.

    Raises:
        InputError: the motion was not simulated, or has no foot points, so that it has no forces.
        OutputError: a file cannot be written.
    """
    if not motion.simulated.any():
        raise InputError("this motion was not simulated, so there are no ground forces to write")
    feet = mechanics(motion).feet
    if not feet.names:
        raise InputError("this motion has no foot points, so there are no ground forces to write")
    names, columns = [], []
    for i, foot in enumerate(feet.names):
        side = foot[0]
        for kind, values in (
            (f"ground_force_{side}_v", feet.force),
            (f"ground_force_{side}_p", feet.pressure),
            (f"ground_torque_{side}_", feet.moment),
        ):
            names += [kind + axis for axis in "xyz"]
            columns.append(in_ground(values[:, i]))
    notes = [
        "Simulated ground forces: N, m, N m, Y up, on the foot. Written by motionrecon.",
        f"Filter: {MEAN}.",
    ]
    write_storage(path, motion.time, names, np.hstack(columns), degrees=True, notes=notes)
    _write_loads(Path(path), [foot[0] for foot in feet.names])


def _write_loads(path: Path, sides: list[str]) -> None:
    document = ET.Element("OpenSimDocument", Version="40000")
    loads = ET.SubElement(document, "ExternalLoads", name=path.stem)
    objects = ET.SubElement(loads, "objects")
    for side in sides:
        force = ET.SubElement(objects, "ExternalForce", name=f"foot_{side}")
        for tag, text in (
            ("applied_to_body", f"calcn_{side}"),
            ("force_expressed_in_body", "ground"),
            ("point_expressed_in_body", "ground"),
            ("force_identifier", f"ground_force_{side}_v"),
            ("point_identifier", f"ground_force_{side}_p"),
            ("torque_identifier", f"ground_torque_{side}_"),
        ):
            ET.SubElement(force, tag).text = text
    ET.SubElement(loads, "datafile").text = path.name
    ET.indent(document)
    with atomic(path.with_suffix(".loads.xml")) as temporary:
        ET.ElementTree(document).write(temporary, encoding="utf-8", xml_declaration=True)
