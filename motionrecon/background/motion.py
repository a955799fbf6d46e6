"""What a camera does, by what its background shows: it stands, it turns and zooms where it is, or nobody can tell.

Of one that stands a window may be shown that was moved afterwards, by an editor or a stabiliser.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from motionrecon.background.course import CameraCourse, find_course
from motionrecon.background.reframing import find_reframing
from motionrecon.background.tracks import BackgroundTracks
from motionrecon.cameras.base import Camera
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.cameras.pinhole import Pinhole

#: What a camera may do: it stands; it is only taken to stand, as nobody looked, or nothing tells; it turns, and perhaps
#: zooms, where it is; it stands, and a window is moved over its picture; or it moves in a way that cannot be told.
STATIC, ASSUMED, TURNS, ZOOMS, REFRAMED = "static", "assumed static", "turns", "turns and zooms", "reframed"
UNKNOWN = "unknown"
#: Share of the picture's width that a background may stray before the camera counts as moving.
MOVES = 0.006
#: Share of the looks at a background that may show too little before nothing counts as told.
_BLANK = 0.5
#: Share of the picture's width that a corner may be from where it would be, and share of its displacement.
_NEAR, _SHARE = 0.0016, 0.03
#: Share of the corners that must be so near: half way through the links, and in all but a tenth of them.
_FITS, _WORST = 0.7, 0.5
#: A camera that walks forward seems to zoom: one that zooms by more than this, as a logarithm, must leave four fifths
#: of the corners within this share of the width in half of the links, which only far points of one plane do otherwise.
_ZOOM, _SHARP = 0.1, 0.0006
#: The same of a window that is moved over a picture, of which nothing else is off.
_EXACT = 0.001
#: Of two explanations the one that leaves less than this share of what the other leaves over is much the better.
_LEFT = 0.5
#: Factors between which a focal length must be found, beside the one that was assumed.
_LENSES = (0.4, 3.2)
#: Standard deviation of the logarithm of a focal length below which it is found, not assumed.
FOUND = 0.08
#: Share of a moving clip's frames that may lie before or after what was followed.
_UNFOLLOWED = 0.02
_BLANK_WORDS = (
    "the background shows too little to tell whether the camera moves (plain walls, or a person who fills the "
    "picture): it is taken to stand still"
)


@dataclass(frozen=True)
class CameraMotion:
    """What a camera does.

    Attributes:
        kind: `STATIC`, `ASSUMED`, `TURNS`, `ZOOMS`, `REFRAMED` or `UNKNOWN`.
        camera: in every frame, as far as that is known.
        why: what the user should know of it; empty where that is nothing.
        lens_found: whether its focal length was found from its turning.
    """

    kind: str
    camera: Camera
    why: str = ""
    lens_found: bool = False

    @property
    def turned(self) -> float:
        """By how much it turns away from the first frame at most, degrees."""
        if not isinstance(self.camera, PanTiltZoom):
            return 0.0
        trace = np.trace(self.camera.turns, axis1=1, axis2=2)
        return float(np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)).max()))

    @property
    def zoomed(self) -> float:
        """The longest focal length in the shortest."""
        zoom = self.camera.zoom if isinstance(self.camera, PanTiltZoom) else np.ones(1)
        return float(zoom.max() / zoom.min())

    @property
    def shifted(self) -> float:
        """By how much its picture is shifted at most, in widths."""
        shift = self.camera.shift if isinstance(self.camera, PanTiltZoom) else None
        return 0.0 if shift is None else float(np.linalg.norm(shift, axis=1).max() / self.camera.image_size[0])


def camera_motion(
    tracks: BackgroundTracks | None,
    camera: Pinhole,
    shown: Bool[np.ndarray, " T"],
    lens_known: bool,
) -> CameraMotion:
    """What the camera does in a clip.

    Args:
        tracks: what was followed of one background (`BackgroundTracks.of_scene`); None if nobody looked.
        camera: as it would be if it stood still; a calibration holds in the first frame.
        shown: the frames of the motion that show it: all but those of other shots.
        lens_known: whether its focal length was given.
    """
    if tracks is None:
        return CameraMotion(ASSUMED, camera)
    count = len(shown)
    tracks = tracks.some(tracks.frame < tracks.first + count)
    shift = tracks.shift[tracks.frame >= tracks.first]  # since the film's first frame, which is not always the motion's
    strayed = float(np.ptp(shift)) if tracks.first and len(shift) else float(shift.max(initial=0.0))
    if strayed <= MOVES:
        if tracks.blank > _BLANK * max(tracks.looked, 1):
            return CameraMotion(ASSUMED, camera, _BLANK_WORDS)
        return CameraMotion(STATIC, camera)
    course = find_course(tracks, camera, count, lens_known)
    found = not lens_known and course.focal_error < FOUND
    doubt = _doubt(course, shown)
    if not lens_known and not found:
        assumed = find_course(tracks, camera, count, lens_known=True)
        # It is not told well, but perhaps well enough to be another than assumed.
        found = not doubt and (bool(_doubt(assumed, shown)) or _nearer(course, assumed))
        if not found:
            course, doubt = assumed, _doubt(assumed, shown)
    window = find_reframing(tracks, camera, count)
    if not _doubt(window, shown, _EXACT) and _sharp(window) and (doubt or _nearer(window, course)):
        return CameraMotion(REFRAMED, PanTiltZoom(camera, window.turns, window.zoom, window.shift))
    if doubt:
        return CameraMotion(
            UNKNOWN,
            camera,
            f"the camera moves (the background strays by {100 * strayed:.1f} % of the image's width), and {doubt}: "
            "film from a tripod, which may pan, tilt and zoom",
        )
    K = camera.K.copy()
    K[[0, 1], [0, 1]] *= course.focal
    kind = ZOOMS if np.ptp(course.zoom) > 0 else TURNS
    moving = PanTiltZoom(replace(camera, K=K), course.turns, course.zoom)
    return CameraMotion(kind, moving, lens_found=found)


def _sharp(window: CameraCourse) -> bool:
    """Whether a window that is moved explains a background about exactly, as it does for near and far things alike.

    What is shifted by a tenth of its width is off by a hundredth at the picture's edges before a camera that turns. A
    long lens turns by so little that its picture is only shifted: then it may as well stand.
    """
    far = _far(window)
    return bool(far.any() and np.median(np.nanpercentile(window.away[far], 80, axis=1)) < _EXACT)


def _nearer(one: CameraCourse, other: CameraCourse) -> bool:
    """Whether one course leaves corners much nearer to where they would be than another (Geman and McClure)."""
    far = _far(one) & _far(other)
    squares = ((np.nan_to_num(course.away[far]) / _SHARP) ** 2 for course in (one, other))
    left, others = (float((square / (1.0 + square)).sum()) for square in squares)
    return left < _LEFT * others


def _far(course: CameraCourse) -> Bool[np.ndarray, " L"]:
    """The links that tell something: in which the background is displaced, and corners were found."""
    return np.asarray((course.displaced > MOVES) & np.isfinite(course.away).any(1))


def _doubt(course: CameraCourse, shown: Bool[np.ndarray, " T"], sharp: float = _SHARP) -> str:
    """Why a course cannot be believed; empty where it can."""
    if (~course.known[shown]).mean() > _UNFOLLOWED:
        return "its background cannot be followed throughout (blur, plain walls, or people before it)"
    if not _LENSES[0] < course.focal < _LENSES[1]:
        return "the background does not move as it does before a camera that turns where it is"
    far = _far(course)
    away, displaced = course.away[far], course.displaced[far]
    if not len(away):
        return ""
    near = (np.nan_to_num(away, nan=np.inf) < (_NEAR + _SHARE * displaced)[:, None]).sum(1) / np.isfinite(away).sum(1)
    if np.median(near) < _FITS or np.percentile(near, 10) < _WORST:
        return "near and far things move differently, so it does not only turn where it is: it is carried, or walks"
    if np.ptp(np.log(course.zoom)) > _ZOOM and np.median(np.nanpercentile(away, 80, axis=1)) > sharp:
        return "it seems to be carried forward or backward"
    return ""
