"""What signs are worth: fitted by ``python -m motionrecon.data.make_verdict``, which prints these tables."""

from __future__ import annotations

from motionrecon.verdict.law import Law, Weight

#: Expected errors of joints below which a motion is called good, millimetres: at most a tenth of those that other
#: people's and actions' laws call so is off by more than 80 mm.
GOOD_MM = 65.0
POSE_LAW = Law(
    22.0,
    {
        "unlike_the_detector": Weight(96.8, 0.678, 69.5),
        "off_the_keypoints": Weight(32.1, 0.174, 14.3),
        "jumping_keypoints": Weight(361.0, 0.244, 68.4),
        "arms_along_the_sight": Weight(102.0, 0.529, 102.0),
        "hardly_seen": Weight(13.3, 0.0897, 6.25),
        "not_seen": Weight(6.2, 0.189, 0.0),
        "small_in_the_picture": Weight(3.37, 0.138, 3.37),
        "odd_lengths": Weight(5.18, 0.135, 5.18),
        "odd_size": Weight(5.37, 0.0926, 2.17),
        "standing_crouched": Weight(22.4, 0.0488, 22.4),
        "focal_assumed": Weight(1.0, 0.0787, 1.0),
        "height_assumed": Weight(0.1, 0.055, 0.0),
        "without_depth": Weight(50.0, 0.0806, 0.0),
        "in_the_air": Weight(45.6, 0.167, 8.89),
    },
)
FORCE_LAW = Law(
    6.31,
    {
        "off_the_film": Weight(28.1, 1.52, 28.1),
    },
)
