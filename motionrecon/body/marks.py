"""Where BlazePose marks a joint, and where its centre is.

The detector was taught by people who marked joints on photographs: its hips lie at the front of the body, its
shoulders on top of the joint, its toes short of the tip. Measured as the mean offset, in the body's axes, between
the keypoints of MediaPipe's full model and the exact joint centres of rendered Anny mannequins in nine clips (jump,
kick, punch, dance, run); the root mean square distance of the hips falls by a fifth and of the shoulders by a quarter.
"""

from __future__ import annotations

#: Offset from the joint's centre to the detector's mark: forwards, outwards, upwards, in shares of the body height. The
#: axes are those of the part that carries the mark in the T pose. Landmarks not named here are marked where they are.
MARKED: dict[str, tuple[float, float, float]] = {
    "hip": (0.019, -0.004, -0.004),
    "shoulder": (0.004, -0.005, 0.018),
    "elbow": (0.0, -0.011, 0.0),
    "ankle": (0.005, 0.004, 0.009),
    "heel": (0.011, -0.002, 0.004),
    "foot_index": (-0.021, -0.003, 0.001),
}

#: The same of faces, of bodies whose ears and noses are where people's are: the detector's face is narrower and
#: flatter, its ears 4 cm nearer to the middle. Measured likewise, on 24 rendered clips of the synthetic suite's tuning
#: split: the root mean square distance of a nose falls from 14 to 9 thousandths of the height, of an ear from 18 to 8.
#: On films of real people, too, its ears are but 1.4 times as far apart as the eyes' outer corners. A face that is too
#: large makes the person around it larger, whose size nothing else tells one camera.
MARKED_FACE: dict[str, tuple[float, float, float]] = {
    "nose": (-0.012, 0.0, 0.011),
    "ear": (0.019, -0.024, 0.006),
    "eye": (-0.012, -0.004, 0.005),
    "eye_inner": (0.0, -0.001, 0.008),
    "eye_outer": (-0.006, -0.007, 0.006),
    "mouth_left": (0.007, -0.010, 0.008),
    "mouth_right": (0.007, 0.010, 0.008),
}
