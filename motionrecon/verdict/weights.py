"""What signs are worth: fitted by ``python -m motionrecon.data.make_verdict``, which prints these tables."""

from __future__ import annotations

from motionrecon.verdict.law import Law, Weight

POSE_LAW = Law(
    24.2,
    {
        "unlike_the_detector": Weight(118.0, 0.513, 69.0),
        "jumping_keypoints": Weight(396.0, 0.499, 58.9),
        "limbs_speed": Weight(0.574, 0.263, 0.45),
        "left_open": Weight(27.0, 0.0675, 27.0),
        "hardly_seen": Weight(14.8, 0.0708, 6.39),
        "not_seen": Weight(6.49, 0.0883, 0.0),
        "odd_lengths": Weight(5.36, 0.118, 5.36),
        "odd_size": Weight(6.56, 0.241, 3.67),
        "focal_assumed": Weight(0.5, 0.0591, 0.0),
        "without_depth": Weight(50.0, 0.125, 0.0),
        "in_the_air": Weight(50.0, 0.12, 0.0),
        "arms_along_the_sight": Weight(90.4, 0.396, 90.4),
    },
)
FORCE_LAW = Law(
    1.92,
    {
        "largest_jump": Weight(1.9, 1.24, 0.473),
        "unsteady": Weight(10.0, 1.52, 2.1),
        "loaded_sole_speed": Weight(294.0, 0.526, 47.0),
        "without_weight": Weight(0.488, 0.18, 0.0),
    },
)
