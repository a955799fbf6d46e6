"""What several cameras know together: from what each of them saw to views of one person on one clock, in one world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool

from motionrecon.cameras.base import Camera
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints
from motionrecon.options import Options
from motionrecon.rig.agreement import Agreement, agreed
from motionrecon.rig.assignment import doubt
from motionrecon.rig.meeting import Meeting
from motionrecon.rig.outsiders import settled
from motionrecon.rig.poses import found
from motionrecon.rig.resampling import frames_at, on_clock
from motionrecon.rig.synchrony import Offsets, offsets
from motionrecon.run import Run
from motionrecon.source import Source
from motionrecon.views import View

_SCALE = (
    "the distances between the cameras scale with the person's height, which was assumed to be {:.2f} m; give it with "
    "height=..."
)
#: Offsets that were given are asked about where lines of sight pass by where they meet by more than this in the mean,
#: metres; others fit far better where they leave less than this share of it, and are others if so many seconds apart.
_MEETS, _FAR_BETTER, _ALIKE = 0.01, 0.6, 0.05


def together(run: Run, source: Source, seen: Sequence[Keypoints], options: Options) -> tuple[View, ...]:
    """Views of one person from several cameras, on the clock of the first.

    Args:
        run: told what the user should know.
        source: the recordings.
        seen: what was seen in each of them.
        options: what the user knows of offsets, and of the person's height where it is not known where cameras stand.

    Raises:
        InputError: the cameras do not fit together.
    """
    names = [recording.name for recording in source.recordings]
    with run.timed("cameras"):
        rig = _Recorded(source, tuple(seen), options)
        laid, wrong = _laid_out(rig, names), None
        if source.posed and options.camera is not None:
            wrong = doubt(laid.views, names, options.camera, rig.seen_by, run.progress)
        if late := _given_badly(rig, laid.views, names):  # then nothing tells of the cameras
            agreement = agreed(laid.views)
            remarks = (*late, *agreement.remarks(names))
        else:
            agreement, remarks = settled(laid.views, names)
            again = _again(rig, laid, agreement)
            if again is not laid:
                laid = again
                agreement, remarks = settled(laid.views, names)
        for text in (*([wrong] if wrong else []), *laid.offsets.doubts, *laid.said, *remarks):
            run.warn(text)
    return agreement.views


@dataclass(frozen=True)
class _Laid:
    """Recordings beside each other in time and space.

    Attributes:
        views: of them, on the leader's clock.
        offsets: of their clocks.
        said: what is to be doubted besides the offsets.
    """

    views: tuple[View, ...]
    offsets: Offsets
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Recorded:
    """What was seen in each of the recordings, on its own clock."""

    source: Source
    seen: tuple[Keypoints, ...]
    options: Options

    def offsets(self, cameras: Sequence[Camera], posed: bool, near: Offsets | None = None) -> Offsets:
        """By how many seconds of the person's time each recording begins after the first, and what is to be doubted."""
        recordings = self.source.recordings
        own = [View.of(k, c, r.clock) for k, c, r in zip(self.seen, cameras, recordings, strict=True)]
        given = [self.source.leader.clock.lived(offset) for offset in self.options.offset]
        thought = () if near is None else near.seconds[1:].tolist()
        return offsets(own, posed, given, [recording.name for recording in recordings], thought)

    def views(self, cameras: Sequence[Camera], offsets: Offsets) -> list[View]:
        """What each camera saw at the times of the leader's frames."""
        leads = self.source.leader.clock
        each = zip(self._laid(offsets), cameras, offsets.seconds.tolist(), offsets.deviation.tolist(), strict=True)
        return [
            replace(View.of(seen, camera, leads, leads.shown(offset)), offset_error=leads.shown(error))
            for seen, camera, offset, error in each
        ]

    def seen_by(self, video: int, camera: Camera) -> View:
        """What a camera saw that took one of the videos, with an offset that does not depend on where it stands."""
        return View.of(self._first_guess[video], camera, self.source.leader.clock)

    @cached_property
    def _first_guess(self) -> list[Keypoints]:
        """What was seen at the times of the leader's frames, by offsets that do not depend on where cameras stand."""
        return self._laid(self.offsets([recording.camera for recording in self.source.recordings], False))

    def _laid(self, offsets: Offsets) -> list[Keypoints]:
        """What was seen at the times of the leader's frames."""
        leads, count = self.source.leader.clock, len(self.seen[0])
        each = zip(self.seen, self.source.recordings, offsets.seconds.tolist(), strict=True)
        return [on_clock(seen, own.clock, leads, count, offset) for seen, own, offset in each]

    def without(self, frames: Bool[np.ndarray, "V T"], offsets: Offsets) -> _Recorded:
        """The same as if nothing had been seen at the times of some of the leader's frames, another few of each."""
        leads, seen = self.source.leader.clock, []
        each = zip(self.seen, self.source.recordings, offsets.seconds.tolist(), frames, strict=True)
        for keypoints, recording, offset, taken in each:
            at = np.round(frames_at(leads, recording.clock, len(keypoints), -offset)).astype(int)
            inside = (at >= 0) & (at < len(taken))
            out = inside & taken[np.clip(at, 0, len(taken) - 1)]
            seen.append(replace(keypoints, confidence=np.where(out[:, None], 0.0, keypoints.confidence)))
        return replace(self, seen=tuple(seen))


def _laid_out(recorded: _Recorded, names: Sequence[str]) -> _Laid:
    """Views beside each other in time and space, and what is to be doubted about that."""
    if not recorded.source.posed:
        return _found(recorded, names)
    cameras = [recording.camera for recording in recorded.source.recordings]
    offsets = recorded.offsets(cameras, True)
    return _Laid(tuple(recorded.views(cameras, offsets)), offsets)


def _again(recorded: _Recorded, laid: _Laid, agreement: Agreement) -> _Laid:
    """Recordings laid beside each other once more, without what was mistaken, if their times are surer then.

    Args:
        recorded: what was seen.
        laid: beside each other by all of that.
        agreement: of its views.
    """
    mistaken = agreement.exchanged | agreement.left_out
    if not mistaken.any() or not laid.offsets.deviation.any():
        return laid
    cameras = [view.camera for view in laid.views]
    offsets = recorded.without(mistaken, laid.offsets).offsets(cameras, True, laid.offsets)
    if not offsets.unsure < laid.offsets.unsure:
        return laid
    views = zip(recorded.views(cameras, offsets), laid.views, strict=True)
    return replace(laid, views=tuple(replace(new, pose_error=old.pose_error) for new, old in views), offsets=offsets)


def _given_badly(recorded: _Recorded, views: Sequence[View], names: Sequence[str]) -> tuple[str, ...]:
    """Which of the offsets that were given are not those of the films: where the person's movement tells others.

    Args:
        recorded: what was seen.
        views: with the offsets that were given.
        names: of the recordings.
    """
    given = recorded.options.offset
    misfit = Meeting.of(views).misfit()
    if not given or not misfit > _MEETS:
        return ()
    free = replace(recorded, options=replace(recorded.options, offset=()))
    try:
        others = _laid_out(free, names).views
    except InputError:  # nothing better is known
        return ()
    if not Meeting.of(others).misfit() < _FAR_BETTER * misfit:
        return ()
    return tuple(
        f"offset=... of {name} was given as {was:g} s; {other.offset:.2f} s fits far better"
        for name, was, other in zip(names[1:], given, others[1:], strict=True)
        if abs(other.offset - was) > _ALIKE
    )


def _found(recorded: _Recorded, names: Sequence[str]) -> _Laid:
    """Views by cameras of which nobody knew where they are, and why that should not be trusted."""
    cameras: list[Camera] = [recording.camera for recording in recorded.source.recordings]
    lenses = [camera for camera in cameras if isinstance(camera, Pinhole)]
    if len(lenses) < len(cameras):
        raise InputError("where cameras stand can be found of pinhole cameras only; give a calibration with camera=...")
    lens_errors = [recording.lens_error for recording in recorded.source.recordings]
    assumed = [recorded.source.assumed.focal_length and not error for error in lens_errors]
    offsets = recorded.offsets(cameras, False)
    for _ in range(2):  # places of cameras from films laid beside each other, which they then do better
        views = recorded.views(cameras, offsets)
        pixels, weight, points_3d = (
            np.stack([getattr(v, n) for v in views]) for n in ("pixels", "weight", "points_3d")
        )
        rig = found(lenses, pixels, weight, points_3d, float(recorded.options.height), names, assumed, lens_errors)
        cameras = [*rig.cameras]
        offsets = recorded.offsets(cameras, True, offsets)
    scale = () if recorded.options.height_given else (_SCALE.format(recorded.options.height),)
    sure = [
        replace(v, pose_error=(u.rotation, u.place))
        for v, u in zip(recorded.views(cameras, offsets), rig.uncertainty, strict=True)
    ]
    return _Laid(tuple(sure), offsets, (*scale, *rig.warnings))
