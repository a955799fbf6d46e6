"""Whether a camera is held as its calibration says, by the straight lines of the room behind the person.

A calibration of another camera of the same file, of before the camera was moved, or of a world whose z axis is not up
fits a person into the picture all the same, who then leans by as much as the calibration is wrong.
"""

from __future__ import annotations

from math import inf

import numpy as np
from jaxtyping import Float

from motionrecon.background.motion import UNKNOWN
from motionrecon.cameras.manhattan import manhattan, told_in
from motionrecon.cameras.up import HELD_LEVEL, LEVEL_ERROR
from motionrecon.views import View

#: Degrees, and standard deviations of what lines say, by which they must contradict a calibration for that to be said.
#: Of 103 rendered tuning films the worst is 3.4 degrees off (by 0.7 deviations), of eight real ones 0.6; calibrations
#: of the other cameras of these eight are wrong by 7 to 37 degrees.
SAID, SURE = 5.0, 5.0


def held_otherwise(view: View) -> float:
    """By how many degrees a camera is held otherwise than its calibration says; 0 where lines do not contradict it.

    Args:
        view: with the lines behind the person.
    """
    camera = view.camera.at(slice(0, 1))  # the lines are those of its first picture
    if not camera.calibrated or not len(view.lines) or view.camera_motion == UNKNOWN:
        return 0.0
    rays = camera.rays(view.lines.reshape(1, -1, 2)).reshape(-1, 2, 2)
    up = camera.axes[0] @ np.array([0.0, 0.0, 1.0])

    def away(expected: Float[np.ndarray, " 3"]) -> tuple[float, float]:
        """How far from the calibration's up the room's is that is near what is expected, and how sure, degrees."""
        room = manhattan(rays, told_in(camera), expected, LEVEL_ERROR, view.lens_error)
        if room is None:
            return 0.0, inf
        return float(np.degrees(np.arccos(np.clip(room.up @ up, -1.0, 1.0)))), float(np.degrees(room.error))

    off, error = away(HELD_LEVEL.up)
    if off <= max(SAID, SURE * error):
        return 0.0
    # A camera that hangs from the ceiling, or on its side, has a level axis of the room where others have up.
    near, _ = away(up)
    return off if near > SAID else 0.0
