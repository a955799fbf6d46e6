"""How a camera turned and zoomed over a clip, and its focal length where its turning tells it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.transform import Rotation, Slerp

from motionrecon.background.tracks import BackgroundTracks
from motionrecon.background.turning import Turning, fit_turning
from motionrecon.cameras.pinhole import Pinhole

#: Standard deviation of the logarithm of a focal length that is only assumed.
_LENS = 0.4
#: Focal lengths that are tried, logarithms: beside the assumed one, and then closer and closer to the best of these.
_TRIED = (np.linspace(-1.0, 1.25, 10), np.linspace(-0.15, 0.15, 5), np.linspace(-0.03, 0.03, 3))
#: Links by which focal lengths are judged: of each key frame those that are displaced most, and of so many key frames.
_JUDGES, _KEYS = 2, 16
#: Share of the picture's width by which they must be displaced.
_DISPLACED = 0.02
#: Corners of a picture err together (a lens's distortion, a rolling shutter), so this many count for one.
_TOGETHER = 16.0
#: A camera whose focal length changes by less than this, as a logarithm, does not zoom.
_ZOOMS = 0.02


@dataclass(frozen=True)
class CameraCourse:
    """How a camera that stays where it is would have turned and zoomed.

    Attributes:
        turns: (T, 3, 3) from the first frame's axes to each one's.
        zoom: (T,) focal length in each frame, in those of the first.
        known: (T,) which frames were followed, or lie between such.
        focal: the first frame's focal length, in those that the camera was said to have.
        focal_error: standard deviation of its logarithm; 0 where it was given.
        away: (L, 64) how far the corners of each link are from where they would be, in widths of the picture; NaN where
            they were not found.
        displaced: (L,) by how much each link's picture is displaced from its key frame, in widths of the picture.
        shift: (T, 2) pixels by which the picture is shifted besides; None where it is not.
    """

    turns: Float[np.ndarray, "T 3 3"]
    zoom: Float[np.ndarray, " T"]
    known: Bool[np.ndarray, " T"]
    focal: float
    focal_error: float
    away: Float[np.ndarray, "L 64"]
    displaced: Float[np.ndarray, " L"]
    shift: Float[np.ndarray, "T 2"] | None = None


@dataclass(frozen=True)
class Corners:
    """What was followed, as the fit takes it: small pixels from the middle of the picture, without distortion."""

    tracks: BackgroundTracks
    start: Float[np.ndarray, "L P 2"]
    now: Float[np.ndarray, "L P 2"]
    focal: float
    wide: float
    displaced: Float[np.ndarray, " L"]

    @staticmethod
    def of(tracks: BackgroundTracks, camera: Pinhole) -> Corners:
        middle, focal = camera.K[:2, 2], float(np.sqrt(camera.K[0, 0] * camera.K[1, 1]))
        square = focal / camera.K[[0, 1], [0, 1]] / tracks.pixel
        start, now = ((camera.undistort(points) - middle) * square for points in (tracks.start, tracks.now))
        wide = camera.image_size[0] / tracks.pixel
        with np.errstate(all="ignore"):
            away = np.linalg.norm(now - start, axis=2)
        displaced = np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in away])
        return Corners(tracks, start, now, focal / tracks.pixel, wide, displaced.reshape(-1) / wide)

    def turning(
        self, links: Int[np.ndarray, " n"], zoom: Float[np.ndarray, " T"], factor: float, zooms: bool
    ) -> Turning:
        """The turns of links, for logarithmic zooms of their key frames and a factor on the focal length."""
        focal = self.focal * factor * np.exp(zoom[self.tracks.key[links]])
        rays = self.start[links] / focal[:, None, None]
        return fit_turning(rays, self.now[links], self.tracks.agree[links], focal, zooms)


def find_course(tracks: BackgroundTracks, camera: Pinhole, count: int, lens_known: bool) -> CameraCourse:
    """The turns and zooms that explain what was followed of the background.

    Args:
        tracks: what was followed.
        camera: the lens; where it stands does not matter.
        count: frames of the motion.
        lens_known: whether its focal length was given; else it is found, as far as turning tells it.
    """
    corners, count = Corners.of(tracks, camera), tracks.first + count
    factor, error = (1.0, 0.0) if lens_known else _focal(corners, count)
    course = _chained(corners, count, factor, zooms=True)
    if not course.zooms:
        course = _chained(corners, count, factor, zooms=False)
    known = course.known
    turns, zoom = _between(course.turns, course.zoom, known)
    shown = slice(tracks.first, count)
    turns, zoom = turns[shown] @ turns[tracks.first].T, np.exp(zoom[shown] - zoom[tracks.first])
    away = course.away / corners.wide
    return CameraCourse(turns, zoom, reached(known)[shown], factor, error, away, corners.displaced)


def _focal(corners: Corners, count: int) -> tuple[float, float]:
    """The factor on the focal length, and the standard deviation of its logarithm."""
    judges = _judges(corners)
    best, error = 0.0, _LENS
    if not len(judges):
        return 1.0, error
    to_keys = np.flatnonzero(np.isin(corners.tracks.frame, corners.tracks.key))
    for around in _TRIED:
        # A wrong focal length makes pans look like zooms, so the key frames' zooms are found anew for each better one.
        course = _chained(corners, count, np.exp(best), True, to_keys)
        zoom = course.zoom if course.zooms else np.zeros(count)
        costs = []
        for log in best + around:
            fitted = corners.turning(judges, zoom, np.exp(log), course.zooms)
            # Squares over twice the variance (Gauss); corners that err together count less.
            costs.append(fitted.cost / (2 * _TOGETHER) + 0.5 * (log / _LENS) ** 2)
        best, error = _lowest(best + around, np.array(costs))
    return float(np.exp(best)), error


def _lowest(at: Float[np.ndarray, " n"], value: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Where a parabola through the least of equally spaced values and its neighbours is lowest, and its width there."""
    best = int(np.clip(value.argmin(), 1, len(value) - 2))
    low, middle, high = value[best - 1 : best + 2]
    step, bend = float(at[1] - at[0]), max(float(low - 2 * middle + high), 1e-9)
    return float(at[best] + np.clip(0.5 * (low - high) / bend, -1, 1) * step), step / bend**0.5


def _judges(corners: Corners) -> Int[np.ndarray, " n"]:
    """Of some key frames those links that are displaced most."""
    key, found = corners.tracks.key, []
    for one in np.unique(key):
        mine = np.flatnonzero((key == one) & (corners.displaced > _DISPLACED))
        if len(mine):
            found.append(mine[np.argsort(corners.displaced[mine])[-_JUDGES:]])
    return np.concatenate([np.zeros(0, int), *found[:: max(1, -(-len(found) // _KEYS))]])


@dataclass(frozen=True)
class _Chained:
    """Turns (T, 3, 3) and logarithmic zooms (T,) since the first frame, where they are known, and what is left over.

    `away` is (L, P) small pixels.
    """

    turns: Float[np.ndarray, "T 3 3"]
    zoom: Float[np.ndarray, " T"]
    known: Bool[np.ndarray, " T"]
    away: Float[np.ndarray, "L P"]

    @property
    def zooms(self) -> bool:
        """Whether the camera zooms by more than what noise and swaying make."""
        return bool(np.ptp(self.zoom[self.known]) >= _ZOOMS) if self.known.any() else False


def _chained(
    corners: Corners, count: int, factor: float, zooms: bool, some: Int[np.ndarray, " n"] | None = None
) -> _Chained:
    """The course for a focal length, key frame after key frame, by all links or by some."""
    tracks = corners.tracks
    turns, zoom, known = np.tile(np.eye(3), (count, 1, 1)), np.zeros(count), np.zeros(count, bool)
    away = np.full(tracks.agree.shape, np.nan)
    use = np.flatnonzero(tracks.frame < count) if some is None else some[tracks.frame[some] < count]
    if len(tracks) and tracks.key[0] < count:
        known[tracks.key[0]] = True
    # A key frame is reached before its links begin, though an old one may serve again later.
    for one in dict.fromkeys(tracks.key[use].tolist()):
        links = use[tracks.key[use] == one]
        if not known[one]:
            continue
        found = corners.turning(links, zoom, factor, zooms)
        frames = tracks.frame[links]
        turns[frames], zoom[frames], known[frames] = found.turn @ turns[one], zoom[one] + found.zoom, True
        away[links] = found.away
    return _Chained(turns, zoom, known, away)


def _between(
    turns: Float[np.ndarray, "T 3 3"], zoom: Float[np.ndarray, " T"], known: Bool[np.ndarray, " T"]
) -> tuple[Float[np.ndarray, "T 3 3"], Float[np.ndarray, " T"]]:
    """The same with frames that were not followed between those that were; before and after them the camera stands."""
    frames = np.flatnonzero(known)
    if len(frames) < 2:
        return np.tile(np.eye(3), (len(turns), 1, 1)), np.zeros(len(turns))
    at = np.clip(np.arange(len(turns)), frames[0], frames[-1])
    return Slerp(frames, Rotation.from_matrix(turns[frames]))(at).as_matrix(), np.interp(at, frames, zoom[frames])


def reached(known: Bool[np.ndarray, " T"]) -> Bool[np.ndarray, " T"]:
    """The frames from the first that was followed to the last."""
    frames = np.flatnonzero(known)
    reached = np.zeros(len(known), bool)
    if len(frames):
        reached[frames[0] : frames[-1] + 1] = True
    return reached
