"""Where the 33 landmarks are on a person of Anny: centres of joints, and points of face, hands and feet."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.anny.source import Figure
from motionrecon.core.sides import OUTWARDS

#: Limbs' joints -> the bone of Anny that begins there.
_JOINTS = {
    "shoulder": "upperarm01",
    "elbow": "lowerarm01",
    "wrist": "wrist",
    "pinky": "finger5-1",
    "index": "finger2-1",
    "thumb": "finger1-2",
    "hip": "upperleg01",
    "knee": "lowerleg01",
    "ankle": "foot",
}
#: How far the landmarks of heel and toes lie above the sole, metres.
_HEEL_ABOVE_SOLE, _TOE_ABOVE_SOLE = 0.02, 0.03


def landmark_points(
    figure: Figure,
    skin: Float[np.ndarray, "V 3"],
    head: Int[np.ndarray, " h"],
    feet: dict[str, Int[np.ndarray, " f"]],
) -> dict[str, Float[np.ndarray, " 3"]]:
    """The landmarks by their names, metres.

    Args:
        figure: the person.
        skin: what is seen of them: the vertices, dressed or not.
        head: indices of the head's vertices.
        feet: of those of each foot, by its side.
    """
    bones = figure.head_of
    points: dict[str, np.ndarray] = {}
    middle = skin[head][np.abs(skin[head][:, 1]) < 0.012]
    points["nose"] = middle[middle[:, 0].argmax()]
    mouth = skin[np.unique(figure.faces[figure.mouth])]
    front = mouth[mouth[:, 0] > mouth[:, 0].max() - 0.03]
    for side, sign in OUTWARDS.items():
        letter = side[0].upper()
        centre = bones[f"eye.{letter}"]
        eye = skin[np.unique(figure.faces[figure.eyes])]
        eye = eye[sign * eye[:, 1] > 0]
        out = sign * eye[:, 1]
        points[f"{side}_eye"] = np.array([eye[:, 0].max(), centre[1], centre[2]])
        for name, lateral in (("inner", out.min()), ("outer", out.max())):
            points[f"{side}_eye_{name}"] = np.array([centre[0], sign * lateral, centre[2]])
        ear = skin[head][np.abs(skin[head][:, 2] - centre[2]) < 0.04]
        points[f"{side}_ear"] = ear[(sign * ear[:, 1]).argmax()]
        points[f"mouth_{side}"] = front[(sign * front[:, 1]).argmax()]
        for name, bone in _JOINTS.items():
            points[f"{side}_{name}"] = bones[f"{bone}.{letter}"]
        foot = skin[feet[side]]
        floor = foot[:, 2].min()
        low = foot[foot[:, 2] < floor + 0.05]
        back, tip = low[low[:, 0].argmin()], low[low[:, 0].argmax()]
        points[f"{side}_heel"] = np.array([*back[:2], floor + _HEEL_ABOVE_SOLE])
        points[f"{side}_foot_index"] = np.array([*tip[:2], floor + _TOE_ABOVE_SOLE])
    return points
