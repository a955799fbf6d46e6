"""The hinges of a person who is a mesh: axes, anatomical ranges, gains, what is known of their angles beforehand.

Axes are given for the left side in the T pose (x forward, y left, z up), palms down: a forearm half way between
pronation and supination. Arms and legs are those of `motionrecon.body.limb_hinges`, and turn at wrists and toes, too.
Where one joint of the capsule person is several here (the trunk's three, neck and head), their ranges add up to its
own, and so do their variances: what is known of their sum is the same.
"""

from __future__ import annotations

import math
from dataclasses import replace

from motionrecon.body.hinge import Hinge, Vector
from motionrecon.body.limb_hinges import LIMB_HINGES


def _part(
    name: str, axis: Vector, range_: tuple[float, float], gain: float, whole: str, share: float, spread: float
) -> Hinge:
    """A hinge that does a share of what one of the capsule person does, whose angle has this spread."""
    return Hinge(name, axis, range_, gain, spread=spread * math.sqrt(share), part_of=(whole, share))


#: Hinges per segment, in the order in which they turn it. Names without a side stand for both sides.
HINGES: dict[str, tuple[Hinge, ...]] = {
    # The loins bend most, ribs let the chest turn more than bend; the chest bends sideways low down and turns high up
    # (A. A. White and M. M. Panjabi, Clinical Biomechanics of the Spine, 2nd ed., 1990, table 2-1, in round shares).
    # Each joint has but the hinges that do most there: what a window of physics costs grows with the square of their
    # number.
    "abdomen": (
        _part("lumbar_flexion", (0, 1, 0), (-22, 54), 7, "lumbar_flexion", 0.65, 0.5),
        _part("lumbar_lateral", (1, 0, 0), (-22, 22), 7, "lumbar_lateral", 0.5, 0.3),
    ),
    "chest": (
        _part("thoracic_flexion", (0, 1, 0), (-13, 31), 7, "lumbar_flexion", 0.35, 0.5),
        _part("thoracic_lateral", (1, 0, 0), (-18, 18), 7, "lumbar_lateral", 0.5, 0.3),
    ),
    "upper_chest": (_part("thoracic_twist", (0, 0, 1), (-50, 50), 5, "lumbar_twist", 1.0, 0.35),),
    "neck": (
        Hinge("neck_flexion", (0, 1, 0), (-65, 60), 0.75, spread=0.4),
        Hinge("neck_lateral", (1, 0, 0), (-45, 45), 0.75, spread=0.35),
    ),
    "head": (_part("head_twist", (0, 0, 1), (-80, 80), 0.5, "neck_twist", 1.0, 0.6),),
    **LIMB_HINGES,
    "upper_arm": tuple(  # thumbs forward where arms hang
        replace(hinge, rest=-75.0) if hinge.name == "shoulder_c" else hinge for hinge in LIMB_HINGES["upper_arm"]
    ),
    "radius": (Hinge("forearm_pronation", (0, 1, 0), (-85, 85), 0.6, spread=0.5, follows=True),),
    "hand": (Hinge("wrist_flexion", (-1, 0, 0), (-70, 80), 0.6, spread=0.25, follows=True),),
    "toes": (Hinge("toe_extension", (0, -1, 0), (-25, 65), 0.5, spread=0.15, damping=0.006),),
}
