"""Where the viewer's camera stands when the page opens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_FOV = np.radians(40.0)  # vertical; a long lens keeps limbs in proportion
#: From straight ahead of the person towards their left: the first from which no video's camera is in the way.
_BESIDE = np.radians([35.0, -35.0, 60.0, -60.0, 85.0, -85.0])
_ASIDE = np.radians(22.0)  # from the middle of the view: beside the person
_ABOVE = np.radians(12.0)
_FLESH = 0.16  # metres around the bodies' origins
_ROOM = 1.12  # of the distance at which all is just seen, so that nothing touches the picture's edge
_FOLLOW_BEYOND = 1.2  # metres of travel that still fit a view in which the person is not small


@dataclass(frozen=True)
class StartView:
    """A camera that looks at the person from the front and a little from the side, Z up.

    Attributes:
        position: (3,) of the camera, metres.
        look_at: (3,) the point in the middle of its picture.
        fov: vertical field of view, radians.
        follow: True if the person walks so far that the camera had better follow them.
    """

    position: Float[np.ndarray, " 3"]
    look_at: Float[np.ndarray, " 3"]
    fov: float
    follow: bool


def start_view(
    position: Float[np.ndarray, "T B 3"], forward: Float[np.ndarray, "T 3"], eyes: Float[np.ndarray, "C 3"]
) -> StartView:
    """The view that shows the whole motion, or for a long walk the person at its start.

    Args:
        position: (T, B, 3) points of the body, metres.
        forward: (T, 3) where the person faces.
        eyes: (C, 3) where the videos' cameras are, whose pyramids must not stand across the person.
    """
    ground = position[:, 0, :2]  # the root's path over the floor
    follow = bool(np.linalg.norm(np.ptp(ground, axis=0)) > _FOLLOW_BEYOND)
    seen = position.copy()
    if follow:  # the view goes with them
        seen[..., :2] -= (ground - ground[0])[:, None]
    low, high = seen.min(axis=(0, 1)), seen.max(axis=(0, 1))
    low[2] = min(low[2], 0.0)
    look_at = (low + high) / 2

    heading = forward[:, :2].mean(axis=0)
    if np.linalg.norm(heading) < 0.1:  # someone who turns about faces nowhere on average
        heading = forward[0, :2]
    azimuth = np.arctan2(heading[1], heading[0]) + _BESIDE
    directions = np.stack(
        [np.cos(azimuth) * np.cos(_ABOVE), np.sin(azimuth) * np.cos(_ABOVE), np.full(len(azimuth), np.sin(_ABOVE))], 1
    )
    away = _ROOM * np.array([_away(seen.reshape(-1, 3) - look_at, one) for one in directions])
    positions = look_at + away[:, None] * directions
    aside = np.array([min(_off_the_line(eye, place, look_at) for eye in eyes) for place in positions])
    clear = aside > _ASIDE if (aside > _ASIDE).any() else aside == aside.max()
    return StartView(positions[int(np.argmax(clear))], look_at, float(_FOV), follow)


def right_of(start: StartView) -> Float[np.ndarray, " 3"]:
    """The unit vector to the right of whoever looks."""
    across = np.cross([0.0, 0.0, 1.0], start.position - start.look_at)
    return np.asarray(across / np.linalg.norm(across))


def view_of_all(start: StartView, points: Float[np.ndarray, "P 3"]) -> StartView:
    """The view from the same direction that shows all of some points, from whichever side it is turned to."""
    low, high = points.min(axis=0), points.max(axis=0)
    low[2] = min(low[2], 0.0)
    look_at = (low + high) / 2
    direction = (start.position - start.look_at) / np.linalg.norm(start.position - start.look_at)
    reach = np.linalg.norm(points - look_at, axis=1).max() + _FLESH
    return StartView(look_at + reach / np.sin(_FOV / 2) * direction, look_at, start.fov, start.follow)


def _away(points: Float[np.ndarray, "P 3"], direction: Float[np.ndarray, " 3"]) -> float:
    """How far in a direction an eye must stand that looks at the origin and has all points in its round view."""
    nearer = points @ direction
    aside = np.linalg.norm(points - nearer[:, None] * direction, axis=1) + _FLESH
    return max(float((nearer + aside / np.tan(_FOV / 2)).max()), 1.5)


def _off_the_line(
    point: Float[np.ndarray, " 3"], start: Float[np.ndarray, " 3"], end: Float[np.ndarray, " 3"]
) -> float:
    """Angle at ``start`` between ``point`` and ``end``, radians; infinite where the point lies beyond ``end``."""
    line, way = end - start, point - start
    if way @ line > line @ line:
        return np.inf
    return float(np.arccos(way @ line / max(np.linalg.norm(way) * np.linalg.norm(line), 1e-9)))
