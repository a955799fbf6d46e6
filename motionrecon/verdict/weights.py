"""What signs are worth: fitted by ``python -m motionrecon.data.make_verdict``, which prints these tables."""

from __future__ import annotations

from motionrecon.verdict.law import Law, Weight

POSE_LAW = Law(
    24.1,
    {
        "unlike_the_detector": Weight(118.0, 0.511, 68.9),
        "jumping_keypoints": Weight(396.0, 0.497, 58.4),
        "limbs_speed": Weight(0.572, 0.268, 0.456),
        "left_open": Weight(27.0, 0.0703, 27.0),
        "hardly_seen": Weight(14.8, 0.0724, 6.39),
        "not_seen": Weight(6.49, 0.0864, 0.0),
        "odd_lengths": Weight(5.36, 0.122, 5.36),
        "odd_size": Weight(6.56, 0.237, 3.67),
        "focal_assumed": Weight(0.5, 0.0571, 0.0),
        "without_depth": Weight(50.0, 0.123, 0.0),
        "in_the_air": Weight(50.0, 0.12, 0.0),
        "arms_along_the_sight": Weight(90.9, 0.399, 90.9),
    },
)
FORCE_LAW = Law(
    1.86,
    {
        "largest_jump": Weight(2.18, 1.03, 0.999),
        "unsteady": Weight(11.0, 1.27, 5.85),
        "loaded_sole_speed": Weight(312.0, 1.13, 126.0),
        "without_weight": Weight(1.22, 0.339, 0.0),
        "left_out": Weight(8.89, 0.0249, 8.89),
    },
)
