"""A mannequin made of boxes, which needs neither Anny nor a renderer."""

from __future__ import annotations

from functools import cache

import numpy as np

from motionrecon.core import landmarks
from motionrecon.data.mannequin import INDEX, SEGMENTS, Mannequin

#: Segment (of the left side) -> joint centre in the reference pose, lower and upper corner of its box from there, m.
BOXES = {
    "pelvis": ((0.0, 0.0, 0.95), (-0.1, -0.15, -0.1), (0.1, 0.15, 0.1)),
    "torso": ((0.0, 0.0, 1.05), (-0.1, -0.15, 0.0), (0.1, 0.15, 0.45)),
    "head": ((0.0, 0.0, 1.5), (-0.08, -0.08, 0.0), (0.1, 0.08, 0.25)),
    "left_upper_arm": ((0.0, 0.2, 1.42), (-0.05, -0.05, -0.28), (0.05, 0.05, 0.0)),
    "left_forearm": ((0.0, 0.2, 1.14), (-0.04, -0.04, -0.25), (0.04, 0.04, 0.0)),
    "left_hand": ((0.0, 0.2, 0.89), (-0.03, -0.02, -0.17), (0.03, 0.02, 0.0)),
    "left_thigh": ((0.0, 0.1, 0.95), (-0.08, -0.08, -0.43), (0.08, 0.08, 0.0)),
    "left_shank": ((0.0, 0.1, 0.52), (-0.05, -0.05, -0.43), (0.05, 0.05, 0.0)),
    "left_foot": ((0.0, 0.1, 0.09), (-0.07, -0.045, -0.09), (0.2, 0.045, 0.0)),
}


def box(segment: str) -> tuple[np.ndarray, np.ndarray]:
    """Joint centre (3,) and points on the edges (120, 3) of one segment of the person."""
    centre, low, high = (np.array(v) for v in BOXES[segment.replace("right_", "left_")])
    grid = np.meshgrid(np.linspace(0, 1, 30), [0, 1], [0, 1], indexing="ij")
    points = centre + low + np.stack(grid, axis=-1).reshape(-1, 3) * (high - low)
    if segment.startswith("right_"):
        centre, points = centre * [1, -1, 1], points * [1, -1, 1]
    return centre, points


@cache
def of_boxes() -> Mannequin:
    centres, points = zip(*(box(segment) for segment in SEGMENTS), strict=True)
    owner = np.repeat(np.arange(len(SEGMENTS)), [len(p) for p in points])
    carrier = {"shoulder": "upper_arm", "elbow": "forearm", "wrist": "hand", "hip": "thigh", "knee": "shank"}
    segment, local = np.zeros(landmarks.COUNT, dtype=int), np.zeros((landmarks.COUNT, 3))
    for j, name in enumerate(landmarks.NAMES):
        side, _, part = name.partition("_")
        if part in ("ankle", "heel", "foot_index"):
            segment[j] = INDEX[f"{side}_foot"]
            local[j] = {"ankle": (0, 0, 0), "heel": (-0.07, 0, -0.07), "foot_index": (0.2, 0, -0.06)}[part]
        elif part in carrier:
            segment[j] = INDEX[f"{side}_{carrier[part]}"]
        else:
            segment[j], local[j] = INDEX["head"], (0.1, 0.0, 0.1)
    return Mannequin(
        height=1.75,
        mass=70.0,
        rest=np.concatenate(points),
        weights=np.eye(len(SEGMENTS))[owner],
        faces={},
        centres=np.array(centres),
        rest_rotation=np.tile(np.eye(3), (len(SEGMENTS), 1, 1)),
        landmark_segment=segment,
        landmark_local=local,
    )
