"""The hinges of the capsule person: axes, anatomical ranges, gains, as `motionrecon.body.limb_hinges` has them."""

from __future__ import annotations

from motionrecon.body.hinge import Hinge
from motionrecon.body.limb_hinges import LIMB_HINGES

#: Hinges per body, in the order in which they turn it. Names of bodies and hinges without a side stand for both sides.
HINGES: dict[str, tuple[Hinge, ...]] = {
    "torso": (
        Hinge("lumbar_flexion", (0, 1, 0), (-35, 85), 7, spread=0.5),
        Hinge("lumbar_lateral", (1, 0, 0), (-40, 40), 7, spread=0.3),
        Hinge("lumbar_twist", (0, 0, 1), (-50, 50), 5, spread=0.35),
    ),
    "head": (
        Hinge("neck_twist", (0, 0, 1), (-80, 80), 0.75, spread=0.6),
        Hinge("neck_flexion", (0, 1, 0), (-65, 60), 0.75, spread=0.4),
        Hinge("neck_lateral", (1, 0, 0), (-45, 45), 0.75, spread=0.35),
    ),
    **LIMB_HINGES,
}
