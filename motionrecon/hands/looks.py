"""What was seen of hands, each look by itself: whose hand it is, how it is turned, and its fingers' angles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.transform import Rotation

from motionrecon.body.fingers import LIMITS, Hand, angles_of, mirrored
from motionrecon.cameras.base import Camera
from motionrecon.cameras.sightline import turns_towards
from motionrecon.keypoints.types import HandKeypoints

#: MediaPipe's points: the wrist, and the roots of the four fingers.
_WRIST, _KNUCKLES = 0, (5, 9, 13, 17)
#: A hand farther from the body's wrist than this is somebody else's, or none, metres at the wrist's depth.
FARTHEST = 0.15
#: How long a hand is, from the wrist to the middle finger's tip, and shares of it by which it may look longer, or
#: shorter where it points at the camera.
_LENGTH, _LONGEST, _SHORTEST = 0.19, 1.7, 0.25
#: By how much the angles of MediaPipe's points are too small, degrees, in the order of `ANGLES`: it marks other places
#: than the joints' centres. Medians on 240 renders of Anny's hand, from all sides (`motionrecon.data.make_hands`).
MARKED = np.radians(
    [
        (7, 20, 0, 13),
        (4, 6, 11, 10),
        (9, 5, 6, 10),
        (7, 5, 6, 10),
        (4, 6, 15, 12),
    ]
).ravel()
#: Pixels from wrist to the farthest point at which a look counts half.
_HALF_PIXELS = 25.0
#: How wide knuckles are at least, of how long their ways from the wrist are, in singular values; 0.4 usually.
_LINE = 0.1
#: Angles beyond what a joint can do, radians, at which a look of the finger counts half.
_BEYOND = np.radians(25.0)
#: What a hand can do on its forearm, degrees: turn about its axis from the middle, bend, and go sideways; and how far
#: beyond a look is still believed.
_PRONATION, _BENDING, _SIDEWAYS, _TOO_FAR = 95.0, 80.0, 35.0, 30.0


@dataclass(frozen=True)
class Looks:
    """L looks at hands.

    Attributes:
        frame: (L,) when, in frames of the motion; not whole ones where another clock filmed.
        side: (L,) whose hand it is: 0 left, 1 right.
        turned: (L, 3, 3) how the hand is turned in the world from the T pose.
        angles: (L, 20) of the fingers, radians, within what they can do; of a right hand as of a left one.
        weight: (L,) how far it is to be believed, 0 to 1.
    """

    frame: Float[np.ndarray, " L"]
    side: Int[np.ndarray, " L"]
    turned: Float[np.ndarray, "L 3 3"]
    angles: Float[np.ndarray, "L 20"]
    weight: Float[np.ndarray, " L"]

    def of(self, side: int) -> Looks:
        """Those at one hand."""
        return self.part(np.flatnonzero(self.side == side))

    def part(self, which: Int[np.ndarray, " n"]) -> Looks:
        """Some of them."""
        return Looks(self.frame[which], self.side[which], self.turned[which], self.angles[which], self.weight[which])

    @staticmethod
    def together(parts: Sequence[Looks]) -> Looks:
        """Looks by several cameras."""
        return Looks(
            np.concatenate([part.frame for part in parts]),
            np.concatenate([part.side for part in parts]),
            np.concatenate([part.turned for part in parts]),
            np.concatenate([part.angles for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )


def looks_of(
    seen: HandKeypoints,
    at: Float[np.ndarray, " K"],
    camera: Camera,
    wrists: Float[np.ndarray, "T 2 3"],
    hands: tuple[Hand, ...],
) -> Looks:
    """What one camera saw of a person's hands.

    Args:
        seen: in K frames of its film.
        at: (K,) when these are, in frames of the motion.
        camera: where it stands.
        wrists: of the body, in the world, metres.
        hands: of the body, left and right.
    """
    found = list(_placed(seen, at, camera, wrists))
    k, row, side, weight = (np.array(column) for column in zip(*found, strict=True)) if found else [np.zeros(0)] * 4
    k, row, side = k.astype(int), row.astype(int), side.astype(int)
    points = seen.points_3d[k, row]
    frames = np.clip(np.round(at[k]).astype(int), 0, len(wrists) - 1)
    then = camera.at(frames)
    rays = then.rays(then.undistort(seen.pixels[k, row, _WRIST]))
    points = points @ turns_towards(rays).transpose(0, 2, 1) @ then.axes
    turned, angles = np.tile(np.eye(3), (len(k), 1, 1)), np.zeros((len(k), 20))
    for i, hand in enumerate(hands):
        mine = np.flatnonzero(side == i)
        turned[mine], angles[mine] = read(points[mine], hand, right=bool(i))
    angles += MARKED
    beyond = np.maximum(LIMITS[:, 0] - angles, angles - LIMITS[:, 1]).clip(0).mean(1)
    weight = _has_palm(points) * weight / (1.0 + (5 * beyond / _BEYOND) ** 2)
    return Looks(at[k], side, turned, np.clip(angles, LIMITS[:, 0], LIMITS[:, 1]), weight)


def _placed(
    seen: HandKeypoints, at: Float[np.ndarray, " K"], camera: Camera, wrists: Float[np.ndarray, "T 2 3"]
) -> Iterator[tuple[int, int, int, float]]:
    """Of each hand that was found at one of the body's wrists, its frame and row, whose it is, and its weight.

    The row says whose wrist was looked at; what was found there belongs to whose wrist is nearest. One hand is found
    once in a frame.
    """
    inside = (at > -0.5) & (at < len(wrists) - 0.5)
    for k in np.flatnonzero(inside & (seen.confidence > 0).any(1)):
        t = slice(first := round(float(at[k])), first + 1)
        here = camera.at(t)
        wanted = here.project_through_lens(wrists[t])[0]
        depth = here.to_camera(wrists[t])[0, :, 2]
        metre = here.pixels_per_metre(depth)
        best: dict[int, tuple[int, float]] = {}
        for row in np.flatnonzero(seen.confidence[k] > 0).tolist():
            pixels = seen.pixels[k, row]
            away = np.linalg.norm(wanted - pixels[_WRIST], axis=1) / metre
            if not np.isfinite(away).all():
                continue
            side = int(np.argmin(away))
            reach = float(np.linalg.norm(pixels - pixels[_WRIST], axis=1).max())
            length = reach / (_LENGTH * metre[side])
            if away[side] > FARTHEST or not _SHORTEST < length < _LONGEST:
                continue
            near = 1.0 - (away[side] / FARTHEST) ** 2
            weight = float(seen.confidence[k, row] * near * reach**2 / (reach**2 + _HALF_PIXELS**2))
            if weight > best.get(side, (0, 0.0))[1]:
                best[side] = row, weight
        yield from ((int(k), row, side, weight) for side, (row, weight) in best.items())


def read(
    points: Float[np.ndarray, "L 21 3"], hand: Hand, right: bool
) -> tuple[Float[np.ndarray, "L 3 3"], Float[np.ndarray, "L 20"]]:
    """How a hand is turned from its T pose, and its fingers' angles: inverse kinematics in closed form.

    The palm is laid on its knuckles (W. Kabsch, 1976, Acta Cryst. A32: the rotation that fits best); each finger's
    angles then follow from the directions of its bones, whatever their lengths.

    Args:
        points: MediaPipe's, metres, in the world's axes.
        hand: whose it is.
        right: it is the right hand.
    """
    mirror = np.array([1.0, -1.0, 1.0]) if right else np.ones(3)
    away = (points - points[:, :1]) * mirror
    u, _, v = np.linalg.svd(_directed(away[:, _KNUCKLES]).swapaxes(1, 2) @ _directed(hand.joints[1:, 0]))
    u[..., 2] *= np.linalg.det(u @ v)[:, None]
    turned = u @ v
    fingers = (away[:, 1:] @ turned).reshape(len(points), 5, 4, 3)
    return mirrored(turned) if right else turned, angles_of(fingers)


def _directed(knuckles: Float[np.ndarray, "*n 4 3"]) -> Float[np.ndarray, "*n 5 3"]:
    """The ways from the wrist to the knuckles, and the way across them, as what lays a palm."""
    return np.concatenate([knuckles, knuckles[..., :1, :] - knuckles[..., 3:, :]], axis=-2)


def _has_palm(points: Float[np.ndarray, "L 21 3"]) -> Bool[np.ndarray, " L"]:
    """Where wrist and knuckles span a plane, and not a line or a point, which tell no turn."""
    spans = np.linalg.svd(_directed(points[:, _KNUCKLES] - points[:, :1]), compute_uv=False)
    return np.asarray(spans[:, 1] > _LINE * spans[:, 0])


def able(
    turned: Float[np.ndarray, "L 3 3"], forearm: Float[np.ndarray, "L 3 3"]
) -> tuple[Float[np.ndarray, "L 3 3"], Float[np.ndarray, " L"]]:
    """How hands can be turned that were seen so, and how far each look is to be believed, 0 to 1.

    Args:
        turned: how the hand is turned in the world from the T pose.
        forearm: how the forearm is.
    """
    seen = forearm.transpose(0, 2, 1) @ turned
    # About the forearm's axis first, which is y in the T pose; then bending about x, and sideways about z.
    angles = Rotation.from_matrix(seen).as_euler("YXZ", degrees=True).reshape(-1, 3)
    limits = np.array([_PRONATION, _BENDING, _SIDEWAYS])
    possible = np.clip(angles, -limits, limits)
    beyond = np.abs(angles - possible).max(axis=1, initial=0.0)
    found = forearm @ Rotation.from_euler("YXZ", possible, degrees=True).as_matrix().reshape(-1, 3, 3)
    return found, np.clip(1.0 - beyond / _TOO_FAR, 0.0, 1.0)
