"""Keypoints of some of the frames: all that is told of them, and nothing of others."""

from __future__ import annotations

import numpy as np

from motionrecon.background.tracks import BackgroundTracks
from motionrecon.keypoints.types import HandKeypoints, Keypoints


def test_a_part_has_its_own_frames_of_body_hands_and_background():
    T, random = 9, np.random.default_rng(0)
    hands = HandKeypoints(
        random.random((T, 2, 21, 2)), random.random((T, 2, 21, 3)), np.arange(2.0 * T).reshape(T, 2) / 20
    )
    none, corners = np.zeros(0, int), np.zeros((0, 64, 2))
    background = BackgroundTracks(
        none, none, corners, corners, np.zeros((0, 64), bool), np.zeros(0), none, none, 1, 0, 1.0, first=2
    )
    whole = Keypoints(
        random.random((T, 33, 2)),
        random.random((T, 33)),
        random.random((T, 33, 3)),
        np.arange(T) % 2 == 0,
        30.0,
        (640, 480),
        ("said",),
        hands,
        background,
        "full",
    )
    part = whole.cut(range(3, 7))
    assert len(part) == 4 and part.hands is not None and part.background is not None
    for name in ("pixels", "confidence", "points_3d", "tracked"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[3:7])
    for name in ("pixels", "points_3d", "confidence"):
        np.testing.assert_array_equal(getattr(part.hands, name), getattr(hands, name)[3:7])
    assert part.background.first == 5
    assert (part.fps, part.image_size, part.warnings, part.detector) == (30.0, (640, 480), ("said",), "full")
