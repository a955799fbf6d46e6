"""Cameras calibrated with a chessboard, before there is a person: what `motionrecon calibrate` does.

One job a file: `shots` finds the `board` in pictures and videos, `intrinsics` the lens from many of them, `floor` from
one where the camera stands; `calibration` does all of this for all cameras and writes the file.
"""

from motionrecon.chessboard.calibration import Calibrated, calibrate

__all__ = ["Calibrated", "calibrate"]
