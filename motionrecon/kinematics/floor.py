"""Where the feet say that the floor is, in the world of a calibration that has it somewhere else.

A calibration's z = 0 is a plane that somebody chose: the lab's floor, mostly, but not the deck of a treadmill, a stage
or a lawn beside it. Cameras that see a person from several sides know to centimetres how high the feet are, wherever
the floor is said to be; one camera does not, and is left with what its calibration says.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motionrecon.kinematics.state import Trajectory

#: Metres by which feet may miss the floor and still stand on it: the fit sees to the rest.
AGREES = 0.1
#: Metres a second below which the lowest point of a foot rests on something, and share of the frames in which it must.
_RESTS, _OFTEN = 0.3, 0.1


def under_the_feet(x: Trajectory, fps: float) -> Trajectory:
    """The trajectory on a floor that is raised to where the feet rest, unless they rest on the given one.

    Args:
        x: a trajectory that the views alone have placed.
        fps: frames per second.
    """
    if len(x) < 2:
        return x
    lowest = x.over.argmin(axis=1)[:, None]
    speed = np.linalg.norm(np.gradient(x.feet, 1.0 / fps, axis=0), axis=-1)
    height, pace = (np.take_along_axis(values, lowest, axis=1)[:, 0] for values in (x.over, speed))
    rests = pace < _RESTS
    if rests.mean() < _OFTEN:  # nobody stands: nothing is known of a floor
        return x
    found = float(np.median(height[rests]))
    return x if abs(found) < AGREES else replace(x, ground=x.ground.raised(found))
