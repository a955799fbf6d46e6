"""TRC, OpenSim's marker file: where the landmarks are, as markers.

Millimetres, Y up: a world point (x, y, z) is (x, z, -y) in the file, OpenSim's ground. The markers are the 33
landmarks by their names; those of hips, knees, ankles, shoulders, elbows and wrists are centres of joints, not points
on the skin, and the markers of the model that ``.osim`` writes. The rate is the motion's. In frames in which nobody
was seen and nothing was simulated the markers are missing (``nan``, as OpenSim writes it), since the body only waits
there. OpenSim's inverse kinematics stops at a frame without markers: give it a time range without such. The places are
[unfiltered](#filters), which the format has no place to say.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.core.files import atomic
from motionrecon.export.opensim import in_ground

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def write(motion: Motion, path: str | Path) -> None:
    """Write the landmarks of ``motion`` to ``path``.

    Raises:
        OutputError: the file cannot be written.
    """
    places = 1e3 * in_ground(motion.joints)
    names = [re.sub(r"\s+", "_", name) for name in motion.joint_names]  # a tab would begin another column
    rate = f"{motion.fps:.6g}"
    columns = [f"{axis}{i}" for i in range(1, len(names) + 1) for axis in "XYZ"]
    head = [
        f"PathFileType\t4\t(X/Y/Z)\t{Path(path).name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate}\t{rate}\t{len(motion)}\t{len(names)}\tmm\t{rate}\t1\t{len(motion)}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(columns),
        "",
    ]
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in head)
        for i, (time, told, row) in enumerate(zip(motion.time, motion.told, places, strict=True), start=1):
            # OpenSim cannot read a line that ends with an empty cell.
            numbers = [f"{value:.4f}" if told else "nan" for value in row.ravel()]
            file.write("\t".join([str(i), f"{time:.6f}", *numbers]) + "\n")
