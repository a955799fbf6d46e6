"""What single pictures say of left and right that one person's keypoints have: a vote, now and then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.core.landmarks import INDEX, MIRROR
from motionrecon.keypoints.afresh import same
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.types import Keypoints

#: The joints that vote on the whole body's sides.
VOTING = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot_index")
#: A landmark is no farther off than this, in sizes of the person: it may be for another reason.
_CAP = 0.25
#: Landmarks' confidences must be this much in the mean to tell anything.
_TELLING = 0.07


def votes(
    keypoints: Keypoints, looks: Sequence[Sequence[Detection]], every: int, voters: Sequence[str] = VOTING
) -> Float[np.ndarray, " T"]:
    """How much each look speaks for an exchange of left and right, as `exchanged_nearer`; NaN where nobody looked.

    Args:
        keypoints: of the person followed.
        looks: whom single pictures show, ``every`` frames apart.
        every: frames from one to the next.
        voters: the joints that vote.
    """
    found = np.full(len(keypoints), np.nan)
    for frame, look in zip(range(0, len(keypoints), every), looks, strict=False):
        if keypoints.tracked[frame]:
            own = Detection(keypoints.pixels[frame], keypoints.confidence[frame], keypoints.points_3d[frame])
            seen = same(own, look)
            if seen is not None:
                found[frame] = exchanged_nearer(keypoints, [frame], [seen], voters)[0]
    return found


def exchanged_nearer(
    keypoints: Keypoints, frames: Sequence[int], seen: Sequence[Detection], voters: Sequence[str] = VOTING
) -> Float[np.ndarray, " n"]:
    """By how much nearer those seen are to the keypoints of some frames with their sides exchanged, in their sizes.

    NaN where too little is seen of both.
    """
    columns = [INDEX[f"{side}_{joint}"] for joint in voters for side in ("left", "right")]
    own, sure = keypoints.pixels[frames], keypoints.confidence[frames]
    pixels = np.array([one.pixels for one in seen], dtype=float)
    confidence = np.array([one.confidence for one in seen], dtype=float)
    sizes = np.array([one.size for one in seen])[:, None]
    least = np.min([sure, sure[:, MIRROR], confidence, confidence[:, MIRROR]], axis=0)
    weight = np.sqrt(least)[:, columns]

    def away(other: Float[np.ndarray, "n 33 2"]) -> Float[np.ndarray, " n"]:
        far = np.minimum(np.linalg.norm(other[:, columns] - own[:, columns], axis=-1) / sizes, _CAP)
        return np.asarray((np.nan_to_num(far) * weight).sum(1) / np.maximum(weight.sum(1), 1e-9))

    known: Bool[np.ndarray, " n"] = weight.mean(1) >= _TELLING
    return np.where(known, away(pixels) - away(pixels[:, MIRROR]), np.nan)
