"""What a camera does, by what its background shows: it stands, it turns and zooms where it is, or nobody can tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motionrecon.background.course import CameraCourse, find_course
from motionrecon.background.tracks import BackgroundTracks
from motionrecon.cameras.base import Camera
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.clock import Clock

#: What a camera may do: it stands; it is only taken to stand, as nobody looked, or nothing tells; it turns, and perhaps
#: zooms, where it is; or it moves in a way that cannot be told.
STATIC, ASSUMED, TURNS, ZOOMS, UNKNOWN = "static", "assumed static", "turns", "turns and zooms", "unknown"
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
#: Factors between which a focal length must be found, beside the one that was assumed.
_LENSES = (0.4, 3.2)
#: Standard deviation of the logarithm of a focal length below which it is found, not assumed.
FOUND = 0.08
#: Share of a moving clip's frames that may lie before or after what was followed.
_UNFOLLOWED = 0.02


@dataclass(frozen=True)
class CameraMotion:
    """What a camera does.

    Attributes:
        kind: `STATIC`, `ASSUMED`, `TURNS`, `ZOOMS` or `UNKNOWN`.
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


def camera_motion(
    tracks: BackgroundTracks | None, camera: Pinhole, count: int, clock: Clock, lens_known: bool
) -> CameraMotion:
    """What the camera does in a clip.

    Args:
        tracks: what was followed of the background; None if nobody looked.
        camera: as it would be if it stood still; a calibration holds in the first frame.
        count: frames of the motion.
        clock: of the motion, whose film the user is told where to cut.
        lens_known: whether its focal length was given.
    """
    if tracks is None:
        return CameraMotion(ASSUMED, camera)
    used = (tracks.frame >= tracks.first) & (tracks.frame < tracks.first + count)
    if 0 <= tracks.cut < tracks.first + count:
        when = clock.shown_at(max(0, tracks.cut - tracks.first))
        return CameraMotion(
            UNKNOWN,
            camera,
            f"the background is another one from {when:.2f} s on (a cut, or a pan too fast to be followed): give one "
            "uncut shot with start=... and end=...",
        )
    shift = tracks.shift[used]  # since the film's first frame, which is not always the motion's
    strayed = float(np.ptp(shift)) if tracks.first and len(shift) else float(shift.max(initial=0.0))
    if strayed <= MOVES:
        if tracks.blank > _BLANK * max(tracks.looked, 1):
            return CameraMotion(ASSUMED, camera, _BLANK_WORDS)
        return CameraMotion(STATIC, camera)
    course = find_course(tracks, camera, count, lens_known)
    found = not lens_known and course.focal_error < FOUND
    doubt = _doubt(course)
    if not lens_known and not found:
        assumed = find_course(tracks, camera, count, lens_known=True)
        found = bool(_doubt(assumed)) and not doubt  # it is not told well, but well enough to be another than assumed
        if not found:
            course, doubt = assumed, _doubt(assumed)
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


_BLANK_WORDS = (
    "the background shows too little to tell whether the camera moves (plain walls, or a person who fills the "
    "picture): it is taken to stand still"
)


def _doubt(course: CameraCourse) -> str:
    """Why a course cannot be believed; empty where it can."""
    if (~course.known).mean() > _UNFOLLOWED:
        return "its background cannot be followed throughout (blur, plain walls, or people before it)"
    if not _LENSES[0] < course.focal < _LENSES[1]:
        return "the background does not move as it does before a camera that turns where it is"
    far = (course.displaced > MOVES) & np.isfinite(course.away).any(1)
    away, displaced = course.away[far], course.displaced[far]
    if not len(away):
        return ""
    near = (np.nan_to_num(away, nan=np.inf) < (_NEAR + _SHARE * displaced)[:, None]).sum(1) / np.isfinite(away).sum(1)
    if np.median(near) < _FITS or np.percentile(near, 10) < _WORST:
        return "near and far things move differently, so it does not only turn where it is: it is carried, or walks"
    if np.ptp(np.log(course.zoom)) > _ZOOM and np.median(np.nanpercentile(away, 80, axis=1)) > _SHARP:
        return "it seems to be carried forward or backward"
    return ""
