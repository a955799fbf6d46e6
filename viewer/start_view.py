"""Where the viewer's camera stands when the page opens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FOV = np.radians(40.0)  # vertical; a longer lens than viser's 75 degrees keeps limbs in proportion
_BESIDE = np.radians(35.0)  # from straight ahead of the person towards their left
_ABOVE = np.radians(12.0)
_MARGIN = 1.05
_FOLLOW_BEYOND = 3.0  # metres of travel that still fit a view in which the person is not tiny


@dataclass(frozen=True)
class StartView:
    """A camera that looks at the person from the front and a little from the side, Z up.

    Attributes:
        position: (3,) of the camera, metres.
        look_at: (3,) the point in the middle of its picture.
        fov: vertical field of view, radians.
        follow: True if the person walks so far that the camera had better follow them.
    """

    position: np.ndarray
    look_at: np.ndarray
    fov: float
    follow: bool


def start_view(position: np.ndarray, forward: np.ndarray) -> StartView:
    """The view that shows the whole motion, or for a long walk the person at its start.

    Args:
        position: (T, B, 3) points of the body, metres.
        forward: (T, 3) where the person faces.
    """
    ground = position[:, 0, :2]  # the root's path over the floor
    follow = bool(np.linalg.norm(np.ptp(ground, axis=0)) > _FOLLOW_BEYOND)
    seen = position[:1] if follow else position
    low, high = seen.min(axis=(0, 1)), seen.max(axis=(0, 1))
    low[2] = min(low[2], 0.0)
    look_at = (low + high) / 2
    radius = max(float(np.linalg.norm(high - low)) / 2, 0.5)

    heading = forward[:, :2].mean(axis=0)
    if np.linalg.norm(heading) < 0.1:  # someone who turns about faces nowhere on average
        heading = forward[0, :2]
    azimuth = np.arctan2(heading[1], heading[0]) + _BESIDE
    direction = np.array([np.cos(azimuth) * np.cos(_ABOVE), np.sin(azimuth) * np.cos(_ABOVE), np.sin(_ABOVE)])
    return StartView(look_at + direction * _MARGIN * radius / np.sin(_FOV / 2), look_at, float(_FOV), follow)
