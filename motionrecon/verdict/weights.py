"""What signs are worth: fitted by ``python -m motionrecon.data.make_verdict``, which prints these tables."""

from __future__ import annotations

from motionrecon.verdict.law import Law, Weight

POSE_LAW = Law(
    30.2,
    {
        "unlike_the_detector": Weight(91.0, 0.555, 69.7),
        "off_the_keypoints": Weight(30.9, 0.087, 15.6),
        "jumping_keypoints": Weight(266.0, 0.412, 59.4),
        "limbs_speed": Weight(0.542, 0.174, 0.476),
        "left_open": Weight(27.0, 0.0313, 27.0),
        "hardly_seen": Weight(12.2, 0.0513, 6.76),
        "not_seen": Weight(5.75, 0.046, 0.0),
        "odd_size": Weight(6.22, 0.167, 3.79),
        "standing_crouched": Weight(25.7, 0.174, 25.7),
        "focal_assumed": Weight(0.5, 0.0889, 0.0),
        "without_depth": Weight(50.0, 0.295, 0.0),
        "in_the_air": Weight(49.1, 0.153, 0.0),
    },
)
FORCE_LAW = Law(
    2.28,
    {
        "unlike_the_motion": Weight(18.4, 0.418, 4.55),
        "largest_jump": Weight(1.83, 0.554, 1.06),
        "unsteady": Weight(7.95, 1.03, 6.08),
        "loaded_sole_speed": Weight(294.0, 0.906, 142.0),
        "without_weight": Weight(0.549, 0.415, 0.0),
    },
)
