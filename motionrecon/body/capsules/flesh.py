"""How the capsule person is drawn: what the MJCF simulates, only rounder."""

from __future__ import annotations

from motionrecon.core.sides import SIDES

#: Limbs taper, from their near end to their far one: geom name without its side -> factors on its radius.
TAPER = {
    "upper_arm": (1.10, 0.88),
    "forearm": (1.06, 0.76),
    "hand": (0.86, 1.0),
    "thigh": (1.14, 0.80),
    "shank": (1.10, 0.76),
}
#: Pairs of geoms that further capsules join end to end, so that trunk and feet are drawn as one piece.
JOINED = (
    ("pelvis", "abdomen"),
    ("abdomen", "chest"),
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for side in SIDES
        for a, b in (("ball_inner", "toe"), ("ball_outer", "toe"), ("ball_inner", "ball_outer"), ("instep", "toe"))
    ),
)
