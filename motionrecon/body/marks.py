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
