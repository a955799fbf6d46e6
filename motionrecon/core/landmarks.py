"""The 33 BlazePose landmarks: their names, their left/right partners and the bones drawn between them.

Order and names follow MediaPipe's Pose Landmarker
(https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker).
"""

import numpy as np

NAMES: tuple[str, ...] = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)
COUNT = len(NAMES)
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}

#: The landmarks of the body below the head, the face's being many and close together.
BELOW_THE_HEAD = slice(INDEX["left_shoulder"], None)


def _partner(name: str) -> str:
    swapped = name.replace("left", "\0").replace("right", "left").replace("\0", "right")
    return swapped


#: ``MIRROR[i]`` is the landmark on the other side of the body from landmark ``i`` (the nose is its own partner).
MIRROR: np.ndarray = np.array([INDEX[_partner(name)] for name in NAMES])

#: The landmarks that a whole-body motion must have; every ``joints`` array of motionrecon holds at least these.
BODY: tuple[str, ...] = (
    "nose",
    *(
        f"{side}_{joint}"
        for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index")
        for side in ("left", "right")
    ),
)

#: Pairs of landmark names joined by a line when a skeleton is drawn.
BONES: tuple[tuple[str, str], ...] = (
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for side in ("left", "right")
        for a, b in (
            ("shoulder", "hip"),
            ("shoulder", "elbow"),
            ("elbow", "wrist"),
            ("hip", "knee"),
            ("knee", "ankle"),
            ("ankle", "heel"),
            ("heel", "foot_index"),
            ("ankle", "foot_index"),
        )
    ),
)

#: Root weights of groups of landmarks, and words that their names hold.
_TRUST = {
    "limb": (1.0, ("shoulder", "hip", "knee", "ankle", "elbow", "wrist")),
    "foot": (0.8, ("heel", "foot_index")),
    "head": (0.5, ("nose", "ear")),
    "hand": (0.3, ("pinky", "index", "thumb")),
    "face": (0.2, ("eye", "mouth")),
}


def _trust() -> np.ndarray:
    trust = np.zeros(COUNT)
    for weight, words in reversed(_TRUST.values()):
        for word in words:
            trust[[word in name for name in NAMES]] = weight
    return trust


#: (33,) root weights of the landmarks: limbs count most, the face's points repeat each other.
TRUST: np.ndarray = _trust()
