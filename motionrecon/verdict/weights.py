"""What signs are worth: fitted by ``python -m motionrecon.data.make_verdict``, which prints these tables."""

from __future__ import annotations

from motionrecon.verdict.law import Law, Weight

#: Expected errors of joints below which a motion is called good, millimetres: at most a tenth of those that other
#: people's and actions' laws call so is off by more than 80 mm.
GOOD_MM = 62.0
POSE_LAW = Law(
    16.6,
    {
        "unlike_the_detector": Weight(105.0, 0.598, 69.6),
        "jumping_keypoints": Weight(290.0, 0.522, 64.4),
        "limbs_speed": Weight(0.538, 0.0934, 0.456),
        "left_open": Weight(26.2, 0.23, 26.2),
        "arms_along_the_sight": Weight(94.6, 0.524, 94.6),
        "hardly_seen": Weight(13.3, 0.112, 7.13),
        "small_in_the_picture": Weight(3.21, 0.173, 3.21),
        "odd_lengths": Weight(5.38, 0.134, 5.38),
        "odd_size": Weight(6.34, 0.208, 4.24),
        "standing_crouched": Weight(27.1, 0.0383, 27.1),
        "standing_leaning": Weight(11.5, 0.105, 9.38),
        "focal_assumed": Weight(1.0, 0.0806, 1.0),
        "height_assumed": Weight(0.1, 0.0453, 0.0),
        "without_depth": Weight(50.0, 0.0895, 0.0),
        "in_the_air": Weight(46.7, 0.104, 0.0),
    },
)
FORCE_LAW = Law(
    7.17,
    {
        "off_the_film": Weight(28.8, 1.45, 28.1),
    },
)
