"""What signs are worth: fitted by ``python -m motionrecon.data.make_verdict``, which prints these tables."""

from __future__ import annotations

from motionrecon.verdict.law import Law, Weight

#: Expected errors of joints below which a motion is called good, millimetres: at most a tenth of those that other
#: people's and actions' laws call so is off by more than 80 mm.
GOOD_MM = 62.0
POSE_LAW = Law(
    19.0,
    {
        "unlike_the_detector": Weight(104.0, 0.582, 68.4),
        "jumping_keypoints": Weight(296.0, 0.526, 61.8),
        "limbs_speed": Weight(0.54, 0.117, 0.441),
        "left_open": Weight(26.4, 0.225, 26.4),
        "arms_along_the_sight": Weight(92.5, 0.408, 92.5),
        "hardly_seen": Weight(13.3, 0.0911, 6.15),
        "not_seen": Weight(5.74, 0.0291, 0.0),
        "small_in_the_picture": Weight(3.15, 0.125, 3.15),
        "odd_lengths": Weight(5.37, 0.17, 5.37),
        "odd_size": Weight(6.16, 0.164, 4.1),
        "standing_leaning": Weight(11.9, 0.0757, 8.75),
        "focal_assumed": Weight(1.0, 0.0922, 1.0),
        "height_assumed": Weight(0.1, 0.0463, 0.0),
        "without_depth": Weight(50.0, 0.0914, 0.0),
        "in_the_air": Weight(47.8, 0.122, 0.0),
    },
)
FORCE_LAW = Law(
    6.31,
    {
        "off_the_film": Weight(28.1, 1.52, 28.1),
    },
)
