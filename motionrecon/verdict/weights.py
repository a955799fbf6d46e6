"""What signs are worth: fitted by ``python -m motionrecon.data.make_verdict``, which prints these tables."""

from __future__ import annotations

from motionrecon.verdict.law import Law, Weight

#: Expected errors of joints below which a motion is called good, millimetres: at most a tenth of those that other
#: people's and actions' laws call so is off by more than 80 mm.
GOOD_MM = 61.0
POSE_LAW = Law(
    21.6,
    {
        "unlike_the_detector": Weight(106.0, 0.478, 70.4),
        "jumping_keypoints": Weight(343.0, 0.504, 64.4),
        "limbs_speed": Weight(0.562, 0.155, 0.465),
        "left_open": Weight(26.3, 0.104, 26.3),
        "arms_along_the_sight": Weight(94.3, 0.595, 94.3),
        "hardly_seen": Weight(13.3, 0.113, 6.13),
        "not_seen": Weight(5.92, 0.0563, 0.0),
        "odd_lengths": Weight(5.59, 0.0531, 5.59),
        "odd_size": Weight(5.99, 0.237, 4.14),
        "standing_leaning": Weight(11.4, 0.0387, 9.37),
        "focal_assumed": Weight(0.5, 0.065, 0.0),
        "up_left_open": Weight(1.2, 0.079, 0.0),
        "without_depth": Weight(50.0, 0.109, 0.0),
        "in_the_air": Weight(48.2, 0.115, 0.0),
    },
)
FORCE_LAW = Law(
    6.16,
    {
        "off_the_film": Weight(32.9, 1.7, 32.9),
    },
)
