"""Which filters have been at what is written: none but two means over time.

**Positions, angles and velocities** (CSV, TRC, MOT of angles, C3D's points, ``motion.npz``) are the simulated body's at
the moment of each frame, unfiltered; velocities are the simulation's own, not differences. They are smooth because
masses and muscles move them: there is no frequency at which they were cut off. What the simulation follows, and what
frames hold that were not simulated, is a fit in which accelerations have a standard deviation (4 m/s² of the hips, 40
rad/s² of a joint, more where somebody is quick), instead of a filter. At a seam between the two the motion goes over in
0.4 s, and velocities of the fit are differences. Of the anatomical angles, shoulders' plane and rotation may jump by a
full turn while an arm hangs: unwrap them before you filter them.

**Ground forces, joint moments, torques and power, and centres of pressure** (CSV, MOT of forces, C3D's platforms,
``motion.npz``) are the simulator's own, unfiltered but for one thing: of the simulation's steps, which are finer than
frames, each frame has the mean from half a frame before it to half a frame after it. (Of a rate of 30 that lets half
the power through at 13 Hz: 0.44 times the rate.) Gait events are where these forces cross 20 N, but for those of a foot
that scuffs the floor in swing (less than 0.2 s, less than half of the weight).

**Hands** are tracked: a mean over time with the weights of a Gaussian of 0.07 s, without lag (half the power at 1.9
Hz).

Who filters them for inverse dynamics takes one and the same filter for positions and forces, as always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from motionrecon.hands.course import SMOOTH

if TYPE_CHECKING:
    from motionrecon.export.columns import Column

#: What was done to positions, angles and velocities.
NONE = "none"
#: What was done to forces, and to what follows from them.
MEAN = "none but the mean over one frame"
#: What was done to hands.
KERNEL = f"Gaussian in time, standard deviation {SMOOTH:g} s, no lag"

_OF_FORCES = ("N", "body weights", "N m", "N m/kg", "W", "W/kg")


def filter_of(column: Column) -> str:
    """What was done to a column of the table of everything; nothing is said of times, and of what is true or false."""
    if column.group == "time" or column.name.endswith(("_on_ground", "_hand_seen")):
        return ""
    if column.group == "hands":
        return KERNEL
    return MEAN if column.unit in _OF_FORCES or "_cop_" in column.name else NONE
