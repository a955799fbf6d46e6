"""The hinges of arms and legs that all kinds of bodies have: axes, anatomical ranges, gains, how far angles spread.

Axes are given for the left side in the T pose (x forward, y left, z up). The right side's axis is the mirror image
(-x, y, -z), so that equal angles on both sides make a symmetric pose.

The shoulder's first axis points forwards, across the body and upwards. Three hinges in a row lose a degree of freedom
when the last (the arm's own axis) comes to lie along the first; arms hardly ever point along this one, whereas they do
hang, point forwards, and stand out sideways.
"""

from __future__ import annotations

from motionrecon.body.hinge import Hinge

_A, _B = 3**-0.5, 2**-0.5


#: Hinges per segment, in the order in which they turn it. Names without a side stand for both sides.
LIMB_HINGES: dict[str, tuple[Hinge, ...]] = {
    "clavicle": (Hinge("clavicle_elevation", (1, 0, 0), (-12, 40), 3, spread=0.2),),
    "upper_arm": (
        Hinge("shoulder_a", (_A, -_A, _A), (-190, 110), 2, rest=-120.0),
        Hinge("shoulder_b", (-_B, 0, _B), (-115, 45), 2),
        Hinge("shoulder_c", (0, 1, 0), (-160, 160), 1.5),
    ),
    "forearm": (Hinge("elbow_flexion", (0, 0, -1), (-5, 155), 1.5, rest=10.0),),
    "thigh": (
        # Wide enough for a deep crouch; without it the trunk leans over the thighs where one camera hardly tells.
        Hinge("hip_flexion", (0, -1, 0), (-40, 135), 3.5, spread=1.5),
        Hinge("hip_abduction", (1, 0, 0), (-40, 70), 3.5, spread=0.5),
        Hinge("hip_rotation", (0, 0, 1), (-55, 55), 2.5, spread=0.45),
    ),
    "shank": (Hinge("knee_flexion", (0, 1, 0), (-5, 155), 3, rest=5.0, damping=0.015),),
    "foot": (
        Hinge("ankle_flexion", (0, -1, 0), (-60, 40), 2.5, spread=0.5, damping=0.006),
        Hinge("ankle_inversion", (1, 0, 0), (-35, 35), 1.5, spread=0.3, damping=0.006),
    ),
}
